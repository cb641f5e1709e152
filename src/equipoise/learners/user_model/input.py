# SPDX-License-Identifier: Apache-2.0
"""What a user's own network takes: arrays in place of tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import unmasked
from equipoise._core.checks import integer, listing, one_of, sentence
from equipoise._core.types import AnyArray, HashArray
from equipoise.errors import InputError, InputTypeError
from equipoise.reading.read import read_table
from equipoise.table.table import (
    Table,
)

MOST_AXES = 8
DTYPES = ("float32", "int32", "int64", "uint8", "bool")


@dataclass(frozen=True)
class UserInput:
    """The shape and the type of what the user's own network takes.

    Attributes:
        shape: Of one row.
        dtype: One of `DTYPES`; floating-point numbers of any width are float32.

    Example:
        >>> images = UserInput.of(np.zeros((9, 28, 28)))
        >>> images
        UserInput(shape=(28, 28), dtype='float32')
        >>> images.read(np.ones((2, 28, 28))).dtype.name
        'float32'
    """

    shape: tuple[int, ...]
    dtype: str

    @classmethod
    def of(cls, x: AnyArray) -> UserInput:
        """Return what an array `[rows, ...]` is an example of.

        Raises:
            InputTypeError: It holds neither numbers nor booleans.
        """
        names = {"f": "float32", "i": "int64", "u": "uint8", "b": "bool"}
        dtype = names.get(x.dtype.kind)
        if x.dtype.name in DTYPES:
            dtype = x.dtype.name
        if dtype is None or (dtype == "uint8" and x.dtype.name != "uint8"):
            raise InputTypeError(
                sentence(f"x of type {x.dtype}", f"one of {listing(DTYPES)}")
            )
        return cls(tuple(x.shape[1:]), dtype)

    def read(self, source: Any) -> AnyArray:
        """Return new rows as the network takes them.

        Raises:
            InputTypeError: It is a path or a frame, or its type is another.
            InputError: A row has another shape, or a number is not finite.
        """
        source = unmasked(source.x if isinstance(source, ArrayRows) else source, "rows")
        if not isinstance(source, np.ndarray):
            raise InputTypeError(
                sentence(
                    f"rows of type {type(source).__name__} for your own network",
                    f"an array of shape {['rows', *self.shape]}, {self.dtype}",
                )
            )
        if source.shape[1:] != self.shape:
            raise InputError(
                sentence(
                    f"rows of shape {list(source.shape[1:])}",
                    f"{list(self.shape)}, as the network was fitted on",
                )
            )
        dtype = np.dtype(self.dtype)
        if source.dtype.kind != dtype.kind and not np.can_cast(source.dtype, dtype):
            raise InputTypeError(sentence(f"rows of type {source.dtype}", self.dtype))
        with np.errstate(over="ignore"):  # what is too large is infinite, and refused
            rows = np.asarray(source, dtype)
        require_finite(rows)
        return rows

    def read_labelled(self, source: Any, schema: Table) -> tuple[AnyArray, Table]:
        """Return rows and their labels from `(x, y)`.

        Args:
            source: The pair.
            schema: Has the target's name and classes.
        """
        if not isinstance(source, tuple) or len(source) != 2:
            raise InputTypeError(
                sentence(
                    f"a source of type {type(source).__name__} for a network of your "
                    "own",
                    "(x, y): an array with one entry per row, and labels",
                )
            )
        x = self.read(source[0])
        labels = np.asarray(unmasked(source[1], "labels"))
        if len(x) != len(labels):
            raise InputError(
                sentence(f"{len(x):,} rows and {len(labels):,} labels", "as many")
            )
        table = read_table({schema.target: labels}, schema.target, like=schema)
        return x, table

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> UserInput:
        """Rebuild it from `to_dict()`.

        Raises:
            InputError: The numbers are none of a shape.
        """
        shape = [integer(n, "shape", 1, 2**24) for n in state["shape"]]
        integer(len(shape), "axes", 1, MOST_AXES)
        return cls(tuple(shape), one_of(state["dtype"], DTYPES, "dtype"))


def require_finite(x: AnyArray) -> None:
    """Raise if an array holds a number that is missing or infinite.

    Networks pass NaN on, or hide it: an activation such as relu makes 0 of it.

    Args:
        x: `[rows, ...]`.

    Raises:
        InputError: It does; the error names the first such row.

    Example:
        >>> require_finite(np.ones((2, 3)))
    """
    if x.dtype.kind not in "fc":
        return
    wrong = ~np.isfinite(x).reshape(len(x), -1).all(axis=1)
    if not wrong.any():
        return
    kinds = "NaN" if np.isnan(x).any() else "an infinite number"
    raise InputError(
        sentence(
            f"{wrong.sum():,} of {len(x):,} rows with {kinds} (the first is row "
            f"{int(np.argmax(wrong))}, counted from 0) for your own network",
            "finite numbers",
            "Replace them, for example numpy.nan_to_num(x), in new rows as in these; "
            "where a gap means something, add a channel that says where it is.",
        )
    )


@dataclass(frozen=True, eq=False)
class ArrayRows:
    """Rows of an array: to the user's network what a table is to other models.

    Attributes:
        x: `[rows, ...]` what the network takes.

    Example:
        >>> rows = ArrayRows(np.arange(6.0).reshape(3, 2))
        >>> len(rows), rows.take([2]).x.tolist(), len(rows.hashes())
        (3, [[4.0, 5.0]], 3)
    """

    x: AnyArray

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: npt.ArrayLike) -> ArrayRows:
        """Return some rows.

        Args:
            rows: Positions or a mask.
        """
        return ArrayRows(self.x[np.asarray(rows)])

    def blocks(self) -> Iterator[ArrayRows]:
        """Yield all rows at once: they are in memory, and are not encoded."""
        yield self

    def hashes(self) -> HashArray:
        """Return a number for each row; equal rows have equal numbers."""
        return array_hashes(self.x)


def array_hashes(x: AnyArray) -> HashArray:
    """Return a number for each row of an array; equal rows have equal numbers.

    Example:
        >>> first, second, third = array_hashes(np.array([[1.0], [1.0], [2.0]]))
        >>> bool(first == second), bool(first == third)
        (True, False)
    """
    kind = f"{x.dtype.newbyteorder('<').str}{x.shape[1:]}".encode()
    # Adding 0 makes -0.0 the same as 0.0.
    rows = np.ascontiguousarray(x + 0.0 if x.dtype.kind == "f" else x)
    rows = rows.astype(x.dtype.newbyteorder("<"), copy=False)
    digests = [
        hashlib.blake2b(row.tobytes(), digest_size=8, key=kind[:64]).digest()
        for row in rows
    ]
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
