# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from equipoise.sampling import Natural, steps_per_epoch


def test_rows_are_drawn_once_per_pass_and_none_is_dropped():
    """50 rows in batches of 64, which other generators turn into no step at all."""
    labels = np.array([0, 1] * 25)
    steps = steps_per_epoch(50, 64)
    draws = [
        Natural().draw(labels, batch=64, steps=steps, seed=0, epoch=epoch).index
        for epoch in range(25)
    ]
    counts = np.bincount(np.concatenate(draws).ravel(), minlength=50)
    assert steps == 1
    assert counts.tolist() == [32] * 50


def test_the_last_rows_of_an_epoch_are_not_always_the_same():
    labels = np.zeros(10)
    left = [
        set(range(10))
        - set(Natural().draw(labels, batch=3, steps=3, seed=0, epoch=e).index.ravel())
        for e in range(20)
    ]
    assert len(set.union(*left)) == 10
