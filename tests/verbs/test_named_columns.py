# SPDX-License-Identifier: Apache-2.0
"""Columns of probabilities that are found by their names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from equipoise.errors import InputError
from equipoise.verbs.named_columns import by_name, names_of_columns

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])


def test_columns_are_put_in_the_order_of_the_classes() -> None:
    for frame in (pd.DataFrame(P, columns=list("bac")), pl.DataFrame(P, list("bac"))):
        assert names_of_columns(frame) == ("b", "a", "c")
        assert by_name(frame, ["a", "b", "c"]).tolist() == P[:, [1, 0, 2]].tolist()
    numbers = pd.DataFrame(P, columns=[3, 1, 2])
    assert by_name(numbers, [1, 2, 3]).tolist() == P[:, [1, 2, 0]].tolist()


@pytest.mark.parametrize(
    "values",
    [
        P,
        P.tolist(),
        pd.DataFrame(P),
        pl.DataFrame(P),
        pd.DataFrame(P, columns=["p_a", "p_b", "p_c"]),
    ],
)
def test_columns_without_names_of_classes_stay(values: object) -> None:
    assert np.asarray(by_name(values, ["a", "b", "c"])).tolist() == P.tolist()
    assert np.asarray(by_name(values, [2, 1, 0])).tolist() == P.tolist()


def test_names_of_which_some_are_classes_are_refused() -> None:
    with pytest.raises(InputError, match="do not have 'x'"):
        by_name(pd.DataFrame(P, columns=list("abx")), ["a", "b", "c"])
