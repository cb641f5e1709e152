# SPDX-License-Identifier: Apache-2.0
"""Sampled Shapley values: without bias, and with the error that they state."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import equipoise.explanations.sampled_shapley as module
from equipoise.errors import InputError
from equipoise.explanations.sampled_shapley import shapley_by_sampling
from equipoise.table.table import Table
from equipoise.task import Task

TASK = Task("binary", ("no", "yes"))


def value(rows: Table) -> np.ndarray:
    x, flag = rows["x"].values, rows["flag"].values
    some = np.nan_to_num(rows["some"].values, nan=-1.0)
    city = rows["city"].values.astype(float)
    return np.stack([x * some + flag * city, np.tanh(x + city)], axis=1)


def test_the_mean_of_draws_goes_to_the_definition(
    brute: Callable[..., np.ndarray], kinds: Callable[..., Table]
) -> None:
    table = kinds(60, TASK)
    rows, background = table.take(np.arange(5)), table.take(np.arange(20, 40))
    expected = brute(value, rows, background)
    made = shapley_by_sampling(value, rows, background, draws=2000, seed=1)
    error = np.abs(made.values - expected)
    assert (error <= 4 * made.errors + 1e-12).all()
    assert made.errors.max() < 0.05
    assert (made.values[:, 3] == 0).all()  # the day is not used
    np.testing.assert_allclose(
        made.base + made.values.sum(axis=1), value(rows), atol=1e-9
    )
    np.testing.assert_allclose(made.base, value(background).mean(axis=0), atol=1e-9)


def test_the_stated_error_is_that_of_repeated_draws(
    kinds: Callable[..., Table],
) -> None:
    table = kinds(200, TASK)
    rows, background = table.take(np.arange(3)), table
    made = [
        shapley_by_sampling(value, rows, background, draws=10, seed=seed)
        for seed in range(60)
    ]
    spread = np.std([one.values for one in made], axis=0, ddof=1)
    stated = np.sqrt(np.mean([one.errors**2 for one in made], axis=0))
    used = [0, 1, 2, 4]
    ratio = stated[:, used] / np.where(spread[:, used] > 0, spread[:, used], np.nan)
    assert np.nanmedian(ratio) == pytest.approx(1.0, abs=0.12)


def test_blocks_of_rows_change_nothing(
    kinds: Callable[..., Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = kinds(30, TASK)
    whole = shapley_by_sampling(value, table, table, draws=3)
    monkeypatch.setattr(module, "MIXED_ROWS", 1)
    parts = shapley_by_sampling(value, table, table, draws=3)
    assert (whole.values == parts.values).all()


def test_a_single_column_gets_all(kinds: Callable[..., Table]) -> None:
    table = kinds(20, TASK).select(["x"])
    made = shapley_by_sampling(lambda t: t["x"].values[:, None], table, table, draws=20)
    mean = table["x"].values.mean()
    np.testing.assert_allclose(made.values[:, 0, 0], table["x"].values - mean)
    with pytest.raises(InputError, match="draws"):
        shapley_by_sampling(value, table, table, draws=1)
