# SPDX-License-Identifier: Apache-2.0
"""Averages as arms: their rows are honest, and are what `fit` makes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.ensembles.blend import blend, mean_log_odds, pool
from equipoise.errors import UnsupportedError
from equipoise.models.model import pooled
from equipoise.strategies.blended import Blend
from equipoise.strategies.catalogue import AUTO, catalogue, strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.generators import GeneratedTable
from equipoise.task import Task
from equipoise.trials.blended_arms import (
    cross_blended,
    fitted_arms,
    with_blends,
)
from equipoise.trials.fold_scores import Scores
from equipoise.verbs.compare import compare
from equipoise.verbs.fit import fit

PAIR = Blend("pair", blended=(strategy("logistic"), strategy("plain")), shares=(1, 1))


@pytest.fixture
def drawn() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Two repeats of four folds: scores of the two, labels, folds."""
    random = np.random.default_rng(0)
    y = (random.random(400) < 0.2).astype(np.int8)
    folds = np.stack([random.permutation(400) % 4 for _ in range(2)])
    scores = {
        "logistic": 2.0 * y - 2 + random.normal(size=(2, 400)),
        "plain": 0.5 * y - 2 + 2 * random.normal(size=(2, 400)),
    }
    return scores, y, folds


def test_a_fold_s_weights_come_from_the_other_folds(drawn: Any) -> None:
    scores, y, folds = drawn
    found = cross_blended(scores, y, folds, PAIR.prior)
    for repeat in range(2):
        for fold in range(4):
            here = folds[repeat] == fold
            rest = {n: z[repeat : repeat + 1, ~here] for n, z in scores.items()}
            weights = blend(rest, y[~here], shares={"logistic": 1, "plain": 1})
            wanted = pool({n: z[repeat, here] for n, z in scores.items()}, weights)
            np.testing.assert_array_equal(found[repeat, here], wanted)


def test_the_labels_of_a_fold_do_not_change_its_scores(drawn: Any) -> None:
    scores, y, folds = drawn
    found = cross_blended(scores, y, folds, PAIR.prior)
    turned = np.where(folds[0] == 2, 1 - y, y)
    other = cross_blended(scores, turned, folds, PAIR.prior)
    here = folds[0] == 2
    np.testing.assert_array_equal(found[0, here], other[0, here])
    assert (found[0, ~here] != other[0, ~here]).mean() > 0.9


def test_by_time_only_the_past_has_a_say(drawn: Any) -> None:
    scores, y, _ = drawn
    folds = np.repeat([-1, 0, 1, 2], 100)[None]
    one = {name: z[:1] for name, z in scores.items()}
    found = cross_blended(one, y, folds, {"logistic": 1, "plain": 3}, past_only=True)
    assert np.isnan(found[0, :100]).all()
    first = {name: z[0, 100:200] for name, z in one.items()}
    np.testing.assert_allclose(
        found[0, 100:200], pool(first, {"logistic": 0.25, "plain": 0.75})
    )
    later = y.copy()
    later[300:] = 1 - later[300:]
    again = cross_blended(
        one, later, folds, {"logistic": 1, "plain": 3}, past_only=True
    )
    np.testing.assert_array_equal(found, again)


def test_what_is_missing_is_fitted_under_a_name_of_its_own() -> None:
    arms = [catalogue()[n] for n in ("auto", "trees", "plain")]
    names = [arm.name for arm in fitted_arms(arms)]
    rest = ["logistic", "piecewise", "extra_trees", "deep_trees"]
    assert names == ["trees", "plain", *(f"auto: {name}" for name in rest)]
    # The same recipe under another name is shared; the same name alone is not.
    arms = [
        catalogue()["auto"],
        Strategy("net"),
        Strategy("plain", loss="focal"),
        Strategy("trees", learner="trees", weights="balanced"),
    ]
    names = [arm.name for arm in fitted_arms(arms)]
    rest = ["logistic", "piecewise", "trees", "extra_trees", "deep_trees"]
    assert names[3:] == [f"auto: {name}" for name in rest]
    two = [catalogue()["auto"], dataclasses.replace(catalogue()["auto"], name="mine")]
    assert len(fitted_arms(two)) == len(AUTO)


def scores_of(drawn: Any) -> Scores:
    log_odds, _, folds = drawn
    extra = {n: np.full((8, 3), k + 1.0) for k, n in enumerate(log_odds)}
    seconds = {name: k + 1.0 for k, name in enumerate(log_odds)}
    updates = {name: 10.0 * value for name, value in seconds.items()}
    return Scores(log_odds, folds, extra, seconds, updates)


def test_the_scores_of_arms_and_of_nothing_else(drawn: Any) -> None:
    fitted = {f"pair: {name}": z for name, z in drawn[0].items()}
    alone = with_blends(scores_of((fitted, *drawn[1:])), [PAIR], drawn[1])
    assert list(alone.log_odds) == ["pair"]
    assert alone.seconds == {"pair": 3.0}
    assert alone.updates == {"pair": 30.0}
    weights = alone.blends["pair"]
    assert weights == blend(drawn[0], drawn[1], shares=PAIR.prior)
    np.testing.assert_allclose(
        alone.extra["pair"],
        np.full((8, 3), weights["logistic"] * 1 + weights["plain"] * 2),
    )


def test_who_averages_what_failed_has_failed(drawn: Any) -> None:
    log_odds, y, folds = drawn
    scores = scores_of(({"plain": log_odds["plain"]}, y, folds))
    scores = dataclasses.replace(scores, failed={"pair: logistic": "It broke."})
    arms = [PAIR, strategy("plain")]
    found = with_blends(scores, arms, y)
    assert found.failed == {"pair": "logistic, which it averages, failed: It broke."}
    assert list(found.log_odds) == ["plain"]


@pytest.mark.parametrize("kind", ["time", "group", "stratified"])
def test_what_is_measured_is_what_fit_makes(known: GeneratedTable, kind: str) -> None:
    """The same weights, and the same scores on rows that nobody has seen."""
    table = known.table
    if kind != "stratified":
        values = np.arange(500.0) if kind == "time" else np.arange(500) // 3
        name = "time" if kind == "time" else "groups"
        table = dataclasses.replace(table, **{name: values})
    later = table.take(range(40))
    how: dict[str, Any] = {"folds": 3, "repeats": 1, "network": "linear", "seed": 2}
    trial = compare(table, test=later, strategies=["auto", "trees"], **how)
    assert set(trial.names) == {"auto", "trees", "plain"}
    model = fit(table, **how)
    made = {c.strategy.name: c.weight for c in model.components}
    assert made == pytest.approx(dict(trial.scores.blends["auto"]))
    assert set(made) <= set(AUTO)
    np.testing.assert_allclose(
        mean_log_odds(trial.scores.extra["auto"]),
        pooled(model.components, later),
        atol=1e-9,
    )
    assert np.isnan(trial.scores.log_odds["auto"][0]).sum() == (
        np.isnan(trial.scores.log_odds["plain"][0]).sum()
    )
    entry = next(e for e in trial.to_dict()["strategies"] if e["name"] == "auto")
    assert entry["weights"] == pytest.approx(made)
    told = {s["name"]: s["description"] for s in trial.summary()["strategies"]}
    assert f"logistic {made['logistic']:.0%}" in told["auto"]
    assert set(trial.scores.seconds) == set(trial.names)


def test_an_average_goes_on_after_a_stop(known: GeneratedTable, tmp_path: Path) -> None:
    how: dict[str, Any] = {
        "strategies": ["auto"],
        "folds": 2,
        "repeats": 2,
        "network": "linear",
    }

    def stop(text: str, share: float) -> None:
        if 0.5 < share < 0.9:
            raise KeyboardInterrupt

    whole = compare(known.table, **how, checkpoints=tmp_path)
    again = compare(known.table, **how, checkpoints=tmp_path)
    first = compare(known.table, **how, progress=stop)
    np.testing.assert_array_equal(
        whole.scores.log_odds["auto"], again.scores.log_odds["auto"]
    )
    assert first.scores.repeats == 1
    np.testing.assert_array_equal(
        first.scores.log_odds["auto"][0], whole.scores.log_odds["auto"][0]
    )


def test_a_network_of_your_own_has_no_columns_for_it() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    y = np.arange(60) % 3 == 0
    with pytest.raises(UnsupportedError, match="'auto' with model="):
        compare((x, y), strategies=["auto"], model=lambda: None)


def test_averages_of_several_classes_are_blended_fold_by_fold() -> None:
    random = np.random.default_rng(0)
    task = Task("multiclass", ("a", "b", "c"))
    y = random.integers(0, 3, 300)
    folds = np.stack([random.permutation(300) % 3 for _ in range(2)])
    folds[:, :5] = -1
    parts = {
        "logistic": 2.0 * np.eye(3)[y] + random.normal(size=(2, 300, 3)),
        "plain": random.normal(size=(2, 300, 3)),
    }
    for z in parts.values():
        z[:, :5] = np.nan
    average = cross_blended(parts, y, folds, PAIR.prior, task=task)
    assert np.isnan(average[:, :5]).all()
    for repeat, fold in ((0, 0), (1, 2)):
        here = folds[repeat] == fold
        other = (folds[repeat] >= 0) & ~here
        rest = {name: z[repeat : repeat + 1, other] for name, z in parts.items()}
        weights = blend(rest, y[other], shares=PAIR.prior, task=task)
        mean = pool({n: z[repeat, here] for n, z in parts.items()}, weights, "softmax")
        np.testing.assert_allclose(average[repeat, here], mean)
    scores = Scores(
        parts,
        folds,
        {name: z[:, :7] + np.zeros((2, 7, 3)) for name, z in parts.items()},
        {name: 1.0 for name in parts},
        {name: 1.0 for name in parts},
    )
    extra = {name: random.normal(size=(6, 7, 3)) for name in parts}
    scores = dataclasses.replace(scores, extra=extra)
    arms = [PAIR, strategy("logistic"), strategy("plain")]
    blended = with_blends(scores, arms, y, task=task)
    np.testing.assert_array_equal(blended.log_odds["pair"], average)
    assert blended.extra["pair"].shape == (6, 7, 3)
    assert sum(blended.blends["pair"].values()) == pytest.approx(1)
    alike = np.zeros(300, int)  # one class teaches no weights
    even = cross_blended(parts, alike, folds, PAIR.prior, task=task)
    half = pool(
        {n: z[0, 5:] for n, z in parts.items()}, {n: 0.5 for n in parts}, "softmax"
    )
    np.testing.assert_allclose(even[0, 5:], half)
