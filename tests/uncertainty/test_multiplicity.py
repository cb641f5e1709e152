"""Holm's correction against its definition and its promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import InputError, InputTypeError
from equipoise.uncertainty import holm, simultaneous_level


def brute_force(p: list[float]) -> list[float]:
    adjusted = []
    for value in p:
        smaller = [other for other in sorted(p) if other <= value]
        steps = [(len(p) - k) * sorted(p)[k] for k in range(len(smaller))]
        adjusted.append(min(1.0, max(steps)))
    return adjusted


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_it_equals_its_definition(p: list[float]) -> None:
    assert holm(p).tolist() == pytest.approx(brute_force(p))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_it_lies_between_the_raw_value_and_bonferroni(p: list[float]) -> None:
    adjusted = holm(p)
    assert (adjusted >= np.array(p) - 1e-12).all()
    assert (adjusted <= np.minimum(1, len(p) * np.array(p)) + 1e-12).all()


def test_tests_that_were_not_made_do_not_count() -> None:
    assert holm([0.02, np.nan, 0.04])[[0, 2]].tolist() == pytest.approx([0.04, 0.04])
    assert np.isnan(holm([0.02, np.nan])[1])


def test_the_family_wise_error_holds_under_dependence() -> None:
    from scipy import stats

    rng = np.random.default_rng(0)
    common, own = rng.standard_normal((4000, 1)), rng.standard_normal((4000, 8))
    p = 2 * stats.norm.sf(np.abs((common + own) / np.sqrt(2)))
    rejected = np.mean([(holm(row) <= 0.05).any() for row in p])
    assert rejected < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)


def test_values_that_are_no_probabilities_are_refused() -> None:
    with pytest.raises(InputError, match="outside"):
        holm([0.2, 1.2])
    with pytest.raises(InputError, match="arms"):
        simultaneous_level(0.95, 0)


def test_holm_rejects_as_in_a_worked_example() -> None:
    rejected = holm([0.01, 0.04, 0.03, 0.005]) <= 0.05
    assert rejected.tolist() == [True, False, False, True]
    assert holm([]).size == 0


def test_p_values_are_numbers() -> None:
    with pytest.raises(InputTypeError, match="p-values that are not numbers"):
        holm(["small", "large"])
