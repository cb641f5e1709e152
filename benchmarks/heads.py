# SPDX-License-Identifier: Apache-2.0
"""Heads on features that are kept, against networks that are trained whole.

    python benchmarks/heads.py [--first 500] [--last 5] [--draws 5] [--quick]

Long tails of ten digits, as in `benchmarks/digits.py`: 500 to 5 pictures of mnist from
the folder EQUIPOISE_DATA or, if it is absent, of scikit-learn's small pictures. In each
draw a plain network is trained, and six heads on its features; and six networks, each
under a remedy of its own. All score the same other pictures, as many of each digit.

Shown are the macro average precision, and the recall of digits with many (over 100),
medium (20 to 100) and few training pictures, when each picture is given to the digit
that would be the most probable if all digits were as frequent. The last line is how
many times the processor time the six networks took. `--quick` takes two draws of
scikit-learn's pictures, each pixel made 25, and 20 epochs: a minute of processor time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

from digits import DIGITS, build, long_tail, pictures
from equipoise.jobs import Job, Outcome
from equipoise.learners import UserModelLearner
from equipoise.strategies import as_strategies
from equipoise.table import Table, inner_split
from equipoise.task import Task
from equipoise.training import TrainingSettings

HEADS = ("crt", "tau_norm", "lws", "ncm", "logit_adjusted_head", "ldam_head")
NETWORKS = (
    "plain",
    "class_weight",
    "balanced_batches",
    "logit_adjusted",
    "focal",
    "ldam",
)
BALANCED = ("tau_norm", "ncm")
"""Heads whose largest score is already that of the digit if all are as frequent."""

BAR = 5.0
MANY, FEW = 100, 20
"""Pictures of digits with many and with few, as Kang et al. (2020) count."""

TESTED = 200
"""Pictures of each digit that are scored, at most."""

Array = npt.NDArray[Any]


def draw(y: Array, first: int, last: int, seed: int) -> tuple[Array, Array]:
    """Return the rows of a long tail, and other rows, as many of each digit."""
    order = np.random.default_rng(seed).permutation(len(y))
    tail = order[long_tail(y[order], first, last)]
    rest = np.setdiff1d(order, tail)
    least = min(TESTED, int(np.bincount(y[rest], minlength=DIGITS).min()))
    test = [rest[y[rest] == digit][:least] for digit in range(DIGITS)]
    return np.sort(tail), np.concatenate(test)


def jobs_of(
    table: Table, names: Sequence[str], draws: Sequence[tuple[Array, Array]]
) -> list[Job]:
    """Return one job for each strategy and draw, strategy by strategy."""
    parts = []
    for number, (tail, test) in enumerate(draws):
        train, stop = inner_split(table, tail, seed=number, duplicates="ignore")
        parts.append((train, stop, test))
    return [
        Job(strategy, *rows, seed=number, part=number)
        for strategy in as_strategies(list(names))
        for number, rows in enumerate(parts)
    ]


def timed(
    learner: UserModelLearner, table: Table, jobs: Sequence[Job]
) -> tuple[list[Outcome], float]:
    """Return what the jobs give, and the processor seconds that they take.

    Wall time would rest on what else the machine does at each moment.
    """
    start = time.process_time()
    outcomes = list(learner.run(table, jobs))
    return outcomes, time.process_time() - start


def show(name: str, outcomes: Sequence[Outcome], y: Array, balanced: bool) -> None:
    """Print the means over the draws for one arm."""
    lines = []
    for outcome in outcomes:
        truth, scores = y[outcome.job.scored_rows], outcome.log_odds
        rows = np.bincount(y[outcome.job.train_rows], minlength=DIGITS)
        ap = [
            average_precision_score(truth == digit, _odds(scores)[:, digit])
            for digit in range(DIGITS)
        ]
        if balanced and name not in BALANCED:
            scores = scores - np.log(rows / rows.sum())
        hits = scores.argmax(axis=1) == truth
        recall = np.array([hits[truth == digit].mean() for digit in range(DIGITS)])
        groups = (rows > MANY, (rows >= FEW) & (rows <= MANY), rows < FEW)
        lines.append(
            [np.mean(ap), recall.mean(), *(_mean(recall[group]) for group in groups)]
        )
    label = name if balanced else f"{name}, most probable"
    means = np.mean(lines, axis=0)
    print(f"  {label:24s}" + "".join(f"{value:9.3f}" for value in means), flush=True)


def _odds(scores: Array) -> Array:
    """Return log-odds of each class against the rest."""
    rest = [
        np.logaddexp.reduce(np.delete(scores, place, axis=1), axis=1)
        for place in range(scores.shape[1])
    ]
    return np.asarray(scores - np.stack(rest, axis=1))


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")


def main() -> None:
    """Time both, and print what they are good for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=500)
    parser.add_argument("--last", type=int, default=5)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    x, y, name = pictures(args.quick)
    if args.quick:  # a network of a usual size, on rows of a usual size
        x = x.repeat(5, axis=1).repeat(5, axis=2)
    first = args.first if name == "mnist" else min(args.first, 150)
    count = 2 if args.quick else args.draws
    draws = [draw(y, first, args.last, seed) for seed in range(count)]
    digits = tuple(str(digit) for digit in range(DIGITS))
    table = Table((), y, Task("multiclass", digits))
    tail = np.bincount(y[draws[0][0]]).tolist()
    print(f"{name}: {count} draws of {tail} pictures, {len(draws[0][1]):,} to score")
    settings = TrainingSettings(epochs=20, patience=20) if args.quick else None
    learner = UserModelLearner(lambda: build(x.shape[1:]), x, settings)
    # What TensorFlow does once for a process is not part of the comparison.
    once = UserModelLearner(learner.build, x, TrainingSettings(epochs=1))
    timed(once, table, jobs_of(table, ("plain",), draws[:1]))
    heads, one = timed(learner, table, jobs_of(table, ("plain", *HEADS), draws))
    networks, six = timed(learner, table, jobs_of(table, NETWORKS, draws))
    columns = ("macro AP", "recall", "many", "medium", "few")
    for title, outcomes in (("heads of one network", heads), ("networks", networks)):
        print(f"{title:26s}" + "".join(f"{column:>9s}" for column in columns))
        for start in range(0, len(outcomes), count):
            arm = outcomes[start].job.strategy.name
            if arm == "plain":
                show(arm, outcomes[start : start + count], y, False)
            show(arm, outcomes[start : start + count], y, True)
    print(
        f"processor time: one network with six heads {one:.1f} s, six networks "
        f"{six:.1f} s"
    )
    print(f"ratio heads {six / one:.1f} bar {BAR:g}")


if __name__ == "__main__":
    main()
