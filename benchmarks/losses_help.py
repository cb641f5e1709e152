# SPDX-License-Identifier: Apache-2.0
"""Whether a loss for a metric of the ranking does better at it than the cross-entropy.

    python benchmarks/losses_help.py [TABLE ...] [--repeats 1] [--quick] [--out FILE]

Each loss is held against the cross-entropy in the metric that it is for: the area
under the ROC curve, the part of it at few false alarms, the average precision, the
precision at a recall of .8, the recall at a precision of .8. Both train the network
`small` on the same folds and stop on the same rows; the losses over pairs begin with
the cross-entropy, as their strategies do. With several classes a metric is the mean
over the classes against the rest of which the part holds at least one row.

The tables are the cheap ones of the folder EQUIPOISE_DATA (by default `shared/data`
beside the checkout), with two classes and with several, and two made of digits, as
mnist (scikit-learn's small pictures if it is absent): `digit_1_percent`, one digit at
1 % against the others, and `digits_long_tail`, a long tail of ten. `--quick` takes
three tables: two classes, several, and a rare digit of the small pictures. With `--out`
what the file holds already is not computed again, so another number of repeats needs
another file. Intervals of a table are those of the corrected resampled t-test over the
folds, those over tables of a t-test with the tables as units; p is Wilcoxon's over six
tables or more, adjusted by Holm.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn.model_selection import StratifiedKFold

from digits import long_tail, pictures
from equipoise import metrics
from equipoise.comparison.paired import nadeau_bengio
from equipoise.comparison.tables import wilcoxon_holm
from equipoise.errors import TableWarning
from equipoise.jobs import Job
from equipoise.reading.read import read_table
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.splits import inner_split
from equipoise.table.table import Table
from equipoise.trials.learner_choice import LearnerChoice
from quality import DATA, read

Floats = npt.NDArray[np.float64]
PLAIN = "plain"
FOLDS = 5
TWO = ("ecoli", "spectrometer", "solar_flare_m0", "yeast_ml8", "wine_quality", "stroke")
SEVERAL = ("glass", "car", "yeast", "page_blocks")
RARE_DIGIT, LONG_TAIL = "digit_1_percent", "digits_long_tail"
QUICK = ("ecoli", RARE_DIGIT, "glass")
EIGHT, RARE_ROWS = 8, (40, 16)
"""The rare digit, and how many rows of it there are: of mnist and of small pictures."""
TAIL_FIRST, TAIL_LAST = (500, 150), 5
LEVEL = 0.8
AGREE = 0.01

METRICS: dict[str, Callable[[Any, Any], float]] = {
    "AUROC": metrics.roc_auc,
    "partial AUROC": lambda y, z: metrics.partial_roc_auc(y, z, max_fpr=0.1),
    "average precision": metrics.average_precision,
    "precision at recall": lambda y, z: metrics.precision_at_recall(y, z, recall=LEVEL),
    "recall at precision": lambda y, z: metrics.recall_at_precision(
        y, z, precision=LEVEL
    ),
}
AIMS: dict[str, str] = {
    "pairwise_auc": "AUROC",
    "pairwise_logistic": "AUROC",
    "pairwise_hinge": "AUROC",
    "auc_margin": "AUROC",
    "partial_auc": "partial AUROC",
    "average_precision": "average precision",
    "precision_at_recall": "precision at recall",
    "recall_at_precision": "recall at precision",
}
"""A loss, which is the name of its strategy, and the metric that it is for."""

Scores = dict[str, dict[str, list[float | None]]]
"""Arm -> metric -> a value per split, None where it is undefined."""


def table_of(name: str, quick: bool) -> Table:
    """Return a table by its name.

    Args:
        name: Of a file, or of what is made of digits.
        quick: Whether to make digits of the small pictures.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        if name in SEVERAL:
            path = DATA / f"{name}.parquet"
            return read_table(path, "target", task="multiclass")
        if name not in (RARE_DIGIT, LONG_TAIL):
            return read(name)
        x, y, source = pictures(quick)
        small = source != "mnist"
        if name == LONG_TAIL:
            rows = long_tail(y, TAIL_FIRST[small], TAIL_LAST)
            return read_table((_flat(x[rows]), y[rows]))
        rare = RARE_ROWS[small]
        random = np.random.default_rng(0)
        positive = random.permutation(np.flatnonzero(y == EIGHT))[:rare]
        others = random.permutation(np.flatnonzero(y != EIGHT))[: 99 * rare]
        rows = np.sort(np.concatenate([positive, others]))
        return read_table((_flat(x[rows]), (y[rows] == EIGHT).astype(np.int64)))


def _flat(pictures: npt.NDArray[Any]) -> Floats:
    return pictures.reshape(len(pictures), -1).astype(np.float64)


def scored(table: Table, arms: list[str], repeats: int) -> Scores:
    """Return every metric of every arm on every split.

    Args:
        table: The rows.
        arms: Names of strategies.
        repeats: How often the rows are split into folds.
    """
    splits = []
    for repeat in range(repeats):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=repeat)
        for train, test in folds.split(np.zeros(len(table)), table.y):
            fit, stop = inner_split(table, train, seed=repeat, duplicates="ignore")
            splits.append((fit, stop, test))
    strategies = as_strategies(arms)
    jobs = [
        Job(strategy, fit, stop, test, seed=part, part=part)
        for strategy in strategies
        for part, (fit, stop, test) in enumerate(splits)
    ]
    empty: list[float | None] = [None] * len(splits)
    result: Scores = {arm: {name: list(empty) for name in METRICS} for arm in arms}
    for outcome in LearnerChoice("small")(strategies[0]).run(table, jobs):
        job = outcome.job
        for name, metric in METRICS.items():
            value = over_views(table, job.scored_rows, outcome.log_odds, metric)
            result[job.strategy.name][name][job.part] = value
    return result


def over_views(
    table: Table, rows: npt.NDArray[Any], scores: Floats, metric: Callable[..., float]
) -> float | None:
    """Return a metric, of several classes the mean over those that can be judged."""
    views = table.task.views(table.y[rows], scores.reshape(len(rows), -1))
    values = [metric(v.y, v.scores) for v in views if v.y.any() and not v.y.all()]
    return float(np.mean(values)) if values else None


def differences(scores: Scores, arm: str) -> tuple[Floats, Floats]:
    """Return the arm's values of its metric and those of the cross-entropy."""
    name = AIMS[arm]
    ours, theirs = (np.array(scores[a][name], np.float64) for a in (arm, PLAIN))
    return ours, theirs


def show(name: str, scores: Scores) -> None:
    """Print one table."""
    print(f"\n{name}")
    for arm, aim in AIMS.items():
        ours, theirs = differences(scores, arm)
        test = nadeau_bengio(ours - theirs, 1 / FOLDS)
        print(f"  {arm:20s} {aim:20s} plain {np.nanmean(theirs):.3f}   to it {test}")


def summary(everything: dict[str, Scores]) -> None:
    """Print what the tables say together, as rows of a table in Markdown."""
    count = len(everything)
    means = np.array(
        [
            [np.nanmean(np.subtract(*differences(scores, arm))) for arm in AIMS]
            for scores in everything.values()
        ]
    )
    told = [_sides(everything, arm) for arm in AIMS]
    p = wilcoxon_holm(means) if count >= 6 else [np.nan] * len(AIMS)
    print(f"\nover {count} tables: {', '.join(everything)}\n")
    print("| loss | metric | mean difference | better / within .01 / worse |", end="")
    print(" interval above / below 0 | p |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for column, (arm, aim) in enumerate(AIMS.items()):
        values = means[:, column]
        mean = f"{values.mean():+.3f}"
        if count > 1:
            error = values.std(ddof=1) / np.sqrt(count)
            half = stats.t.ppf(0.975, count - 1) * error
            mean += f" [{values.mean() - half:+.3f}, {values.mean() + half:+.3f}]"
        better, worse = (values > AGREE).sum(), (values < -AGREE).sum()
        above, below = told[column]
        shares = f"{better} / {count - better - worse} / {worse}"
        shown = "" if np.isnan(p[column]) else f"{p[column]:.2g}"
        print(f"| {arm} | {aim} | {mean} | {shares} | {above} / {below} | {shown} |")


def _sides(everything: dict[str, Scores], arm: str) -> tuple[int, int]:
    tests = [
        nadeau_bengio(np.subtract(*differences(scores, arm)), 1 / FOLDS)
        for scores in everything.values()
    ]
    return sum(t.low > 0 for t in tests), sum(t.high < 0 for t in tests)


def main() -> None:
    """Score the tables that are named and print what they say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    names = args.tables or (QUICK if args.quick else (*TWO, *SEVERAL))
    if not args.tables and not args.quick:
        names = (*names, RARE_DIGIT, LONG_TAIL)
    missing = [n for n in names if n not in (RARE_DIGIT, LONG_TAIL)]
    if missing and not DATA.is_dir():
        print(f"{DATA} is absent (set EQUIPOISE_DATA): digits alone")
        names = (RARE_DIGIT, LONG_TAIL)
    holds = args.out is not None and args.out.exists()
    before: dict[str, Scores] = json.loads(args.out.read_text()) if holds else {}
    everything: dict[str, Scores] = {}
    start = time.process_time()
    for name in names:
        if name not in before:
            table = table_of(name, args.quick)
            before[name] = scored(table, [PLAIN, *AIMS], args.repeats)
            if args.out:
                args.out.write_text(json.dumps(before, indent=1))
        everything[name] = before[name]
        show(name, everything[name])
        print(f"  {time.process_time() - start:.0f} s of processor time", flush=True)
    summary(everything)


if __name__ == "__main__":
    main()
