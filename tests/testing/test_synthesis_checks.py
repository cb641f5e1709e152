# SPDX-License-Identifier: Apache-2.0
"""A synthesis that breaks a contract is found, whichever contract it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equipoise.sampling.draw import Draw
from equipoise.synthesis import Mixup, Smote
from equipoise.testing import check_synthesis


class Smote2(Smote):
    """SMOTE whose draw a subclass changes."""

    def change(self, draw: Draw, labels: Any) -> Draw:
        return draw

    def mix(
        self, draw: Any, neighbours: Any, labels: Any, seed: int, epoch: int
    ) -> Any:
        return self.change(super().mix(draw, neighbours, labels, seed, epoch), labels)


class Deaf(Smote):
    """Does not hear of the epoch."""

    def mix(
        self, draw: Any, neighbours: Any, labels: Any, seed: int, epoch: int
    ) -> Any:
        return super().mix(draw, neighbours, labels, seed, 0)


class Far(Smote2):
    """Goes beyond its partner."""

    def change(self, draw: Draw, labels: Any) -> Draw:
        return Draw(
            draw.index, draw.partner, None if draw.mix is None else 2 * draw.mix
        )


class Wide(Smote2):
    """Gives mixes of another type."""

    def change(self, draw: Draw, labels: Any) -> Draw:
        mix = None if draw.mix is None else draw.mix.astype(np.float64)
        return Draw(draw.index, draw.partner, mix)  # type: ignore[arg-type]  # broken


class Bold(Smote2):
    """Draws other rows."""

    def change(self, draw: Draw, labels: Any) -> Draw:
        return Draw(draw.index[::-1].copy(), draw.partner, draw.mix)


class Blurred(Mixup):
    """Blends the classes and does not say so."""

    soft = False


class Busy(Smote2):
    """Touches negatives, too."""

    def change(self, draw: Draw, labels: Any) -> Draw:
        mix = None if draw.mix is None else np.full_like(draw.mix, 0.5)
        return Draw(draw.index, draw.partner, mix)


class Secret(Smote2):
    """Blends targets otherwise than features and does not say so."""

    def change(self, draw: Draw, labels: Any) -> Draw:
        return Draw(draw.index, draw.partner, draw.mix, draw.mix)


class Loud(Smote2):
    """Draws from the global stream."""

    def change(self, draw: Draw, labels: Any) -> Draw:
        np.random.random()
        return draw


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (Deaf(), "another draw"),
        (Far(), "mixes from 0 to 1"),
        (Wide(), "float32 mixes"),
        (Bold(), "Arrays are not equal"),
        (Blurred(), "declare `soft`"),
        (Secret(), "`retargets` as what it gives says"),
        (Busy(), "negatives that are left"),
        (Loud(), "global random numbers"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_broken_promise_is_found(broken: Any, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        check_synthesis(broken)
