# SPDX-License-Identifier: Apache-2.0
"""What a synthesis is: a rule that puts examples between examples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.options import Setting, check_fields, settings_of
from equipoise._core.types import Float32Array, FloatArray, Int32Array, IntArray
from equipoise.errors import UnsupportedError
from equipoise.sampling.draw import Draw


@dataclass(frozen=True, eq=False)
class Neighbours:
    """What a synthesis has learned from the training part, once.

    Attributes:
        of: `[rows]` int32: the line of `index` that belongs to a row, -1 if it
            has none.
        index: `[lines, k]` int32: positions of its nearest rows of the same class. A
            line of fewer repeats its first one.
        notes: What the user should know, one sentence each.
        counts: `[lines]` int32: how many of a line are its own; None if all are.
        classes: How many classes the rows have.
        voters: `[lines, categorical columns]` int32: by column, a row that has the
            category of a row that is made from this one. None if there are no
            categories, or if it has that of the nearer of its two rows.
        starts: `[rows]` how likely a made row starts from a row of its class, rather
            than from the drawn one; None if it starts from the drawn one.
        others: `[lines, k]` int32: other rows to move towards, if not those of `index`.
        labels: `[lines, labels]` int8: the labels of a row that is made from this one.
        groups: `[rows]` the groups whose repeats are replaced, if not the classes.
        widths: `[groups]` float32: the width of the noise that is added to a row, in
            standard deviations of its group.
    """

    of: Int32Array
    index: Int32Array
    notes: tuple[str, ...] = ()
    counts: Int32Array | None = None
    classes: int = 2
    voters: Int32Array | None = None
    starts: FloatArray | None = None
    others: Int32Array | None = None
    labels: npt.NDArray[np.int8] | None = None
    groups: IntArray | None = None
    widths: Float32Array | None = None

    @property
    def k(self) -> int:
        """The number of neighbours of each row that has any."""
        return int(self.index.shape[1])

    @classmethod
    def none(cls, rows: int, *notes: str, classes: int = 2) -> Neighbours:
        """Return no neighbours, for a number of rows."""
        of, index = np.full(rows, -1, np.int32), np.empty((0, 0), np.int32)
        return cls(of, index, notes, classes=classes)


class Synthesis(ABC):
    """A pure rule that gives each drawn example a partner and a mix.

    A new synthesis is a frozen dataclass whose fields are its options, with the
    methods below, and a line in `synthesis/syntheses.py`; from outside the package,
    `equipoise.register`. It only ever receives the training part.

    Attributes:
        name: Its name in a `Strategy`.
        citations: Keys of the sources.
        sources: The BibTeX entries of keys that Equipoise does not know.
        tasks: The kinds of task that it serves.
        fills: Whether it takes the place of repeated positives, so that it needs
            a sampler that repeats them.
        soft: Whether it gives targets between 0 and 1.
        moves_starts: Whether it makes examples from other rows of the class than those
            that were drawn.
        retargets: Whether it blends targets otherwise than features.
        relabels: Whether it gives examples labels of their own.
        noisy: Whether it adds noise to the examples.
    """

    name: ClassVar[str]
    citations: ClassVar[tuple[str, ...]] = ()
    sources: ClassVar[Mapping[str, str]] = {}
    tasks: ClassVar[tuple[str, ...]] = ("binary",)
    fills: ClassVar[bool] = False
    soft: ClassVar[bool] = False
    moves_starts: ClassVar[bool] = False
    retargets: ClassVar[bool] = False
    relabels: ClassVar[bool] = False
    noisy: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Return its options with their defaults and ranges."""
        return settings_of(cls)

    @classmethod
    def obstacle(cls, kind: str = "binary") -> str:
        """Return why no known shift leads back to probabilities; empty if one does.

        Args:
            kind: The kind of the task.
        """
        if cls.soft:
            return f"{cls.name} fits blends of examples, not examples"
        who = "positives" if kind == "binary" else "the rows of a class"
        return f"{cls.name} changes where {who} lie, not only how many there are"

    @abstractmethod
    def prepare(
        self,
        numbers: npt.ArrayLike,
        codes: npt.ArrayLike | None,
        labels: npt.ArrayLike,
        seed: int,
        *,
        classes: Sequence[str] = (),
    ) -> Neighbours:
        """Learn from the training part what `mix` needs.

        Args:
            numbers: `[rows, columns]` encoded numbers of the training rows.
            codes: `[rows, columns]` category numbers, or None.
            labels: `[rows]` class numbers, 0 or 1 for two classes; or
                `[rows, labels]` if the synthesis serves several labels.
            seed: The seed of the run.
            classes: The names of several classes, of which some may have no row; passed
                to a synthesis that serves several classes, and only then.
        """

    @abstractmethod
    def mix(
        self,
        draw: Draw,
        neighbours: Neighbours,
        labels: npt.ArrayLike,
        seed: int,
        epoch: int,
    ) -> Draw:
        """Return the draw with partners and mixes.

        Args:
            draw: The rows of an epoch, from a sampler.
            neighbours: What `prepare` returned for the same labels.
            labels: `[rows]` or `[rows, labels]`: what the draw was made from.
            seed: The seed of the run.
            epoch: The number of the epoch.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return what it does, in words that complete "batches drawn ..., ..."."""

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels, as `describe`.

        Args:
            kind: The kind of the task, "multiclass" or "multilabel".
        """
        return self.describe()


def require_no_labels(name: str, labels: npt.ArrayLike, remedy: str) -> None:
    """Check that rows are of classes, for a synthesis that supports no labels.

    Args:
        name: The synthesis.
        labels: `[rows]` class numbers, or `[rows, labels]`.
        remedy: What to do about rows with several labels.

    Raises:
        UnsupportedError: The rows have several labels.
    """
    if np.ndim(labels) == 2:
        raise UnsupportedError(
            sentence(
                f"synthesis={name!r} for rows with several labels",
                "rows of two or several classes",
                remedy,
            )
        )
