# SPDX-License-Identifier: Apache-2.0
"""One detector network in training: its rows, its draws, its first parameters."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number
from equipoise._core.seeds import generator
from equipoise._core.types import AnyArray, Float32Array, FloatArray, IntArray
from equipoise.networks.layout import Layout, number_places


@dataclass(frozen=True)
class DetectorSettings:
    """How detector networks are trained.

    Attributes:
        batch: Rows per update, even.
        updates: Updates between two looks at the stop rows.
        looks: How many looks there are, at most.
        patience: Looks without improvement, after which a network is done and returns
            to its best look.

    Raises:
        InputError: A value is out of range.
    """

    batch: int = 64
    updates: int = 32
    looks: int = 100
    patience: int = 10

    def __post_init__(self) -> None:
        integer(self.batch, "batch", 2, 65_536)
        integer(self.updates, "updates", 1, 100_000)
        integer(self.looks, "looks", 1, 1_000_000)
        integer(self.patience, "patience", 1)
        number(self.batch % 2, "the remainder of batch / 2", 0, 0)


@dataclass(frozen=True, eq=False)
class WeightedRows:
    """Rows that a network is shown.

    Attributes:
        index: `[rows]` places in the store.
        targets: `[rows]` 1 for positives, else 0.
        weights: `[rows]` how much each counts.
    """

    index: IntArray
    targets: AnyArray
    weights: FloatArray

    def __len__(self) -> int:
        return len(self.index)

    def take(self, chosen: npt.NDArray[Any] | slice) -> WeightedRows:
        """Return some of the rows.

        Args:
            chosen: Positions, a mask or a slice.
        """
        return WeightedRows(
            self.index[chosen], self.targets[chosen], self.weights[chosen]
        )


@dataclass(eq=False)
class RowStream:
    """All rows in a random order, then in another one, and so on.

    Attributes:
        rows: How many rows there are.
        random: Its own stream of random numbers.
    """

    rows: int
    random: np.random.Generator
    _left: IntArray = field(default_factory=lambda: np.empty(0, np.int64))

    def take(self, count: int) -> IntArray:
        """Return the next positions, `[count]`.

        Example:
            >>> stream = RowStream(3, np.random.default_rng(0))
            >>> sorted(stream.take(3).tolist()), len(stream.take(4))
            ([0, 1, 2], 4)
        """
        parts, size = [self._left], len(self._left)
        while size < count:
            parts.append(self.random.permutation(self.rows))
            size += self.rows
        whole = np.concatenate(parts)
        self._left = whole[count:]
        return whole[:count]


@dataclass(eq=False)
class DetectorDraws:
    """The batches of one network.

    Attributes:
        train: What it learns from; weights of mean 1.
        even: Whether half of each batch is positives, drawn with replacement, and half
            negatives; else rows come as they are.
        random: Its own stream of random numbers.
    """

    train: WeightedRows
    even: bool
    random: np.random.Generator

    def __post_init__(self) -> None:
        positive = self.train.targets > 0
        self._positives = np.flatnonzero(positive)
        streamed = ~positive if self.even else np.ones(len(self.train), bool)
        self._streamed = np.flatnonzero(streamed)
        self._stream = RowStream(len(self._streamed), self.random)

    def take(self, steps: int, batch: int) -> WeightedRows:
        """Return the rows of some batches, `[steps, batch]` each.

        Args:
            steps: How many batches.
            batch: Rows of each, even.
        """
        half = batch // 2 if self.even else 0
        count = steps * (batch - half)
        rows = self._streamed[self._stream.take(count)].reshape(steps, -1)
        if half:
            chosen = self.random.integers(0, len(self._positives), (steps, half))
            rows = np.concatenate([rows, self._positives[chosen]], axis=1)
        return self.train.take(rows)


def dense_places(exact: Layout, common: Layout) -> IntArray:
    """Return where the columns of `dense_matrix` are among those of a common layout.

    Args:
        exact: The layout of the part's encoding.
        common: That of the table; no category is embedded.
    """
    places, start = [number_places(exact, common)], len(common.numbers)
    for mine, theirs in zip(exact.categories, common.categories, strict=True):
        places.append(start + np.arange(mine.levels))
        start += theirs.levels
    return np.concatenate(places)


def first_parameters(
    widths: tuple[int, ...], biased: bool, random: np.random.Generator
) -> dict[str, Float32Array]:
    """Return kernels of Glorot and Bengio's uniform draws, and biases of 0.

    Args:
        widths: Of all layers, from the input to the output.
        biased: Whether there are biases.
        random: Where the kernels come from.
    """
    parameters = {}
    for layer, (low, high) in enumerate(itertools.pairwise(widths)):
        reach = np.sqrt(6.0 / (low + high))
        kernel = random.uniform(-reach, reach, (low, high))
        parameters[f"kernel_{layer}"] = kernel.astype(np.float32)
        if biased:
            parameters[f"bias_{layer}"] = np.zeros(high, np.float32)
    return parameters


def spread_out(
    parameters: Mapping[str, Float32Array],
    places: IntArray,
    width: int,
    *,
    outputs: bool,
) -> dict[str, Float32Array]:
    """Return parameters with the input columns in their places, zeros elsewhere.

    Args:
        parameters: Those of the exact layout.
        places: Where its columns are.
        width: The number of columns of the common layout.
        outputs: Whether the same columns come out.
    """
    wide = dict(parameters)
    last = max(int(name.rpartition("_")[2]) for name in parameters)
    kernel = np.zeros((width, parameters["kernel_0"].shape[1]), np.float32)
    kernel[places] = parameters["kernel_0"]
    wide["kernel_0"] = kernel
    if outputs:
        narrow = wide[f"kernel_{last}"]
        wide[f"kernel_{last}"] = np.zeros((len(narrow), width), np.float32)
        wide[f"kernel_{last}"][:, places] = narrow
        wide[f"bias_{last}"] = np.zeros(width, np.float32)
        wide[f"bias_{last}"][places] = parameters[f"bias_{last}"]
    return wide


def picked(
    parameters: Mapping[str, Float32Array], places: IntArray, *, outputs: bool
) -> dict[str, Float32Array]:
    """Return parameters without the columns that the exact layout lacks.

    Args:
        parameters: Those of the common layout.
        places: Where the columns of the exact layout are.
        outputs: Whether the same columns come out.
    """
    narrow = dict(parameters)
    last = max(int(name.rpartition("_")[2]) for name in parameters)
    narrow["kernel_0"] = narrow["kernel_0"][places]
    if outputs:
        narrow[f"kernel_{last}"] = narrow[f"kernel_{last}"][:, places]
        narrow[f"bias_{last}"] = narrow[f"bias_{last}"][places]
    return narrow


def stream_of(seed: int, learner: str, copy: int, what: str) -> np.random.Generator:
    """Return a stream of random numbers of one network for one purpose.

    Args:
        seed: The job's seed.
        learner: The learner's name.
        copy: The number of the network among those that are averaged.
        what: What the numbers are for.
    """
    return generator(seed, learner, copy, what)
