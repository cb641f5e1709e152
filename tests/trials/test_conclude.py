"""From scores to a trial: what is left out, what is passed on."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from equipoise.diagnosis.diagnosis import diagnose
from equipoise.errors import InputError
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.generators import GeneratedTable
from equipoise.trials.conclude import conclude, evaluate_scores, exactness
from equipoise.trials.fold_scores import Scores, run
from equipoise.trials.protocol import Protocol, parts


@pytest.fixture(scope="module")
def scored(known: GeneratedTable) -> Scores:
    arms = as_strategies(["prior", "logistic"])
    return run(known.table, parts(known.table, Protocol(), [0]), arms, rows=500)


def test_rows_that_no_fold_tests_are_left_out(
    known: GeneratedTable, scored: Scores
) -> None:
    """As in splits by time, where the first block only trains."""
    arms = as_strategies(["prior", "logistic"])
    folds = scored.folds.copy()
    folds[:, :100] = -1
    partial = replace(scored, folds=folds)
    found = evaluate_scores(
        known.table, arms, partial, objective="f1", costs=None, seed=0
    )
    assert found.y.size == 400
    assert np.array_equal(found.y, known.table.y[100:] == 1)
    assert found.baseline == "prior"  # plain is not among the arms


def test_groups_are_the_independent_units(
    known: GeneratedTable, scored: Scores
) -> None:
    arms = as_strategies(["prior", "logistic"])
    grouped = replace(known.table, groups=np.arange(500) // 5)
    alone, whole = (
        evaluate_scores(t, arms, scored, objective="f1", costs=None, seed=0)
        for t in (known.table, grouped)
    )
    assert whole.units < alone.units
    values = [t["logistic"].evaluation["roc_auc"].value for t in (alone, whole)]
    assert values[0] == values[1]


def test_costs_set_objective_and_threshold(
    known: GeneratedTable, scored: Scores
) -> None:
    arms = as_strategies(["prior", "logistic"])
    trial = conclude(
        known.table,
        None,
        arms,
        Protocol(),
        scored,
        diagnose(known.table),
        objective="f1",
        costs=(1.0, 9.0),
        margin=0.02,
        started=time.monotonic() - 5,
    )
    assert (trial.objective, trial.costs) == ("cost", (1.0, 9.0))
    assert trial["logistic"].evaluation.threshold == pytest.approx(0.1)
    assert trial.verdict.margin == 0.02
    assert trial.held_out is None
    assert trial.test == {}
    assert trial.seconds >= 5


def test_a_margin_below_zero_is_refused(known: GeneratedTable, scored: Scores) -> None:
    with pytest.raises(InputError, match="margin"):
        conclude(
            known.table,
            None,
            as_strategies(["prior", "logistic"]),
            Protocol(),
            scored,
            diagnose(known.table),
            objective="f1",
            costs=None,
            margin=-1.0,
            started=0.0,
        )


def test_synthetic_rows_make_scores_inexact(known: GeneratedTable) -> None:
    found = exactness(known.table, as_strategies(["plain", "focal", "smote"]))
    assert found["plain"]
    assert found["focal"]
    assert not found["smote"]


def test_copies_are_one_case_in_intervals_and_tests(
    known: GeneratedTable, scored: Scores
) -> None:
    arms = as_strategies(["prior", "logistic"])
    times = np.where(known.table.y == 1, 10, 1)
    rows = np.repeat(np.arange(500), times)
    more = replace(
        scored,
        log_odds={name: z[:, rows] for name, z in scored.log_odds.items()},
        folds=scored.folds[:, rows],
    )
    table = known.table.take(rows)
    once, whole, apart = (
        evaluate_scores(
            t, arms, s, objective="f1", costs=None, seed=0, duplicates=duplicates
        )
        for t, s, duplicates in (
            (known.table, scored, "auto"),
            (table, more, "auto"),
            (table, more, "ignore"),
        )
    )
    assert (once.units, whole.units, apart.units) == (60, 60, 440)

    def width(found: CrossValidated) -> float:
        auroc = found["logistic"].evaluation["roc_auc"]
        return auroc.high - auroc.low

    assert width(whole) == pytest.approx(width(once), rel=0.15)
    assert width(apart) < 0.75 * width(once)
    spread = {
        found: found["logistic"].errors["average_precision"] for found in (whole, apart)
    }
    assert spread[whole] > 1.5 * spread[apart]
