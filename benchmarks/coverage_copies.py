# SPDX-License-Identifier: Apache-2.0
"""Coverage of intervals where the positives were copied before the file arrived.

Scores are normal within each class. Positives are drawn, and each is copied 2 to 20
times. Intervals that count rows and intervals that count distinct rows are held
against the truth: AUROC and recall of the population, average precision and precision
at the share of positives that the file has. Two ways: a test file (`evaluate`), and
cross-validation in five folds that keep copies together (`cross_validated`), with
scores of a fixed model, so that the noise of training is left out.

    python benchmarks/coverage_copies.py --quick
    python benchmarks/coverage_copies.py [--draws 400]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from equipoise.evaluation.cross_validation import cross_validated
from equipoise.evaluation.fixed_model import evaluate
from equipoise.priors import probability
from equipoise.table.spread import spread

FloatArray = npt.NDArray[np.float64]
METRICS = ("roc_auc", "average_precision", "recall", "precision")
POSITIVES = (10, 20, 40, 100)
COPIES = ("2", "5", "20", "2 to 20")
THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class Draw:
    """One file: scores, labels, which rows are copies, and the truth."""

    y: npt.NDArray[np.int64]
    z: FloatArray
    unit: npt.NDArray[np.int64]
    truth: dict[str, float]


def draw(positives: int, negatives: int, copies: str, shift: float, seed: int) -> Draw:
    """Draw a file in which each positive was copied."""
    random = np.random.default_rng(seed)
    times = (
        random.integers(2, 21, positives)
        if copies == "2 to 20"
        else np.full(positives, int(copies))
    )
    z = np.r_[random.normal(size=negatives), random.normal(shift, 1, positives)]
    repeat = np.r_[np.ones(negatives, np.int64), times]
    unit = np.repeat(np.arange(negatives + positives), repeat)
    y = (unit >= negatives).astype(np.int64)
    # What is flagged: a share of the negatives and most positives.
    cut = shift / 2
    share = float(y.mean())
    return Draw(y, z[unit] - cut, unit, truth(share, shift, cut))


def truth(share: float, shift: float, cut: float) -> dict[str, float]:
    """Return the population's metrics at a share of positives."""
    grid = np.linspace(-9.0, 9.0 + shift, 40_001)
    recall, alarms = norm.sf(grid - shift), norm.sf(grid)
    precision = share * recall / (share * recall + (1 - share) * alarms)
    hits, false = norm.sf(cut - shift), norm.sf(cut)
    return {
        "roc_auc": float(norm.cdf(shift / math.sqrt(2))),
        "average_precision": float(-np.trapezoid(precision, recall)),
        "recall": float(hits),
        "precision": float(share * hits / (share * hits + (1 - share) * false)),
    }


def intervals(found: Draw, how: str, seed: int) -> dict[str, tuple[float, float]]:
    """Return the intervals of one way of counting and evaluating."""
    clusters = None if how == "rows" else found.unit
    if how == "folds":
        random = np.random.default_rng(seed)
        folds = spread(found.y, found.unit, np.full(5, 0.2), random)
        # A fixed model's scores: the same in every repeat, in whichever folds.
        result = cross_validated(
            found.y, {"plain": found.z}, folds, clusters=found.unit, replicates=400
        )["plain"].evaluation
        names = METRICS[:2]
    else:
        result = evaluate(
            found.y, probability(found.z), threshold=THRESHOLD, clusters=clusters
        )
        names = METRICS
    return {name: (result[name].low, result[name].high) for name in names}


def coverage(
    positives: int, copies: str, how: str, draws: int, shift: float
) -> dict[str, float]:
    """Return the share of intervals that hold the truth, by metric."""
    held: dict[str, list[bool]] = {}
    for seed in range(draws):
        found = draw(positives, 400, copies, shift, seed)
        for name, (low, high) in intervals(found, how, seed).items():
            held.setdefault(name, []).append(low <= found.truth[name] <= high)
    return {name: float(np.mean(values)) for name, values in held.items()}


def table(draws: int, quick: bool) -> Iterator[str]:
    """Yield the lines of the table."""
    yield f"{'positives':>9} {'copies':>8} {'counted':>8}  " + "  ".join(
        f"{name:>17}" for name in METRICS
    )
    for positives in POSITIVES[::3] if quick else POSITIVES:
        for copies in COPIES[1::2] if quick else COPIES:
            for how in ("rows", "distinct", "folds"):
                found = coverage(positives, copies, how, draws, 1.2)
                yield f"{positives:>9} {copies:>8} {how:>8}  " + "  ".join(
                    f"{found[name]:>17.3f}" if name in found else " " * 17
                    for name in METRICS
                )


def main() -> None:
    """Print the coverage of 95 % intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    for line in table(60 if options.quick else options.draws, options.quick):
        print(line, flush=True)


if __name__ == "__main__":
    main()
