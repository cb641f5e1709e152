# SPDX-License-Identifier: Apache-2.0
"""A sampler that breaks a contract is found, whichever contract it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from equipoise.sampling.draw import Draw
from equipoise.sampling.natural import Natural
from equipoise.sampling.sampler import Sampler, natural_prior, prior_of
from equipoise.testing import check_sampler


class Sound(Sampler):
    """Draws each row with equal chance, from a stream of its own."""

    name: ClassVar[str] = "sound"

    def prior(self, totals: Sequence[int]) -> np.ndarray:
        return natural_prior(totals)

    def describe(self) -> str:
        return "at random"

    def positions(self, classes: Any, start: int, count: int, seed: int) -> Any:
        random = np.random.default_rng([seed % 2**32, start])
        return random.integers(0, len(classes), count, dtype=np.int32)


class Forgetful(Natural):
    """Never draws the last positive."""

    def positions(self, classes: Any, start: int, count: int, seed: int) -> Any:
        index = super().positions(classes, start, count, seed)
        first, *_, last = classes.positives
        return np.where(index == last, first, index).astype(np.int32)


class Boastful(Natural):
    """Declares a prior that it does not keep."""

    def prior(self, totals: Sequence[int]) -> np.ndarray:
        return prior_of([0.5])


class Stubborn(Sound):
    """Gives the same rows in each epoch."""

    def positions(self, classes: Any, start: int, count: int, seed: int) -> Any:
        return super().positions(classes, 0, count, seed)


class Deaf(Sound):
    """Does not hear of the seed."""

    def positions(self, classes: Any, start: int, count: int, seed: int) -> Any:
        return super().positions(classes, start, count, 0)


class Counting(Sound):
    """Remembers how often it was asked."""

    times: ClassVar[int] = 0

    def positions(self, classes: Any, start: int, count: int, seed: int) -> Any:
        type(self).times += 1
        return super().positions(classes, start + self.times, count, seed)


class Shared(Sound):
    """Seeds the random numbers of the whole process."""

    def positions(self, classes: Any, start: int, count: int, seed: int) -> Any:
        np.random.seed([seed % 2**32, start])
        return np.random.randint(0, len(classes), count, dtype=np.int32)


class Wide(Natural):
    """Gives 64-bit positions."""

    def draw(self, labels: Any, **options: Any) -> Draw:
        return Draw(super().draw(labels, **options).index.astype(np.int64))  # type: ignore[arg-type]  # the point of it


class Outside(Sound):
    """Counts rows from 1."""

    def positions(self, classes: Any, start: int, count: int, seed: int) -> Any:
        return super().positions(classes, start, count, seed) + np.int32(1)


class Turned(Natural):
    """Gives one row per batch and as many columns as steps."""

    def draw(self, labels: Any, **options: Any) -> Draw:
        return Draw(super().draw(labels, **options).index.T)


class Writing(Natural):
    """Changes the labels that it is given."""

    def draw(self, labels: Any, **options: Any) -> Draw:
        found = super().draw(labels, **options)
        labels[0] = 1 - labels[0]
        return found


class Trusting(Natural):
    """Takes whatever it is given."""

    def draw(self, labels: Any, **options: Any) -> Draw:
        sizes = {name: max(1, int(options[name])) for name in ("batch", "steps")}
        return super().draw(labels, **{**options, **sizes})


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Forgetful, "every row"),
        (Boastful, "a share of 0.5"),
        (Stubborn, "another draw for .*epoch"),
        (Deaf, "another draw for .*seed"),
        (Counting, "not equal"),
        (Shared, "global random numbers"),
        (Wide, "int32"),
        (Outside, "positions within the labels"),
        (Turned, "steps, batch"),
        (Writing, "labels that are left|not equal|read-only"),
        (Trusting, "a bad argument was accepted"),
    ],
)
def test_a_broken_sampler_is_found(kind: type[Sampler], promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_sampler(kind())


def test_a_sound_sampler_of_one_s_own_passes() -> None:
    check_sampler(Sound())
