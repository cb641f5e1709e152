# SPDX-License-Identifier: Apache-2.0
"""How long the parts of a trial are likely to take, for progress.

Only ratios count: a machine of half the speed takes twice as long for all of them.
The figures are seconds on one core of a server of 2024, measured on tables of 640 to
8,000 training rows and 10 to 80 columns of numbers. Nothing but progress rests on them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from equipoise._core.types import IntArray
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.trials.fewer_rows import largest_kept
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import Shard

FIT_SECONDS = {
    "prior": (0.01, 0.01),
    "logistic": (0.08, 0.05),
    "trees": (0.8, 2.2),
    "extra_trees": (1.4, 2.5),
    "tree": (0.02, 0.1),
    "isolation_forest": (0.3, 0.1),
}
"""Learner -> seconds of a fit, and for each 100,000 numbers of its training rows."""
OTHER = (0.5, 1.6)
PIECES = (0.3, 2.0)
"""The same of a logistic regression of pieces."""
NETWORK = (0.1, 0.05)
"""Seconds of a network, and for each column, with 1,000 training rows."""
GROWTH = 0.6
"""A network's seconds grow as this power of its rows: batches grow with them."""
PROGRAM = 6.0
"""Seconds until the first step of a group of networks: loading and compiling."""
START = 3.0
"""Seconds until the first fit: loading what it needs."""
ARM = (0.05, 0.25)
"""Seconds to judge an arm, and for each 1,000 rows, in each repeat."""
CELLS = 100_000


def fit_seconds(strategy: Strategy, rows: int, columns: int) -> float:
    """Return the seconds of one fit; of networks without what all take together.

    Args:
        strategy: What is fitted.
        rows: Its training rows.
        columns: Their columns, or the numbers of which an example of another kind is
            made.
    """
    record = strategy.learner_record
    fixed, each = FIT_SECONDS.get(record.name, OTHER)
    if "pieces" in strategy.settings:
        fixed, each = PIECES
    seconds = fixed + each * rows * columns / CELLS
    if record.trains_networks:
        fixed, each = NETWORK
        seconds = fixed + each * columns * (rows / 1_000) ** GROWTH
    models = strategy.members
    if isinstance(strategy, Tuned):
        models *= 1 + strategy.trials
    return models * seconds


def shard_seconds(plan: TrialPlan, shard: Shard) -> float:
    """Return the seconds that a shard is likely to take.

    Args:
        plan: The trial's plan.
        shard: The work.
    """
    columns = numbers_per_row(plan)
    rows = [_Rows.of(plan, part.train) for part in shard.parts]
    fits = sum(
        fit_seconds(strategy, each.learned_from(plan, strategy), columns)
        for strategy in shard.strategies
        for each in rows
    )
    networks = any(s.learner_record.trains_networks for s in shard.strategies)
    return fits + PROGRAM * networks


@dataclass(frozen=True)
class _Rows:
    """Training rows, and those of their largest class."""

    rows: int
    largest: int

    @classmethod
    def of(cls, plan: TrialPlan, rows: IntArray) -> _Rows:
        """Count rows; those of several labels have no largest class."""
        if plan.table.task.kind == "multilabel" or not plan.allows_fewer_rows:
            return cls(len(rows), 0)
        labels = plan.table.labels()[rows].astype(np.int64)
        return cls(len(rows), int(np.bincount(labels, minlength=1).max()))

    def learned_from(self, plan: TrialPlan, strategy: Strategy) -> int:
        """Return how many rows a fit of a strategy learns from, see `fewer_rows`."""
        least = plan.least_of_largest(strategy)
        others = self.rows - self.largest
        return others + largest_kept(self.rows, self.largest, least)


def numbers_per_row(plan: TrialPlan) -> int:
    """Return of how many numbers a row is made, about."""
    x = plan.learners.x
    return len(plan.table.columns) if x is None else math.prod(x.shape[1:])


def share_of_fits(plan: TrialPlan, judged: int) -> float:
    """Return the share of the work that fits are; the rest is to judge them.

    Args:
        plan: The trial's plan.
        judged: How many arms are judged.
    """
    folds, columns = plan.protocol.folds, numbers_per_row(plan)
    whole = _Rows.of(plan, np.arange(len(plan.table)))
    rows = _Rows(
        whole.rows * (folds - 1) // folds, whole.largest * (folds - 1) // folds
    )
    fits = sum(
        folds * fit_seconds(s, rows.learned_from(plan, s), columns)
        for s in plan.strategies
    )
    fits += START + PROGRAM * any(
        s.learner_record.trains_networks for s in plan.strategies
    )
    fixed, each = ARM
    judging = judged * (fixed + each * len(plan.table) / 1_000)
    return min(max(fits / (fits + judging), 0.3), 0.97)
