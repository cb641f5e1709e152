# SPDX-License-Identifier: Apache-2.0
"""One encoded feature: what is learned about it, and its arithmetic.

What a model says of an odd value is settled here, and only here, so that whatever a
value comes through says the same: a file, a frame, a `Table` or an exported model.
Infinities are missing values; numbers that are nearly 0 are 0; spaces around a text do
not count, and a text of spaces is a missing value. Nothing else is changed: texts
that differ by case, inner spaces or Unicode form are different categories.

All arithmetic is float64, made of operations that IEEE 754 rounds correctly (sum,
product, quotient, square root, comparison), and is cast to float32 last. That is
why `equipoise.networks.encoding` can repeat it in TensorFlow with equal results.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.types import CodeArray, Float32Array, FloatArray
from equipoise.encoding.calendar import MomentPart, moment_part
from equipoise.table.table import MISSING_CODE, Column

BINS = 48
"""Intervals between knots, at most: the default of piecewise-linear embeddings
(Gorishniy et al. 2022)."""

REACH = 2.0
"""How many intervals a position may lie outside the training range. A piecewise
linear function continues there with the slope of its last interval; the bound keeps
an outlier from dominating."""

LEAST_COUNT = 5
"""Rows that a category needs in the training part to have a code of its own. A
positive share of 0 or 1 in four rows or fewer has a 95 % interval wider than one
half (exact binomial: 0 of 4 reaches .60, 0 of 5 reaches .52), and the rare ones
together teach the model what to expect of an unseen category."""

MOST_CATEGORIES = 1_000
"""Codes of their own per column, at most: the most frequent ones."""

LARGEST = float(np.finfo(np.float64).max)
"""The largest number; what is beyond is a missing value."""

SMALLEST = 1e-280
"""Values nearer to zero count as zero. TensorFlow flushes denormal numbers to zero
and NumPy does not; from here up no intermediate result is denormal."""

SMALLEST_RESULT = 1e-30
"""Results nearer to zero count as zero, for the same reason in float32."""

LARGEST_QUOTIENT = 1e100
"""Scaled values are cut off here, where the smooth clip has long reached its end:
its square does not overflow."""

THIRD = 1.0 / 3.0
"""A factor, not a divisor, so that every runtime rounds alike."""

Origin = Literal["value"] | MomentPart


@dataclass(frozen=True)
class NumberFeature:
    """A number, with what the training part says of it.

    Attributes:
        column: The column's name.
        origin: "value" for a numeric or boolean column, else a part of a moment.
        median: The median in the training part; it stands for missing values.
        half_scale: Half of the interquartile range (half of the half range if
            that is 0); 0 for a feature that is constant in the training part.
        knots: Increasing, at least two: distinct training quantiles.
        indicator: Whether a column says where the value is missing: where the
            training part has missing values and others.
    """

    column: str
    origin: Origin
    median: float
    half_scale: float
    knots: tuple[float, ...]
    indicator: bool = False

    @property
    def name(self) -> str:
        """The column's name, with the part of the moment if there is one."""
        return self.column if self.origin == "value" else f"{self.column}:{self.origin}"

    @property
    def constant(self) -> bool:
        """Whether the training part holds a single value."""
        return self.half_scale == 0

    def extract(self, column: Column) -> FloatArray:
        """Return the feature's values, `[rows]` float64, NaN where missing.

        Infinities are missing, and what is nearer to 0 than `SMALLEST` is 0.
        """
        if self.origin == "value":
            return plain_numbers(column.values)
        moments = column.values.astype("datetime64[us]").astype(np.int64)
        return moment_part(moments, self.origin)

    def scaled(self, values: FloatArray) -> Float32Array:
        """Return centred, scaled and smoothly clipped values in (-3, 3).

        z = (x - median) / IQR, then z / sqrt(1 + (z / 3)^2) (Holzmueller et al.
        2024, RealMLP). Missing values and constant features give 0.

        Args:
            values: `[rows]` float64, NaN where missing.
        """
        if self.constant:
            return np.zeros(len(values), np.float32)
        x = settle(values, self.median)
        with np.errstate(over="ignore"):  # an infinite quotient is cut off below
            z = (x * 0.5 - self.median * 0.5) / self.half_scale
        z = np.clip(z, -LARGEST_QUOTIENT, LARGEST_QUOTIENT)
        third = z * THIRD
        return to_float32(z / np.sqrt(1.0 + third * third))

    def position(self, values: FloatArray) -> Float32Array:
        """Return where values lie on the knots: index plus fraction.

        Within [-REACH, knots - 1 + REACH]; missing values lie at the median.

        Args:
            values: `[rows]` float64, NaN where missing.
        """
        x = settle(values, self.median)
        knots = np.asarray(self.knots)
        index = np.searchsorted(knots, x, side="right") - 1
        index = np.clip(index, 0, len(knots) - 2)
        low, high = knots[index] * 0.5, knots[index + 1] * 0.5
        with np.errstate(over="ignore"):  # an infinite quotient is cut off below
            fraction = (x * 0.5 - low) / (high - low)
        fraction = np.clip(fraction, -REACH, 1.0 + REACH)
        return to_float32(index.astype(np.float64) + fraction)


@dataclass(frozen=True)
class CategoryFeature:
    """A categorical column, with the categories that the training part shows.

    Code 0 is a missing value, 1 a rare or unseen category, 2 and up the known ones.

    Attributes:
        column: The column's name.
        vocabulary: The known categories, most frequent first.
    """

    column: str
    vocabulary: tuple[str, ...]

    @cached_property
    def lookup(self) -> dict[str, int]:
        """The code of each text without spaces around it, the empty one included."""
        codes = {"": 0}
        for code, text in enumerate(self.vocabulary, start=2):
            codes.setdefault(text.strip(), code)
        return codes

    @property
    def levels(self) -> int:
        """The number of codes."""
        return len(self.vocabulary) + 2

    def codes(self, column: Column) -> CodeArray:
        """Return the code of each row, `[rows]` int32."""
        code_of, texts = self.lookup, column.categories
        if len(column.values) < len(texts):
            return np.asarray(
                [
                    code_of.get(texts[code].strip(), 1) if code >= 0 else 0
                    for code in column.values
                ],
                np.int32,
            )
        lookup = [code_of.get(text.strip(), 1) for text in texts]
        # The last entry answers MISSING_CODE, which is -1.
        return np.asarray(np.asarray([*lookup, 0], np.int32)[column.values])


def plain_numbers(values: npt.NDArray[Any]) -> FloatArray:
    """Return float64 numbers: NaN for infinities, 0 for tiny ones.

    Example:
        >>> plain_numbers(np.array([1.5, np.inf, 1e-300])).tolist()
        [1.5, nan, 0.0]
    """
    numbers = values.astype(np.float64, copy=False)
    size = np.abs(numbers)
    without_tiny = np.where(size < SMALLEST, 0.0, numbers)
    return np.where(size <= LARGEST, without_tiny, np.nan)


def settle(values: FloatArray, median: float) -> FloatArray:
    """Return finite values: the median for missing ones, 0 for tiny ones."""
    filled = np.where(np.abs(values) <= LARGEST, values, median)
    return np.asarray(np.where(np.abs(filled) < SMALLEST, 0.0, filled))


def to_float32(values: FloatArray) -> Float32Array:
    """Return float32 values, with 0 for those that would be denormal."""
    return np.where(np.abs(values) < SMALLEST_RESULT, 0.0, values).astype(np.float32)


def learn_number(
    column: str, origin: Origin, values: FloatArray, boolean: bool = False
) -> NumberFeature:
    """Learn a feature from its training values.

    Args:
        column: The column's name.
        origin: What the values are of the column.
        values: `[rows]` float64, NaN where missing.
        boolean: Whether the feature has the two knots 0 and 1.
    """
    missing = ~np.isfinite(values)
    present = settle(values[~missing], 0.0)
    indicator = origin in ("value", "days") and 0 < missing.sum() < len(values)
    if len(present) == 0 or present.min() == present.max():
        median = float(present[0]) if len(present) else 0.0
        # Knots at the ends of all numbers: any value lies half way between them.
        ends = (-LARGEST, LARGEST)
        return NumberFeature(column, origin, median, 0.0, ends, bool(indicator))
    # Quantiles of halves, doubled: their interpolation cannot overflow.
    low, median, high = (
        float(q) for q in np.quantile(present * 0.5, (0.25, 0.5, 0.75))
    )
    half_scale = high - low or float(present.max() * 0.25 - present.min() * 0.25)
    knots = (0.0, 1.0) if boolean else _knots(present)
    centre = float(settle(np.array([2.0 * median]), 0.0)[0])
    return NumberFeature(column, origin, centre, half_scale, knots, bool(indicator))


def _knots(values: FloatArray) -> tuple[float, ...]:
    """Return all distinct values if they are few, else distinct quantiles."""
    distinct = np.unique(values)
    if len(distinct) > BINS + 1:
        # Quantiles that are training values: nothing to interpolate or overflow.
        grid = np.linspace(0.0, 1.0, BINS + 1)
        distinct = np.unique(np.quantile(values, grid, method="inverted_cdf"))
    return tuple(distinct.tolist())


def learn_category(column: Column) -> CategoryFeature:
    """Learn the vocabulary from a column's training rows."""
    present = column.values[column.values != MISSING_CODE]
    counts: Counter[str] = Counter()
    for code, n in _count(present):
        counts[column.categories[code].strip()] += n
    counts.pop("", None)  # a text of spaces is a missing value
    frequent = [text for text, n in counts.items() if n >= LEAST_COUNT]
    # By text among equals: the order does not depend on the order of rows.
    frequent.sort(key=lambda text: (-counts[text], text))
    return CategoryFeature(column.name, tuple(frequent[:MOST_CATEGORIES]))


def _count(codes: npt.NDArray[Any]) -> list[tuple[int, int]]:
    values, counts = np.unique(codes, return_counts=True)
    return list(zip(values.tolist(), counts.tolist(), strict=True))
