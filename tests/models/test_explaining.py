# SPDX-License-Identifier: Apache-2.0
"""Explanations of fitted models: each row is judged by models that have not seen it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError, UnsupportedError
from equipoise.evaluation.slice_search import worst_slices
from equipoise.metrics.ranking import average_precision
from equipoise.models import facts
from equipoise.models.average import average_models
from equipoise.models.explaining import (
    BlockReasons,
    explain_model,
    fold_models,
    model_importance,
    require_table,
    rows_to_judge,
    unseen_folds,
    unseen_scoring,
)
from equipoise.table.generators import gaussian_shift
from equipoise.table.hashes import row_hashes
from equipoise.trials.fold_scores import Scores
from equipoise.trials.plan import TrialPlan
from equipoise.trials.sources import TrialRows

TABLE = gaussian_shift(300, positives=60, auroc=0.9, seed=1).table
NEW = gaussian_shift(200, positives=40, auroc=0.9, seed=2).table


@pytest.fixture(scope="module")
def model() -> eq.FittedModel:
    return eq.fit(TABLE, strategy=["logistic", "prior"], repeats=4, folds=3)


def test_out_of_fold_scores_are_those_of_the_fit(
    plan: TrialPlan, scores: Scores
) -> None:
    average = average_models(TrialRows(plan.table), plan, scores, blended=None)
    hashes = row_hashes(plan.table)
    model = dataclasses.replace(
        eq.fit(plan.table, strategy="prior", repeats=1, folds=2),
        components=average.components,
        tested=facts.folds_of_seen(hashes, scores.folds),
        seen=np.unique(hashes),
    )
    unseen = unseen_scoring(model, plan.table)
    assert not unseen.notes
    made = unseen.scoring(unseen.rows)[..., 0]
    np.testing.assert_allclose(made, average.out_of_fold, rtol=1e-12)


def test_the_order_of_the_rows_does_not_matter(model: eq.FittedModel) -> None:
    order = np.random.default_rng(0).permutation(len(TABLE))
    one, other = (unseen_scoring(model, t) for t in (TABLE, TABLE.take(order)))
    assert one.folds is not None
    assert other.folds is not None
    assert one.folds.shape == (4, 300)
    assert (one.folds[:, order] == other.folds).all()


def test_new_rows_are_scored_by_the_average_of_all(model: eq.FittedModel) -> None:
    unseen = unseen_scoring(model, NEW)
    assert unseen.folds is None
    made = unseen.scoring(unseen.rows)
    np.testing.assert_allclose(made[0, :, 0], model.raw_log_odds(NEW), rtol=1e-12)
    folds, new = unseen_folds(model, NEW)
    assert new.all()
    assert (folds == -1).all()


def test_of_mixed_rows_the_larger_part_is_taken(model: eq.FittedModel) -> None:
    from equipoise.table.table import concatenate

    few_new = concatenate([TABLE, NEW.take(np.arange(50))])
    unseen = unseen_scoring(model, few_new)
    assert len(unseen.rows) == 300
    assert "50 of 350 rows are left out: they are new" in unseen.notes[0]
    few_old = concatenate([TABLE.take(np.arange(50)), NEW])
    unseen = unseen_scoring(model, few_old)
    assert len(unseen.rows) == 200
    assert "has seen them in training" in unseen.notes[0]


def test_importance_out_of_fold_and_on_new_rows(model: eq.FittedModel) -> None:
    made = model.importance(TABLE, permutations=2)
    assert (made.basis, made.repeats, made.rows) == ("out of fold", 4, 300)
    assert made.value == pytest.approx(
        model.evaluation["average_precision"].value, abs=0.02
    )
    assert made.columns[0].finding == "matters"
    assert not any("repeat" in note for note in made.notes)
    new = model_importance(model, NEW, permutations=2)
    assert new.basis == "new rows"
    assert new.value == pytest.approx(
        average_precision(NEW.labels(), model.raw_log_odds(NEW))
    )
    assert "matters" in {one.finding for one in new.columns}


def test_a_saved_model_knows_its_folds(model: eq.FittedModel, tmp_path: Path) -> None:
    again = eq.load(model.save(tmp_path / "m.equipoise"))
    assert again.tested is not None
    assert model.tested is not None
    assert (again.tested == model.tested).all()
    one, other = (m.importance(TABLE, permutations=2) for m in (model, again))
    assert one.to_dict() == other.to_dict()


def test_an_older_file_judges_new_rows_alone(model: eq.FittedModel) -> None:
    old = dataclasses.replace(model, tested=None)
    with pytest.raises(InputError, match="every model in the average has seen"):
        old.importance(TABLE)
    assert old.importance(NEW, permutations=2).basis == "new rows"


def test_copies_in_several_folds_have_no_model() -> None:
    twice = TABLE.take(np.r_[np.arange(300), np.arange(40)])
    model = eq.fit(twice, strategy="logistic", repeats=1, duplicates="ignore")
    unseen = unseen_scoring(model, twice)
    assert len(unseen.rows) < 340
    assert "no model of a fold has left them out" in unseen.notes[0]


def test_weights_have_one_entry_per_row(model: eq.FittedModel) -> None:
    with pytest.raises(InputError, match="one per row"):
        model.importance(NEW, weights=[1.0])
    mass = np.linspace(0, 1, 200)
    assert model.importance(NEW, weights=mass, permutations=2).value > 0


def test_groups_are_clusters() -> None:
    values = [column.values for column in TABLE.columns]
    frame = {name: v for name, v in zip(TABLE.names, values, strict=True)}
    frame["who"] = np.repeat(np.arange(100), 3).astype(str)
    frame["target"] = np.asarray(TABLE.y)
    model = eq.fit(frame, "target", group="who", strategy="logistic", repeats=1)
    unseen = unseen_scoring(model, frame, "target")
    assert unseen.clusters is not None
    assert len(np.unique(unseen.clusters)) == 100
    assert rows_to_judge(model, TABLE).groups is None


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_several_classes(kind: str) -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(240, 3))
    frame: dict[str, object] = {f"x{k}": x[:, k] for k in range(3)}
    z = 2 * x[:, 0] + random.logistic(size=240)
    if kind == "multiclass":
        frame["target"] = np.array(["a", "b", "c"])[np.digitize(z, [-1, 2])]
        frame["target"][:2] = "d"  # type: ignore[index]  # fewer than the folds
        model = eq.fit(frame, "target", strategy="logistic", repeats=4, folds=3)
    else:
        frame["is_a"], frame["is_b"] = (z > 1) * 1, (x[:, 1] > 0.5) * 1
        model = eq.fit(
            frame, targets=["is_a", "is_b"], strategy="logistic", repeats=4, folds=3
        )
    made = model.importance(frame, permutations=2)
    assert made["x0"].finding == "matters"
    assert made["x2"].finding != "matters"
    if kind == "multiclass":
        assert any("fewer cases than the 3 folds" in note for note in made.notes)
        assert made.rows == 238
    else:
        assert made["x1"].findings["is_b"] == "matters"
        assert made["x1"].findings["is_a"] != "matters"


def test_splits_by_time_leave_the_first_rows_out() -> None:
    frame = {name: TABLE[name].values for name in TABLE.names}
    frame["when"] = np.arange(300.0)
    frame["target"] = np.asarray(TABLE.y)
    model = eq.fit(frame, "target", time="when", strategy="logistic", folds=3)
    made = model.importance(frame, permutations=2)
    assert made.rows < 300
    assert "left out" in made.notes[0]


def test_your_own_network_has_no_columns(model: eq.FittedModel) -> None:
    class Input:
        pass

    own = dataclasses.replace(model, user_input=Input())  # type: ignore[arg-type]
    with pytest.raises(UnsupportedError, match="a model of columns"):
        fold_models(own)


def test_a_damaged_part_is_refused(model: eq.FittedModel) -> None:
    from equipoise.errors import BundleError
    from equipoise.models.state import pack
    from equipoise.models.storage import from_parts, to_parts

    assert model.tested is not None
    for wrong in (model.tested + 5, model.tested[:1]):
        parts = to_parts(model)
        parts |= pack({"hashes": model.seen, "tested": wrong.astype(np.int8)}, "seen")
        with pytest.raises(BundleError, match=r"seen\.json"):
            from_parts(parts, eq.FittedModel)


def test_reasons_add_up_to_the_models_score(model: eq.FittedModel) -> None:
    made = model.explain(TABLE.take(np.arange(20)), background=TABLE)
    raw = model.raw_log_odds(TABLE.take(np.arange(20)))
    np.testing.assert_allclose(made.scores[:, 0], raw, rtol=1e-12)
    missed = made.base[0] + made.contributions[..., 0].sum(axis=1) - raw
    assert np.abs(missed).max() == pytest.approx(made.gap)
    again = explain_model(model, TABLE.take(np.arange(20)), TABLE, method="sampled")
    assert not again.exact
    assert np.abs(again.contributions - made.contributions).max() < 0.5


def test_blocks_are_compared_with_the_same_rows(model: eq.FittedModel) -> None:
    one = BlockReasons(model)
    first = one.columns(TABLE.take(np.arange(50)))
    second = one.columns(TABLE.take(np.arange(1)))
    assert list(first) == ["reason_1", "reason_2", "reason_3"] == list(one.names)
    assert [texts[0] for texts in first.values()] == [t[0] for t in second.values()]
    with pytest.raises(InputError, match="no background"):
        BlockReasons(model).columns(TABLE.take(np.arange(3)))


def test_each_label_has_reasons() -> None:
    random = np.random.default_rng(5)
    x = random.normal(size=(150, 2))
    frame = {"a": x[:, 0], "b": x[:, 1]}
    labels = {"is_a": (x[:, 0] > 0.5) * 1, "is_b": (x[:, 1] > 0.5) * 1}
    model = eq.fit(
        {**frame, **labels}, targets=[*labels], strategy="logistic", repeats=1, folds=2
    )
    made = BlockReasons(model).columns(model.read(frame))
    assert list(made)[3] == "reason_1_is_b"
    assert all(text.startswith("a = ") for text in made["reason_1_is_a"][:5])
    assert all(text.startswith("b = ") for text in made["reason_1_is_b"][:5])


def made_rows(seed: int) -> dict[str, np.ndarray]:
    """Rows of two kinds; in one of them the number says nothing."""
    random = np.random.default_rng(seed)
    x, kind = random.normal(size=800), random.integers(0, 2, 800)
    z = np.where(kind == 1, random.normal(size=800), 3 * x)
    y = (z + random.logistic(size=800) > 1.5) * 1
    return {"x": x, "kind": np.array(["plain", "odd"])[kind], "y": y}


def test_slices_of_a_model() -> None:
    later = made_rows(7)
    model = eq.fit(made_rows(6), "y", strategy="logistic", repeats=1)
    made = model.evaluate(later, slices="kind").slices
    assert made is not None
    assert made.searched == 4
    assert made.worse[0].name == "kind = odd"
    rows = rows_to_judge(model, later)
    alone = worst_slices(rows, model.decide(rows), columns=["kind"])
    assert made.slices == alone.slices
    evaluation = model.evaluate(later, slices=["x", "kind"])
    assert evaluation.slices is not None
    assert evaluation.slices.searched > 4
    assert "kind = odd" in str(evaluation)
    assert evaluation.as_dict()["slices"]["slices"][0]["finding"] == "worse"
    assert "slices" not in model.evaluate(later).as_dict()


def test_slices_of_several_classes() -> None:
    random = np.random.default_rng(7)
    x = random.normal(size=600)
    y = np.array(["a", "b", "c"])[np.digitize(x + random.normal(size=600), [-1, 1])]
    model = eq.fit(
        {"x": x[:300], "y": y[:300]}, "y", strategy="logistic", repeats=1, folds=3
    )
    evaluation = model.evaluate({"x": x[300:], "y": y[300:]}, slices=True)
    assert evaluation.slices is not None
    assert {one.view for one in evaluation.slices.slices} == {"a", "b", "c"}
    assert "shares of parts" in str(evaluation)
    assert "slices" in evaluation.as_dict()


def test_a_fit_keeps_what_it_owes_to_its_columns(tmp_path: Path) -> None:
    model = eq.fit(TABLE, strategy="logistic", repeats=2, folds=3, importance=True)
    assert model.facts["importance"]["basis"] == "out of fold"
    assert "## Columns" in model.card()
    assert "that had not seen them" in " ".join(model.card().split())
    again = eq.load(model.save(tmp_path / "m.equipoise"))
    assert again.card() == model.card()
    assert "## Columns" not in eq.fit(TABLE, strategy="prior", repeats=1).card()
    wrong = {**model.facts["importance"], "basis": "none"}
    facts = {**model.facts, "importance": wrong}
    bad = dataclasses.replace(model, facts=facts)
    with pytest.raises((eq.errors.BundleError, InputError)):
        eq.load(bad.save(tmp_path / "bad.equipoise"))


def test_importance_needs_columns() -> None:
    rows = TrialRows(TABLE, np.zeros((300, 2)))
    with pytest.raises(UnsupportedError, match="importance=True"):
        require_table(rows)


def test_partial_dependence_is_of_calibrated_probabilities(
    model: eq.FittedModel,
) -> None:
    name = TABLE.names[0]
    made = model.partial_dependence(name, TABLE, points=4)
    assert made.average[0] == pytest.approx(model.predict_proba(TABLE)[:, 1].mean())
    value = float(np.sort(TABLE[name].values)[-1])
    frame = {n: TABLE[n].values for n in TABLE.names}
    frame[name] = np.full(300, value)
    high = model.predict_proba(frame)[:, 1].mean()
    assert abs(made.mean[-1, 0] - high) < 0.05
