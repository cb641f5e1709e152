# SPDX-License-Identifier: Apache-2.0
"""The rows that an export is compared on, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from equipoise.errors import TrainingError
from equipoise.export.check import (
    UNSEEN,
    checked_inputs,
    extreme_rows,
    require_same,
    sample_rows,
)
from equipoise.priors import probability
from equipoise.verbs.model import FittedModel


def test_rows_hold_what_may_come(linear: FittedModel) -> None:
    table = sample_rows(linear, 500, seed=1)
    amount, city = table["amount"].values, table["city"]
    assert 0.05 < np.isnan(amount).mean() < 0.15
    assert set(city.categories) == {"Bonn", "Lima", "Oslo", UNSEEN}
    assert {-1, 3} <= set(city.values.tolist())
    assert np.isnat(table["when"].values).any()
    again = sample_rows(linear, 500, seed=1)
    np.testing.assert_array_equal(again["amount"].values, amount)


def test_extremes_begin_with_nothing_known(linear: FittedModel) -> None:
    first = extreme_rows(linear).raw(np.array([0]))
    assert np.isnan(first["amount"]).all()
    assert first["city"].tolist() == [""]
    assert first["when"].tolist() == [np.iinfo(np.int64).min]
    assert np.isfinite(linear.log_odds(extreme_rows(linear))).all()


def test_odd_values_come_unread(linear: FittedModel) -> None:
    table, raw = checked_inputs(linear)
    assert np.isinf(raw["amount"]).any()
    assert np.isinf(raw["paid"]).any()
    assert not np.isinf(table["amount"].values).any()
    texts = set(raw["city"].tolist())
    around = {text for text in texts if text != text.strip()}
    assert {"Bonn", "Lima", "Oslo"} <= {text.strip() for text in around}
    assert all(text == text.strip() for text in table["city"].categories)
    assert (raw["when"] < 0).any()
    assert np.isfinite(linear.log_odds(table)).all()


def test_rows_of_a_grouped_table_have_no_groups(linear: FittedModel) -> None:
    schema = dataclasses.replace(linear.schema, groups=np.zeros(0, np.int64))
    model = dataclasses.replace(linear, schema=schema)
    assert checked_inputs(model)[0].groups is None


def test_what_differs_is_refused(linear: FittedModel) -> None:
    table = checked_inputs(linear)[0]
    z = linear.log_odds(table)
    right = {
        "probability": probability(z),
        "decision": linear.rule.decide(z, calibrated=True),
    }
    require_same(linear, table, right)
    off = right["probability"].copy()
    off[7] += 2e-6
    with pytest.raises(TrainingError, match=r"differ by up to 0\.000002 on 517 rows"):
        require_same(linear, table, {**right, "probability": off})
    off[7] = np.nan
    with pytest.raises(TrainingError, match="differ by up to undefined"):
        require_same(linear, table, {**right, "probability": off})
    with pytest.raises(TrainingError):
        require_same(linear, table, {**right, "decision": 1 - right["decision"]})
