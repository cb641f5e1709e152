# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.made_rows import CHECK, made_words
from equipoise.diagnosis.made import Made

Make = Callable[..., Any]


def test_an_error_that_says_what_was_seen(noise: Make, build: Make, run: Make) -> None:
    rows = noise(600, 60, columns=4)
    x = np.stack([c.values for c in rows.columns], 1)
    rare = x[rows.y == 1]
    random = np.random.default_rng(0)
    a, b = random.integers(0, 60, (2, 480))
    near = np.argsort(((rare[:, None] - rare) ** 2).sum(2), 1)[a, 1 + b % 5]
    made = rare[a] + random.random((480, 1)) * (rare[near] - rare[a])
    whole = np.r_[x, made]
    y = np.r_[rows.y, np.ones(480)]
    found = run(CHECK, build(y, {f"x{j}": whole[:, j] for j in range(4)}))
    assert found.severity == "error"
    assert found.evidence["class"] == "yes"
    assert found.evidence["equal_classes"]
    assert "of the positives lie on a straight line" in found.message
    assert run(CHECK, rows) is None


def test_words() -> None:
    found = Made(1, 0.0, 0.0, 0.0, ("age",))
    assert made_words(found) == (
        "Column 'age' holds whole numbers in the negatives and fractions in the "
        "positives."
    )


def test_not_applicable_without_numbers(build: Make, run: Make) -> None:
    rows = build([0, 1] * 20, {"c": ["a", "b"] * 20})
    assert run(CHECK, rows).reason == "the table has no numeric column"
