# SPDX-License-Identifier: Apache-2.0
"""Fitted trees of every task as layers: the scores of the arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.jobs import Job
from equipoise.learners.trees.extra import ExtraTreesLearner
from equipoise.learners.trees.histogram import TreesLearner
from equipoise.learners.trees.shares import ClassSharesScorer, LabelSharesScorer
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table

LEARNERS = {
    "trees": TreesLearner(most_trees=12, members=2),
    "extra_trees": ExtraTreesLearner(trees=24, leaves=(3, 10)),
}
TASKS = [("multiclass", 3), ("multiclass", 10), ("multilabel", 4), ("multilabel", 1)]


@pytest.fixture(scope="module")
def scorer_of(
    make_task_table: Callable[..., Table], jobs_of: Callable[..., list[Job]]
) -> Callable[..., Any]:
    """A function that fits trees to a table of several classes or labels."""
    fitted: dict[Any, Any] = {}

    def fit(name: str, kind: str, width: int) -> Any:
        if (name, kind, width) not in fitted:
            table = make_task_table(width, kind)
            strategy = Strategy(learner=name, weights="balanced")
            (outcome,) = LEARNERS[name].run(
                table, jobs_of(table, strategy, parts=1), keep=True
            )
            fitted[name, kind, width] = outcome.scorer
        return fitted[name, kind, width]

    return fit


def keras_model_of(scorer: Any) -> Any:
    import keras

    from equipoise.export.keras import tree_log_odds
    from equipoise.networks.encoding import raw_inputs

    inputs = raw_inputs(scorer.encoding)
    return keras.Model(inputs, tree_log_odds(scorer, "t-0", inputs))


def tensors(table: Table) -> dict[str, Any]:
    import tensorflow as tf

    return {name: tf.constant(values) for name, values in table.raw().items()}


# Keras itself meets NumPy's new keyword when it writes variables.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("kind", "width"), TASKS)
@pytest.mark.parametrize("name", LEARNERS)
def test_trees_of_a_task_score_rows_as_the_arrays_do(
    name: str,
    kind: str,
    width: int,
    scorer_of: Callable[..., Any],
    make_task_table: Callable[..., Table],
    tmp_path: Path,
) -> None:
    """Also rows with missing values and a category that no training row had."""
    import keras

    scorer = scorer_of(name, kind, width)
    model = keras_model_of(scorer)
    assert model.output.shape == (None, width)
    table = make_task_table(width, kind, rows=300, seed=5, unseen=True)
    expected = scorer.log_odds(table)
    assert expected.shape == (300, width)
    assert np.ptp(expected) > 2.0
    scores = np.asarray(model(tensors(table)))
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-10)
    model.save(tmp_path / "trees.keras")
    again = keras.saving.load_model(tmp_path / "trees.keras", safe_mode=True)
    np.testing.assert_array_equal(np.asarray(again(tensors(table))), scores)


def test_each_task_has_its_own_scorer(scorer_of: Callable[..., Any]) -> None:
    """So that the comparison above has met them all."""
    assert isinstance(scorer_of("extra_trees", "multiclass", 3), ClassSharesScorer)
    assert isinstance(scorer_of("extra_trees", "multilabel", 4), LabelSharesScorer)
    assert scorer_of("trees", "multiclass", 10).width == 10


def test_classes_without_training_rows_have_their_place(
    make_task_table: Callable[..., Table], jobs_of: Callable[..., list[Job]]
) -> None:
    """Two classes are left of four: trees of one of them, constants for the rest."""
    import dataclasses

    table = make_task_table(4)
    y = table.labels()
    for name, learner in LEARNERS.items():
        (job,) = jobs_of(table, Strategy(learner=name), parts=1)
        job = dataclasses.replace(
            job,
            train_rows=job.train_rows[y[job.train_rows] < 2],
            stop_rows=job.stop_rows[y[job.stop_rows] < 2],
        )
        (outcome,) = learner.run(table, [job], keep=True)
        scorer: Any = outcome.scorer
        scores = np.asarray(keras_model_of(scorer)(tensors(table)))
        np.testing.assert_allclose(scores, scorer.log_odds(table), rtol=0, atol=1e-10)


def test_the_configuration_of_one_output_is_as_ever(
    scorer_of: Callable[..., Any],
) -> None:
    from equipoise.learners.trees.forest import constant_forest
    from equipoise.learners.trees.keras_layer import ForestLogOdds, forest_layer
    from equipoise.learners.trees.scorer_layers import boosted_layer

    one = forest_layer(constant_forest(0.5), offset=-1.0).get_config()
    assert {**one, "name": ""} == {
        "name": "",
        "trees": 1,
        "nodes": 1,
        "sets": 0,
        "depth": 0,
        "link": "log_odds",
        "base": 0.5,
        "divisor": 1.0,
        "offset": -1.0,
    }
    several = boosted_layer(scorer_of("trees", "multiclass", 3))
    again = ForestLogOdds.from_config(several.get_config())
    assert again.get_config() == several.get_config()
    assert len(again.get_config()["groups"]) == 3


def test_groups_that_do_not_fit_are_refused() -> None:
    from equipoise.errors import InputError
    from equipoise.learners.trees.keras_layer import ForestLogOdds

    sizes = {"trees": 3, "nodes": 3, "sets": 0, "depth": 0}
    for wrong in (
        {"base": [0.0, 0.0], "offset": [0.0, 0.0], "groups": [1, 1]},
        {"base": [0.0, 0.0], "offset": 0.0, "groups": [1, 2]},
        {"base": 0.0, "offset": 0.0, "groups": [1, 2]},
    ):
        with pytest.raises(InputError, match="groups that sum to the number of trees"):
            ForestLogOdds(**sizes, **wrong)
