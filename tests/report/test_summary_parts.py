# SPDX-License-Identifier: Apache-2.0
"""What the summaries of all tasks share."""

from __future__ import annotations

import math

import numpy as np

from equipoise.report.summary_parts import highlighted, plain_data
from equipoise.verbs.trial import Trial


def test_plain_data_is_what_json_holds() -> None:
    made = plain_data({1: (np.float64(0.5), math.nan), "a": np.arange(2), "b": None})
    assert made == {"1": [0.5, None], "a": [0, 1], "b": None}


def test_an_arm_that_predicts_the_prior_is_not_highlighted(
    trial: Trial, class_trial: Trial
) -> None:
    for one in (trial, class_trial):
        shown = highlighted(one)
        assert shown[0] == one.verdict.choice
        assert one.results.baseline in shown
        assert "prior" not in shown
