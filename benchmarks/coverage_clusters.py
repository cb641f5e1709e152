# SPDX-License-Identifier: Apache-2.0
"""Coverage of the 95 % intervals where rows come in clusters, few and unequal.

Rows of one cluster (a patient) share a part of their score, and the share of
positives differs between clusters, or half of the clusters have none. The truth is
that of the population that the clusters are drawn from, at its share of positives;
it is counted a second time at the table's own share, which the intervals name.

    python benchmarks/coverage_clusters.py [--tables 400] [--quick]
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import defaultdict

import numpy as np
from scipy import stats

from equipoise.metrics import Counts
from equipoise.metrics.registry import value_of_counts
from equipoise.uncertainty import interval

CLUSTERS = (6, 12, 25, 50)
ROWS, SHARE, DISTANCE, THRESHOLD = 24, 0.15, 2.0, 1.2
INSIDE = (0.0, 0.3, 0.8)
"""Which part of the variance of a score the rows of a cluster share."""
LABELS = ("beta", "half without")
DECIDED = ("recall", "precision", "f1", "balanced_accuracy", "mcc")
METRICS = ("average_precision", "roc_auc", *DECIDED)
BAR = 0.93
Cell = tuple[int, str, float, str]
Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw(cell: Cell, random: np.random.Generator) -> Drawn:
    """Return labels, scores and clusters of one table."""
    count, sizes, inside, labels = cell
    size = np.full(count, ROWS)
    if sizes == "unequal":
        size = np.maximum(2, np.round(ROWS * random.lognormal(-0.5, 1.0, count)))
    unit = np.repeat(np.arange(count), size.astype(int))
    if labels == "beta":
        share = random.beta(3 * SHARE, 3 * (1 - SHARE), count)
    else:
        share = np.where(random.random(count) < 0.5, 2 * SHARE, 0.0)
    y = (random.random(unit.size) < share[unit]).astype(int)
    common = np.sqrt(inside) * random.standard_normal(count)
    own = np.sqrt(1 - inside) * random.standard_normal(unit.size)
    return y, DISTANCE * y + common[unit] + own, unit


def truth(share: float) -> dict[str, float]:
    """Return the metrics of the population at a share of positives."""
    normal = stats.norm
    above = np.append(0.0, np.logspace(-9, 0, 4001))
    recall = normal.sf(normal.isf(above) - DISTANCE)
    with np.errstate(invalid="ignore"):
        precision = share * recall / (share * recall + (1 - share) * above)
    precision[0] = 1.0
    r, a = normal.sf(THRESHOLD - DISTANCE), normal.sf(THRESHOLD)
    cells = (share * r, (1 - share) * a, share * (1 - r), (1 - share) * (1 - a))
    counts = Counts(*(np.asarray(cell) for cell in cells))
    return {
        "average_precision": float(np.trapezoid(precision, recall)),
        "roc_auc": float(normal.cdf(DISTANCE / np.sqrt(2))),
        **{name: float(value_of_counts(name, counts)) for name in DECIDED},
    }


def simulate(cells: list[Cell], tables: int) -> dict[str, dict[str, list[float]]]:
    """Return the coverage of each cell, by metric and by whose share is meant."""
    grid = np.linspace(0.005, 0.9, 180)
    known = [truth(share) for share in grid]
    at = {m: np.array([each[m] for each in known]) for m in METRICS}
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for number, cell in enumerate(cells):
        random = np.random.default_rng([7, number])
        held: dict[tuple[str, str], list[bool]] = defaultdict(list)
        for _ in range(tables):
            y, score, unit = draw(cell, random)
            if y.sum() < 2 or np.unique(unit[y == 1]).size < 2:
                continue
            for metric in METRICS:
                cut = {"threshold": THRESHOLD} if metric in DECIDED else {}
                e = interval(metric, y, score, clusters=unit, **cut)
                if not e.defined or np.isnan(e.low):
                    continue
                for whose, share in (("population", SHARE), ("table", y.mean())):
                    true = float(np.interp(share, grid, at[metric]))
                    held[metric, whose].append(e.low <= true <= e.high)
        for (metric, whose), hits in held.items():
            found[metric][whose].append(float(np.mean(hits)))
    return found


def main() -> None:
    """Simulate and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    given = parser.parse_args()
    start = time.perf_counter()
    cells = list(itertools.product(CLUSTERS, ("equal", "unequal"), INSIDE, LABELS))
    if given.quick:
        cells = [cell for cell in cells if cell[0] in (12, 25) and cell[2] != 0.3]
    tables = 60 if given.quick else given.tables
    found = simulate(cells, tables)
    print(f"{len(cells)} cells of {tables} tables")
    print("| metric | share of | lowest | where | mean | below .93 |")
    print("|---|---|---|---|---|---|")
    for metric in METRICS:
        for whose, rates in found[metric].items():
            worst = int(np.argmin(rates))
            count, sizes, inside, labels = cells[worst]
            where = f"{count} {sizes}, {inside:g} shared, {labels}"
            print(
                f"| {metric} | {whose} | {min(rates):.3f} | {where} | "
                f"{np.mean(rates):.3f} | {sum(r < BAR for r in rates)} |"
            )
    lowest = min(min(found[m]["table"]) for m in METRICS)
    print(f"{time.perf_counter() - start:.0f} s")
    print(f"ratio lowest_coverage_of_clusters {lowest:.3f} bar {BAR}")


if __name__ == "__main__":
    main()
