# SPDX-License-Identifier: Apache-2.0
"""The first layers of an exported model pass on what they accept, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize("value", [0.5, -1.0, 2.0])
def test_a_boolean_column_holds_no_other_number(value: float) -> None:
    import tensorflow as tf

    from equipoise.export.accepted_layers import AcceptedColumns

    layer = AcceptedColumns(["paid"])
    accepted = {"paid": np.array([0.0, 1.0, np.nan]), "age": np.array([2.0, 3.0, 4.0])}
    again = layer(accepted)
    for name, values in accepted.items():
        np.testing.assert_array_equal(again[name].numpy(), values)
    refused = {**accepted, "paid": np.array([0.0, 1.0, value])}
    with pytest.raises(tf.errors.InvalidArgumentError, match="column 'paid'"):
        layer(refused)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_of_an_own_network_are_finite(
    value: float, reloaded: Callable[..., Any]
) -> None:
    import tensorflow as tf

    from equipoise.export.accepted_layers import AcceptedRows

    layer = reloaded(AcceptedRows(), (2,))
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(np.asarray(layer(rows)), rows)
    rows[1, 0] = value
    with pytest.raises(tf.errors.InvalidArgumentError, match="NaN or infinities"):
        layer(rows)
    whole = np.array([[1, 2]], np.int32)
    assert np.asarray(AcceptedRows()(whole)).tolist() == [[1, 2]]


def test_configurations_name_all_that_is_accepted() -> None:
    from equipoise.export.accepted_layers import AcceptedColumns, AcceptedRows

    config = AcceptedColumns(["paid"], name="first").get_config()
    assert config == {"name": "first", "booleans": ["paid"]}
    assert AcceptedColumns.from_config(config).booleans == ["paid"]
    assert AcceptedRows().get_config() == {"name": "equipoise-rows"}
