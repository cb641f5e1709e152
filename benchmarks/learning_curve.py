# SPDX-License-Identifier: Apache-2.0
"""Does the band of the extrapolated learning curve cover the truth?

    python benchmarks/learning_curve.py [TABLE ...] [--quick] [--write]

Real tables are taken as populations. From each, samples with a fifth of the positives
(at most 150) are drawn, and `learning_curve` is asked, from the sample alone, what four
times the positives would give. The truth is found by doing it: training on four times
the positives, drawn from the whole table, and scoring the rows left over, ten times.

The tables lie in the folder EQUIPOISE_DATA (by default `shared/data` beside the
checkout); where it is absent, generated tables are used and said to be. `--write` puts
the result into `docs/learning-curve.md`.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from equipoise.diagnosis.fast import boosted_trees
from equipoise.diagnosis.futility import (
    MOST_NEGATIVES,
    LearningCurve,
    learning_curve,
    smooth_average_precision,
)
from equipoise.errors import TableWarning
from equipoise.reading.read import read_table
from equipoise.table.generators import gaussian_shift, gaussian_spread
from equipoise.table.table import Table
from equipoise.uncertainty.proportion import clopper_pearson

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("EQUIPOISE_DATA", ROOT.parent / "shared" / "data"))
PAGE = ROOT / "docs" / "learning-curve.md"
NAMES = (
    "abalone",
    "adult",
    "bank_marketing",
    "churn",
    "diabetes_readmission",
    "hypothyroid_raw",
    "kddcup99_r2l_u2r_dedup",
    "mammography",
    "optical_digits",
    "pen_digits",
    "polish_bankruptcy_1year",
    "satimage",
    "scene",
    "sick_euthyroid_raw",
    "stroke",
    "wine_quality",
    "yeast_ml8",
)
# Tables that played no part when the family of curves was chosen.
UNSEEN = (
    "hypothyroid_raw",
    "kddcup99_r2l_u2r_dedup",
    "yeast_ml8",
)
FACTOR = 4
MOST_POSITIVES = 150
MOST_SCORED = 30_000
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Result:
    """The experiments on one table."""

    name: str
    positives: int
    sample: int
    now: float
    then: float
    curves: list[LearningCurve]

    @property
    def answered(self) -> list[LearningCurve]:
        """The curves that were not refused."""
        return [curve for curve in self.curves if not curve.refused]

    def covered(self, which: str) -> list[bool]:
        """Whether the band holds the truth, for each answer."""
        truth = {"then": self.then, "now": self.now, "gain": self.then - self.now}
        bands = [getattr(curve, which) for curve in self.answered]
        return [band.low <= truth[which] <= band.high for band in bands]

    def line(self) -> str:
        """Return a row of the table in the page."""
        count = len(self.answered)
        name = self.name + (" *" if self.name in UNSEEN else "")
        if not count:
            return f"| {name} | {self.sample} |{' - |' * 7} {len(self.curves)} |"
        width = np.mean([c.then.high - c.then.low for c in self.answered])
        value = np.mean([c.then.value for c in self.answered])
        shares = " | ".join(
            f"{sum(self.covered(which))}/{count}" for which in ("then", "gain", "now")
        )
        return (
            f"| {name} | {self.sample} | {self.now:.3f} | {self.then:.3f} | "
            f"{value:.3f} | {width:.3f} | {shares} | {len(self.curves) - count} |"
        )


HEAD = (
    "| table | positives of a sample | truth now | truth at 4x | mean answer at 4x | "
    "mean width | band at 4x covers | gain covers | band now covers | refused |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def tables(names: list[str]) -> list[tuple[str, Table]]:
    """Read the tables, or generate some where the folder is absent."""
    if not DATA.is_dir():
        print(f"{DATA} is absent: generated tables (set EQUIPOISE_DATA)")
        return [
            ("gaussian_shift", gaussian_shift(8000, positives=400).table),
            ("gaussian_spread", gaussian_spread(8000, positives=400).table),
        ]
    with warnings.catch_warnings():
        # What the reader left out is no matter here.
        warnings.simplefilter("ignore", TableWarning)
        return [(n, read_table(DATA / f"{n}.parquet", "target")) for n in names]


def experiment(name: str, table: Table, samples: int) -> Result:
    """Find the truth on one table, and ask for it from small samples."""
    positives = table.positives
    size = min(positives // (FACTOR + 1), MOST_POSITIVES)
    random = np.random.default_rng(0)
    now, then = (truth(table, k, random) for k in (size, FACTOR * size))
    curves = []
    for seed in range(samples):
        rows, _ = draw(table, size, random)
        curves.append(learning_curve(table.take(rows), factor=FACTOR, seed=seed))
    return Result(name, positives, size, now, then, curves)


def draw(
    table: Table, positives: int, random: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return a sample with the table's own share of positives, and the rest."""
    share = positives / table.positives
    parts = [], []
    for label in (0, 1):
        rows = random.permutation(np.flatnonzero(table.y == label))
        cut = round(share * len(rows))
        parts[0].append(rows[:cut])
        parts[1].append(rows[cut:])
    inside, outside = (np.sort(np.concatenate(part)) for part in parts)
    return inside, outside


def truth(
    table: Table, positives: int, random: np.random.Generator, times: int = 10
) -> float:
    """Return the average precision of training on so many positives."""
    values = []
    for seed in range(times):
        train, rest = draw(table, positives, random)
        y = table.y[train]
        most = MOST_NEGATIVES * positives
        negative = random.permutation(train[y == 0])[:most]
        train = np.sort(np.r_[train[y == 1], negative])
        held = np.sort(random.permutation(rest)[:MOST_SCORED])
        scores = boosted_trees(table, train, held, seed)
        values.append(smooth_average_precision(table.y[held], scores))
    return float(np.mean(values))


def summary(results: list[Result]) -> list[str]:
    """Return the totals in words."""
    lines = []
    texts = {
        "then": "the band at four times the positives covers the truth",
        "gain": "the interval of the gain covers it",
        "now": "the band at the present number covers it",
    }
    for which, text in texts.items():
        hits = [hit for result in results for hit in result.covered(which)]
        low, high = clopper_pearson(sum(hits), len(hits))
        lines.append(
            f"{text} in {sum(hits)} of {len(hits)} answers: {np.mean(hits):.3f} "
            f"[{low:.3f}, {high:.3f}]"
        )
    asked = sum(len(result.curves) for result in results)
    refused = asked - sum(len(result.answered) for result in results)
    return [*lines, f"refused: {refused} of {asked}"]


def write(results: list[Result]) -> None:
    """Put the result into the page, below its marker."""
    text = PAGE.read_text(encoding="utf-8")
    marker = "<!-- measured by benchmarks/learning_curve.py -->"
    body = "\n".join([HEAD, *(result.line() for result in results)])
    totals = "\n".join(f"- {line}" for line in summary(results))
    head = text.split(marker)[0]
    PAGE.write_text(f"{head}{marker}\n\n{body}\n\n{totals}\n", encoding="utf-8")


def main() -> None:
    """Run the experiments and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="TABLE")
    parser.add_argument("--quick", action="store_true", help="3 tables, 3 samples")
    parser.add_argument("--samples", type=int, default=10, help="per table")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    given = parser.parse_args()
    names = given.names or list(NAMES)
    if given.quick:
        names = given.names or ["mammography", "stroke", "wine_quality"]
    results = []
    print(HEAD)
    for name, table in tables(names):
        begin = time.perf_counter()
        result = experiment(name, table, 3 if given.quick else given.samples)
        results.append(result)
        print(result.line(), f"{time.perf_counter() - begin:.0f} s", flush=True)
        if given.write:
            write(results)
    for line in summary(results):
        print(line)


if __name__ == "__main__":
    main()
