# SPDX-License-Identifier: Apache-2.0
"""Mixup: every example is a blend of two drawn ones, target included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import exact
from equipoise._core.options import option
from equipoise._core.seeds import generator
from equipoise.sampling.draw import Draw
from equipoise.synthesis.synthesis import Neighbours, Synthesis
from equipoise.task import TASK_KINDS


@dataclass(frozen=True)
class Mixup(Synthesis):
    """Blend each example with another of its batch.

    x = x_i + m (x_j - x_i) and y = y_i + m (y_j - y_i), m ~ Beta(a, a), where j is
    the example at a shuffled place of the same batch. Of several classes y is one-hot;
    of several labels each is blended alone, and is not known if either is not.

    Source: Zhang et al. (2018), "mixup: beyond empirical risk minimization",
    section 2.

    Attributes:
        concentration: a, the paper's alpha, above 0. Towards 0 nothing is mixed;
            at 1 every blend is equally likely. The paper uses .1 to .4 for images.

    Example:
        >>> import numpy as np
        >>> draw = Draw(np.array([[0, 1, 2, 3]], np.int32))
        >>> mixup = Mixup(0.4)
        >>> mixed = mixup.mix(draw, Neighbours.none(4), [0, 0, 0, 1], seed=0, epoch=0)
        >>> mixed.mix.shape
        (1, 4)
    """

    concentration: float = option(0.2, 0, 100, open_ends=True)

    name: ClassVar[str] = "mixup"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("zhang2018",)
    soft: ClassVar[bool] = True

    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
        *,
        classes: Sequence[str] = (),
    ) -> Neighbours:
        """Return no neighbours: partners come from the batch."""
        return Neighbours.none(len(np.asarray(labels)))

    def mix(
        self,
        draw: Draw,
        neighbours: Neighbours,
        labels: npt.ArrayLike,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the draw with a partner from the same batch for each example."""
        random = generator(seed, "mixup", epoch)
        partner = random.permuted(draw.index, axis=1)
        share = random.beta(self.concentration, self.concentration, draw.index.shape)
        return Draw(draw.index, partner, share.astype(np.float32))

    def describe(self) -> str:
        """Return what it does."""
        a = exact(self.concentration)
        return f"each blended with another of its batch by Beta({a}, {a})"
