# SPDX-License-Identifier: Apache-2.0
"""Rows for boosting libraries, some of them hard."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from equipoise.learners.boosting.library import GrowRows

OPTIONS = {
    "learning_rate": 0.1,
    "leaves": 20,
    "depth": 5,
    "least_rows": 10,
    "least_hessian": 5e-6,
    "l2": 1e-5,
    "column_share": 0.9,
    "row_share": 0.75,
    "random_strength": 0.8,
    "trees": 60,
    "patience": 30,
}


@pytest.fixture(scope="session")
def options() -> dict[str, float]:
    """Options of all three libraries, for quick fits."""
    return OPTIONS


def matrix(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two columns of categories and four of numbers, with gaps, and a signal."""
    random = np.random.default_rng(seed)
    x = np.column_stack(
        [
            random.integers(0, 60, rows),
            random.integers(0, 3, rows),
            random.normal(size=rows),
            random.integers(0, 5, rows),
            random.exponential(size=rows) * 1e5,
            np.round(random.normal(size=rows), 1),
        ]
    ).astype(float)
    signal = x[:, 0] % 3 + x[:, 2] + 0.3 * random.normal(size=rows)
    for column, share in ((0, 0.1), (2, 0.1), (5, 0.05)):
        x[random.random(rows) < share, column] = np.nan
    return x, signal


@pytest.fixture(scope="session")
def grow_rows() -> Callable[[int], GrowRows]:
    """A function that makes rows of two or several classes."""

    def make(classes: int) -> GrowRows:
        (x, signal), (stop, other) = matrix(2000, 1), matrix(700, 2)
        y, y_stop = (
            np.floor(np.abs(each)).astype(np.int64) % classes
            for each in (signal, other)
        )
        weights = np.random.default_rng(3).random(len(x)) + 0.5
        return GrowRows(x, y, weights, stop, y_stop, np.ones(len(stop)), 2, classes)

    return make


@pytest.fixture(scope="session")
def hard_rows() -> Callable[[np.ndarray], np.ndarray]:
    """A function that makes 10,000 rows with gaps, new categories and exact cuts."""

    def make(cuts: np.ndarray) -> np.ndarray:
        x, _ = matrix(10_000, 4)
        random = np.random.default_rng(5)
        x[:500, 0] = random.integers(60, 255, 500)
        x[500:700, 1] = np.nan
        around = np.concatenate(
            [cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf)]
        )
        singles = cuts.astype(np.float32)
        around = np.concatenate([around, singles, np.nextafter(singles, np.float32(9))])
        for column in range(2, 6):
            x[1000:4000, column] = random.choice(around, 3000)
        x[4000:4100, 2], x[4100:4200, 2] = np.inf, -np.inf
        x[4200:4300, 4] = np.nan
        x[4300:4400, 3] = np.nan
        x[4400:4500, 4], x[4500:4600, 4] = 1e300, -1e300
        x[4600:4700, 2], x[4700:4800, 2] = 0.0, -0.0
        return x

    return make
