# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from equipoise.metrics import counts, curve


def test_counts_equal_scikit_learn(cases) -> None:
    for y, score, weights in cases(60):
        for threshold in (0.0, 0.4, score[0], 2.0):
            c = counts(y, score, weights, threshold=threshold)
            reference = confusion_matrix(
                y, score >= threshold, labels=[0, 1], sample_weight=weights
            )
            ours = [[c.tn, c.fp], [c.fn, c.tp]]
            assert np.allclose(ours, reference)


def test_the_curve_holds_the_counts_at_each_distinct_score(cases) -> None:
    for y, score, weights in cases(30):
        points = curve(y, score, weights)
        assert points.threshold.tolist() == sorted(
            set(score[weights > 0].tolist()), reverse=True
        )
        for at, threshold in enumerate(points.threshold):
            c = counts(y, score, weights, threshold=threshold)
            assert points.counts.tp[at] == pytest.approx(c.tp)
            assert points.counts.fp[at] == pytest.approx(c.fp)
            assert points.counts.fn[at] == pytest.approx(c.fn)
            assert points.counts.tn[at] == pytest.approx(c.tn)


def test_no_rows_give_an_empty_curve() -> None:
    points = curve([], [])
    assert points.threshold.shape == points.counts.tp.shape == (0,)
