# SPDX-License-Identifier: Apache-2.0
"""The user's column numbers and names, and what a sampler is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import RandomUnderSampler

from equipoise.errors import InputError
from equipoise.learners.resampled.sampler_columns import (
    categories_of,
    column_names,
    declared,
    tell,
)
from equipoise.learners.resampled.sampler_view import sampler_view
from equipoise.reading.read import read_table
from equipoise.table.table import Table


def table_of(*, target_first: bool = False, drop: tuple[str, ...] = ()) -> Table:
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {
        "size": random.normal(size=60),
        "same": np.ones(60),
        "colour": random.choice(["red", "green", "blue"], 60),
        "code": random.integers(0, 4, 60),
        "shape": random.choice(["round", "flat"], 60),
    }
    y = {"bad": np.arange(60) % 5 == 0}
    source = {**y, **columns} if target_first else {**columns, **y}
    with pytest.warns(UserWarning, match="same"):
        return read_table(source, "bad", drop=drop)


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ([2], ["colour"]),
        ([4, 2], ["shape", "colour"]),
        ([-1], ["shape"]),
        (2, ["colour"]),
        ("colour", ["colour"]),
        (["colour", "code"], ["colour", "code"]),
        (np.array([2, 4]), ["colour", "shape"]),
        ([False, False, True, True, False], ["colour", "code"]),
        (slice(2, 4), ["colour", "code"]),
        ("auto", ["colour", "shape"]),
        ([1, 2], ["colour"]),  # the constant was left out
    ],
)
def test_counts_the_users_columns(spec: Any, names: list[str]) -> None:
    assert column_names(spec, table_of()) == names


def test_what_is_left_out_keeps_its_number() -> None:
    assert column_names([4], table_of(drop=("code",))) == ["shape"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([9], "numbers of the 5 columns beside the target"),
        (["color"], "Did you mean 'colour'"),
        ([True, False], "numbers of the 5 columns"),
        ([1], "'same' was left out"),
        ([], "leaves no column"),
        (len, "names, numbers or a mask"),
        ([1.5], "names, numbers or a mask"),
    ],
)
def test_columns_that_are_not_there(spec: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        column_names(spec, table_of())


def test_a_target_that_stands_first_moves_no_number_unseen() -> None:
    table = table_of(target_first=True)
    # Without the target 2 is colour, with it the constant: one reading has categories.
    assert column_names([2], table) == ["colour"]
    # Without the target 3 is code, a number; with it colour.
    assert column_names([3], table) == ["colour"]
    with pytest.raises(InputError, match="Name the columns"):
        column_names([1], table)  # the constant or the size
    assert column_names([2, 4], table) == ["colour", "shape"]
    assert column_names(["colour", "shape"], table) == ["colour", "shape"]


def test_a_table_made_by_hand_counts_its_own_columns(rare_table: Table) -> None:
    assert rare_table.order == ()
    assert column_names([3], rare_table) == ["group"]


def test_samplers_inside_others_are_told_too() -> None:
    table = table_of()
    pipeline = Pipeline([("make", SMOTENC(["shape"])), ("drop", RandomUnderSampler())])
    assert declared(pipeline) == {"make__categorical_features": ["shape"]}
    names = categories_of(pipeline, table)
    assert names == ["shape"]
    view = sampler_view(table, names)
    tell(pipeline, table, view)
    (place,) = pipeline.get_params()["make__categorical_features"]
    assert set(np.unique(view.matrix[:, place])) == {0.0, 1.0}
    x, y = pipeline.fit_resample(view.matrix, table.y)
    assert set(np.unique(x[:, place])) == {0.0, 1.0}
    assert y.mean() == 0.5


def test_who_takes_categories() -> None:
    table = table_of()
    assert categories_of(SMOTE(), table) is None
    assert categories_of(SMOTEN(), table) == list(table.names)
    assert categories_of(RandomUnderSampler(), table) is None


class Tells:
    """A sampler without get_params that is told which columns are categories."""

    def __init__(self, categorical_features: Any) -> None:
        self.categorical_features = categorical_features

    def fit_resample(self, x: Any, y: Any) -> Any:
        return x, y


def test_a_sampler_of_ones_own_is_told_too() -> None:
    table = table_of()
    sampler = Tells(["shape"])
    view = sampler_view(table, categories_of(sampler, table))
    tell(sampler, table, view)
    (place,) = sampler.categorical_features
    assert set(np.unique(view.matrix[:, place])) == {0.0, 1.0}
