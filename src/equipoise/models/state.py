# SPDX-License-Identifier: Apache-2.0
"""Nested plain data with arrays, as JSON and raw numbers.

Arrays are stored as their bytes; shape and type stand in the JSON. An array can
never be larger than its part, so no small file asks for much memory.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, sentence
from equipoise.errors import BundleError, InputError, InputTypeError

DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
)
MOST_JSON = 16 * 2**20
MOST_LISTS = 500_000
"""Lists and objects of one part; an empty list takes some 30 times its text."""

_ARRAY = "$array"
_NUMBER = "$number"
_DEPTH = 40
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"')


def pack(value: Any, name: str) -> dict[str, bytes]:
    """Return nested data as parts: `name`.json, and one part for each array.

    Args:
        value: Nested dictionaries with string keys, lists, tuples (which come back as
            lists), strings, numbers, booleans, None and arrays.
        name: The parts' common name.

    Raises:
        InputError: The strings are more than `unpack` reads.
        InputTypeError: A value is none of these.

    Example:
        >>> parts = pack({"w": np.arange(3), "low": float("-inf")}, "model")
        >>> sorted(parts)
        ['model.json', 'model/0']
        >>> unpack(parts, "model")
        {'w': array([0, 1, 2]), 'low': -inf}
    """
    arrays: dict[str, bytes] = {}
    plain = _pack(value, name, arrays)
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=1).encode()
    excess = _excess(text)
    if excess:
        raise InputError(
            sentence(
                f"a model whose part {name!r} holds {excess}",
                f"at most {MOST_JSON:,} bytes of strings and {MOST_LISTS:,} lists",
                "Leave columns of long strings out with drop=, or shorten them.",
            )
        )
    return {f"{name}.json": text, **arrays}


def unpack(parts: Mapping[str, bytes], name: str) -> Any:
    """Return what `pack` was given.

    Args:
        parts: The parts by name, as `pack` made them; others are ignored.
        name: The parts' common name.

    Raises:
        BundleError: A part is absent or does not hold what it should.

    Example:
        >>> unpack(pack({"rows": (1, 2)}, "model"), "model")
        {'rows': [1, 2]}
    """
    text = _need(parts, f"{name}.json")
    excess = _excess(text)
    if excess:
        raise _wrong(f"{name}.json", f"{excess} are too many")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"{name}.json", "it is not JSON") from error
    return _unpack(data, f"{name}.json", parts, 0)


def _excess(text: bytes) -> str:
    """Return what there is too much of in JSON to be read, or an empty string."""
    if len(text) > MOST_JSON:
        return f"{len(text):,} bytes"
    lists = text.count(b"[") + text.count(b"{")
    if lists > MOST_LISTS:  # brackets within strings do not count
        bare = _TEXT.sub(b"", text)
        lists = bare.count(b"[") + bare.count(b"{")
    return f"{lists:,} lists" if lists > MOST_LISTS else ""


def _pack(value: Any, name: str, arrays: dict[str, bytes]) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _pack(item, name, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_pack(item, name, arrays) for item in value]
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        return value.tolist()
    if isinstance(value, np.ndarray):
        return _pack_array(value, name, arrays)
    if isinstance(value, np.generic):
        return _pack(value.item(), name, arrays)
    if isinstance(value, float) and not math.isfinite(value):
        return {_NUMBER: str(value)}
    if value is None or isinstance(value, str | int | float):
        return value
    raise InputTypeError(
        sentence(
            f"a value of type {type(value).__name__} in a state",
            "dictionaries, lists, strings, numbers, booleans, None and arrays",
        )
    )


def _pack_array(value: npt.NDArray[Any], name: str, arrays: dict[str, bytes]) -> Any:
    part = f"{name}/{len(arrays)}"
    little = value.astype(value.dtype.newbyteorder("<"), copy=False)
    if little.dtype.name not in DTYPES:
        raise InputTypeError(
            sentence(
                f"an array of type {value.dtype} in a state",
                f"arrays of type {listing(DTYPES, len(DTYPES))}",
            )
        )
    arrays[part] = np.ascontiguousarray(little).tobytes()
    return {_ARRAY: part, "dtype": little.dtype.name, "shape": list(value.shape)}


def _unpack(value: Any, where: str, parts: Mapping[str, bytes], depth: int) -> Any:
    if depth > _DEPTH:
        raise _wrong(where, "it is nested too deeply")
    if isinstance(value, list):
        return [_unpack(item, where, parts, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {_NUMBER}:
        return _number(value[_NUMBER], where)
    if _ARRAY in value:
        return _unpack_array(value, where, parts)
    return {key: _unpack(item, where, parts, depth + 1) for key, item in value.items()}


def _number(text: Any, where: str) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise _wrong(where, f"{str(text)[:40]!r} is not a number")
    return float(text)


def _unpack_array(
    value: Mapping[str, Any], where: str, parts: Mapping[str, bytes]
) -> npt.NDArray[Any]:
    part, dtype, shape = (value.get(key) for key in (_ARRAY, "dtype", "shape"))
    sound = (
        isinstance(part, str)
        and dtype in DTYPES
        and isinstance(shape, list)
        and len(shape) <= 8
        and all(type(n) is int and 0 <= n < 2**40 for n in shape)
    )
    if not sound:
        raise _wrong(where, f"{str(dict(value))[:80]} is not an array")
    data = _need(parts, str(part))
    kind = np.dtype(str(dtype)).newbyteorder("<")
    if math.prod(shape or [1]) * kind.itemsize != len(data):
        raise _wrong(
            str(part), f"{len(data):,} bytes do not make an array of shape {shape}"
        )
    # A copy: NumPy may not write into the file's own bytes.
    return np.frombuffer(data, kind).reshape(shape).astype(str(dtype))


def _need(parts: Mapping[str, bytes], name: str) -> bytes:
    if name not in parts:
        raise _wrong(name, "it is absent")
    return parts[name]


def _wrong(part: str, why: str) -> BundleError:
    return BundleError(
        sentence(
            f"a bundle whose part {part!r} cannot be used: {why}",
            "a bundle that `save` has written",
        )
    )
