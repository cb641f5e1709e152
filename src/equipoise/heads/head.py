# SPDX-License-Identifier: Apache-2.0
"""A head: the weights of a last layer, and how its scores become probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.priors import Correction
from equipoise.task import Task


@dataclass(frozen=True, eq=False)
class Head:
    """A last layer that one method made.

    Attributes:
        name: The method.
        kernel: `[features, width]`.
        bias: `[width]`.
        correction: From its logits to scores of the population. If it is not `exact`,
            the scores need a calibrator.
        task: What the target is.
        updates: How many updates it took; 0 if none.
        best_epoch: The epoch that was kept; 0 if nothing was trained.
        limit: The last epoch that there could have been; 0 if nothing was trained.
        notes: What the user should know.
        idle: Parts of the strategy that had no effect.
        chosen: What was chosen on the rows that decide: a power, or a penalty.
        seconds: Its share of the time, seconds.

    Example:
        >>> task = Task("binary", ("no", "yes"))
        >>> head = Head("own", np.array([[2.0]]), np.zeros(1), Correction(), task)
        >>> head.logits([[3.0]]).tolist()
        [[6.0]]
    """

    name: str
    kernel: FloatArray
    bias: FloatArray
    correction: Correction
    task: Task
    updates: int = 0
    best_epoch: int = 0
    limit: int = 0
    notes: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    chosen: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def logits(self, features: npt.ArrayLike) -> FloatArray:
        """Return the raw logits of some rows, `[rows, width]`.

        Args:
            features: `[rows, features]`.

        Raises:
            InputError: The number of features is another.
        """
        x = np.asarray(features, np.float64)
        if x.ndim != 2 or x.shape[1] != len(self.kernel):
            raise InputError(
                sentence(f"features of shape {x.shape}", f"[rows, {len(self.kernel)}]")
            )
        return np.asarray(x @ self.kernel + self.bias)

    def log_odds(self, features: npt.ArrayLike) -> FloatArray:
        """Return corrected scores, `[rows, width]`: log-odds, or logits of classes.

        Args:
            features: `[rows, features]`.
        """
        return self.correction.apply(self.logits(features))

    def probability(self, features: npt.ArrayLike) -> FloatArray:
        """Return the probabilities of the corrected scores, `[rows, classes]`.

        Those of a head whose correction is not `exact` are not calibrated.

        Args:
            features: `[rows, features]`.
        """
        return self.task.probability(self.log_odds(features))
