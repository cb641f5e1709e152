# SPDX-License-Identifier: Apache-2.0
"""What the arms of a trial are worth so far, while others are still fitted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.jobs import ArmSoFar, Outcome
from equipoise.metrics import average_precision
from equipoise.metrics.task_registry import TaskMetric, headline_metric, metric_of
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Part

Watcher = Callable[[ArmSoFar], None]
"""Called with what an arm is worth, after each of its fits."""


class EarlyScores:
    """Tells what each arm is worth, fold by fold.

    The value is the mean over folds of the metric within the fold: a first look, which
    the trial replaces by its own figures. Ranking metrics only, because thresholds are
    chosen once all scores are there. As there, classes and labels that are too rare
    are left out.

    Attributes:
        plan: The plan of the trial.
        watcher: Who is told.
        names: The arms that are told of; others are parts of an average.
    """

    def __init__(
        self, plan: TrialPlan, names: tuple[str, ...], watcher: Watcher
    ) -> None:
        self.plan = plan
        self.names = frozenset(names)
        self.watcher = watcher
        table = plan.table
        self._metric = metric_of(headline_metric(table.task), table.task)
        self._judged, self._y, _ = plan.judged
        self._values: dict[str, list[float]] = {}

    def take(self, outcome: Outcome, part: Part) -> None:
        """Take what one fit gave.

        Args:
            outcome: The fit's.
            part: Its split.
        """
        name = outcome.job.strategy.name
        if name not in self.names:
            return
        values = self._values.setdefault(name, [])
        values.append(self._value(part, outcome.log_odds[: len(part.test)]))
        defined = [value for value in values if not np.isnan(value)]
        mean = float(np.mean(defined)) if defined else float("nan")
        folds = self.plan.protocol.folds
        self.watcher(ArmSoFar(name, self._metric.label, mean, len(values), folds))

    def _value(self, part: Part, log_odds: FloatArray) -> float:
        judged = self._judged[part.test]
        rows, log_odds = part.test[judged], log_odds[judged]
        y, weights = self._y[rows], self.plan.weights
        mass = None if weights is None else weights[rows]
        if isinstance(self._metric, TaskMetric):
            return self._metric(self.plan.table.task, y, log_odds, mass)
        return average_precision(y, log_odds[:, 0], mass)
