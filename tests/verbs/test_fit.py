# SPDX-License-Identifier: Apache-2.0
"""From rows to a model with a decision rule."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.decision.costs import Costs
from equipoise.ensembles.average_scale import average_scores
from equipoise.errors import InputError, RefusedError, TrialWarning, UnsupportedError
from equipoise.metrics import METRICS
from equipoise.models.goal import Goal
from equipoise.priors import probability
from equipoise.reading.read import read_table
from equipoise.table.generators import GeneratedTable, gaussian_shift
from equipoise.table.hashes import row_hashes
from equipoise.training.settings import TrainingSettings
from equipoise.verbs.fit import fit
from equipoise.verbs.model import load


@pytest.fixture(scope="module")
def rows() -> GeneratedTable:
    return gaussian_shift(rows=400, positives=80, seed=11)


def quick(source: Any, goal: Goal | None = None, **options: Any) -> Any:
    given = {"strategy": "logistic", "folds": 2, "minutes": 1e-6, "seed": 3}
    return fit(source, goal=goal, **{**given, **options})


def test_each_goal_reaches_the_rule(rows: GeneratedTable) -> None:
    y = rows.table.y
    costs = quick(rows.table, Goal(costs=(1, 20)))
    assert costs.rule.costs == Costs(fp=1, fn=20)
    assert costs.rule.threshold_log_odds == pytest.approx(np.log(1 / 20))
    assert "cost" in costs.evaluation
    capacity = quick(rows.table, Goal(capacity=0.1))
    assert capacity.rule.tally is not None
    assert capacity.rule.tally.tp + capacity.rule.tally.fp <= 0.1 + 1e-9
    recall = quick(rows.table, Goal(recall_floor=0.9))
    assert recall.rule.tally is not None
    assert recall.rule.tally.tp / y.mean() >= 0.9 - 1e-9
    default = quick(rows.table)
    assert default.rule.objective == "f1"


def test_a_certificate_rests_on_rows_that_nothing_saw(rows: GeneratedTable) -> None:
    model = quick(rows.table, Goal(recall_floor=0.6, certify=0.9))
    assert model.rule.basis == "certified"
    assert model.rule.level == 0.9
    assert model.facts["certified"] == 0.9
    unseen = ~np.isin(row_hashes(rows.table), model.seen)
    assert unseen.sum() == model.rule.rows
    assert 0.3 < unseen.mean() < 0.37
    with pytest.raises(RefusedError):
        quick(rows.table, Goal(recall_floor=0.99, certify=0.99))


def test_probabilities_are_near_the_true_ones(rows: GeneratedTable) -> None:
    new = gaussian_shift(rows=400, positives=80, seed=12)
    found = quick(rows.table).predict_proba(new.table)[:, 1]
    truth = probability(new.log_odds)
    assert abs(found.mean() - truth.mean()) < 0.04
    assert np.abs(found - truth).mean() < 0.08


def test_one_seed_gives_one_model(rows: GeneratedTable) -> None:
    new = gaussian_shift(rows=50, positives=10, seed=13).table
    one, two = quick(rows.table), quick(rows.table)
    np.testing.assert_array_equal(one.log_odds(new), two.log_odds(new))
    assert one.rule == two.rule
    other = quick(rows.table, seed=4)
    assert not np.array_equal(other.log_odds(new), one.log_odds(new))


def test_all_fold_models_are_kept(rows: GeneratedTable) -> None:
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
    assert quick(doubled, duplicates="ignore").facts["repeated"] == 1.0
    part = table.take(np.concatenate([np.arange(len(table)), np.arange(50)]))
    found = quick(part, duplicates="ignore")
    assert found.facts["repeated"] == pytest.approx(100 / 350)
    # Copies are no coincidence: a row that has been seen still stands out.
    assert quick(doubled).facts["repeated"] == 0.0
    with pytest.warns(TrialWarning, match="too good: evaluate on others"):
        quick(doubled).evaluate(doubled)


def test_copies_are_counted_once_wherever_cases_are_counted() -> None:
    table = gaussian_shift(rows=400, positives=30, auroc=0.9, seed=5).table
    copied = table.take(np.repeat(np.arange(400), np.where(table.y == 1, 10, 1)))
    model = quick(copied)
    assert model.facts["cases"] == 400
    assert model.facts["positive_cases"] == 30
    assert "in 400 distinct rows: the positives lie in 30" in model.card()
    assert any(n.startswith("Copies are one case: 400 of") for n in model.notes)
    width = model.evaluation["recall"].high - model.evaluation["recall"].low
    alone = quick(copied, duplicates="ignore")
    ignored = alone.evaluation["recall"].high - alone.evaluation["recall"].low
    assert width > 1.5 * ignored
    assert alone.facts["cases"] == 670
    new = gaussian_shift(rows=400, positives=30, auroc=0.9, seed=6).table
    twice = model.evaluate(new.take(np.repeat(np.arange(400), 4)))
    once = model.evaluate(new)
    for name in ("roc_auc", "recall", "average_precision"):
        assert twice[name].value == pytest.approx(once[name].value)
        assert twice[name].high - twice[name].low == pytest.approx(
            once[name].high - once[name].low, rel=0.25
        )
    assert any("30 of the 120 positives" in note for note in twice.notes)


def test_a_certificate_counts_distinct_rows() -> None:
    table = gaussian_shift(rows=300, positives=30, auroc=0.97, seed=5).table
    copied = table.take(np.repeat(np.arange(300), 8))
    with pytest.raises(RefusedError, match="10 positives for a recall"):
        quick(copied, Goal(recall_floor=0.9, certify=0.95))
    ignored = quick(copied, Goal(recall_floor=0.9, certify=0.95), duplicates="ignore")
    assert ignored.rule.positives == 80
    grouped = dataclasses.replace(table, groups=np.arange(300) // 2)
    model = quick(grouped, Goal(recall_floor=0.3, certify=0.8))
    assert model.rule.rows == pytest.approx(50, abs=4)
    assert any("one row of each group" in note for note in model.notes)


def test_a_row_without_weight_is_a_row_that_is_not_there(rows: GeneratedTable) -> None:
    weights = np.where(np.arange(400) % 5 == 0, 0.0, 1.0)
    found = quick(rows.table, weights=weights)
    wanted = quick(rows.table.take(weights > 0), weights=np.ones(320))
    np.testing.assert_array_equal(
        found.log_odds(rows.table), wanted.log_odds(rows.table)
    )
    assert found.facts["rows"] == 320
    assert any("leave out the rows of weight 0" in note for note in found.notes)


def test_a_weight_is_so_many_copies(rows: GeneratedTable) -> None:
    """Training, calibration and threshold; up to the folds, which differ."""
    times = np.where(rows.table.y == 1, 6, 1)
    goal = Goal(recall_floor=0.8)
    found = quick(rows.table, goal, weights=times)
    copies = rows.table.take(np.repeat(np.arange(400), times))
    wanted = quick(copies, goal, duplicates="group")
    apart = found.log_odds(rows.table) - wanted.log_odds(rows.table)
    assert np.abs(apart).mean() < 0.25
    assert found.rule.threshold_log_odds == pytest.approx(
        wanted.rule.threshold_log_odds, abs=0.4
    )
    p = probability(found.log_odds(rows.table))
    assert np.average(p, weights=times) == pytest.approx(0.6, abs=0.03)
    assert found.rule.tally is not None
    assert found.rule.tally.tp + found.rule.tally.fn == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), "of shape"),
        (np.zeros(400), "all zero"),
        (np.full(400, np.nan), "not finite"),
        (np.full(400, -1.0), "negative"),
    ],
)
def test_odd_weights_are_refused(
    rows: GeneratedTable, weights: np.ndarray, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        quick(rows.table, weights=weights)


def test_weights_make_no_certificate(rows: GeneratedTable) -> None:
    with pytest.raises(UnsupportedError, match="certify"):
        quick(rows.table, Goal(recall_floor=0.6, certify=0.9), weights=np.ones(400))


def test_repeats_calibration_and_training_are_as_asked(rows: GeneratedTable) -> None:
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


GOALS = {
    "f1": None,
    "fbeta": Goal(objective="fbeta", options={"beta": 3.0}),
    "mcc": Goal(objective="mcc"),
    "balanced accuracy": Goal(objective="balanced_accuracy"),
    "precision": Goal(precision_floor=0.5),
    "recall": Goal(recall_floor=0.8),
    "capacity": Goal(capacity=0.1),
    "rows": Goal(objective="capacity", options={"k": 30}),
    "costs": Goal(costs=(1, 20)),
    "all costs": Goal(costs=Costs(fp=2, fn=30, tp=1, tn=0.5)),
    "abstain": Goal(costs=Costs(fp=1, fn=20, abstain=0.3)),
    "certified": Goal(recall_floor=0.6, certify=0.9),
}


@pytest.mark.parametrize("name", GOALS)
@pytest.mark.parametrize("weighted", [False, True])
def test_what_is_known_is_of_the_rule_that_is_deployed(
    rows: GeneratedTable, monkeypatch: pytest.MonkeyPatch, name: str, weighted: bool
) -> None:
    """For every goal, brute force on the scores of the average gives the evaluation."""
    if weighted and name == "certified":
        return
    seen: dict[str, Any] = {}

    def spy(log_odds: Any, y: Any, *others: Any) -> Any:
        seen.update(y=y == 1, z=average_scores(log_odds, y, *others))
        return seen["z"]

    monkeypatch.setattr("equipoise.models.average.average_scores", spy)
    y = rows.table.y
    weights = np.where(y == 1, 2.0, 1.0) * (1 + np.arange(len(y)) % 3)
    model = quick(
        rows.table, GOALS[name], repeats=2, weights=weights if weighted else None
    )
    e, rule = model.evaluation, model.rule
    y, w = seen["y"], (weights if weighted else np.ones(len(seen["y"])))
    made = rule.decide(seen["z"])
    p = probability(rule.log_odds(seen["z"]))
    # The printed number decides alike.
    said = re.search(r"probability is at least ([\d.e-]+)\.$", rule.describe(), re.M)
    assert np.array_equal(made == 1, p >= float(said[1]))
    assert np.array_equal(made == 1, p >= e.threshold)
    cells = {"tp": (1, y), "fp": (1, ~y), "fn": (0, y), "tn": (0, ~y)}
    cells |= {"left_positives": (-1, y), "left_negatives": (-1, ~y)}
    for cell, (kind, which) in cells.items():
        count = w[(made == kind) & which].sum()
        assert getattr(e.confusion, cell) == pytest.approx(count), cell
    on = (made == 1).astype(float)
    for metric in ("recall", "precision", "f1", "balanced_accuracy", "flag_rate"):
        assert e[metric].value == pytest.approx(METRICS[metric](y, on, w)), metric
        assert e[metric].low <= e[metric].value <= e[metric].high
    if rule.costs is not None:
        each = rule.costs.per_row(y.astype(float), made)
        assert e["cost"].value == pytest.approx(np.average(each, weights=w))
    assert ("undecided" in e) == (name == "abstain")
    assert e.prevalence == pytest.approx(np.average(y, weights=w))
    if rule.basis != "certified" and rule.tally is not None:
        assert rule.tally.tp == pytest.approx(e.confusion.tp / w.sum())
    assert " ".join(str(e).split()) in " ".join(model.card().split())


def test_abstaining_goes_end_to_end(rows: GeneratedTable, tmp_path: Path) -> None:
    costs = Costs(fp=1, fn=20, abstain=0.3)
    model = quick(rows.table, Goal(costs=costs))
    band = costs.band()
    assert band is not None
    assert (model.evaluation.lower, model.evaluation.threshold) == pytest.approx(band)
    assert model.rule.costs == costs
    again = load(model.save(tmp_path / "m.equipoise"))
    assert again.rule == model.rule
    assert again.evaluation.as_dict() == model.evaluation.as_dict()
    new = gaussian_shift(rows=300, positives=60, seed=12).table
    decided = again.decide(new)
    assert set(decided) == {-1, 0, 1}
    assert set(again.predict(new)[decided == -1]) == {""}
    judged = again.evaluate(new)
    each = costs.per_row(new.y.astype(float), decided)
    assert judged["cost"].value == pytest.approx(each.mean())
    assert judged["cost"].low < each.mean() < judged["cost"].high
    assert judged["undecided"].value == pytest.approx((decided == -1).mean())
    # A row that is left undecided is not flagged: it is a miss if it is positive.
    assert judged["recall"].value == pytest.approx((decided[new.y == 1] == 1).mean())
    assert "rows left undecided" not in str(judged)
    assert "rows are left undecided" in str(judged)
    assert "Leave undecided from" in again.card()
    # Abstaining that costs more than it saves is never done.
    dear = quick(rows.table, Goal(costs=Costs(fp=1, fn=20, abstain=5)))
    assert (dear.rule.lower, dear.evaluation.lower) == (None, None)


def test_a_certificate_that_leaves_much_out_says_so() -> None:
    table = gaussian_shift(rows=1500, positives=300, auroc=0.82, seed=2).table
    model = quick(table, Goal(precision_floor=0.5, certify=0.9))
    recall = model.evaluation["recall"]
    assert recall.value < 0.5
    (note,) = (n for n in model.notes if n.startswith("Warning"))
    assert f"recall {recall}" in note
    card = model.card()
    assert card.index(note) > card.index("## What is known")
    assert card.count(note) == 1
    assert f"{model.rule.rows:,} rows of the certificate are not among them" in card
    assert model.evaluation.rows == 1500 - model.rule.rows
    found = quick(table, Goal(recall_floor=0.9, certify=0.9))
    assert found.evaluation["precision"].value < 0.5
    assert any("certificate is about recall alone" in n for n in found.notes)


def test_weights_give_the_figures_of_the_population_they_stand_for() -> None:
    """Negatives kept at 1 in 10 and weighted by 10: as if all of them were there."""
    random = np.random.default_rng(0)
    x = random.normal(size=(12_000, 2))
    y = (random.random(12_000) < probability(1.5 * x[:, 0] - 3.5)).astype(int)
    kept = (y == 1) | (random.random(12_000) < 0.1)
    weights = np.where(y[kept] == 1, 1.0, 10.0)
    model = quick((x[kept], y[kept]), Goal(precision_floor=0.3), weights=weights)
    e = model.evaluation
    flags = model.decide(x)
    assert e["flag_rate"].value == pytest.approx(flags.mean(), abs=0.02)
    assert e["recall"].low < flags[y == 1].mean() < e["recall"].high
    assert e.prevalence == pytest.approx(y.mean(), abs=0.01)
    assert e["average_precision"].value < 0.6


def test_products_in_bfloat16_are_named_in_the_card(rows: GeneratedTable) -> None:
    settings = TrainingSettings(epochs=2)
    how = {"strategy": "plain", "network": "small", "training": settings}
    usual = quick(rows.table, **how, precision="float32")
    model = quick(rows.table, **how, precision="bfloat16")
    text = "Networks were trained with products in bfloat16."
    assert text in model.card()
    assert "bfloat16" not in usual.card()
    one, other = (m.predict_proba(rows.table)[:, 1] for m in (usual, model))
    assert not np.array_equal(one, other)
    assert np.corrcoef(one, other)[0, 1] > 0.99
    with pytest.raises(InputError, match="Did you mean 'bfloat16'"):
        quick(rows.table, **how, precision="bfloat61")
