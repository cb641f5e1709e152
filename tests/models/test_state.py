# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from equipoise.errors import BundleError, InputError, InputTypeError
from equipoise.models import pack, unpack
from equipoise.models.state import DTYPES, MOST_JSON, MOST_LISTS

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text()
)
NESTED = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(alphabet="abcXYZ_", min_size=1), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(NESTED)
def test_plain_data_comes_back(value: Any) -> None:
    assert unpack(pack(value, "a"), "a") == value


@given(
    st.sampled_from(DTYPES).flatmap(
        lambda name: hnp.arrays(name, hnp.array_shapes(min_dims=0, min_side=0))
    )
)
def test_arrays_come_back_bit_for_bit(array: np.ndarray) -> None:
    back = unpack(pack({"w": [array]}, "m"), "m")["w"][0]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable


def test_big_endian_arrays_and_nan() -> None:
    back = unpack(pack({"w": np.arange(3, dtype=">i4"), "x": float("nan")}, "m"), "m")
    assert back["w"].tolist() == [0, 1, 2]
    assert np.isnan(back["x"])


@pytest.mark.parametrize("value", [object(), np.array([object()]), {1, 2}, b"bytes"])
def test_what_is_no_plain_data_is_not_stored(value: Any) -> None:
    with pytest.raises(InputTypeError, match="in a state"):
        pack({"x": value}, "m")


@pytest.mark.parametrize(
    ("forged", "says"),
    [
        ({"$array": "m/0", "dtype": "object", "shape": [1]}, "is not an array"),
        (
            {"$array": "m/0", "dtype": "float64", "shape": [2**39, 2**39]},
            "not make an array",
        ),
        ({"$array": "m/0", "dtype": "float64", "shape": [-1]}, "is not an array"),
        ({"$array": "m/0", "dtype": "float64", "shape": [True]}, "is not an array"),
        ({"$array": "m/0", "dtype": "float64", "shape": [1] * 9}, "is not an array"),
        ({"$array": "absent", "dtype": "float64", "shape": [1]}, "absent"),
        ({"$array": 3, "dtype": "float64", "shape": [1]}, "is not an array"),
        ({"$number": "__import__('os')"}, "is not a number"),
    ],
)
def test_forged_states_are_refused(forged: dict[str, Any], says: str) -> None:
    parts = {"m.json": json.dumps(forged).encode(), "m/0": b"\0" * 8}
    with pytest.raises(BundleError, match=says):
        unpack(parts, "m")


def test_deep_nesting_is_refused() -> None:
    deep = b"[" * 500 + b"]" * 500
    with pytest.raises(BundleError, match="nested too deeply"):
        unpack({"m.json": deep}, "m")
    with pytest.raises(BundleError, match="not JSON"):
        unpack({"m.json": b"[" * 400_000}, "m")
    with pytest.raises(BundleError, match="too many"):
        unpack({"m.json": b"[" * 1_000_000}, "m")
    with pytest.raises(BundleError, match="absent"):
        unpack({}, "m")


def test_brackets_within_texts_are_no_lists() -> None:
    value = {"levels": [f'[{i}] "{{\\' for i in range(MOST_LISTS // 2 + 9)]}
    assert unpack(pack(value, "a"), "a") == value


@pytest.mark.parametrize(
    "value",
    [["x" * MOST_JSON], [[] for _ in range(MOST_LISTS)]],
    ids=["texts", "lists"],
)
def test_what_could_not_be_read_is_not_written(value: Any) -> None:
    with pytest.raises(InputError, match="Leave columns of long strings out"):
        pack(value, "model")
