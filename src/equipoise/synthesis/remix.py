# SPDX-License-Identifier: Apache-2.0
"""Remix: mixup whose blends of a large and a small class are of the small one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import exact
from equipoise._core.options import option
from equipoise._core.seeds import generator
from equipoise._core.types import AnyArray, Float32Array
from equipoise.sampling.draw import Draw
from equipoise.synthesis.mixup import Mixup
from equipoise.synthesis.synthesis import Neighbours, require_no_labels


@dataclass(frozen=True)
class Remix(Mixup):
    """Blend each example with another of its batch, the target in favour of the rarer.

    x is blended as in `Mixup`. With n_i and n_j rows in the classes of the two and a
    share s of the first in x, the target is all of the second class if n_i is at least
    kappa n_j and s below tau; all of the first if n_j is at least kappa n_i and 1 - s
    below tau; else blended as x is.

    Source: Chou et al. (2020), "Remix: rebalanced mixup", equations 4 and 5.

    Attributes:
        concentration: As in `Mixup`; the paper's 1.
        kappa: How many times as large the larger class must be, at least 1; the
            paper's 3.
        tau: Up to which share of the larger class counts for nothing, from 0 to 1; the
            paper's .5.

    Example:
        >>> draw = Draw(np.array([[0, 1, 2, 9]], np.int32))
        >>> labels = np.array([0] * 9 + [1])
        >>> remix = Remix(tau=1.0)
        >>> mixed = remix.mix(draw, Neighbours.none(10), labels, seed=0, epoch=0)
        >>> set(mixed.targets(labels).ravel().tolist()) <= {0.0, 1.0}
        True
    """

    concentration: float = option(1.0, 0, 100, open_ends=True)
    kappa: float = option(3.0, 1, None)
    tau: float = option(0.5, 0, 1)

    name: ClassVar[str] = "remix"
    tasks: ClassVar[tuple[str, ...]] = ("binary", "multiclass")
    citations: ClassVar[tuple[str, ...]] = ("chou2020",)
    retargets: ClassVar[bool] = True

    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
        *,
        classes: Sequence[str] = (),
    ) -> Neighbours:
        """Return no neighbours: partners come from the batch.

        Args:
            numbers: Not used.
            codes: Not used.
            labels: `[rows]` class numbers.
            seed: Not used.
            classes: Not used.

        Raises:
            UnsupportedError: The rows have several labels.
        """
        require_no_labels(self.name, labels, "Use synthesis='mixup' for them.")
        return super().prepare(numbers, codes, labels, seed, classes=classes)

    def mix(
        self,
        draw: Draw,
        neighbours: Neighbours,
        labels: npt.ArrayLike,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the draw with partners of the batch, and targets of their own."""
        random = generator(seed, self.name, epoch)
        partner = random.permuted(draw.index, axis=1)
        share = random.beta(self.concentration, self.concentration, draw.index.shape)
        mix = share.astype(np.float32)
        y = np.asarray(labels, np.int64)
        totals = np.bincount(y)[y]
        target = rebalanced(
            mix, totals[draw.index], totals[partner], self.kappa, self.tau
        )
        return Draw(draw.index, partner, mix, target)

    def describe(self) -> str:
        """Return what it does."""
        tau, kappa = exact(self.tau), exact(self.kappa)
        return (
            f"{super().describe()}, with the target of a class {kappa} times as rare "
            f"if the other's share is below {tau}"
        )


def rebalanced(
    mix: AnyArray, first: AnyArray, second: AnyArray, kappa: float, tau: float
) -> Float32Array:
    """Return how much of a target is the second class', shaped as the mix.

    Args:
        mix: The share of the second row in the features, from 0 to 1.
        first: How many rows the class of the first has.
        second: How many that of the second has.
        kappa: As in `Remix`.
        tau: As in `Remix`.

    Example:
        >>> mix = np.array([0.4, 0.6, 0.4])
        >>> rebalanced(mix, np.array([90, 90, 10]), np.array([10, 10, 90]), 3, 0.5)
        array([0.4, 1. , 0. ], dtype=float32)
    """
    to_second = (first >= kappa * second) & (1 - mix < tau)
    to_first = (second >= kappa * first) & (mix < tau)
    target = np.where(to_second, 1.0, np.where(to_first, 0.0, mix))
    return target.astype(np.float32)
