# SPDX-License-Identifier: Apache-2.0
"""Targets and costs that cannot be used, through each verb that learns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import equipoise as eq
from equipoise.cli.app import app
from equipoise.decision import Costs
from equipoise.errors import EquipoiseError

X = np.random.default_rng(0).normal(size=(120, 2))
THREE = np.array(list("aabbbc"))[np.arange(120) % 6]
LABELS = (np.random.default_rng(1).random((120, 3)) < 0.3).astype(int)
MANY = np.char.add("c", np.arange(120).astype(str))

BAD: dict[str, tuple[Any, dict[str, Any], str]] = {
    "twos": (LABELS + 1, {}, "'label_0' of .* with '2' in"),
    "constant": (np.zeros((120, 3), int), {}, "3 label columns of .*all constant"),
    "one row per class": (MANY, {}, "120 different texts in 120 rows"),
    "costs of another shape": (
        THREE,
        {"costs": np.ones((2, 2))},
        r"shape \(2, 2\) for 3 classes",
    ),
    "costs of other classes": (
        THREE,
        {"costs": Costs.matrix(("a", "b", "d"), 1 - np.eye(3))},
        "'c'|'d'",
    ),
}


def compared(y: Any, costs: Any = None) -> None:
    eq.compare((X, y), strategies="prior", costs=costs)


def fitted(y: Any, costs: Any = None) -> None:
    eq.fit((X, y), strategy="prior", goal=eq.Goal(costs=costs))


@pytest.mark.parametrize("verb", [compared, fitted])
@pytest.mark.parametrize("case", BAD)
def test_it_is_refused_in_words(case: str, verb: Callable[..., None]) -> None:
    y, options, message = BAD[case]
    with pytest.raises(EquipoiseError, match=message):
        verb(y, **options)


@pytest.mark.parametrize("verb", ["compare", "fit"])
@pytest.mark.parametrize("case", ["twos", "constant", "one row per class"])
def test_the_command_line_refuses_it_too(case: str, verb: str, tmp_path: Path) -> None:
    y, _, message = BAD[case]
    columns = np.asarray(y).reshape(120, -1)
    names = [f"label_{j}" for j in range(columns.shape[1])]
    frame = pd.DataFrame(X, columns=["x", "z"])
    frame = frame.join(pd.DataFrame(columns, columns=names))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    words = [verb, str(tmp_path / "rows.csv"), "--targets", "label_*"]
    words = words if len(names) > 1 else [*words[:2], "--target", "label_0"]
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "m.equipoise")])
    with pytest.raises(EquipoiseError, match=message):
        raise done.exception


def test_costs_in_another_order_are_put_in_order() -> None:
    costs = Costs.matrix(("c", "b", "a"), [[0, 1, 2], [3, 0, 4], [5, 6, 0]])
    model = eq.fit(
        (X, THREE),
        strategy="prior",
        goal=eq.Goal(costs=costs),
        folds=3,
        repeats=1,
    )
    assert model.rule.costs.costs == ((0, 6, 5), (4, 0, 3), (2, 1, 0))


def test_a_class_only_in_the_test_rows_is_refused() -> None:
    rows = {"x": X[:, 0], "z": X[:, 1], "y": THREE}
    later = {**rows, "y": np.where(np.arange(120) < 5, "new", THREE)}
    with pytest.raises(EquipoiseError, match="has the class 'new' in 5 rows"):
        eq.compare(rows, "y", test=later, strategies="prior")
    model = eq.fit(rows, "y", strategy="prior", folds=3, repeats=1)
    with pytest.raises(EquipoiseError, match="has the class 'new' in 5 rows"):
        model.evaluate(later)
