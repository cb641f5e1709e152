# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.extreme_values import CHECK, central_share
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


def _with(build: Make, *far: float) -> Any:
    x = np.random.default_rng(0).normal(size=1000)
    x[: len(far)] = far
    return build([0, 1] * 500, {"x": x, "calm": np.arange(1000.0)})


def test_infinite_and_huge_values_are_a_warning(build: Make, run: Make) -> None:
    found = run(CHECK, _with(build, np.inf, 1e300))
    assert found.severity == "warning"
    assert found.evidence["infinite"] == {"x": 2}


def test_one_far_value_is_an_info(build: Make, run: Make) -> None:
    found = run(CHECK, _with(build, 1e6))
    assert found.severity == "info"
    assert list(found.evidence["central_share_of_range"]) == ["x"]


def test_silent_on_heavy_but_ordinary_tails(build: Make, run: Make) -> None:
    random = np.random.default_rng(0)
    table = build([0, 1] * 500, {"x": random.lognormal(size=1000)})
    assert run(CHECK, table) is None


def test_a_column_of_two_values_has_no_scale() -> None:
    assert central_share(np.r_[np.zeros(999), 5.0]) == 1
    assert central_share(np.empty(0)) == 1


def test_not_applicable_without_numbers(build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, build([0, 1], {"w": ["a", "b"]})), NotApplicable)


@pytest.mark.parametrize("ones", [1, 2, 3, 5, 20])
def test_a_rare_flag_has_no_far_values(build: Make, run: Make, ones: int) -> None:
    flag = (np.arange(400) < ones).astype(float)
    assert run(CHECK, build([0, 1] * 200, {"flag": flag})) is None
