# SPDX-License-Identifier: Apache-2.0
"""The exported logistic regression against the scorer that it was taken from."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import piece_ends
from equipoise.learners.linear.keras_layer import LinearLogOdds
from equipoise.learners.linear.logistic import LogisticScorer
from equipoise.networks.encoding import EncodingLayer, input_names, raw_inputs
from equipoise.table.table import Column, Table
from equipoise.task import Task


@pytest.fixture(scope="module")
def scorer(rare_table: Table) -> LogisticScorer:
    """Drawn coefficients, each of which matters, on every kind of column."""
    encoding = learn_encoding(rare_table, np.arange(800))
    columns = len(encoding.names) + sum(encoding.levels)
    random = np.random.default_rng(0)
    return LogisticScorer(encoding, random.normal(size=columns), -1.25)


@pytest.fixture(scope="module")
def layer(scorer: LogisticScorer) -> LinearLogOdds:
    made = LinearLogOdds(len(scorer.encoding.names), scorer.encoding.levels)
    made.assign(scorer.coefficients, scorer.intercept)
    return made


def encoded(scorer: LogisticScorer, table: Table) -> tuple[np.ndarray, ...]:
    found = scorer.encoding.transform(table)
    return found.numbers, found.positions, found.codes


def test_it_equals_the_scorer(
    scorer: LogisticScorer, layer: LinearLogOdds, rare_table: Table
) -> None:
    """Also on rows that the encoding was not learned from."""
    log_odds = layer(encoded(scorer, rare_table))
    assert log_odds.dtype == tf.float64
    expected = scorer.log_odds(rare_table)
    assert np.ptp(expected) > 5.0
    np.testing.assert_allclose(log_odds, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("levels", [(), (3,), (2, 1, 4)], ids=str)
def test_each_coefficient_stands_at_its_place(levels: tuple[int, ...]) -> None:
    """Coefficient by coefficient, against the sum written out."""
    random = np.random.default_rng(1)
    numbers = random.normal(size=(40, 2)).astype(np.float32)
    codes = np.stack(
        [random.integers(0, level, 40) for level in levels] or [np.zeros(40)], axis=1
    ).astype(np.int32)[:, : len(levels)]
    layer = LinearLogOdds(2, levels)
    for place in range(2 + sum(levels)):
        coefficients = np.zeros(2 + sum(levels))
        coefficients[place] = 3.0
        layer.assign(coefficients, 0.5)
        starts = 2 + np.cumsum([0, *levels])
        expected = [
            0.5
            + numbers[row].astype(float) @ coefficients[:2]
            + sum(coefficients[starts[j] + codes[row, j]] for j in range(len(levels)))
            for row in range(40)
        ]
        log_odds = layer((numbers, numbers[:, :0], codes))
        assert log_odds.shape == (40, 1)
        np.testing.assert_allclose(log_odds[:, 0], expected, rtol=0, atol=1e-12)


def test_a_new_layer_is_rebuilt_from_its_config(layer: LinearLogOdds) -> None:
    again = LinearLogOdds.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert [w.shape for w in again.weights] == [w.shape for w in layer.weights]


# Keras 3.15 turns a tf.Variable into an array in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_travels_in_a_keras_file(
    scorer: LogisticScorer,
    rare_table: Table,
    tmp_path: Path,
) -> None:
    """From raw columns to log-odds, with the coefficients of the fit."""
    inputs = raw_inputs(scorer.encoding)
    layer = LinearLogOdds(len(scorer.encoding.names), scorer.encoding.levels)
    outputs = layer(EncodingLayer(scorer.encoding)(inputs))
    assert (outputs.shape, outputs.dtype) == ((None, 1), "float64")
    model = keras.Model(inputs, outputs)
    layer.assign(scorer.coefficients, scorer.intercept)
    model.save(tmp_path / "linear.keras")
    again = keras.saving.load_model(tmp_path / "linear.keras")
    names = input_names(scorer.encoding)
    raw = {names[n]: tf.constant(v) for n, v in rare_table.raw().items()}
    np.testing.assert_allclose(
        again(raw), scorer.log_odds(rare_table), rtol=0, atol=1e-12
    )


def test_a_table_without_categories_has_no_codes() -> None:
    random = np.random.default_rng(2)
    columns = (Column("a", "numeric", random.normal(size=30)),)
    y = (np.arange(30) % 3 == 0).astype(np.int8)
    table = Table(columns, y, Task("binary", ("no", "yes")))
    scorer = LogisticScorer(learn_encoding(table, np.arange(30)), np.array([2.0]), -3.0)
    layer = LinearLogOdds(1, ())
    layer.assign(scorer.coefficients, scorer.intercept)
    numbers, positions, codes = encoded(scorer, table)
    assert codes.shape == (30, 0)
    np.testing.assert_allclose(
        layer((numbers, positions, codes)), scorer.log_odds(table), atol=1e-12
    )


def test_several_outputs_are_so_many_layers_of_one() -> None:
    random = np.random.default_rng(0)
    coefficients, intercept = random.normal(size=(5, 3)), random.normal(size=3)
    numbers = random.normal(size=(7, 2)).astype("float32")
    codes = random.integers(0, 3, (7, 1)).astype("int32")
    none = np.zeros((7, 0), "float32")
    wide = LinearLogOdds(2, [3], outputs=3)
    wide.assign(coefficients, intercept)
    scores = np.asarray(wide((numbers, none, codes)))
    for output in range(3):
        alone = LinearLogOdds(2, [3])
        alone.assign(coefficients[:, output], float(intercept[output]))
        np.testing.assert_allclose(
            scores[:, output], np.asarray(alone((numbers, none, codes)))[:, 0]
        )
    again = LinearLogOdds.from_config(wide.get_config())
    again.set_weights(wide.get_weights())
    np.testing.assert_array_equal(np.asarray(again((numbers, none, codes))), scores)
    assert "outputs" not in LinearLogOdds(2, [3]).get_config()


# Keras 3.15 turns a tf.Variable into an array in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("options", [{}, {"pieces": 7}], ids=["straight", "bent"])
@pytest.mark.parametrize(
    ("kind", "width"),
    [("multiclass", 3), ("multiclass", 10), ("multilabel", 4)],
)
def test_several_classes_travel_in_a_keras_file(
    kind, width, options, make_task_table, jobs_of, tmp_path
) -> None:
    """From raw columns with missing values and an unseen category to the scores."""
    from equipoise.export.keras import linear_log_odds
    from equipoise.learners.linear.logistic import LogisticLearner
    from equipoise.strategies.strategy import Strategy

    table = make_task_table(width, kind)
    jobs = jobs_of(table, Strategy(learner="logistic", options=options), parts=1)
    (outcome,) = LogisticLearner(strengths=(0.1,)).run(table, jobs, keep=True)
    scorer = outcome.scorer
    inputs = raw_inputs(scorer.encoding)
    keras.Model(inputs, linear_log_odds(scorer, "l-0", inputs)).save(
        tmp_path / "linear.keras"
    )
    again = keras.saving.load_model(tmp_path / "linear.keras")
    rows = make_task_table(width, kind, seed=5, unseen=True)
    raw = {name: tf.constant(values) for name, values in rows.raw().items()}
    expected = scorer.log_odds(rows)
    assert expected.shape == (len(rows), width)
    np.testing.assert_allclose(again(raw), expected, rtol=0, atol=1e-12)


def test_bends_equal_the_scorer(rare_table: Table) -> None:
    """With drawn coefficients, each of which matters, also far outside the knots."""
    encoding = learn_encoding(rare_table, np.arange(100))
    ends = piece_ends(encoding.knots, 6)
    columns = len(encoding.names) + sum(encoding.levels)
    columns += sum(len(line) - 1 for line in ends if line)
    coefficients = np.random.default_rng(3).normal(size=columns)
    scorer = LogisticScorer(encoding, coefficients, -1.25, pieces=6)
    layer = LinearLogOdds(len(encoding.names), encoding.levels, ends=ends)
    layer.assign(scorer.coefficients, scorer.intercept)
    again = LinearLogOdds.from_config(layer.get_config())
    again.set_weights(layer.get_weights())
    _, positions, _ = encoded(scorer, rare_table)
    assert positions.min() < 0
    assert (positions.max(axis=0) > 48).any()
    expected = scorer.log_odds(rare_table)
    for one in (layer, again):
        log_odds = one(encoded(scorer, rare_table))
        np.testing.assert_allclose(log_odds, expected, rtol=0, atol=1e-12)
    assert "ends" not in LinearLogOdds(2, [3]).get_config()
