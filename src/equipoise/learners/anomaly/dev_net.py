# SPDX-License-Identifier: Apache-2.0
"""A deviation network: positives score far above what is drawn at random.

Pang, Shen and van den Hengel (2019): the scores of negatives are to lie at the mean of
5,000 draws of a standard normal distribution, those of positives at least 5 of its
standard deviations above it.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from equipoise._core.types import AnyArray, FloatArray
from equipoise.learners.anomaly.learner import DetectorLearner, DetectorMember
from equipoise.learners.anomaly.members import stream_of
from equipoise.learners.anomaly.network import DetectorKind
from equipoise.strategies.strategy import Strategy

DRAWS = 5_000
"""Draws of the reference."""


class DevNetLearner(DetectorLearner):
    """Networks of one hidden layer that score rows against a reference.

    Half of each batch is positives, drawn with replacement. Adam takes the place of the
    paper's RMSprop. The options of a strategy are `width`, `deviations`, `copies` and
    `learning_rate`.
    """

    name: ClassVar[str] = "dev_net"
    kind: ClassVar[DetectorKind] = "deviation"
    even: ClassVar[bool] = True
    penalty: ClassVar[float] = 0.01  # that of the authors' code

    def hidden(self, strategy: Strategy, columns: int) -> tuple[int, ...]:
        """Return the hidden layer and the score.

        Example:
            >>> DevNetLearner().hidden(Strategy(learner="dev_net"), columns=9)
            (20, 1)
        """
        return int(strategy.option("width") or 1), 1

    def extras(
        self, member: DetectorMember, width: int, first_pass: FloatArray
    ) -> dict[str, AnyArray]:
        """Return the mean and the deviation of the reference, and the margin."""
        random = stream_of(member.seed, self.name, member.copy, "reference")
        reference = random.normal(size=DRAWS)
        return {
            "mean": np.array(reference.mean()),
            "deviation": np.array(reference.std()),
            "margin": np.array(float(member.strategy.option("deviations") or 0.0)),
        }
