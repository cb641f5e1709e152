# SPDX-License-Identifier: Apache-2.0
"""Balanced mixup: every example is blended with one drawn evenly from the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import exact
from equipoise._core.options import option
from equipoise._core.seeds import derive, generator
from equipoise.sampling.balanced import Balanced
from equipoise.sampling.draw import Draw
from equipoise.synthesis.mixup import Mixup
from equipoise.synthesis.synthesis import Neighbours


@dataclass(frozen=True)
class BalancedMixup(Mixup):
    """Blend each example with one that is drawn equally often from all classes.

    x = x_i + m (x_j - x_i) and y = y_i + m (y_j - y_i), m ~ Beta(a, 1), where i is
    drawn as the sampling says and j so that all classes are equally frequent; of
    labels, all groups of rows with the same rarest label. The mean of m is a / (a + 1):
    that is how far the classes are evened out.

    Source: Galdran, Carneiro & González Ballester (2021), "Balanced-MixUp for highly
    imbalanced medical image classification", section 2.

    Attributes:
        concentration: a, the paper's alpha, above 0; the paper uses .1 to .3.

    Example:
        >>> draw = Draw(np.array([[0, 1, 2, 3]], np.int32))
        >>> labels = [0, 0, 0, 1]
        >>> mixup = BalancedMixup(1.0)
        >>> mixed = mixup.mix(draw, Neighbours.none(4), labels, seed=0, epoch=0)
        >>> sorted(np.array(labels)[mixed.partner[0]].tolist())
        [0, 0, 1, 1]
    """

    concentration: float = option(0.2, 0, 100, open_ends=True)

    name: ClassVar[str] = "balanced_mixup"
    citations: ClassVar[tuple[str, ...]] = ("galdran2021",)

    def mix(
        self,
        draw: Draw,
        neighbours: Neighbours,
        labels: npt.ArrayLike,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the draw with a partner from evenly drawn classes for each example."""
        random = generator(seed, self.name, epoch)
        steps, batch = draw.index.shape
        even = Balanced().draw(
            labels,
            batch=batch,
            steps=steps,
            seed=derive(seed, self.name),
            epoch=epoch,
        )
        partner = random.permuted(even.index, axis=1)
        share = random.beta(self.concentration, 1.0, draw.index.shape)
        return Draw(draw.index, partner, share.astype(np.float32))

    def describe(self) -> str:
        """Return what it does."""
        a = exact(self.concentration)
        return f"each blended with one of evenly drawn classes by Beta({a}, 1)"
