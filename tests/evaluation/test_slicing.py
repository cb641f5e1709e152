"""Slices: who is in which, and which are too small to judge."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.evaluation import evaluate, slices

RANDOM = np.random.default_rng(0)
Y = (RANDOM.random(200) < 0.3).astype(int)
P = np.clip(0.3 * Y + 0.6 * RANDOM.random(200), 0, 1)


def test_a_slice_is_the_evaluation_of_its_rows() -> None:
    by = np.where(np.arange(200) % 4 == 0, "b", "a")
    first, second = slices(Y, P, by, threshold=0.5)
    assert (first.name, second.name) == ("a", "b")
    rows = by == "a"
    assert first.evaluation is not None
    expected = evaluate(Y[rows], P[rows], threshold=0.5)
    assert first.evaluation.estimates == expected.estimates
    assert (first.rows, first.positives) == (150, Y[rows].sum())


def test_numbers_are_cut_into_quarters_and_missing_kept_apart() -> None:
    values = RANDOM.random(200)
    values[:10] = np.nan
    parts = slices(Y, P, values)
    assert [part.rows for part in parts] == [48, 47, 47, 48, 10]
    assert parts[-1].name == "missing"


def test_rare_values_become_other() -> None:
    by = np.array([f"v{min(k % 30, 12)}" for k in range(200)], object)
    by[0] = None
    parts = slices(Y, P, by, most=3)
    assert [part.name for part in parts][2:] == ["other", "missing"]
    assert sum(part.rows for part in parts) == 200


def test_few_rows_of_a_class_cannot_be_judged() -> None:
    parts = slices(
        [0] * 9 + [1] * 9 + [0] * 9 + [1] * 3,
        np.full(30, 0.2),
        ["n"] * 9 + ["p"] * 9 + ["few"] * 12,
    )
    found = {part.name: part for part in parts}
    assert found["n"].too_few == "0 positives: too few to judge"
    assert found["p"].too_few == "0 negatives: too few to judge"
    assert found["p"].evaluation is None
    assert found["few"].too_few.startswith("3 positives")
    assert found["few"].evaluation is not None
    assert found["few"].as_dict()["positives"] == 3
    assert found["p"].as_dict()["metrics"] is None


def test_dates_and_whole_numbers_are_served() -> None:
    days = np.datetime64("2020-01-01") + np.arange(200) % 2
    days[3] = np.datetime64("NaT")
    assert [p.name for p in slices(Y, P, days)][-1] == "missing"
    assert len(slices(Y, P, np.arange(200) % 3)) == 3


def test_values_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="one per row"):
        slices(Y, P, ["a"])
