# SPDX-License-Identifier: Apache-2.0
"""Few rows are encoded at once, with the very same results."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.encoding.encoding import Encoding, learn_encoding
from equipoise.encoding.few_rows import FEW
from equipoise.table.table import Column, Table
from equipoise.task import Task

NUMBERS = st.floats(allow_nan=True, allow_infinity=False, width=64)


def table(values: np.ndarray, cities: np.ndarray) -> Table:
    moments = np.nan_to_num(np.clip(values, -1e9, 1e9)).astype("datetime64[s]")
    texts = tuple(f"city {i}" for i in range(80))
    return Table(
        (
            Column("x", "numeric", values),
            Column("constant", "numeric", np.where(np.isnan(values), np.nan, 7.0)),
            Column("sign", "boolean", np.where(np.isnan(values), np.nan, values > 0)),
            Column("city", "categorical", cities.astype(np.int32), texts),
            Column("when", "datetime", moments.astype("datetime64[us]")),
        ),
        np.arange(len(values), dtype=np.int8) % 2,
        Task("binary", ("no", "yes")),
    )


def learned() -> Encoding:
    random = np.random.default_rng(0)
    values = random.normal(0, 1e3, 500)
    values[::9] = np.nan
    first = table(values, random.integers(-1, 40, 500))
    return learn_encoding(first, np.arange(500))


ENCODING = learned()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(NUMBERS, st.integers(-1, 79)), min_size=FEW + 1, max_size=50))
def test_few_rows_are_encoded_as_many_are(rows: list[tuple[float, int]]) -> None:
    whole = table(np.array([x for x, _ in rows]), np.array([c for _, c in rows]))
    many = ENCODING.transform(whole)
    for taken in (np.arange(1), np.arange(FEW), np.arange(3, 9)):
        few = ENCODING.transform(whole.take(taken))
        np.testing.assert_array_equal(few.numbers, many.numbers[taken])
        np.testing.assert_array_equal(few.positions, many.positions[taken])
        np.testing.assert_array_equal(few.codes, many.codes[taken])
        chosen = ENCODING.transform(whole, taken)
        np.testing.assert_array_equal(chosen.numbers, few.numbers)


def test_no_rows_are_none() -> None:
    empty = ENCODING.transform(table(np.empty(0), np.empty(0)))
    assert len(empty) == 0
