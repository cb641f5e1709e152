# SPDX-License-Identifier: Apache-2.0
"""What tells the rows of an array apart, for a table that holds none of its features.

Rows of images or sequences are compared by digests of their parts, and by where
random projections put them: copies agree in all parts, near-copies are near in all
projections.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, HashArray

PARTS = 16
"""A row is cut into at most so many parts."""
AXES = 24
"""Rows are projected on at most so many axes."""
AT_ONCE = 1 << 22
"""Numbers that are projected at once."""


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Digests and positions of the rows of an array.

    Attributes:
        parts: `[rows, parts]` uint64: equal numbers mean equal parts of a row.
        axes: `[rows, axes]` float64 in units of the features' spread; no axes for
            rows of tokens or booleans, between which nothing is near.
    """

    parts: HashArray
    axes: FloatArray

    def take(self, rows: npt.ArrayLike) -> Fingerprint:
        """Return the fingerprint of some rows.

        Args:
            rows: Positions or a mask.
        """
        index = np.asarray(rows)
        return Fingerprint(self.parts[index], self.axes[index])


def fingerprint(x: npt.NDArray[np.generic]) -> Fingerprint:
    """Return what tells the rows of an array apart.

    Args:
        x: `[rows, ...]` finite numbers, or booleans.

    Example:
        >>> x = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 2.0]])
        >>> marks = fingerprint(x)
        >>> first, second, third = marks.parts.tolist()
        >>> first == second, first == third
        (True, False)
    """
    flat = x.reshape(len(x), -1)
    blocks = np.array_split(np.arange(flat.shape[1]), min(PARTS, flat.shape[1]))
    parts = np.empty((len(x), len(blocks)), np.uint64)
    for j, block in enumerate(blocks):
        parts[:, j] = _digests(flat[:, block[0] : block[-1] + 1], j)
    near = x.dtype.kind == "f" or x.dtype == np.uint8
    axes = projected(flat) if near and len(x) else np.empty((len(x), 0))
    return Fingerprint(parts, axes)


def projected(flat: npt.NDArray[np.generic]) -> FloatArray:
    """Return standardised features, or random projections if there are many.

    Args:
        flat: `[rows, features]` finite numbers.

    Returns:
        `[rows, at most 24]` in units of one feature's standard deviation.
    """
    rows, width = flat.shape
    mean, scale = np.empty(width), np.empty(width)
    step = max(1, AT_ONCE // rows)
    for start in range(0, width, step):
        part = flat[:, start : start + step].astype(np.float64)
        mean[start : start + step] = part.mean(0)
        scale[start : start + step] = part.std(0)
    used = np.flatnonzero(scale > 0)
    if not used.size:
        return np.empty((rows, 0))
    turn = directions(used.size)
    projected = np.zeros((rows, turn.shape[1]))
    for start in range(0, used.size, step):
        block = used[start : start + step]
        z = (flat[:, block].astype(np.float64) - mean[block]) / scale[block]
        projected += z @ turn[start : start + step]
    return projected


def directions(features: int) -> FloatArray:
    """Return unit vectors `[features, at most 24]`, the axes themselves for few."""
    if features <= AXES:
        return np.eye(features)
    random = generator(0, "fingerprint", features)
    turn = random.standard_normal((features, AXES))
    return np.asarray(turn / np.sqrt((turn**2).sum(0)))


def _digests(part: npt.NDArray[np.generic], number: int) -> HashArray:
    # Adding 0 makes -0.0 the same as 0.0.
    rows = np.ascontiguousarray(np.add(part, 0.0) if part.dtype.kind == "f" else part)
    key = f"{number} {rows.dtype.str}".encode()
    digests = [
        hashlib.blake2b(row.tobytes(), digest_size=8, key=key).digest() for row in rows
    ]
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
