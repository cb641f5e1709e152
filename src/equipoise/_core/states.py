# SPDX-License-Identifier: Apache-2.0
"""Numbers that come from a file: each is checked before it is used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, sentence
from equipoise.errors import InputError

Shape = tuple[int | None, ...]


def array(
    state: Mapping[str, Any],
    name: str,
    dtype: str,
    shape: Shape,
    *,
    finite: bool = True,
) -> npt.NDArray[Any]:
    """Return an array of a state with exactly this type and shape.

    Args:
        state: Names to values.
        name: Which one.
        dtype: The type, for example "float64".
        shape: The length of each axis; None for any.
        finite: Whether NaN and infinities are refused; NaN is refused always.

    Raises:
        InputError: It is absent, or another.

    Example:
        >>> array({"w": np.ones((2, 3))}, "w", "float64", (2, None)).shape
        (2, 3)
    """
    value = state.get(name)
    accepted = f"{dtype} {['any' if n is None else n for n in shape]}"
    if not isinstance(value, np.ndarray) or value.dtype != np.dtype(dtype):
        raise InputError(sentence(f"{name} of another type", accepted))
    fits = value.ndim == len(shape) and all(
        accepted_size is None or size == accepted_size
        for size, accepted_size in zip(value.shape, shape, strict=True)
    )
    if not fits:
        raise InputError(sentence(f"{name} of shape {list(value.shape)}", accepted))
    if value.dtype.kind == "f":
        sound = np.isfinite(value) if finite else ~np.isnan(value)
        if not sound.all():
            raise InputError(sentence(f"{name} with NaN or infinities", "numbers"))
    return value


def integers_within(
    values: npt.NDArray[Any], name: str, low: int, high: int
) -> npt.NDArray[Any]:
    """Return integers if all lie in [low, high).

    Raises:
        InputError: One does not.
    """
    if values.size and not (values.min() >= low and values.max() < high):
        raise InputError(
            sentence(
                f"{name} from {values.min()} to {values.max()}",
                f"{low} to {high - 1}",
            )
        )
    return values


def real(state: Mapping[str, Any], name: str) -> float:
    """Return a finite number of a state.

    Raises:
        InputError: It is absent or not finite.
        InputTypeError: It is not a number.
    """
    return number(state.get(name, math.nan), name)


def texts(values: Any, name: str) -> tuple[str, ...]:
    """Return distinct texts.

    Raises:
        InputError: They are not a list of strings, or one occurs twice.
    """
    if not isinstance(values, list | tuple) or not all(
        isinstance(value, str) for value in values
    ):
        raise InputError(sentence(f"{name} that are not a list of strings", "strings"))
    if len(set(values)) < len(values):
        raise InputError(
            sentence(f"{name} with a string that occurs twice", "distinct strings")
        )
    return tuple(values)
