# SPDX-License-Identifier: Apache-2.0
"""What a user's own network takes: arrays in place of tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import unmasked
from equipoise._core.checks import integer, listing, one_of, sentence
from equipoise._core.types import AnyArray, FloatArray
from equipoise.errors import InputError, InputTypeError
from equipoise.reading.read import read_table
from equipoise.table.table import (
    Table,
)

SCORED_AT_ONCE = 256
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
        source = unmasked(source, "rows")
        if not isinstance(source, np.ndarray):
            raise InputTypeError(
                sentence(
                    f"rows of type {type(source).__name__} for a network of your own",
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
        own = np.dtype(self.dtype)
        if source.dtype.kind != own.kind and not np.can_cast(source.dtype, own):
            raise InputTypeError(sentence(f"rows of type {source.dtype}", self.dtype))
        with np.errstate(over="ignore"):  # what is too large is infinite, and refused
            rows = np.asarray(source, own)
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
            f"{int(np.argmax(wrong))}, counted from 0) for a network of your own",
            "finite numbers",
            "Replace them, for example numpy.nan_to_num(x), in new rows as in these; "
            "where a gap means something, add a channel that says where it is.",
        )
    )


def array_hashes(x: AnyArray) -> npt.NDArray[np.uint64]:
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
    found = [
        hashlib.blake2b(row.tobytes(), digest_size=8, key=kind[:64]).digest()
        for row in rows
    ]
    return np.frombuffer(b"".join(found), "<u8").astype(np.uint64)


def uncompiled(scorer: Any, build: Callable[[], Any], row: AnyArray) -> Any:
    """Return an `UserModelScorer` whose networks are layers and weights only.

    Only `keras.Model.fit`, which serves a network with a training step of its own,
    leaves an optimiser behind; it would treble the file of the model.

    Args:
        scorer: The fitted networks.
        build: Returns another one without weights; the user's function.
        row: `[1, ...]` what they take.
    """
    from equipoise.learners.user_model.model import seeded

    def plain(model: Any) -> Any:
        if not model.compiled:
            return model
        with seeded(0):
            copy = build()
            copy(row, training=False)
        copy.set_weights(model.get_weights())
        return copy

    return replace(scorer, models=tuple(map(plain, scorer.models)))


def compiled_scorer(scorers: Sequence[Any], own: UserInput) -> Callable[[Any], Any]:
    """Return a function from rows to the log-odds of several fitted networks.

    Each network is traced once and called in blocks; `keras.Model.predict` would
    take a tenth of a second for one row.

    Args:
        scorers: `UserModelScorer`s.
        own: What they take.

    Returns:
        A function of `[rows, ...]` that gives `[scorers, rows]`.
    """
    import tensorflow as tf

    from equipoise.training.average import average_log_odds

    signature = [tf.TensorSpec([None, *own.shape], own.dtype)]

    def compiled(model: Any) -> Callable[[Any], Any]:
        traced = tf.function(lambda x: model(x, training=False))
        fixed: Callable[[Any], Any] = traced.get_concrete_function(*signature)
        return lambda x: fixed(tf.constant(x))

    functions = [[compiled(model) for model in scorer.models] for scorer in scorers]

    def score(x: AnyArray) -> FloatArray:
        return np.stack(
            [
                average_log_odds(
                    [scorer.correction.apply(_logits(f, x)) for f in of_scorer]
                )
                for scorer, of_scorer in zip(scorers, functions, strict=True)
            ]
        )

    return score


def _logits(function: Callable[[Any], Any], x: AnyArray) -> FloatArray:
    blocks = [
        np.asarray(function(x[start : start + SCORED_AT_ONCE]), np.float64).ravel()
        for start in range(0, len(x), SCORED_AT_ONCE)
    ]
    return np.concatenate(blocks) if blocks else np.empty(0)
