# SPDX-License-Identifier: Apache-2.0
"""Give memory that is free within the process back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import re
import threading
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from equipoise._core.checks import sentence
from equipoise.errors import InputError, InputTypeError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)b?\s*", re.IGNORECASE)
LEAST_MEMORY = 50_000_000

_lock = threading.Lock()
_readers = 0
"""How many `arrow_from_system` are open."""
_pool: Any = None
"""The memory pool that Arrow had before the first of them."""


def memory_limit(value: str | float | None) -> int:
    """Return an amount of memory in bytes.

    Args:
        value: Such as "2GB", "500 MB" or 2e9; a thousand to each unit. None is refused.

    Raises:
        InputTypeError: It is neither a string nor a number.
        InputError: It is no amount, or below 50 MB.

    Example:
        >>> memory_limit("1.5 GB"), memory_limit(2e9)
        (1500000000, 2000000000)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputTypeError(
            sentence(f"memory of type {type(value).__name__}", "such as '2GB' or 2e9")
        )
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        amount = float(match[1]) * _UNITS[match[2].lower()]
    elif isinstance(value, str):
        raise InputError(sentence(f"memory={value!r}", "such as '2GB' or '500MB'"))
    else:
        amount = float(value)
    if not LEAST_MEMORY <= amount < float("inf"):
        raise InputError(
            sentence(
                f"memory={value!r}",
                f"at least {LEAST_MEMORY // 10**6} MB",
                "Pass memory='2GB', for example.",
            )
        )
    return int(amount)


def release_memory() -> None:
    """Give what the C library holds free back to the system, if it can.

    The GNU C library keeps most of what is freed for later requests, in pieces that
    the next, larger arrays do not fit into. Other libraries are left alone. A call
    takes milliseconds, so make one between steps that take a second.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """Return `malloc_trim` of the C library, or None if it has none."""
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows: TypeError
        return None
    return trim


@contextlib.contextmanager
def arrow_from_system() -> Iterator[None]:
    """Return a context in which PyArrow takes memory from the C library.

    PyArrow's own pool keeps 20 to 30 MB of a few that it needed. The pool from before
    is back when the last such context ends; what was made in between stays valid.
    """
    import pyarrow as pa

    global _readers, _pool
    with _lock:
        if _readers == 0:
            _pool = pa.default_memory_pool()
            pa.set_memory_pool(pa.system_memory_pool())
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                pa.set_memory_pool(_pool)
                _pool = None
