# SPDX-License-Identifier: Apache-2.0
"""Memory that is given back to the system."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from equipoise._core import memory
from equipoise._core.memory import (
    arrow_from_system,
    memory_limit,
    release_memory,
)
from equipoise.errors import InputError, InputTypeError

STATUS = Path("/proc/self/status")


@pytest.fixture(autouse=True)
def _fresh() -> Any:
    memory._trim.cache_clear()
    yield
    memory._trim.cache_clear()


def private_mb() -> float:
    line = next(t for t in STATUS.read_text().splitlines() if t.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


def test_what_lies_below_something_in_use_is_given_back() -> None:
    if not STATUS.exists() or memory._trim() is None:
        pytest.skip("the C library is not GNU's")
    # Small pieces come from the heap; the last one keeps its top in place.
    pieces = [np.ones(8_000) for _ in range(1_000)]
    last = pieces[-1]
    high = private_mb()
    del pieces
    release_memory()
    assert private_mb() < high - 40
    assert last.sum() == 8_000


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_without_such_a_library_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def library(name: object) -> Any:
        raise error("none here")

    monkeypatch.setattr(ctypes, "CDLL", library)
    release_memory()
    assert memory._trim() is None


def test_arrow_gets_its_pool_back() -> None:
    before = pa.default_memory_pool().backend_name
    with arrow_from_system():
        assert pa.default_memory_pool().backend_name == "system"
        with arrow_from_system():
            values = pa.array(range(1_000))
        assert pa.default_memory_pool().backend_name == "system"
    assert pa.default_memory_pool().backend_name == before
    assert values.sum().as_py() == 499_500


def test_arrow_gets_its_pool_back_after_an_error() -> None:
    before = pa.default_memory_pool().backend_name
    with pytest.raises(ValueError, match="no rows"), arrow_from_system():
        raise ValueError("no rows")
    assert pa.default_memory_pool().backend_name == before


def test_amounts_of_memory() -> None:
    assert memory_limit("2GB") == memory_limit("2 gb") == memory_limit(2e9) == 2 * 10**9
    assert memory_limit("500M") == 5 * 10**8
    assert memory_limit("1.5TB") == 15 * 10**11
    for wrong in ("", "two", "GB", "1PB"):
        with pytest.raises(InputError, match="such as '2GB'"):
            memory_limit(wrong)
    for small in ("1MB", 5, float("nan"), float("inf")):
        with pytest.raises(InputError, match="at least 50 MB"):
            memory_limit(small)
    with pytest.raises(InputTypeError, match="memory of type list"):
        memory_limit([1])  # type: ignore[arg-type]
