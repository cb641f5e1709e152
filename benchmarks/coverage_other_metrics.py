# SPDX-License-Identifier: Apache-2.0
"""Coverage of the intervals of the other metrics, on a single test set.

`coverage.py` measures AUROC, average precision, recall, precision and F1 many
thousand times. This one gives whole tables, row by row, to
`equipoise.uncertainty.interval` for the metrics that are used less. Metrics of
decisions depend on two counts alone, so every possible table is tried and weighted
with its probability: their coverage is exact. The others are simulated.

    python benchmarks/coverage_other_metrics.py --quick
    python benchmarks/coverage_other_metrics.py [--tables 200] --write    # minutes

`--write` puts its section into docs/coverage-intervals.md.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.stats import binom

from equipoise.metrics import METRICS, Counts, Estimate
from equipoise.metrics.registry import value_of_counts
from equipoise.uncertainty import interval
from equipoise.uncertainty.metric_interval import supported

FloatArray = npt.NDArray[np.float64]

PAGE = Path(__file__).parents[1] / "docs" / "coverage-intervals.md"
HEADING = "## Other metrics"
SIZES = ((8, 0.5), (12, 0.5), (50, 0.5), (8, 0.05), (12, 0.05), (50, 0.05), (12, 0.005))
COUNTED = ((8, 0.5), (12, 0.5), (50, 0.5), (8, 0.05), (12, 0.05))
"""Sizes at which every possible table is tried."""
DECIDED = (
    "specificity",
    "balanced_accuracy",
    "g_mean",
    "mcc",
    "kappa",
    "informedness",
    "f_beta",
    "positive_likelihood_ratio",
    "negative_likelihood_ratio",
    "diagnostic_odds_ratio",
    "cost",
    "normalised_cost",
)
COSTS = {"false_positive": 1.0, "false_negative": 10.0}
RECALLS = (0.1, 0.3, 0.5, 0.85, 0.95)
ALARMS = (0.5, 0.2, 0.05, 0.01)
LIKELY = 1e-5
"""Probability below which a pair of counts is left out."""
PROBABILITY = ("brier", "brier_skill", "log_loss")
BOOTSTRAPPED = ("partial_roc_auc", "precision_at_k", "recall_at_k")
REPLICATES = 100
"""Bootstrap samples; a twentieth of what `interval` takes unless told otherwise."""
BAR = 0.93
GRID = np.linspace(-9, 13, 40_001)


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
    Shape("nearly separated", 3.5),
    Shape("1 in 20 hidden", 4.5, 1.0, 0.05),
    Shape("1 in 20 detectable", 4.5, 1.0, 0.95),
    Shape("1 in 30 hidden, far apart", 7.0, 1.0, 1 / 30),
)
Interval = Callable[[npt.NDArray[np.int64], FloatArray], Estimate]


@dataclass(frozen=True)
class Held:
    """What a cell showed.

    Attributes:
        where: The cell, in words.
        rate: How often the interval held the truth.
        below: How often the truth lay below it.
        above: How often it lay above.
        narrowest: Least width.
        error: Standard error of the rate; 0 where it is exact.
    """

    where: str
    rate: float
    below: float
    above: float
    narrowest: float
    error: float = 0.0

    @property
    def low(self) -> bool:
        """Whether it lies below the bar, by more than chance allows."""
        return round(self.rate, 3) < BAR - 2.5 * self.error


Found = dict[str, list[Held]]


def enumerate_decisions(sizes: tuple[tuple[int, float], ...]) -> Found:
    """Return the exact coverage of the metrics of decisions, by metric."""
    found: Found = defaultdict(list)
    for positives, share in sizes:
        negatives = round(positives / share) - positives
        for name in DECIDED:
            options: dict[str, Any] = dict(COSTS) if name == "cost" else {}
            ends: dict[tuple[int, int], tuple[float, float]] = {}
            for recall, alarm in itertools.product(RECALLS, ALARMS):
                rates = (positives, recall), (negatives, alarm)
                cell = one_cell(name, options, rates, ends)
                if cell is not None:
                    found[name].append(cell)
    return found


def one_cell(
    name: str,
    options: dict[str, Any],
    rates: tuple[tuple[int, float], tuple[int, float]],
    ends: dict[tuple[int, int], tuple[float, float]],
) -> Held | None:
    """Return a cell's coverage; None where the metric is mostly undefined.

    Args:
        name: The metric.
        options: Its options.
        rates: (rows, probability of being flagged) of the positives and negatives.
        ends: Intervals by true and false positives, shared by the cells of a size.
    """
    (p, recall), (n, alarm) = rates
    cells = (p * recall, n * alarm, p * (1 - recall), n * (1 - alarm))
    true = float(value_of_counts(name, Counts(*map(np.asarray, cells)), **options))
    weight = np.outer(*(binom.pmf(np.arange(size + 1), size, r) for size, r in rates))
    sums, narrowest = np.zeros(4), math.inf
    for tp, fp in np.argwhere(weight > LIKELY).tolist():
        if (tp, fp) not in ends:
            ends[tp, fp] = of_counts(name, (tp, fp), (p, n), options)
        low, high = ends[tp, fp]
        if not math.isnan(low):
            one = (True, low <= true <= high, true < low, true > high)
            sums += weight[tp, fp] * np.array(one)
            narrowest = min(narrowest, high - low)
    known, held, below, above = map(float, sums)
    if known < 0.5:
        return None
    where = f"{p} of {p + n} rows, recall {recall:g}, false alarms {alarm:g}"
    return Held(where, held / known, below / known, above / known, narrowest)


def of_counts(
    name: str, flagged: tuple[int, int], sizes: tuple[int, int], options: dict[str, Any]
) -> tuple[float, float]:
    """Return the interval on the table with these counts; NaN where undefined."""
    (tp, fp), (p, n) = flagged, sizes
    rows = (tp, fp, p - tp, n - fp)
    y, score = np.repeat([1, 0, 1, 0], rows), np.repeat([1.0, 1.0, 0.0, 0.0], rows)
    found = interval(name, y, score, threshold=0.5, **options)
    return found.low, found.high


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


def simulate(tables: int, sizes: tuple[tuple[int, float], ...]) -> Found:
    """Return the coverage of the other metrics, by metric."""
    found: Found = defaultdict(list)
    for number, shape in enumerate(SHAPES):
        for positives, share in sizes:
            asked = {
                **scored(shape, positives, share),
                **bootstrapped(shape, positives, share),
            }
            random = np.random.default_rng([2, number, positives, round(1 / share)])
            drawn = [
                shape.draw(positives, round(positives / share) - positives, random)
                for _ in range(4 * tables)
            ]
            for name, (true, make) in asked.items():
                some = drawn[: tables // 2] if name in BOOTSTRAPPED else drawn
                ends = [make(y, s) for y, s in some]
                cell = counted(f"{shape.name}, {positives} at {share:.1%}", true, ends)
                if cell is not None:
                    found[name].append(cell)
    return found


def counted(where: str, true: float, ends: list[Estimate]) -> Held | None:
    """Return what a cell showed; None where the metric is mostly undefined."""
    known = [e for e in ends if e.defined and not math.isnan(e.low)]
    if len(known) < len(ends) / 2:
        return None
    return Held(
        where,
        float(np.mean([e.low <= true <= e.high for e in known])),
        float(np.mean([true < e.low for e in known])),
        float(np.mean([true > e.high for e in known])),
        min(e.high - e.low for e in known),
        math.sqrt(BAR * (1 - BAR) / len(known)),
    )


def line(name: str, cells: list[Held]) -> str:
    """Return a line of the table."""
    least = min(cells, key=lambda cell: cell.rate)
    mean = [float(np.mean([getattr(c, k) for c in cells])) for k in FIELDS]
    return (
        f"| {name} | {len(cells)} | {mean[0]:.3f} | {least.rate:.3f} ({least.where}) | "
        f"{sum(c.low for c in cells)} | {mean[1]:.3f} | {mean[2]:.3f} | "
        f"{min(c.narrowest for c in cells):.4f} |"
    )


FIELDS = ("rate", "below", "above")
COLUMNS = (
    f"| metric | cells | mean | lowest | clearly below {BAR} | truth below "
    "| truth above | narrowest |\n|---|---|---|---|---|---|---|---|"
)


def low_cells(found: Found) -> list[str]:
    """Return a line for each cell that is clearly below the bar."""
    return [
        f"- {name}: {cell.rate:.3f} ({cell.where}; truth below {cell.below:.3f}, above "
        f"{cell.above:.3f})"
        for name, cells in found.items()
        for cell in sorted(cells, key=lambda c: c.rate)
        if cell.low
    ]


def section(exact: Found, drawn: Found, tables: int) -> str:
    """Return the section of the docs."""
    none = [n for n in METRICS if not supported(n)]
    counted, sizes = (
        ", ".join(f"{p} at {s:.1%}" for p, s in each) for each in (COUNTED, SIZES)
    )
    low = low_cells({**exact, **drawn})
    return "\n".join(
        [
            HEADING,
            "",
            "Whole tables, given to `equipoise.uncertainty.interval` row by row. "
            "Written by `python benchmarks/coverage_other_metrics.py "
            f"--tables {tables} --write`.",
            "",
            "Metrics of decisions depend on two counts alone. Every possible table was "
            f"tried (each of a probability above {LIKELY:g}) and weighted with its "
            f"probability, so these are exact, without chance: {counted} (positives "
            "and their share), recalls of "
            f"{', '.join(map(str, RECALLS))} and false alarms of "
            f"{', '.join(map(str, ALARMS))} among the negatives; a false alarm costs "
            f"{COSTS['false_positive']:g}, a miss {COSTS['false_negative']:g}.",
            "",
            COLUMNS,
            *(line(name, exact[name]) for name in DECIDED),
            "",
            f"The others are simulated on {len(SHAPES)} shapes of scores "
            f"({', '.join(shape.name for shape in SHAPES)}), {sizes}, {4 * tables} "
            "tables in "
            f"each cell, {tables // 2} of the three that need a bootstrap, there with "
            f"{REPLICATES} samples. A coverage of .95 is known to "
            f"{math.sqrt(0.95 * 0.05 / 4 / tables):.3f} and "
            f"{math.sqrt(0.95 * 0.05 / (tables // 2)):.3f}; *clearly below* is lower "
            "by 2.5 standard errors. The weight of 2 that they share with AUROC and "
            "average precision was chosen there; nothing was chosen here.",
            "",
            COLUMNS,
            *(line(name, drawn[name]) for name in (*PROBABILITY, *BOOTSTRAPPED)),
            "",
            f"Clearly below {BAR}:" if low else f"No cell is clearly below {BAR}.",
            "",
            *low,
            *([""] if low else []),
            *REASONS,
            f"No interval is given for {', '.join(none)}: `interval` refuses them with "
            "an `UnsupportedError`. The least average precision is no estimate; the "
            "two at a floor are extremes over thresholds, and calibration errors are "
            "distances from 0: what a sample shows of either is biased by as much as "
            "its own spread.",
            "",
        ]
    )


REASONS = (
    "Log loss has no bound. Where the classes are nearly separated and a model is "
    "overconfident, as here, a few rows that it gets badly wrong make most of the true "
    "loss, and a small sample seldom holds one: nothing in it tells how bad they are. "
    "With 8 positives of 16 rows it covered .90 where the class means lie 2.5 standard "
    "deviations apart, and .76 where they lie 3.5 apart (3,000 tables each). It is not "
    "to be trusted there; the Brier score's interval is.",
    "",
)


def main() -> None:
    """Run the simulation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two sizes, 20 tables")
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--write", action="store_true", help="write the docs")
    given = parser.parse_args()
    tables = 20 if given.quick else given.tables
    counted = COUNTED[:1] if given.quick else COUNTED
    sizes = SIZES[:1] + SIZES[3:4] if given.quick else SIZES
    text = section(enumerate_decisions(counted), simulate(tables, sizes), tables)
    print(text)
    if given.write and not given.quick:
        page = PAGE.read_text(encoding="utf-8").split(HEADING)[0]
        PAGE.write_text(page + text, encoding="utf-8")


if __name__ == "__main__":
    main()
