# SPDX-License-Identifier: Apache-2.0
"""Coverage of the intervals of the other metrics, on a single test set.

`coverage.py` measures AUROC, average precision, recall, precision and F1 many
thousand times. This one gives whole tables, row by row, to
`equipoise.metrics.interval` for the metrics that are used less.

    python benchmarks/coverage_other_metrics.py --quick
    python benchmarks/coverage_other_metrics.py [--tables 400] --write

`--write` puts its section into docs/coverage-intervals.md.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from equipoise.metrics import METRICS, Counts, Estimate, interval
from equipoise.metrics.estimation import supported
from equipoise.metrics.registry import value_of_counts

FloatArray = npt.NDArray[np.float64]

PAGE = Path(__file__).parents[1] / "docs" / "coverage-intervals.md"
HEADING = "## Other metrics"
SIZES = ((8, 0.5), (12, 0.5), (50, 0.5), (8, 0.05), (12, 0.05), (50, 0.05), (12, 0.005))
DECIDED = (
    "balanced_accuracy",
    "g_mean",
    "mcc",
    "kappa",
    "informedness",
    "specificity",
    "positive_likelihood_ratio",
    "negative_likelihood_ratio",
    "cost",
)
COSTS = {"false_positive": 1.0, "false_negative": 10.0}
RECALLS = (0.5, 0.85)
PROBABILITY = ("brier", "brier_skill", "log_loss")
BOOTSTRAPPED = ("partial_roc_auc", "precision_at_k", "recall_at_k")
REPLICATES = 200
"""Bootstrap samples; a tenth of what `interval` takes unless told otherwise."""
GRID = np.linspace(-9, 12, 40_001)


@dataclass(frozen=True)
class Shape:
    """Scores of negatives are standard normal.

    Attributes:
        name: What it is called.
        distance: Mean of the positives that can be told.
        spread: Their standard deviation.
        hidden: Share of the positives that score as negatives do.
    """

    name: str
    distance: float
    spread: float = 1.0
    hidden: float = 0.0

    def draw(
        self, positives: int, negatives: int, random: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], FloatArray]:
        """Return labels and scores."""
        seen = random.random(positives) >= self.hidden
        own = random.standard_normal(positives)
        score = np.where(seen, self.distance + self.spread * own, own)
        y = np.repeat([0, 1], [negatives, positives])
        return y, np.concatenate([random.standard_normal(negatives), score])

    def above(self, at: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return the shares of positives and of negatives above a score."""
        negative = special.ndtr(-np.asarray(at))
        seen = special.ndtr((self.distance - np.asarray(at)) / self.spread)
        return self.hidden * negative + (1 - self.hidden) * seen, negative

    def probability(self, score: FloatArray, share: float) -> FloatArray:
        """Return an overconfident model's probabilities: the log-odds times 1.3."""
        base = np.exp(-(score**2) / 2)
        far = np.exp(-(((score - self.distance) / self.spread) ** 2) / 2)
        ratio = self.hidden + (1 - self.hidden) * far / self.spread / np.maximum(
            base, 1e-300
        )
        z = math.log(share / (1 - share)) + np.log(ratio)
        return np.asarray(special.expit(1.3 * np.clip(z, -25, 25)))


SHAPES = (
    Shape("weak", 1.0),
    Shape("strong", 2.5),
    Shape("wide positives", 1.5, 2.0),
    Shape("half hidden", 3.0, 1.0, 0.5),
)
Interval = Callable[[npt.NDArray[np.int64], FloatArray], Estimate]


def decided(
    shape: Shape, positives: int, share: float
) -> dict[str, tuple[float, Interval]]:
    """Return truth and interval of each metric of decisions, at two thresholds."""
    found: dict[str, tuple[float, Interval]] = {}
    negatives = round(positives / share) - positives
    recall, _ = shape.above(GRID)
    for wanted in RECALLS:
        cut = float(np.interp(-wanted, -recall, GRID))
        r, a = map(float, shape.above(cut))
        cells = (positives * r, negatives * a, positives * (1 - r), negatives * (1 - a))
        for name in DECIDED:
            options: dict[str, Any] = dict(COSTS) if name == "cost" else {}
            true = float(
                value_of_counts(name, Counts(*map(np.asarray, cells)), **options)
            )
            found[f"{name}@{wanted}"] = true, _at(name, cut, options)
    return found


def _at(name: str, cut: float, options: dict[str, Any]) -> Interval:
    return lambda y, s: interval(name, y, s, threshold=cut, **options)


def scored(
    shape: Shape, positives: int, share: float
) -> dict[str, tuple[float, Interval]]:
    """Return truth and interval of the metrics of probabilities."""
    middle = (GRID[1:] + GRID[:-1]) / 2
    mass = [-np.diff(side) for side in shape.above(GRID)]
    p = shape.probability(middle, share)
    exact = positives / round(positives / share)

    def mean(hit: FloatArray, miss: FloatArray) -> float:
        return float(exact * mass[0] @ hit + (1 - exact) * mass[1] @ miss)

    brier = mean((1 - p) ** 2, p**2)
    truth = {
        "brier": brier,
        "brier_skill": 1 - brier / (exact * (1 - exact)),
        "log_loss": mean(-np.log(p), -np.log1p(-p)),
    }

    def one(name: str) -> Interval:
        return lambda y, s: interval(name, y, shape.probability(s, share))

    return {name: (value, one(name)) for name, value in truth.items()}


def bootstrapped(
    shape: Shape, positives: int, share: float
) -> dict[str, tuple[float, Interval]]:
    """Return truth and interval of what needs a bootstrap.

    The k highest rows of a table stand for that share of the population.
    """
    rows = round(positives / share)
    k = max(2, min(2 * positives, rows // 3))
    r, a = shape.above(GRID)
    exact = positives / rows
    flagged = exact * r + (1 - exact) * a
    recall, alarm = (float(np.interp(-k / rows, -flagged, side)) for side in (r, a))
    # McClish's standardisation of the area left of a false positive rate of .1.
    x, top = np.append(a[::-1][a[::-1] <= 0.1], 0.1), 0.1
    y = np.append(r[::-1][a[::-1] <= 0.1], np.interp(0.1, a[::-1], r[::-1]))
    area, least = float(np.trapezoid(y, x)), top**2 / 2
    truth = {
        "partial_roc_auc": (1 + (area - least) / (top - least)) / 2,
        "precision_at_k": exact * recall / (exact * recall + (1 - exact) * alarm),
        "recall_at_k": recall,
    }

    def one(name: str) -> Interval:
        options: dict[str, Any] = (
            {"max_fpr": 0.1} if name == "partial_roc_auc" else {"k": k}
        )
        return lambda y, s: interval(name, y, s, replicates=REPLICATES, **options)

    return {name: (value, one(name)) for name, value in truth.items()}


@dataclass
class Tally:
    """How often an interval held the truth, by cell."""

    held: list[float]
    low: list[float]
    high: list[float]
    narrowest: float = math.inf


def simulate(tables: int, sizes: tuple[tuple[int, float], ...]) -> dict[str, Tally]:
    """Return coverage by metric, over all cells and shapes."""
    found: dict[str, Tally] = defaultdict(lambda: Tally([], [], []))
    for number, shape in enumerate(SHAPES):
        for positives, share in sizes:
            asked = {
                **decided(shape, positives, share),
                **scored(shape, positives, share),
                **bootstrapped(shape, positives, share),
            }
            random = np.random.default_rng([number, positives, round(1 / share)])
            drawn = [
                shape.draw(positives, round(positives / share) - positives, random)
                for _ in range(tables)
            ]
            for name, (true, make) in asked.items():
                slow = name in BOOTSTRAPPED
                ends = [make(y, s) for y, s in drawn[: tables // 4 if slow else None]]
                count(found[name.split("@")[0]], true, ends)
    return found


def count(tally: Tally, true: float, ends: list[Estimate]) -> None:
    """Add a cell."""
    known = [e for e in ends if e.defined and not math.isnan(e.low)]
    if len(known) < len(ends) / 2:
        return
    tally.held.append(float(np.mean([e.low <= true <= e.high for e in known])))
    tally.low.append(float(np.mean([true < e.low for e in known])))
    tally.high.append(float(np.mean([true > e.high for e in known])))
    width = min(e.high - e.low for e in known)
    tally.narrowest = min(tally.narrowest, width)


def section(found: dict[str, Tally], tables: int) -> str:
    """Return the section of the docs."""
    rows = [
        f"| {name} | {len(t.held)} | {np.mean(t.held):.3f} | {min(t.held):.3f} | "
        f"{np.mean(t.low):.3f} | {np.mean(t.high):.3f} | {t.narrowest:.4f} |"
        for name, t in found.items()
    ]
    none = [n for n in METRICS if not supported(n)]
    sizes = ", ".join(f"{p} at {s:.1%}" for p, s in SIZES)
    return "\n".join(
        [
            HEADING,
            "",
            "Whole tables, given to `equipoise.metrics.interval` row by row. Written "
            f"by `python benchmarks/coverage_other_metrics.py --tables {tables} "
            f"--write`: {len(SHAPES)} shapes of scores, {sizes} (positives and their "
            f"share), thresholds at true recalls of {RECALLS[0]} and {RECALLS[1]}, "
            f"{tables} tables in each cell ({tables // 4} of the three that need a "
            f"bootstrap, there with {REPLICATES} samples). A cell of {tables} is known "
            f"to {math.sqrt(0.95 * 0.05 / tables):.3f}, so that the lowest of many "
            "lies below its coverage by chance.",
            "",
            "| metric | cells | mean | lowest | truth below | truth above "
            "| narrowest |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            f"No interval is given for {', '.join(none)}: `interval` refuses them with "
            "an `UnsupportedError`. The least average precision is no estimate; the "
            "two at a floor are extremes over thresholds, and calibration errors are "
            "distances from 0: what a sample shows of either is biased by as much as "
            "its own spread.",
            "",
        ]
    )


def main() -> None:
    """Run the simulation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two sizes, 20 tables")
    parser.add_argument("--tables", type=int, default=400)
    parser.add_argument("--write", action="store_true", help="write the docs")
    given = parser.parse_args()
    tables = 20 if given.quick else given.tables
    sizes = SIZES[:1] + SIZES[3:4] if given.quick else SIZES
    text = section(simulate(tables, sizes), tables)
    print(text)
    if given.write and not given.quick:
        page = PAGE.read_text(encoding="utf-8").split(HEADING)[0]
        PAGE.write_text(page + text, encoding="utf-8")


if __name__ == "__main__":
    main()
