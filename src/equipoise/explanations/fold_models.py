# SPDX-License-Identifier: Apache-2.0
"""The fold models of an average, and their scores of rows that they have not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray, IntArray
from equipoise.ensembles.blend import mean_log_odds, pool
from equipoise.errors import InputError
from equipoise.jobs import Scorer
from equipoise.table.table import Table
from equipoise.task import Task

Scoring = Callable[[Table], FloatArray]
"""From rows to their scores, `[repeats, rows, width]`."""


@dataclass(frozen=True, eq=False)
class ModelPart:
    """One strategy's fitted models and its weight in the average.

    Attributes:
        name: The strategy's name.
        weight: Its share of the average.
        scorers: The fold models: those of the first repeat in the order of the folds,
            then those of the second, and so on.
    """

    name: str
    weight: float
    scorers: tuple[Scorer, ...]


@dataclass(frozen=True, eq=False)
class FoldModels:
    """An average of fold models.

    Attributes:
        task: The classes, or labels.
        parts: What is averaged; their weights sum to 1.
    """

    task: Task
    parts: tuple[ModelPart, ...]

    def whole(self, rows: Table) -> FloatArray:
        """Return the scores of the average of all models, `[1, rows, width]`.

        Args:
            rows: With the columns of the training table.
        """
        link = self.task.link
        blocks = []
        for block in rows.blocks():
            each = {
                part.name: mean_log_odds(
                    np.stack([scorer.log_odds(block) for scorer in part.scorers]), link
                )
                for part in self.parts
            }
            blocks.append(pool(each, self._weights, link))
        return np.concatenate(blocks)[None]

    def out_of_fold(self, rows: Table, folds: IntArray) -> FloatArray:
        """Return each row's scores by its own fold's models, `[repeats, rows, width]`.

        Args:
            rows: With the columns of the training table.
            folds: `[repeats, rows]` which fold of each repeat holds the row, so that
                the models of that fold have not seen it.

        Raises:
            InputError: There are not as many models as folds and repeats.
        """
        repeats = len(folds)
        scores = {
            part.name: np.empty((repeats, len(rows), self.task.width))
            for part in self.parts
        }
        for part in self.parts:
            count, rest = divmod(len(part.scorers), repeats)
            if rest or folds.min(initial=0) < 0 or folds.max(initial=0) >= count:
                raise InputError(
                    sentence(
                        f"{len(part.scorers)} models of {part.name!r} for {repeats} "
                        f"repeats of folds {folds.min()} to {folds.max()}",
                        "one model for each fold of each repeat",
                    )
                )
            for place, scorer in enumerate(part.scorers):
                repeat, fold = divmod(place, count)
                held = np.flatnonzero(folds[repeat] == fold)
                if held.size:
                    score = scorer.log_odds(rows.take(held))
                    scores[part.name][repeat, held] = score
        return pool(scores, self._weights, self.task.link)

    @property
    def _weights(self) -> dict[str, float]:
        return {part.name: part.weight for part in self.parts}
