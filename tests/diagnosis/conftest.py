# SPDX-License-Identifier: Apache-2.0
"""Small tables for the checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.finding import Check, Finding, NotApplicable
from equipoise.diagnosis.subject import Subject
from equipoise.table.table import Column, Dropped, Table
from equipoise.task import Task

Build = Callable[..., Table]
NO_OR_YES = Task("binary", ("no", "yes"))


def column(name: str, values: Any) -> Column:
    """A categorical column from texts ("" is missing), a numeric one from numbers."""
    array = np.asarray(values)
    if array.dtype.kind == "M":
        return Column(name, "datetime", array.astype("datetime64[us]"))
    if array.dtype.kind == "b":
        return Column(name, "boolean", array.astype(np.float64))
    if array.dtype.kind != "U":
        return Column(name, "numeric", array.astype(np.float64))
    categories = tuple(dict.fromkeys(text for text in array.tolist() if text))
    lookup = {text: code for code, text in enumerate(categories)} | {"": -1}
    codes = np.array([lookup[text] for text in array.tolist()], np.int32)
    return Column(name, "categorical", codes, categories)


@pytest.fixture(scope="session")
def build() -> Build:
    """Make a table: build(y, {"a": [...]}, groups=..., time=..., dropped=...)."""

    def make(
        y: Sequence[int],
        columns: Mapping[str, Any] | None = None,
        dropped: Mapping[str, str] | None = None,
        task: Task = NO_OR_YES,
        **rest: Any,
    ) -> Table:
        return Table(
            tuple(column(name, values) for name, values in (columns or {}).items()),
            np.asarray(y, np.int8),
            task,
            dropped=tuple(Dropped(*item) for item in (dropped or {}).items()),
            **rest,
        )

    return make


@pytest.fixture(scope="session")
def noise(build: Build) -> Build:
    """Make a table in which nothing is wrong: noise(rows, positives, seed=0)."""

    def make(rows: int, positives: int, seed: int = 0, columns: int = 2) -> Table:
        random = np.random.default_rng(seed)
        y = np.zeros(rows, np.int8)
        y[random.choice(rows, positives, replace=False)] = 1
        return build(y, {f"x{i}": random.normal(size=rows) for i in range(columns)})

    return make


@pytest.fixture(scope="session")
def run() -> Callable[..., Finding | NotApplicable | None]:
    """Run one check: run(check, table, test=None, **settings of the subject)."""

    def examine(
        check: Check, table: Table, test: Table | None = None, **settings: Any
    ) -> Finding | NotApplicable | None:
        return check.run(Subject(table, test, **settings))

    return examine
