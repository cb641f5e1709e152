# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from equipoise.metrics.keras_streaming import (  # noqa: E402 (after the skip)
    filled_scores,
    merged_scores,
    ratio_of,
    this_replica,
    tie_numbers,
)


def test_merging_keeps_all_mass_and_divides_no_score() -> None:
    random = np.random.default_rng(0)
    score = np.round(random.normal(size=400), 1)
    rows = np.column_stack([score, random.random(400), random.random(400)])
    merged = np.asarray(merged_scores(rows, 64))
    assert merged.shape == (64, 3)
    assert merged[:, 1:].sum(axis=0) == pytest.approx(rows[:, 1:].sum(axis=0))
    used = merged[merged[:, 1:].any(axis=1)]
    assert len(used) <= filled_scores(64) == 48
    assert np.unique(used[:, 0]).size == len(used)
    assert np.isin(used[:, 0], score).all()


def test_small_pieces() -> None:
    assert np.asarray(tie_numbers(np.array([3.0, 3.0, 2.0, 1.0, 1.0]))).tolist() == [
        *(0, 0, 1, 2, 2)
    ]
    below = np.array([0.0, 2.0])
    assert np.asarray(ratio_of(np.array([1.0, 1.0]), below, empty=9.0)).tolist() == [
        *(9.0, 0.5)
    ]
    assert int(this_replica()) == 0
