# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise.errors import InputError
from equipoise.sampling import Draw, Natural
from equipoise.synthesis import Mixup, Neighbours

LABELS = np.repeat([0, 1], [300, 30])


def mixed(concentration=0.4, epoch=0, seed=0):
    mixup = Mixup(concentration)
    found = mixup.prepare(np.zeros((330, 1)), None, LABELS, 0)
    draw = Natural().draw(LABELS, batch=50, steps=60, seed=0, epoch=0)
    return draw, mixup.mix(draw, found, LABELS, seed, epoch)


def test_partners_are_the_same_batch_in_another_order():
    before, after = mixed()
    np.testing.assert_array_equal(before.index, after.index)
    np.testing.assert_array_equal(
        np.sort(after.partner, axis=1), np.sort(before.index, axis=1)
    )
    assert (after.partner != before.index).mean() > 0.9


# Below about 0.4 a visible share lies so close to 1 that float32 rounds it there.
@pytest.mark.parametrize("concentration", [0.4, 1.0, 3.0])
def test_mixes_follow_the_beta_distribution(concentration):
    _, draw = mixed(concentration)
    test = stats.kstest(draw.mix.ravel(), stats.beta(concentration, concentration).cdf)
    assert test.pvalue > 1e-4


def test_targets_keep_the_mean():
    before, after = mixed()
    assert after.targets(LABELS).mean() == pytest.approx(
        before.targets(LABELS).mean(), abs=0.01
    )


def test_every_batch_has_an_order_of_its_own():
    same = Draw(np.tile(np.arange(50, dtype=np.int32), (20, 1)))
    after = Mixup().mix(same, Neighbours.none(50), np.arange(50) < 5, 0, 0)
    assert len({tuple(batch) for batch in after.partner.tolist()}) == 20


def test_epochs_and_seeds_differ():
    for other in ({"epoch": 1}, {"seed": 1}):
        assert (mixed()[1].mix != mixed(**other)[1].mix).any()


def test_concentration_is_above_0():
    with pytest.raises(InputError, match="concentration=0"):
        Mixup(0.0)


def test_classes_are_blended_one_hot_and_labels_one_by_one():
    draw = Draw(np.array([[0, 1, 2, 3]], np.int32))
    mixup = Mixup(1.0)
    labels = np.array([2, 0, 1, 2])
    near = mixup.prepare(np.zeros((4, 1)), None, labels, 0, classes=("a", "b", "c"))
    mixed = mixup.mix(draw, near, labels, seed=0, epoch=0)
    targets = mixed.targets(labels, classes=3)
    assert targets.shape == (1, 4, 3)
    np.testing.assert_allclose(targets.sum(axis=2), 1, rtol=1e-6)
    hot = np.eye(3)[labels]
    share = mixed.mix[..., None]
    expected = (1 - share) * hot[mixed.index] + share * hot[mixed.partner]
    np.testing.assert_allclose(targets, expected, atol=1e-6)
    matrix = np.array([[1, 0], [0, -1], [1, 1], [0, 0]])
    mixed = mixup.mix(draw, mixup.prepare([[0.0]] * 4, None, matrix, 0), matrix, 0, 0)
    blended = mixed.targets(matrix)
    unknown = (matrix[mixed.index] == -1) | (matrix[mixed.partner] == -1)
    np.testing.assert_array_equal(np.isnan(blended), unknown)
    each = (1 - share) * matrix[mixed.index] + share * matrix[mixed.partner]
    np.testing.assert_allclose(blended[~unknown], each[~unknown], atol=1e-6)
