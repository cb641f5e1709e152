# SPDX-License-Identifier: Apache-2.0
"""How often EQP025 says that rows were computed from others, rightly and wrongly.

False alarms: tables of many shapes that nobody touched, skewed and naturally balanced.
Power: the same shapes filled up by SMOTE, to equality and half of the way, with values
as they are and rounded.

    python benchmarks/made_rows.py --quick
    python benchmarks/made_rows.py [--draws 20]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from equipoise.diagnosis.made import made_rows
from equipoise.synthesis.smote import nearest_others
from equipoise.table.table import Column, Table
from equipoise.task import Task

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]


def walk(random: np.random.Generator, rows: int) -> Floats:
    """A random walk and its lags."""
    path = random.normal(size=rows + 4).cumsum()
    return np.stack([path[k : rows + k] for k in range(4)], 1)


SHAPES: dict[str, Draw] = {
    "normal, 2": lambda r, n: r.normal(size=(n, 2)),
    "normal, 6": lambda r, n: r.normal(size=(n, 6)),
    "normal, 40": lambda r, n: r.normal(size=(n, 40)),
    "correlated, 8": lambda r, n: (
        r.normal(size=(n, 3)) @ r.normal(size=(3, 8)) + 0.3 * r.normal(size=(n, 8))
    ),
    "heavy tails, 4": lambda r, n: np.exp(2 * r.normal(size=(n, 4))),
    "two decimals, 3": lambda r, n: r.normal(size=(n, 3)).round(2),
    "integers, 4": lambda r, n: r.integers(0, 8, (n, 4)).astype(float),
    "large integers, 3": lambda r, n: r.integers(0, 5000, (n, 3)).astype(float),
    "booleans and numbers": lambda r, n: np.c_[
        (r.random((n, 4)) < 0.3).astype(float), r.normal(size=(n, 2))
    ],
    "mostly zero, 8": lambda r, n: (
        np.exp(r.normal(size=(n, 8))) * (r.random((n, 8)) < 0.2)
    ),
    "a sum among them": lambda r, n: (lambda x: np.c_[x, x.sum(1)])(
        r.normal(size=(n, 3))
    ),
    "counts": lambda r, n: r.poisson([1, 4, 20, 90], (n, 4)).astype(float),
    "walk and lags": walk,
}
MADE = ("normal, 2", "normal, 6", "normal, 40", "correlated, 8", "heavy tails, 4")


def table(x: Floats, y: npt.NDArray[np.bool_]) -> Table:
    """Return a table of numbers."""
    columns = tuple(Column(f"x{j}", "numeric", v) for j, v in enumerate(x.T))
    return Table(columns, y.astype(np.int8), Task("binary", ("no", "yes")))


def natural(shape: str, rows: int, positives: int, seed: int) -> Table:
    """Draw a table; positives lie a little higher, as a model needs."""
    random = np.random.default_rng(seed)
    x = SHAPES[shape](random, 3 * rows)
    score = x[:, 0].argsort().argsort() / len(x) + random.normal(0, 0.5, len(x))
    high = score > np.quantile(score, 0.6)
    up = random.permutation(np.flatnonzero(high))[:positives]
    low = random.permutation(np.flatnonzero(~high))[: rows - positives]
    return table(x[np.r_[up, low]], np.arange(rows) < positives)


def filled(rows: Table, share: float, digits: int | None, seed: int) -> Table:
    """Fill the positives up by SMOTE."""
    random = np.random.default_rng(seed)
    x = np.stack([c.values for c in rows.columns], 1)
    rare = x[rows.y == 1]
    count = int(share * (rows.y == 0).sum()) - len(rare)
    near = nearest_others(rare / rare.std(0), 5)
    a, k = random.integers(0, len(rare), count), random.integers(0, 5, count)
    made = rare[a] + random.random((count, 1)) * (rare[near[a, k]] - rare[a])
    whole = np.r_[x, made]
    y = np.r_[rows.y == 1, np.ones(count, np.bool_)]
    return table(whole if digits is None else whole.round(digits), y)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    draws = 3 if options.quick else options.draws
    alarms = tables = 0
    print("False alarms: shape, 60 of 1,500 positive, 600 of 1,200 positive")
    for shape in SHAPES:
        found = [
            sum(
                made_rows(natural(shape, rows, positives, seed)) is not None
                for seed in range(draws)
            )
            for rows, positives in ((1500, 60), (1200, 600))
        ]
        alarms, tables = alarms + sum(found), tables + 2 * draws
        print(f"  {shape:<22} {found[0]:>3} {found[1]:>3} of {draws}", flush=True)
    print(f"  in all {alarms} of {tables}")
    print("Found: shape; to equality and half of the way; not rounded, 4, 3, 2 digits")
    for shape in MADE:
        cells = []
        for share in (1.0, 0.5):
            for digits in (None, 4, 3, 2):
                found = [
                    made_rows(
                        filled(natural(shape, 1500, 60, seed), share, digits, seed)
                    )
                    for seed in range(draws)
                ]
                cells.append(f"{np.mean([one is not None for one in found]):.2f}")
        print(f"  {shape:<22} {' '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
