# SPDX-License-Identifier: Apache-2.0
"""The plan of a trial: which rows, which strategies, who learns, how often.

It is plain data. A runner hands it to those who do the work, in this process or in
others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from equipoise._core.types import AnyArray, BoolArray, FloatArray, IntArray
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.rare_classes import judged_rows
from equipoise.table.splits import SplitKeys
from equipoise.table.table import Table, concatenate
from equipoise.table.units import tied_rows
from equipoise.trials.fewer_rows import rows_learned_from
from equipoise.trials.kinds import PositiveKinds
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.protocol import Part, Protocol, parts


@dataclass(frozen=True, eq=False)
class TrialPlan:
    """What a trial or a fit does, before anything is fitted.

    Attributes:
        table: The rows that are split.
        strategies: What is fitted, with different names.
        protocol: How the rows are split.
        learners: Who learns, and how networks are trained.
        test_table: Rows that every model scores and none learns from, or None.
        weights: `[rows]` how much each row counts; None for 1 each.
        keep: Whether the fitted models are kept.
        baseline: The strategy that the others are compared with. If it is named, an
            error in another strategy ends that one alone.
        kinds: The kinds of positives, of which each fold leaves one out of training, as
            many as `protocol.folds`; None for usual folds.
        known_keys: What a split must know of the rows, if they do not tell themselves;
            else None.
    """

    table: Table
    strategies: tuple[Strategy, ...]
    protocol: Protocol
    learners: LearnerChoice = field(default_factory=LearnerChoice)
    test_table: Table | None = None
    weights: FloatArray | None = None
    keep: bool = False
    baseline: str | None = None
    kinds: PositiveKinds | None = None
    known_keys: SplitKeys | None = None

    @property
    def allows_fewer_rows(self) -> bool:
        """Whether fits may learn from a share of very many rows, see `fewer_rows`.

        A network of the user's own, and rows whose weights differ, are left as they
        are.
        """
        if self.learners.model is not None:
            return False
        if self.weights is not None and np.ptp(self.weights) > 0:
            return False
        training = self.learners.training
        return training is None or training.fewer_rows

    def least_of_largest(self, strategy: Strategy) -> int:
        """Return how many of very many rows of the largest class a strategy keeps.

        As `rows_learned_from`. Networks that take new rows from disk between epochs
        come to all of them, so nothing is left out for them, nor for the search that
        is compared with them.

        Args:
            strategy: One of the plan's.

        Returns:
            At least so many are kept; 0 for all of them.
        """
        base = strategy.base if isinstance(strategy, Tuned) else strategy
        if not self.allows_fewer_rows or self.learners.streams(base):
            return 0
        return rows_learned_from(strategy)

    @cached_property
    def keys(self) -> SplitKeys:
        """What a split must know of the rows."""
        if self.known_keys is not None:
            return self.known_keys
        return SplitKeys.of(self.table, self.protocol.duplicates)

    @cached_property
    def judged(self) -> tuple[BoolArray, AnyArray, dict[str, str]]:
        """Which rows are judged, their targets, and what is too rare to be scored.

        As `judged_rows` returns them.
        """
        return judged_rows(self.table, self.protocol.folds, self.keys.units)

    @cached_property
    def all_rows(self) -> Table:
        """The rows that are split, and after them those of the test table.

        Nothing learns from a test row, so its group and its time matter to no fit. A
        test table without them gets some, or the rows that are split would lose theirs:
        groups of one row, the last time, and no values beside the features.
        """
        if self.test_table is None:
            return self.table
        rows, groups, time = len(self.test_table), None, None
        if self.table.groups is not None:
            groups = self.table.groups.max() + 1 + np.arange(rows)
        if self.table.time is not None:
            time = np.repeat(self.table.time.max(), rows)
        beside = tuple(column.missing_in(rows) for column in self.table.beside)
        test_table = dataclasses.replace(
            self.test_table, groups=groups, time=time, beside=beside
        )
        return concatenate([self.table, test_table])

    @cached_property
    def test_units(self) -> IntArray | None:
        """Which rows of the test table are one case; None for each, or without one."""
        if self.test_table is None:
            return None
        return tied_rows(self.test_table, self.protocol.duplicates)

    def parts(self, repeats: Iterable[int]) -> list[Part]:
        """Return the parts of some repeats.

        Args:
            repeats: Their numbers, from 0.

        Raises:
            SplitError: A class cannot be present in every part.
        """
        kinds = None if self.kinds is None else self.kinds.of_rows
        return parts(self.keys, self.protocol, repeats, kinds)
