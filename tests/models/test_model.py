# SPDX-License-Identifier: Apache-2.0
"""A fitted model on new rows."""

from __future__ import annotations

import copy
import pickle
import pickletools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from equipoise.decision.rule import DecisionRule
from equipoise.errors import BundleError, TableError
from equipoise.priors import log_odds, probability
from equipoise.table import table as tables
from equipoise.verbs.model import FittedModel

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
    import dataclasses

    rows = make_rows(90, seed=8)
    z = linear.log_odds(rows)
    low, high = np.quantile(z, [0.3, 0.7])
    rule = dataclasses.replace(
        linear.rule, threshold=float(high), lower=float(low), tally=None
    )
    assert isinstance(rule, DecisionRule)
    model = dataclasses.replace(linear, rule=rule)
    words = model.predict(rows)
    decided = model.decide(rows)
    assert set(decided.tolist()) == {-1, 0, 1}
    np.testing.assert_array_equal(words == "yes", decided == 1)
    np.testing.assert_array_equal(words == "", decided == -1)


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
    assert "target 'fraud'" in repr(network)
