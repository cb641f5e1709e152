# SPDX-License-Identifier: Apache-2.0
"""A fitted model on new rows."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import pickletools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.decision.rule import DecisionRule
from equipoise.errors import BundleError, TableError, TableWarning
from equipoise.priors import log_odds, probability
from equipoise.table import table as tables
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel, load

KINDS = ["linear", "trees", "network"]


@pytest.mark.parametrize("kind", KINDS)
def test_folds_are_averaged_arms_pooled_and_the_result_calibrated(
    kind: str, request: pytest.FixtureRequest, make_rows: Callable[..., Any]
) -> None:
    model: FittedModel = request.getfixturevalue(kind)
    table = model.read(make_rows(60, seed=4))
    pooled = np.zeros(60)
    for component in model.components:
        each = [probability(s.log_odds(table)[:, 0]) for s in component.scorers]
        pooled += component.weight * log_odds(np.mean(each, axis=0))
    calibrated = probability(model.rule.log_odds(pooled))
    found = model.predict_proba(table)
    np.testing.assert_allclose(found[:, 1], calibrated, rtol=1e-9)
    np.testing.assert_array_equal(found.sum(axis=1), 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_is_scored_as_among_many(
    kind: str, request: pytest.FixtureRequest, make_rows: Callable[..., Any]
) -> None:
    """Few rows take another path: features, and trees, all at once."""
    model: FittedModel = request.getfixturevalue(kind)
    table = model.read(make_rows(80, seed=5))
    whole = model.log_odds(table)
    alone = np.concatenate([model.log_odds(table.take([i])) for i in range(12)])
    if kind == "trees":
        np.testing.assert_array_equal(alone, whole[:12])
    # Matrix products round by shape.
    np.testing.assert_allclose(alone, whole[:12], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_rows_change_nothing(
    kind: str,
    request: pytest.FixtureRequest,
    make_rows: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model: FittedModel = request.getfixturevalue(kind)
    table = model.read(make_rows(100, seed=5))
    whole = model.log_odds(table)
    monkeypatch.setattr(tables, "BLOCK_ROWS", 48)
    np.testing.assert_allclose(model.log_odds(table), whole, rtol=1e-12)


def test_a_network_s_graph_is_kept(
    network: FittedModel, make_rows: Callable[..., Any]
) -> None:
    table = network.read(make_rows(40, seed=6))
    network.predict_proba(table)
    scorers: list[Any] = [
        scorer
        for component in network.components
        if component.strategy.learner == "network"
        for scorer in component.scorers
    ]
    assert scorers
    graphs = [scorer._compiled for scorer in scorers]
    for rows in (1, 2, 7, 40):
        network.predict_proba(table.take(np.arange(rows)))
    for scorer, graph in zip(scorers, graphs, strict=True):
        assert scorer._compiled is graph


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_or_a_pickle_says_the_same_though_the_model_was_used(
    kind: str, request: pytest.FixtureRequest, make_rows: Callable[..., Any]
) -> None:
    """What is compiled at the first use cannot be pickled, nor need it be."""
    model: FittedModel = request.getfixturevalue(kind)
    rows = make_rows(40, seed=6)
    expected = model.predict_proba(rows)
    text = pickle.dumps(model)
    for again in (pickle.loads(text), copy.deepcopy(model)):
        np.testing.assert_array_equal(again.predict_proba(rows), expected)
        assert again.card() == model.card()


def test_a_pickle_holds_plain_bytes(network: FittedModel) -> None:
    loaded = {
        str(argument).split()[0]
        for code, argument, _ in pickletools.genops(pickle.dumps(network))
        if code.name in {"SHORT_BINUNICODE", "GLOBAL"} and str(argument).strip()
    }
    modules = {name for name in loaded if name.startswith(("tensorflow", "equipoise."))}
    assert modules == {"equipoise.verbs.model"}


def test_a_damaged_pickle_is_refused(linear: FittedModel) -> None:
    rebuild, (parts,) = linear.__reduce__()
    del parts["seen.json"]
    with pytest.raises(BundleError, match=r"seen\.json"):
        rebuild(parts)


def test_threads_that_share_a_fresh_model_get_its_numbers(
    network: FittedModel, make_rows: Callable[..., Any]
) -> None:
    """Graphs are made at the first use, here by eight threads at once."""
    rows = network.read(make_rows(60, seed=8))
    wanted = {n: network.predict_proba(rows.take(np.arange(n))) for n in (1, 33, 60)}
    fresh = copy.deepcopy(network)

    def use(_: int) -> dict[int, Any]:
        return {n: fresh.predict_proba(rows.take(np.arange(n))) for n in wanted}

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(use, range(16)):
            for n, expected in wanted.items():
                np.testing.assert_array_equal(found[n], expected)


def test_columns_are_found_by_name(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    rows = make_rows(50, seed=7)
    turned = rows.select(["when", "fraud", "city", "amount", "paid"])
    np.testing.assert_array_equal(
        linear.predict_proba(rows), linear.predict_proba(turned)
    )
    with pytest.raises(TableError, match="without the column 'city'"):
        linear.predict_proba(rows.drop_columns(["city"]))


def test_decisions_are_words_too(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    rows = make_rows(90, seed=8)
    z = linear.log_odds(rows)
    low, high = np.quantile(z, [0.3, 0.7])
    rule = dataclasses.replace(
        linear.rule,
        threshold_log_odds=float(high),
        lower_log_odds=float(low),
        tally=None,
    )
    assert isinstance(rule, DecisionRule)
    model = dataclasses.replace(linear, rule=rule)
    words = model.predict(rows)
    decided = model.decide(rows)
    assert set(decided.tolist()) == {-1, 0, 1}
    np.testing.assert_array_equal(words == "yes", decided == 1)
    np.testing.assert_array_equal(words == "", decided == -1)


@pytest.mark.parametrize("kind", [int, bool, float, str])
def test_predictions_have_the_type_of_the_target(kind: type, tmp_path: Path) -> None:
    x = np.arange(60.0) + 0.5
    y = np.array([kind(value) for value in np.arange(60) >= 40])
    model = fit((x[:, None], y), strategy="logistic", folds=2, repeats=1)
    predicted = model.predict(x[:, None])
    assert predicted.dtype == y.dtype
    assert (predicted == y).mean() > 0.9
    again = load(model.save(tmp_path / "m.equipoise"))
    np.testing.assert_array_equal(again.predict(x[:, None]), predicted)
    assert again.predict(x[:, None]).dtype == y.dtype


def test_undecided_rows_have_no_number() -> None:
    x, y = np.arange(60.0)[:, None] + 0.5, (np.arange(60) >= 40).astype(int)
    model = fit((x, y), strategy="logistic", folds=2, repeats=1)
    z = model.log_odds(x)
    ends = {"threshold_log_odds": float(z[50]), "lower_log_odds": float(z[30])}
    rule = dataclasses.replace(model.binary_rule, tally=None, **ends)
    predicted = dataclasses.replace(model, rule=rule).predict(x).tolist()
    assert predicted == [0] * 30 + [None] * 20 + [1] * 10


def test_a_class_that_the_target_does_not_hold_is_a_string() -> None:
    y = np.repeat([1, 2, 3], 20)
    source = np.arange(60.0)[:, None] + 0.5, y
    several = fit(source, strategy="logistic", folds=2, repeats=1)
    assert several.predict(source[0]).dtype == y.dtype
    with pytest.warns(TableWarning, match="2 others together"):
        one = fit(source, positive=3, strategy="logistic", folds=2, repeats=1)
    assert set(one.predict(source[0])) == {"not 3", "3"}


def test_seen_rows_are_counted(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    seen, new = linear.read(make_rows()), linear.read(make_rows(30, seed=9))
    assert linear.seen_share(seen) == 1.0
    assert linear.seen_share(new) == 0.0
    assert linear.seen_rows(seen.take(np.arange(7))) == 7
    assert linear.seen_share(seen.take(np.arange(0))) == 0.0


def test_it_shows_what_it_is(network: FittedModel) -> None:
    assert repr(network).startswith("<FittedModel ")
    assert "shape" not in repr(network)
    assert "target 'fraud'" in repr(network)
