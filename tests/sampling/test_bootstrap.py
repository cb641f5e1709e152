# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from equipoise.sampling import Bootstrap

LABELS = np.repeat([0, 1], [2_000, 500])


def sample(seed):
    draw = Bootstrap().draw(LABELS, batch=500, steps=5, seed=seed, epoch=0)
    return np.bincount(draw.index.ravel(), minlength=2_500)


def test_each_class_keeps_its_size_and_loses_37_percent_of_its_rows():
    counts = sample(0)
    assert counts[:2_000].sum() == 2_000
    assert counts[2_000:].sum() == 500
    left_out = (counts == 0).mean()
    assert abs(left_out - np.exp(-1)) < 4.5 * np.sqrt(0.0972 / 2_500)


def test_a_pass_repeats_the_same_sample():
    draw = Bootstrap().draw(LABELS, batch=2_500, steps=2, seed=0, epoch=0)
    one, two = (np.bincount(step, minlength=2_500) for step in draw.index)
    np.testing.assert_array_equal(one, two)


def test_another_seed_is_another_sample():
    assert (sample(0) != sample(1)).any()
