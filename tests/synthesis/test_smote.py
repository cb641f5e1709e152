# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from scipy import stats

from equipoise.errors import InputError
from equipoise.sampling import make_sampler
from equipoise.synthesis import Smote
from equipoise.synthesis.smote import real_share

RANDOM = np.random.default_rng(0)
LABELS = np.repeat([0, 1], [300, 30])
POINTS = RANDOM.normal(size=(330, 4))
EPOCH = {"batch": 60, "steps": 100, "seed": 0, "epoch": 0}


def mixed(sampler="oversample", labels=LABELS, smote=None, seed=0, epoch=0, **options):
    smote = smote or Smote()
    found = smote.prepare(POINTS[: len(labels)], None, labels, seed)
    draw = make_sampler(sampler, **options).draw(labels, **EPOCH)
    return found, smote.mix(draw, found, labels, seed, epoch)


def test_neighbours_against_brute_force():
    found = Smote(3).prepare(POINTS, None, LABELS, 0)
    positives = np.flatnonzero(LABELS)
    apart = np.linalg.norm(POINTS[positives][:, None] - POINTS[positives], axis=2)
    np.fill_diagonal(apart, np.inf)
    expected = positives[np.argsort(apart, axis=1)[:, :3]]
    np.testing.assert_array_equal(found.index[found.of[positives]], expected)
    assert (found.of[LABELS == 0] == -1).all()


def test_categories_decide_who_is_near():
    codes = np.arange(6)[:, None] % 2
    found = Smote(2).prepare(np.empty((6, 0)), codes, np.ones(6), 0)
    assert (codes[found.index[found.of], 0] == codes).all()


def test_a_duplicate_is_a_neighbour_but_no_row_is_its_own():
    points = np.zeros((6, 2))
    found = Smote(2).prepare(points, None, np.ones(6), 0)
    assert (found.index[found.of] != np.arange(6)[:, None]).all()


def test_partners_are_neighbours_and_mixes_shares():
    found, draw = mixed()
    synthetic = draw.mix > 0
    of = found.index[found.of[draw.index[synthetic]]]
    assert (of == draw.partner[synthetic][:, None]).any(axis=1).all()
    assert draw.mix.min() >= 0
    assert draw.mix.max() < 1
    assert draw.mix.dtype == np.float32
    assert (draw.mix[LABELS[draw.index] == 0] == 0).all()
    np.testing.assert_array_equal(draw.targets(LABELS), LABELS[draw.index])


def test_every_neighbour_is_chosen_and_every_mix_as_likely():
    found, draw = mixed()
    synthetic = draw.mix > 0
    of = found.index[found.of[draw.index[synthetic]]]
    place = (of == draw.partner[synthetic][:, None]).argmax(axis=1)
    counts = np.bincount(place, minlength=5)
    assert stats.chisquare(counts).pvalue > 1e-4
    assert stats.kstest(draw.mix[synthetic], "uniform").pvalue > 1e-4


@pytest.mark.parametrize("negatives", [300, 45])
@pytest.mark.parametrize(
    ("sampler", "options"),
    [("oversample", {}), ("balanced", {}), ("rate", {"rate": 0.7})],
)
def test_as_many_positives_stay_real_as_natural_frequency_draws(
    sampler, options, negatives
):
    labels = np.repeat([0, 1], [negatives, 30])
    _, draw = mixed(sampler, labels=labels, **options)
    positive = labels[draw.index] == 1
    real = (positive & (draw.mix == 0)).sum()
    expected = (~positive).sum() * 30 / negatives
    assert abs(real - expected) < 4.5 * np.sqrt(expected)


def test_same_moments_as_imbalanced_learn():
    """The synthetic points have the mean and spread of the classic SMOTE."""
    _, draw = mixed()
    synthetic = draw.mix > 0
    ours = POINTS[draw.index] + draw.mix[..., None] * (
        POINTS[draw.partner] - POINTS[draw.index]
    )
    theirs, labels = SMOTE(random_state=0).fit_resample(POINTS, LABELS)
    theirs = theirs[330:][labels[330:] == 1]
    ours = ours[synthetic]
    for moment in (np.mean, np.std):
        np.testing.assert_allclose(
            moment(ours, axis=0), moment(theirs, axis=0), atol=0.25
        )


@pytest.mark.parametrize(("positives", "k"), [(7, 5), (6, 5), (5, 4), (2, 1)])
def test_k_shrinks_with_a_note(positives, k):
    labels = np.repeat([0, 1], [40, positives])
    found = Smote(5).prepare(POINTS[: len(labels)], None, labels, 0)
    assert found.k == k
    assert bool(found.notes) == (k < 5)
    if found.notes:
        assert f"only {positives} positives" in found.notes[0]


def test_a_lone_positive_is_repeated():
    labels = np.repeat([0, 1], [40, 1])
    found, draw = mixed(labels=labels)
    assert draw.partner is None
    assert "only 1 positive." in found.notes[0]


def test_pure_function_of_seed_and_epoch():
    _, one = mixed(seed=1, epoch=2)
    _, again = mixed(seed=1, epoch=2)
    np.testing.assert_array_equal(one.mix, again.mix)
    # the rows drawn are the same each time
    for other in (mixed(seed=1, epoch=3)[1], mixed(seed=2, epoch=2)[1]):
        np.testing.assert_array_equal(one.index, other.index)
        assert (one.mix != other.mix).any()


def test_bad_arguments():
    with pytest.raises(InputError, match="neighbours=0"):
        Smote(0)
    with pytest.raises(InputError, match="0 negatives and 3 positives"):
        real_share(np.ones(3), [True])
    with pytest.raises(InputError, match="shape"):
        Smote().prepare(POINTS, None, LABELS[-9:], 0)
