# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.evaluation.estimand import SplitSizes
from equipoise.evaluation.trial_arms import (
    TrialArms,
    check_folds,
    constant_within_folds,
)


class Made(TrialArms[Any]):
    def __init__(self, sizes: SplitSizes | None = None) -> None:
        frame = [{"metric": "brier", "value": 0.1}]
        self.arms = {
            name: SimpleNamespace(
                splits={"brier": np.array([[value, 0.2], [0.3, value]])},
                evaluation=SimpleNamespace(plain_rows=lambda: frame),
            )
            for name, value in (("plain", 0.5), ("focal", 0.25))
        }
        self.baseline, self.sizes = "plain", sizes
        self.folds = np.array([[0, 0, 1, 1], [0, 1, 0, 1]])


def test_the_splits_of_a_trial() -> None:
    made = Made()
    assert (made.repeats, made.folds_per_repeat, made.test_share) == (2, 2, 0.5)
    sizes = SplitSizes.of(made.folds, [[1, 1], [1, 1]])
    assert Made(sizes).test_share == sizes.test_share != 0.5


def test_differences_are_those_of_the_same_splits() -> None:
    difference = Made().split_differences("focal", "brier")
    assert difference.tolist() == [[-0.25, 0.0], [0.0, -0.25]]
    with pytest.raises(InputError, match="metric"):
        Made().split_differences("focal", "roc_auc")
    with pytest.raises(InputError, match="arm='smote'"):
        Made()["smote"]


def test_the_frame_has_a_row_per_arm_and_metric() -> None:
    assert Made().frame("pyarrow").to_pylist() == [
        {"arm": name, "metric": "brier", "value": 0.1} for name in ("plain", "focal")
    ]


@pytest.mark.parametrize(
    ("folds", "words"),
    [
        ([0, 1], r"\[repeats, 3\]"),
        ([0.0, 1.0, 0.0], "whole numbers"),
        ([0, -1, 1], "whole numbers"),
        ([0, 0, 0], "at least two folds"),
        ([0, 2, 2], "at least two folds"),
    ],
)
def test_folds_that_divide_no_rows_are_refused(folds: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_folds(folds, 3)
    assert check_folds([0, 1, 1], 3).tolist() == [[0, 1, 1]]


def test_scores_that_differ_within_one_fold_are_no_constant() -> None:
    folds = np.array([[0, 1, 0, 1], [0, 0, 1, 1]])
    by_fold = np.array([[1.0, 2.0, 1.0, 2.0], [3.0, 3.0, 4.0, 4.0]])
    assert constant_within_folds(by_fold, folds)
    by_fold[1, 3] = 4.5
    assert not constant_within_folds(by_fold, folds)
