# SPDX-License-Identifier: Apache-2.0
"""What the explorers compute with, against decisions made row by row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from equipoise.decision.cost_matrix import CostMatrix
from equipoise.report.task_explorer import (
    CELLS,
    alike_rows,
    class_explorer,
    cost_explorer,
    multiplier_points,
)
from equipoise.verbs.trial import Trial


def drawn(rows: int = 400, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Return honest probabilities `[2, rows, classes]` and classes."""
    random = np.random.default_rng(1)
    z = random.normal(size=(rows, classes)) * 2 + np.array([3.0, 2, 0, -1])[:classes]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = (p.cumsum(axis=1) > random.random((rows, 1))).argmax(axis=1)
    second = 0.8 * p + 0.2 * random.dirichlet(np.ones(classes), rows)
    return np.stack([p, second]), y


@pytest.mark.parametrize("view", [0, 2, 3])
def test_points_are_the_decisions_of_each_multiplier(view: int) -> None:
    p, y = drawn()
    factors = np.array([1.0, 0.7, 2.0, 5.0])
    points, at = multiplier_points(
        np.log(p * factors), view, y, factors[view], np.ones(4, bool)
    )
    assert points[at][0] == factors[view]
    assert len(points) <= 64
    for factor, tp, fp, right, balanced in points:
        moved = factors.copy()
        moved[view] = factor
        made = (p * np.maximum(moved, 1e-300)).argmax(axis=2)
        assert ((made == view) & (y == view)).sum() / 2 == pytest.approx(tp)
        assert ((made == view) & (y != view)).sum() / 2 == pytest.approx(fp)
        assert (made == y).mean() == pytest.approx(right, rel=1e-5)
        expected = np.mean([balanced_accuracy_score(y, line) for line in made])
        assert expected == pytest.approx(balanced, rel=1e-5)


@pytest.mark.parametrize("kind", ["class_trial", "label_trial"])
def test_the_chosen_place_holds_the_decisions_of_the_trial(
    kind: str, request: pytest.FixtureRequest
) -> None:
    trial = request.getfixturevalue(kind)
    made = class_explorer(trial.results, "plain")
    assert made["kind"] == ("multiplier" if kind == "class_trial" else "threshold")
    for one in made["classes"]:
        cells = trial["plain"].by_class[one["name"]].confusion
        assert one["points"][one["chosen"]][1:3] == [cells.tp, cells.fp]
        last = one["points"][-1]
        assert last[1:3] == [one["positives"], one["negatives"]]


def test_groups_hold_every_row_once_and_the_rare_class_apart() -> None:
    p, y = drawn(3000)
    means, counts = alike_rows(p[0], y, 4, most=200)
    assert len(means) == 200
    assert counts.sum(axis=0).tolist() == np.bincount(y, minlength=4).tolist()
    weights = counts.sum(axis=1)
    assert weights @ means == pytest.approx(p[0].sum(axis=0))
    holding = counts[:, 3] > 0
    assert holding.sum() > 20


def test_equal_rows_are_one_group() -> None:
    p = np.tile([[0.5, 0.5]], (10, 1))
    means, counts = alike_rows(p, np.arange(10) % 2, 2, most=5)
    assert means.tolist() == [[0.5, 0.5]]
    assert counts.tolist() == [[5.0, 5.0]]


@pytest.mark.parametrize("seed", range(3))
def test_costs_by_groups_are_near_those_by_rows(seed: int) -> None:
    p, y = drawn(4000)
    random = np.random.default_rng(seed)
    table = random.integers(1, 20, (4, 4)) * (1.0 - np.eye(4))
    means, counts = alike_rows(p[0], y, 4, most=CELLS)
    decided = (means @ table).argmin(axis=1)
    grouped = (counts * table[:, decided].T).sum() / len(y)
    made = (p[0] @ table).argmin(axis=1)
    assert grouped == pytest.approx(table[y, made].mean(), rel=0.05)


def test_costs_of_the_trial_are_where_the_explorer_starts(
    make_task_trial: Callable[..., Trial],
) -> None:
    names = ("c0", "c1", "c2")
    costs = CostMatrix(names, ((0, 1, 2), (3, 0, 4), (9, 9, 0)))
    trial = make_task_trial((150, 60, 20), costs=costs, repeats=1)
    made = cost_explorer(trial, trial.results, "plain")
    assert made is not None
    assert made["given"]
    assert made["costs"] == [list(map(float, row)) for row in costs.costs]
    total = sum(sum(counts) for _, counts in made["groups"])
    assert total == pytest.approx(230)
    table, cells = np.array(made["costs"]), np.array(made["confusion"])
    mean = (table * cells).sum() / 230
    assert mean == pytest.approx(trial["plain"].evaluation["cost"].value)
    assert class_explorer(trial.results, "plain")["kind"] == "threshold"


def test_labels_and_many_classes_have_no_cost_explorer(
    label_trial: Trial,
) -> None:
    assert cost_explorer(label_trial, label_trial.results, "plain") is None
