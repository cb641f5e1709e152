# SPDX-License-Identifier: Apache-2.0
"""Costs: thresholds and bands against minimising the expected cost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from equipoise.decision import Costs, row_thresholds
from equipoise.errors import InputError, InputTypeError
from equipoise.priors import probability

prices = st.floats(-5, 20)
gaps = st.floats(0.01, 20)


@given(tp=prices, tn=prices, miss=gaps, alarm=gaps, p=st.floats(0.001, 0.999))
def test_the_threshold_is_where_flagging_becomes_cheaper(
    tp, tn, miss, alarm, p
) -> None:
    fp, fn = tn + alarm, tp + miss
    costs = Costs(fp, fn, tp, tn)
    flag = p * tp + (1 - p) * fp
    leave = p * fn + (1 - p) * tn
    assume(abs(flag - leave) > 1e-6)
    assert (p >= costs.threshold) == (flag < leave)
    assert probability(costs.log_odds) == pytest.approx(costs.threshold)
    assert row_thresholds([fp], fn, tp, tn)[0] == pytest.approx(costs.log_odds)


@given(tp=prices, tn=prices, miss=gaps, alarm=gaps, a=prices, p=st.floats(0, 1))
def test_the_band_is_where_abstaining_is_the_cheapest(
    tp, tn, miss, alarm, a, p
) -> None:
    fp, fn = max(tn, tp) + alarm, max(tn, tp) + miss
    costs = Costs(fp, fn, tp, tn, abstain=a)
    flag, leave = p * tp + (1 - p) * fp, p * fn + (1 - p) * tn
    assume(min(abs(a - flag), abs(a - leave)) > 1e-6)
    band = costs.band()
    inside = band is not None and band[0] <= p <= band[1]
    assert inside == (a < min(flag, leave))
    if band:
        low, high = band
        assert 0 <= low < high <= 1


def test_no_price_for_abstaining_means_no_band() -> None:
    assert Costs(1, 2).band() is None


def test_the_cost_of_each_decision() -> None:
    costs = Costs(fp=2, fn=10, tp=1, tn=0.5, abstain=3)
    got = costs.per_row([0.25, 0.25, 0.25], [1, 0, -1])
    assert got.tolist() == [0.25 * 1 + 0.75 * 2, 0.25 * 10 + 0.75 * 0.5, 3]
    assert math.isnan(Costs(1, 2).per_row(0.5, -1))


@pytest.mark.parametrize("bad", [(0, 1), (1, 0), (math.inf, 1), (1, math.nan)])
def test_costs_that_make_no_sense_are_refused(bad) -> None:
    with pytest.raises(InputError, match="Accepted"):
        Costs(*bad)


def test_abstaining_needs_errors_that_cost_more() -> None:
    assert Costs(fp=2, fn=-0.75, tp=-1, tn=1).threshold == 0.8
    with pytest.raises(InputError, match="cost more than correct"):
        Costs(fp=2, fn=-0.75, tp=-1, tn=1, abstain=0)


def test_costs_by_row_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="fp > tn"):
        row_thresholds(np.array([1.0, 0.0]), 1.0)
    with pytest.raises(InputError, match="fp > tn"):
        row_thresholds(1.0, [1.0, math.nan])


def test_costs_by_row_of_very_different_size_keep_their_ratio() -> None:
    far = row_thresholds([1e17, 1.0], [1.0, 1e17])
    assert far == pytest.approx([17 * math.log(10), -17 * math.log(10)])
    with pytest.raises(InputError, match="not finite"):
        row_thresholds([1.0, math.inf], 2.0)


def test_costs_by_row_must_be_numbers_of_one_length() -> None:
    with pytest.raises(InputTypeError, match="costs that are not numbers"):
        row_thresholds("a", [1.0, 2.0])
    with pytest.raises(InputError, match="shapes"):
        row_thresholds([1.0, 1.0, 1.0], [1.0, 2.0])
