# SPDX-License-Identifier: Apache-2.0
"""What an algorithm asks for in a round, and what it knows of the rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from equipoise._core.options import Number
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.learners.rounds.combining import Combination
from equipoise.sampling.undersample import Undersample

_Result = TypeVar("_Result")

LEAST_WEIGHT = 1e-9
"""No row counts less than so much of the mean: a learner wants weights above 0."""


@dataclass(frozen=True, eq=False)
class MadeRows:
    """Rows between rows, which one round learns from.

    Attributes:
        first: `[made]` places of the rows that they are made of.
        second: `[made]` places of the other ends of the lines.
        mix: `[made]` how far each lies from the first, 0 to 1.
        weights: `[made]` how much each counts.
        voters: `[made, category columns]` places of rows whose categories they have;
            None for those of the nearer end of the line.
    """

    first: IntArray
    second: IntArray
    mix: FloatArray
    weights: FloatArray
    voters: IntArray | None = None


@dataclass(eq=False)
class Fit:
    """One model that an algorithm asks for.

    Attributes:
        places: Which rows it learns from, or stops by.
        weights: `[places]` how much each counts; None for the weights of the rows.
        made: Rows that are made for it and for nothing else; None for none.
        shift: `[width]` added to its scores; None for nothing.
        part: The number of the part of the larger classes that it learns from, if
            each model is to have one of its own; else None.
        share: What it counts in the sum, which the algorithm sets once it has seen
            what the model says; 0 leaves it out.
    """

    places: IntArray
    weights: FloatArray | None = None
    made: MadeRows | None = None
    shift: FloatArray | None = None
    part: int | None = None
    share: float = 0.0


Rounds = Generator[list[Fit], list[FloatArray], None]
"""Yields what to fit in each round; is sent the shares of the classes, `[rows,
classes]`, that each of these models says of all rows."""


@dataclass(frozen=True, eq=False)
class RoundRows:
    """The rows that an ensemble learns from: those to train on and to stop by.

    Attributes:
        y: `[rows]` class numbers.
        teaches: `[rows]` whether a row is one to train on.
        classes: How many classes the task has; some may be without rows.
        weights: `[rows]` how much each row counts.
        features: `[rows, columns]` in which rows are near; a function, since few
            algorithms need it.
    """

    y: npt.NDArray[np.int64]
    teaches: BoolArray
    classes: int
    weights: FloatArray
    features: Any = None

    def __len__(self) -> int:
        return len(self.y)

    @cached_property
    def groups(self) -> list[IntArray]:
        """The places of each class, in the order of the classes."""
        return [np.flatnonzero(self.y == label) for label in range(self.classes)]

    @cached_property
    def present(self) -> IntArray:
        """The classes that have rows."""
        return np.flatnonzero([len(group) > 0 for group in self.groups])

    def per_pass(self, groups: Sequence[IntArray], ratio: float) -> list[int]:
        """Return how many rows of each class a balanced subset has, `[classes]`.

        Args:
            groups: The places of each class to draw from.
            ratio: Positives per negative; rows of the rarest class per row of each
                other.
        """
        return Undersample(ratio).per_pass([len(group) for group in groups])

    def subset(
        self,
        random: np.random.Generator,
        ratio: float = 1.0,
        groups: Sequence[IntArray] | None = None,
    ) -> IntArray:
        """Return a balanced subset: the rarest class whole, a part of each other.

        Rows to train on and rows to stop by are drawn at the same rate.

        Args:
            random: Where the draws come from.
            ratio: As in `per_pass`.
            groups: The places of each class to draw from; by default all.
        """
        each = self.groups if groups is None else groups
        parts = [
            self._drawn(group, count, random)
            for group, count in zip(each, self.per_pass(each, ratio), strict=True)
        ]
        return np.sort(np.concatenate(parts))

    def _drawn(
        self, group: IntArray, count: int, random: np.random.Generator
    ) -> IntArray:
        """Return so many rows of a group, from both sides at the same rate."""
        if count >= len(group):
            return group
        sides = group[self.teaches[group]], group[~self.teaches[group]]
        least, most = max(0, count - len(sides[1])), min(count, len(sides[0]))
        taught = round(count * len(sides[0]) / len(group))
        taught = min(max(taught, least), most)
        chosen = (
            random.choice(side, size, replace=False)
            for side, size in zip(sides, (taught, count - taught), strict=True)
        )
        return np.concatenate(list(chosen))


@dataclass(eq=False)
class Algorithm(ABC):
    """An ensemble in the making: what each round learns from, and how models add up.

    Attributes:
        rows: What it learns from.
        options: The value of every option of the strategy.
        seed: The job's seed.
        notes: What the user should know of how it went, one sentence each.
    """

    combination: ClassVar[Combination] = "vote"

    rows: RoundRows
    options: Mapping[str, Number]
    seed: int
    notes: list[str] = field(default_factory=list)

    @property
    def combines(self) -> Combination:
        """How its models add up."""
        return self.combination

    @abstractmethod
    def rounds(self) -> Rounds:
        """Yield what to fit, round after round."""

    def number(self, name: str) -> float:
        """Return an option as a number."""
        return float(self.options[name] or 0.0)

    def count(self, name: str) -> int:
        """Return an option as a whole number."""
        return int(self.options[name] or 0)


def as_weights(weights: FloatArray) -> FloatArray | None:
    """Return weights with mean 1, none of them 0; None if they are all the same.

    Args:
        weights: `[rows]` at least 0, in any unit.

    Example:
        >>> as_weights(np.array([3.0, 1.0])).tolist()
        [1.5, 0.5]
        >>> as_weights(np.array([2.0, 2.0])) is None
        True
    """
    if np.ptp(weights) == 0:
        return None
    scaled = np.maximum(weights / weights.mean(), LEAST_WEIGHT)
    return np.asarray(scaled / scaled.mean())


def abreast(
    runs: Iterable[Generator[Fit, FloatArray, _Result]],
) -> Generator[list[Fit], list[FloatArray], list[_Result]]:
    """Take several sequences of fits forward together, a round at a time.

    Args:
        runs: Each yields one fit, and is sent what it says of the rows.

    Returns:
        What each of them returned, in their order.
    """
    waiting = dict(enumerate(runs))
    results: dict[int, _Result] = {}
    asked: dict[int, Fit] = {}

    def advance(place: int, said: FloatArray | None) -> None:
        try:
            run = waiting[place]
            asked[place] = next(run) if said is None else run.send(said)
        except StopIteration as end:
            results[place] = end.value
            del waiting[place]

    for place in list(waiting):
        advance(place, None)
    while asked:
        places = list(asked)
        said = yield [asked.pop(place) for place in places]
        for place, shares in zip(places, said, strict=True):
            advance(place, shares)
    return [results[place] for place in sorted(results)]
