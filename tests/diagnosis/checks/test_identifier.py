# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.identifier import CHECK
from equipoise.diagnosis.finding import NotApplicable

Make = Callable[..., Any]


ROWS = 200


@pytest.mark.parametrize(
    "values",
    [
        np.arange(ROWS) + 10_000.0,
        np.random.default_rng(0).permutation(ROWS),
        np.cumsum(np.random.default_rng(0).integers(1, 90, ROWS)),
        np.array([f"customer {i}" for i in range(ROWS)]),
    ],
    ids=["running", "shuffled", "increasing", "names"],
)
def test_identifiers_fire(build: Make, run: Make, values: Any) -> None:
    found = run(CHECK, build([0, 1] * 100, {"n": np.ones(ROWS), "id": values}))
    assert found.evidence["columns"] == ["id"]


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).normal(size=ROWS),
        np.random.default_rng(0).integers(0, 10**9, ROWS),
        np.random.default_rng(0).integers(0, 150, ROWS),
        np.linspace(0, 1, ROWS),
        np.array(["a", "b", "c", "d"] * 50),
        np.where(np.arange(ROWS) < 190, np.nan, 1.0),
    ],
    ids=["measured", "large", "repeated", "sorted fractions", "words", "missing"],
)
def test_silent_on_what_describes(build: Make, run: Make, values: Any) -> None:
    assert run(CHECK, build([0, 1] * 100, {"x": values})) is None


def test_not_applicable_to_few_rows(noise: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(20, 5)), NotApplicable)


def test_a_running_number_with_gaps_is_one_all_the_same(build: Make, run: Make) -> None:
    numbers = np.where(np.arange(ROWS) % 9 == 4, np.nan, np.arange(ROWS))
    assert run(CHECK, build([0, 1] * 100, {"id": numbers})).evidence == {
        "columns": ["id"],
        "free_text": [],
    }
    few = np.where(np.arange(ROWS) < 160, np.nan, np.arange(ROWS))
    assert run(CHECK, build([0, 1] * 100, {"x": few})) is None


def test_free_text_is_no_identifier(build: Make, run: Make) -> None:
    texts = [f"the {i % 150} calls came late today" for i in range(ROWS)]
    found = run(CHECK, build([0, 1] * 100, {"n": np.ones(ROWS), "t": np.array(texts)}))
    assert found.evidence["free_text"] == ["t"]
    assert "'t' is free text" in found.message
    assert "identifier" not in found.message
