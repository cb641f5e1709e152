# SPDX-License-Identifier: Apache-2.0
"""From rows to a model with a decision rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.decision.costs import Costs
from equipoise.errors import InputError, RefusedError, UnsupportedError
from equipoise.priors import probability
from equipoise.table.generators import Known, gaussian_shift
from equipoise.table.hashes import row_hashes
from equipoise.table.read import read_table
from equipoise.training.settings import TrainingSettings
from equipoise.workflows.fit import fit
from equipoise.workflows.goal import Goal


@pytest.fixture(scope="module")
def rows() -> Known:
    return gaussian_shift(rows=400, positives=80, seed=11)


def quick(source: Any, goal: Goal | None = None, **options: Any) -> Any:
    given = {"strategy": "logistic", "folds": 2, "minutes": 1e-6, "seed": 3}
    return fit(source, goal=goal, **{**given, **options})


def test_each_goal_reaches_the_rule(rows: Known) -> None:
    y = rows.table.y
    costs = quick(rows.table, Goal(costs=(1, 20)))
    assert costs.rule.costs == Costs(fp=1, fn=20)
    assert costs.rule.threshold == pytest.approx(np.log(1 / 20))
    assert "cost" in costs.evaluation
    capacity = quick(rows.table, Goal(capacity=0.1))
    assert capacity.rule.tally is not None
    assert capacity.rule.tally.tp + capacity.rule.tally.fp <= 0.1 + 1e-9
    recall = quick(rows.table, Goal(recall_floor=0.9))
    assert recall.rule.tally is not None
    assert recall.rule.tally.tp / y.mean() >= 0.9 - 1e-9
    default = quick(rows.table)
    assert default.rule.objective == "f1"


def test_a_certificate_rests_on_rows_that_nothing_saw(rows: Known) -> None:
    model = quick(rows.table, Goal(recall_floor=0.6, certify=0.9))
    assert model.rule.basis == "certified"
    assert model.rule.level == 0.9
    assert model.facts["certified"] == 0.9
    unseen = ~np.isin(row_hashes(rows.table), model.seen)
    assert unseen.sum() == model.rule.rows
    assert 0.3 < unseen.mean() < 0.37
    with pytest.raises(RefusedError):
        quick(rows.table, Goal(recall_floor=0.99, certify=0.99))


def test_probabilities_are_near_the_true_ones(rows: Known) -> None:
    new = gaussian_shift(rows=400, positives=80, seed=12)
    found = quick(rows.table).predict_proba(new.table)[:, 1]
    truth = probability(new.log_odds)
    assert abs(found.mean() - truth.mean()) < 0.04
    assert np.abs(found - truth).mean() < 0.08


def test_one_seed_gives_one_model(rows: Known) -> None:
    new = gaussian_shift(rows=50, positives=10, seed=13).table
    one, two = quick(rows.table), quick(rows.table)
    np.testing.assert_array_equal(one.log_odds(new), two.log_odds(new))
    assert one.rule == two.rule
    other = quick(rows.table, seed=4)
    assert not np.array_equal(other.log_odds(new), one.log_odds(new))


def test_all_fold_models_are_kept(rows: Known) -> None:
    model = quick(rows.table, strategy=["prior", "logistic"], folds=3)
    by_name = {c.strategy.name: c for c in model.components}
    assert len(by_name["logistic"].scorers) == 3
    assert sum(c.weight for c in model.components) == pytest.approx(1)
    assert model.facts["repeats"] == 1
    assert model.facts["folds"] == 3
    again = quick(rows.table, folds=3, minutes=60)
    assert again.facts["repeats"] == 3
    assert len(again.components[0].scorers) == 9


def test_repeated_rows_are_known(make_rows: Callable[..., Any]) -> None:
    table = read_table(make_rows(), "fraud")
    assert quick(table).facts["repeated"] == 0.0
    doubled = table.take(np.repeat(np.arange(len(table)), 2))
    assert quick(doubled).facts["repeated"] == 1.0
    part = np.concatenate([np.arange(len(table)), np.arange(50)])
    assert quick(table.take(part)).facts["repeated"] == pytest.approx(100 / 350)


def test_a_row_without_weight_is_a_row_that_is_not_there(rows: Known) -> None:
    weights = np.where(np.arange(400) % 5 == 0, 0.0, 1.0)
    found = quick(rows.table, weights=weights)
    wanted = quick(rows.table.take(weights > 0), weights=np.ones(320))
    np.testing.assert_array_equal(
        found.log_odds(rows.table), wanted.log_odds(rows.table)
    )
    assert found.facts["rows"] == 320
    assert any("Rows have weights" in note for note in found.notes)


def test_a_weight_is_so_many_copies(rows: Known) -> None:
    """Training, calibration and threshold; up to the folds, which differ."""
    times = np.where(rows.table.y == 1, 6, 1)
    found = quick(rows.table, weights=times)
    copies = rows.table.take(np.repeat(np.arange(400), times))
    wanted = quick(copies, duplicates="group")
    apart = found.log_odds(rows.table) - wanted.log_odds(rows.table)
    assert np.abs(apart).mean() < 0.25
    assert found.rule.threshold == pytest.approx(wanted.rule.threshold, abs=0.4)
    p = probability(found.log_odds(rows.table))
    assert np.average(p, weights=times) == pytest.approx(0.6, abs=0.03)
    assert found.rule.tally is not None
    assert found.rule.tally.tp + found.rule.tally.fn == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), "of shape"),
        (np.zeros(400), "all zero"),
        (np.full(400, np.nan), "no finite numbers"),
        (np.full(400, -1.0), "negative"),
    ],
)
def test_odd_weights_are_refused(
    rows: Known, weights: np.ndarray, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        quick(rows.table, weights=weights)


def test_weights_make_no_certificate(rows: Known) -> None:
    with pytest.raises(UnsupportedError, match="certify"):
        quick(rows.table, Goal(recall_floor=0.6, certify=0.9), weights=np.ones(400))


def test_repeats_calibration_and_training_are_as_asked(rows: Known) -> None:
    settings = TrainingSettings(epochs=2)
    model = quick(
        rows.table,
        strategy="plain",
        network="small",
        repeats=3,
        calibration="none",
        training=settings,
    )
    assert model.facts["repeats"] == 3
    assert len(model.components[0].scorers) == 6
    assert model.components[0].scorers[0].spec.hidden == (64, 64)
    assert model.rule.calibrator.method == "none"
    longer = quick(rows.table, strategy="plain", network="small", calibration="none")
    assert np.ptp(longer.log_odds(rows.table)) > 2 * np.ptp(model.log_odds(rows.table))
