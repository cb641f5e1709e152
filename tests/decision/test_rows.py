# SPDX-License-Identifier: Apache-2.0
"""What every function of the package checks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.decision import (
    certified_rule,
    choose_threshold,
    fit_calibrator,
    make_rule,
)
from equipoise.decision.rows import check_rows, check_score_column
from equipoise.errors import EquipoiseWarning, InputError
from equipoise.priors import log_odds


def test_rows_count_weights() -> None:
    rows = check_rows([0.0, math.inf, -1.0], [True, False, True], [0.5, 2, 0])
    assert rows.positives == 0.5
    assert rows.negatives == 2
    assert rows.present().score.tolist() == [0.0, math.inf]
    whole = check_rows([1.0], [1])
    assert whole.present() is whole


@pytest.mark.parametrize(
    "call",
    [
        lambda: check_score_column(1.0),
        lambda: check_score_column([math.nan]),
        lambda: check_rows([1.0], [0.5]),
        lambda: check_rows([1.0], [math.nan]),
        lambda: check_rows([1.0], [1], [1, 2]),
        lambda: check_rows([1.0], [1], [math.inf]),
        lambda: check_rows(np.zeros(2), [1]),
    ],
)
def test_what_cannot_be_used_is_refused(call) -> None:
    with pytest.raises(InputError, match="Accepted"):
        call()


COSTS = {"objective": "cost", "fp": 1, "fn": 9}


@pytest.mark.parametrize(
    "call",
    [
        lambda s, y: choose_threshold(s, y, **COSTS),
        lambda s, y: make_rule(s, y, **COSTS),
        lambda s, y: make_rule(s, y, objective="f1"),
        lambda s, y: certified_rule(s, y, recall=0.5),
        lambda s, y: fit_calibrator(s, y),
    ],
)
def test_probabilities_in_place_of_log_odds_are_doubted(
    call: Callable[[Any, Any], Any],
) -> None:
    random = np.random.default_rng(0)
    p = random.beta(1, 6, 400)
    y = (random.random(400) < p).astype(int)
    with pytest.warns(EquipoiseWarning, match=r"All 400 .*priors\.log_odds") as found:
        call(p, y)
    assert len(found) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call(log_odds(p), y)


def test_log_odds_that_lie_between_0_and_1_are_not_doubted() -> None:
    random = np.random.default_rng(0)
    z = random.uniform(0, 1, 2_000)  # a frequent class that can hardly be told
    y = (random.random(2_000) < 1 / (1 + np.exp(-z))).astype(int)
    for some in (slice(None), slice(0, 10)):
        make_rule(z[some], y[some])
    make_rule(np.full(50, 0.4), np.arange(50) % 2)
    choose_threshold(random.beta(1, 6, 400), y[:400])  # any scale will do
