# SPDX-License-Identifier: Apache-2.0
"""Coverage of the figures of the one rule that a trial hands over.

The rule is chosen on the same out-of-fold scores that judge it, and that flatters.
Tables are drawn from known distributions, a linear discriminant is trained on each
split, one threshold is chosen on all cross-fitted scores, and what that rule is truly
worth on fresh rows follows from the distributions in closed form: the mean over the
models of all splits, each with its own calibrator. The intervals should hold it in 95
of 100 tables.

    python benchmarks/coverage_of_the_rule.py --quick                  # a minute
    python benchmarks/coverage_of_the_rule.py --parts F --turn 0/4     # a quarter
    python benchmarks/coverage_of_the_rule.py --parts F --write        # the page

Batches are kept as files of the folder F: a run can go on after a stop.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from coverage_cross_validation import (
    FOLDS,
    LEAST,
    MOST,
    Cell,
    Population,
    deal,
    discriminant,
    linear,
)
from equipoise.evaluation import Arm, cross_validated
from equipoise.metrics import METRICS, Counts
from equipoise.metrics.decisions import cost

DOCUMENT = Path(__file__).parents[1] / "docs" / "coverage-of-the-rule.md"
CHOSEN_ON = ("normal", "wide", "mixture", "heavy")
FRESH = ("skewed", "levels")
SHAPES = (*CHOSEN_ON, *FRESH)
STRENGTHS = (1.0, 2.5)
POPULATIONS = [Population(*pair) for pair in itertools.product(SHAPES, STRENGTHS)]
GOALS: dict[str, dict[str, Any]] = {
    "f1": {},
    "balanced_accuracy": {},
    "precision": {"floor": 0.5},
    "cost": {},
}
JUDGED = ("recall", "precision", "f1", "balanced_accuracy", "cost")
REPLICATES, LEVEL, REPEATS = 256, 0.95, 2
DRAWING = {"f1": 5, "balanced_accuracy": 5, "precision": 5, "cost": 6}
"""Part of every seed: other numbers than those that the constants were chosen on."""
SIZES = (
    (8, 0.5),
    (8, 0.05),
    (8, 0.005),
    (12, 0.5),
    (12, 0.05),
    (12, 0.005),
    (20, 0.05),
    (20, 0.005),
    (50, 0.5),
    (50, 0.05),
    (50, 0.005),
    (300, 0.5),
    (300, 0.05),
)
QUICK = ((8, 0.05), (20, 0.05), (50, 0.5))
ENOUGH = 200
"""Tables of a cell, over all populations, below which it is shown and not judged."""


def truth(
    population: Population,
    models: list[list[tuple[Any, float]]],
    arm: Arm,
    share: float,
    fn: float,
) -> dict[str, float]:
    """Return what the rule is worth: its true rates, averaged over the models."""
    rates = [
        population.ranked(w, b, arm.fitted.calibrators[r][k], arm.decided.upper)[1]
        for r, row in enumerate(models)
        for k, (w, b) in enumerate(row)
    ]
    hit, alarm = np.mean(rates, axis=0)
    cells = Counts(
        *map(
            np.array,
            (
                share * hit,
                (1 - share) * alarm,
                share * (1 - hit),
                (1 - share) * (1 - alarm),
            ),
        )
    )
    found = {
        "cost": float(cost.of_counts(cells, false_positive=1.0, false_negative=fn))
    }
    for name in JUDGED:
        of_counts = METRICS[name].of_counts
        if name != "cost" and of_counts is not None:
            found[name] = float(of_counts(cells))
    return found


def one_table(
    population: Population, size: tuple[int, float], goal: str, seed: int
) -> dict[str, list[float]]:
    """Return by metric: held, truth below, truth above, width, estimate - truth."""
    positives, share = size
    kind = SHAPES.index(population.shape), STRENGTHS.index(population.strength)
    random = np.random.default_rng(
        [
            DRAWING[goal],
            seed,
            positives,
            round(1 / share),
            *kind,
            list(GOALS).index(goal),
        ]
    )
    cell = Cell(positives, share, 1, REPEATS)
    x, y = population.draw(cell.positives, cell.negatives, random)
    folds = np.stack([deal(y, random) for _ in range(REPEATS)])
    scores, models = np.empty(folds.shape), []
    for repeat, fold in enumerate(folds):
        models.append([discriminant(x[fold != k], y[fold != k]) for k in range(FOLDS)])
        for k, (w, b) in enumerate(models[-1]):
            scores[repeat, fold == k] = linear(x[fold == k], w, b)
    fn = max(1.0, (1 - share) / share)
    options: dict[str, Any] = {"objective": goal, **GOALS[goal]}
    if goal == "cost":
        options = {"costs": (1.0, fn)}
    arm = cross_validated(
        y,
        {"plain": scores},
        folds,
        replicates=REPLICATES,
        seed=seed,
        level=LEVEL,
        **options,
    )["plain"]
    true = truth(population, models, arm, share, fn)
    rows = {}
    for name in JUDGED:
        if name not in arm.evaluation:
            continue
        e = arm.evaluation[name]
        if e.defined and math.isfinite(true[name]):
            rows[name] = [
                float(e.low <= true[name] <= e.high),
                float(true[name] < e.low),
                float(true[name] > e.high),
                e.high - e.low,
                e.value - true[name],
            ]
    return rows


def batches(
    sizes: tuple[tuple[int, float], ...], goals: tuple[str, ...], count: int
) -> Iterator[tuple[tuple[int, float], str, Population, int]]:
    """Yield what is to be drawn: the first batch of every cell, then the next."""
    for batch, size, goal in itertools.product(range(count), sizes, goals):
        for population in POPULATIONS:
            yield size, goal, population, batch


def file_of(
    folder: Path, size: tuple[int, float], goal: str, population: Population, batch: int
) -> Path:
    """Return where a batch is kept."""
    named = (*size, goal, population.shape, population.strength, batch)
    return folder / f"{'_'.join(map(str, named))}.json"


def line_of(size: tuple[int, float], goal: str, name: str, parts: list[Any]) -> Any:
    """Return a line's figures: cell, metric, mean, least and the rest."""
    kept = [np.array(rows) for rows in parts if len(rows)]
    means = np.array([rows.mean(axis=0) for rows in kept])
    return {
        "size": size,
        "goal": goal,
        "name": name,
        "tables": sum(len(rows) for rows in kept),
        "mean": float(means[:, 0].mean()),
        "least": float(means[:, 0].min()),
        "rest": means[:, 1:].mean(axis=0).tolist(),
    }


def collect(
    folder: Path, goals: tuple[str, ...], sizes: Any, count: int, shapes: Any = SHAPES
) -> list[dict[str, Any]]:
    """Return a line for each cell, goal and metric from the batches that are there."""
    lines = []
    for size, goal in itertools.product(sizes, goals):
        parts: dict[str, list[list[Any]]] = {name: [] for name in JUDGED}
        for population in POPULATIONS:
            if population.shape not in shapes:
                continue
            rows: dict[str, list[Any]] = {name: [] for name in JUDGED}
            for batch in range(count):
                path = file_of(folder, size, goal, population, batch)
                if path.exists():
                    for table in json.loads(path.read_text("utf-8")):
                        for name, row in table.items():
                            rows[name].append(row)
            for name in JUDGED:
                parts[name].append(rows[name])
        lines += [
            line_of(size, goal, name, parts[name])
            for name in JUDGED
            if any(map(len, parts[name]))
        ]
    return lines


def shown(line: dict[str, Any]) -> str:
    """Return a line of the table."""
    below, above, width, error = line["rest"]
    positives, share = line["size"]
    return (
        f"| {positives} | {share:.1%} | {line['goal']} | {line['name']} | "
        f"{line['mean']:.3f} | {line['least']:.3f} | {below:.3f} | {above:.3f} | "
        f"{width:.3f} | {error:+.3f} | {line['tables']} |"
    )


def verdict(lines: list[dict[str, Any]]) -> str:
    """Say whether the bar is met."""
    mine = [line for line in lines if line["tables"] >= ENOUGH] or lines
    low = [line for line in mine if line["mean"] < LEAST]
    words = [
        f"{len(mine) - len(low)} of {len(mine)} cells of {', '.join(JUDGED)} reach "
        f"{LEAST}; the lowest has {min(line['mean'] for line in mine):.3f}; on average "
    ]
    means = [
        f"{name} {np.mean([line['mean'] for line in mine if line['name'] == name]):.3f}"
        for name in JUDGED
        if any(line["name"] == name for line in mine)
    ]
    return words[0] + ", ".join(means) + f" (at most about {MOST} is wanted)."


COLUMNS = (
    "| positives | share | goal | metric | mean | least | truth below | truth above | "
    "width | optimism | tables |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def document(lines: list[dict[str, Any]], fresh: list[dict[str, Any]]) -> str:
    """Return the page of the docs."""
    return "\n".join(
        [
            "# Coverage of the rule that is handed over",
            "",
            "**How often do the intervals of recall, precision and F1 hold what the "
            f"chosen threshold is worth on new rows?** In short: {verdict(lines)} (A "
            "cell is a number of positives, their share and a goal.)",
            "",
            "Written by `python benchmarks/coverage_of_the_rule.py --write`. Nominal "
            f"coverage {LEVEL:.0%}, {REPEATS} x {FOLDS} splits, {REPLICATES} "
            "weightings.",
            "",
            "One threshold is chosen on all out-of-fold scores of a table, and judged "
            'on the same scores. The column "optimism" is the mean of the estimate '
            "less the truth: by how much the choice flatters. The truth is what that "
            "rule is worth on fresh rows, in closed form, averaged over the models "
            "that were trained. The intervals subtract the optimism: the rule is "
            "chosen again "
            "under each weighting of the rows, and judged there under these weights "
            "and under even ones. A line sums up the populations "
            f"({', '.join(SHAPES)}; class distances "
            f'{" and ".join(map(str, STRENGTHS))}): "mean" is the coverage over all '
            'of them, "least" that of the worst. The constants were chosen on other '
            f"random numbers; {' and '.join(FRESH)} were not among the shapes that "
            "they were chosen on.",
            "",
            f"The fresh shapes alone ({', '.join(FRESH)}): {verdict(fresh)}",
            "",
            COLUMNS,
            *map(shown, lines),
            "",
        ]
    )


def main() -> None:
    """Run the simulation."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a minute, no file")
    parser.add_argument("--parts", type=Path, help="where batches are kept")
    parser.add_argument("--turn", default="0/1", help="k/n: make every n-th batch")
    parser.add_argument("--tables", type=int, default=20, help="tables of a batch")
    parser.add_argument("--batches", type=int, default=5, help="batches of a cell")
    parser.add_argument("--goals", default=",".join(GOALS), help="which goals")
    parser.add_argument("--write", action="store_true", help="write the docs")
    given = parser.parse_args()
    goals = ("f1",) if given.quick else tuple(given.goals.split(","))
    sizes = QUICK if given.quick else SIZES
    count, tables = (1, 18) if given.quick else (given.batches, given.tables)
    k, n = map(int, given.turn.split("/"))
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        # A rule trained on a handful of rows may give such scores, rightly: it is no
        # sign of probabilities in the place of log-odds here.
        warnings.filterwarnings("ignore", "All .* log-odds lie between 0 and 1")
        folder = given.parts or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [] if given.write else list(batches(sizes, goals, count))
        for place, (size, goal, population, batch) in enumerate(wanted):
            path = file_of(folder, size, goal, population, batch)
            if place % n != k or path.exists():
                continue
            seeds = range(batch * tables, (batch + 1) * tables)
            drawn = [one_table(population, size, goal, seed) for seed in seeds]
            path.with_suffix(".new").write_text(json.dumps(drawn), encoding="utf-8")
            path.with_suffix(".new").rename(path)
        lines = collect(folder, goals, sizes, count)
        fresh = collect(folder, goals, sizes, count, FRESH)
    if n > 1:
        return
    page = document(lines, fresh)
    if given.write:
        DOCUMENT.write_text(page, encoding="utf-8")
    print(page)
    print(f"All shapes: {verdict(lines)}")


if __name__ == "__main__":
    main()
