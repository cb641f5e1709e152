# SPDX-License-Identifier: Apache-2.0
"""Normal noise that follows from a seed, the place of an example, and a column.

It is computed where it is needed, also within a graph, and stored nowhere: the noise of
an epoch would be as large as the examples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from equipoise._core.types import AnyArray, Float32Array, FloatArray, Int32Array


class NoiseFunctions(Protocol):
    """The functions that noise is made of, of NumPy or of TensorFlow."""

    def right_shift(self, x: Any, bits: Any) -> Any:
        """Return x with its bits moved to the right."""

    def bitwise_xor(self, x: Any, y: Any) -> Any:
        """Return the bits in which two numbers differ."""

    def word(self, value: Any) -> Any:
        """Return whole numbers as 32 bits without a sign."""

    def real(self, value: Any) -> Any:
        """Return whole numbers as floating ones."""

    def sqrt(self, x: Any) -> Any:
        """Return square roots."""

    def log(self, x: Any) -> Any:
        """Return natural logarithms."""

    def cos(self, x: Any) -> Any:
        """Return cosines."""


def normals(seed: Any, example: Any, column: Any, f: NoiseFunctions) -> Any:
    """Return standard normal numbers, one for each example and column.

    Two numbers between 0 and 1 come from a hash of seed, example and column, and a
    normal one from these.

    Source: Box & Muller (1958), "A note on the generation of random normal deviates",
    equation 1; the hash is the `lowbias32` of Wellons (2018).

    Args:
        seed: 32-bit whole numbers, in any shape that spreads with the others.
        example: Likewise.
        column: Likewise.
        f: The functions to compute with.
    """
    key = _scrambled(f.bitwise_xor(seed, _scrambled(example, f)), f)
    twice = column + column
    first = _scrambled(key + _scrambled(twice, f), f)
    second = _scrambled(key + _scrambled(twice + f.word(1), f), f)
    radius = f.sqrt(-2.0 * f.log(_uniform(first, f)))
    return radius * f.cos(2.0 * math.pi * _uniform(second, f))


def _scrambled(x: Any, f: NoiseFunctions) -> Any:
    x = f.bitwise_xor(x, f.right_shift(x, f.word(16))) * f.word(0x7FEB352D)
    x = f.bitwise_xor(x, f.right_shift(x, f.word(15))) * f.word(0x846CA68B)
    return f.bitwise_xor(x, f.right_shift(x, f.word(16)))


def _uniform(x: Any, f: NoiseFunctions) -> Any:
    """Return numbers strictly between 0 and 1 from the upper 24 bits."""
    return (f.real(f.right_shift(x, f.word(9))) + 0.5) * 2.0**-23


class _NumPy:
    right_shift = staticmethod(np.right_shift)
    bitwise_xor = staticmethod(np.bitwise_xor)
    sqrt, log, cos = map(staticmethod, (np.sqrt, np.log, np.cos))

    @staticmethod
    def word(value: Any) -> Any:
        return np.uint32(value)

    @staticmethod
    def real(value: Any) -> Any:
        return np.asarray(value, np.float32)


@dataclass(frozen=True, eq=False)
class Noise:
    """What is added to some examples: normal noise, as wide as columns spread.

    Attributes:
        seed: A whole number of at least 0, below 2 ** 32.
        of: `[rows]` int32: the group of a row, -1 if none.
        widths: `[groups]` float32: the standard deviation of the noise, in those of
            the columns among the rows of the group.
    """

    seed: int
    of: Int32Array
    widths: Float32Array

    def deviations(self, values: AnyArray) -> FloatArray:
        """Return the standard deviation of the noise, `[groups, ...]`.

        A column that has at most two values in a group, such as a flag, gets none.

        Args:
            values: `[rows, ...]` what noise is to be added to.
        """
        result = np.zeros((len(self.widths), *values.shape[1:]))
        for group, width in enumerate(self.widths):
            rows = np.asarray(values[self.of == group], np.float64)
            if not len(rows):
                continue
            low, high = rows.min(axis=0), rows.max(axis=0)
            between = ((rows > low) & (rows < high)).any(axis=0)
            result[group] = np.where(between, float(width) * rows.std(axis=0), 0.0)
        return result

    def normals(self, examples: AnyArray, columns: int) -> Float32Array:
        """Return standard normal numbers, `[examples, columns]`.

        Args:
            examples: `[examples]` their places in the epoch, from 0 on.
            columns: How many columns.
        """
        seed, each = np.uint32(self.seed), examples.astype(np.uint32)[:, None]
        column = np.arange(columns, dtype=np.uint32)[None]
        with np.errstate(over="ignore"):
            return np.asarray(normals(seed, each, column, _NumPy), np.float32)

    def added(
        self,
        examples: AnyArray,
        index: AnyArray,
        mix: AnyArray,
        deviations: FloatArray,
        first: int = 0,
    ) -> AnyArray:
        """Return examples with their noise.

        Args:
            examples: `[examples, ...]` floating.
            index: `[examples]` the rows that they are made from.
            mix: `[examples]` above 0 for those that get noise.
            deviations: What `deviations` gave.
            first: The place of the first in the epoch.
        """
        made = np.flatnonzero((mix > 0) & (self.of[index] >= 0))
        if not len(made):
            return examples
        flat = examples.reshape(len(examples), -1).copy()
        scale = deviations.reshape(len(deviations), -1)[self.of[index[made]]]
        flat[made] += (self.normals(made + first, flat.shape[1]) * scale).astype(
            flat.dtype
        )
        return np.asarray(flat.reshape(examples.shape))
