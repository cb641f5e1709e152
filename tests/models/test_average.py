# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.models.average import Average
from equipoise.trials.fold_scores import Scores


def test_blend_weights_sum_to_one_and_pool_the_scores(
    average: Average, scores: Scores
) -> None:
    weights = {c.strategy.name: c.weight for c in average.components}
    assert sum(weights.values()) == pytest.approx(1)
    pooled = sum(w * scores.log_odds[name] for name, w in weights.items())
    np.testing.assert_allclose(average.out_of_fold, pooled)
    assert all(len(c.scorers) == 2 for c in average.components)


def test_the_order_of_scores_within_a_class_stays(average: Average) -> None:
    for label in (0, 1):
        mine = average.y == label
        before = np.argsort(average.out_of_fold[0, mine], kind="stable")
        after = average.log_odds[mine][before]
        assert (np.diff(after) >= -1e-12).all()
