# SPDX-License-Identifier: Apache-2.0
"""A fitted model as a Keras model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from equipoise._core.checks import listing, sentence
from equipoise._core.lazy import loaded
from equipoise.errors import UnsupportedError
from equipoise.export.check import (
    ARRAY_INPUT,
    boolean_inputs,
    encoding_of,
)
from equipoise.strategies.learner_records import LEARNERS

if TYPE_CHECKING:
    from equipoise.decision.rule import DecisionRule
    from equipoise.learners.user_model.model import UserModelScorer
    from equipoise.models.model import Component, ModelRecord


def keras_model(model: ModelRecord, *, output: str = "probability") -> Any:
    """Return a fitted model as an ordinary `keras.Model` on raw columns.

    It takes a dictionary of raw columns, as `Table.raw` gives them: float64 numbers
    (NaN missing), strings ("" missing), int64 microseconds since 1970. All that `fit`
    has learned is inside: encoding, average, calibration, prevalence shift. It treats
    odd values as `predict_proba` does (infinities are missing, spaces around a string
    do not count), and a boolean other than 0, 1 and NaN is an error in both. Call it,
    or give `predict` a `tf.data.Dataset`.

    Args:
        model: What `fit` or `load` gave.
        output: "probability" or "log_odds", calibrated, `[rows, 1]` float64.

    Raises:
        UnsupportedError: A learner in the average is not a Keras layer.
    """
    import keras

    from equipoise.export.layers import (
        AcceptedColumns,
        AcceptedRows,
        CalibratedLogOdds,
        PooledLogOdds,
        Probability,
    )
    from equipoise.networks.encoding import raw_inputs

    require_served(model.components)
    if model.user_input is None:
        inputs: Any = raw_inputs(encoding_of(model))
        accepted = AcceptedColumns(boolean_inputs(model))(inputs)
    else:
        inputs = {
            ARRAY_INPUT: keras.Input(
                model.user_input.shape, dtype=model.user_input.dtype, name=ARRAY_INPUT
            )
        }
        accepted = {ARRAY_INPUT: AcceptedRows()(inputs[ARRAY_INPUT])}
    parts = [
        _component(component, accepted, _layer_name(component, place))
        for place, component in enumerate(model.components)
    ]
    joined = (
        parts[0]
        if len(parts) == 1
        else keras.layers.Concatenate(dtype="float64")(parts)
    )
    raw = PooledLogOdds([c.weight for c in model.components])(joined)
    result = CalibratedLogOdds(
        model.rule.calibrator, model.rule.offset, name="log_odds"
    )(raw)
    if output == "probability":
        result = Probability(name="probability")(result)
    return keras.Model(inputs, result)


def require_served(components: Sequence[Component]) -> None:
    """Check that every learner in an average can be a Keras layer.

    Args:
        components: What is averaged.

    Raises:
        UnsupportedError: One cannot; it is named.
    """
    exportable = [
        name
        for name, record in LEARNERS.items()
        if record.keras or record.trains_networks
    ]
    others = sorted({c.strategy.learner for c in components} - {*exportable})
    if others:
        raise UnsupportedError(
            sentence(
                f"a model with {listing(others)} as a Keras model",
                f"{listing(exportable)} only",
                "Leave it out of the strategies to export the model; predict and "
                "predict_file serve every model.",
            )
        )


def _layer_name(component: Component, place: int) -> str:
    """Return a name that Keras and TensorFlow take, for layers of one strategy."""
    return f"{re.sub('[^A-Za-z0-9_.]', '_', component.strategy.name)}-{place}"


def _component(component: Component, inputs: Mapping[str, Any], name: str) -> Any:
    """Return one strategy's log-odds, `[rows, 1]` float64."""
    import keras

    from equipoise.export.layers import MeanLogOdds
    from equipoise.training.keras_model import network_keras_model

    scorers: Sequence[Any] = component.scorers
    if component.user_input is not None:
        return _user_networks(component, inputs[ARRAY_INPUT], name)
    learner = component.strategy.learner_record
    if learner.trains_networks:
        return MeanLogOdds()(network_keras_model(scorers, output="log_odds")(inputs))
    layer = loaded(learner.keras)
    parts = [layer(scorer, f"{name}-{k}", inputs) for k, scorer in enumerate(scorers)]
    if len(parts) == 1:
        return parts[0]
    joined = keras.layers.Concatenate(dtype="float64")(parts)
    return MeanLogOdds()(joined)


def _user_networks(component: Component, x: Any, name: str) -> Any:
    """Return the log-odds of the user's own networks, `[rows, 1]` float64."""
    import keras

    from equipoise.export.layers import MeanLogOdds
    from equipoise.networks.layer import AverageLogOdds, CorrectedLogOdds

    means = []
    scorers = cast("tuple[UserModelScorer, ...]", component.scorers)
    for k, scorer in enumerate(scorers):
        correction = scorer.correction
        odds = []
        for n, model in enumerate(scorer.models):
            # Fold models share their names, which must differ within one model.
            entry = keras.Input(x.shape[1:], dtype=x.dtype)
            logit = keras.Model(entry, model(entry), name=f"own-{name}-{k}-{n}")(x)
            logit = keras.layers.Reshape((1,))(logit)
            corrected = CorrectedLogOdds(
                correction.kind, correction.offset, correction.gamma
            )
            odds.append(corrected(logit))
        several = len(odds) > 1
        means.append(
            AverageLogOdds()(keras.layers.Concatenate()(odds)) if several else odds[0]
        )
    if len(means) == 1:
        return MeanLogOdds()(means[0])
    return MeanLogOdds()(keras.layers.Concatenate()(means))


def linear_log_odds(scorer: Any, name: str, inputs: Mapping[str, Any]) -> Any:
    """Return the log-odds of a logistic regression, `[rows, 1]` float64.

    Args:
        scorer: A `LogisticScorer`.
        name: The name of its layers.
        inputs: Keras inputs, the raw columns by name.
    """
    from equipoise.learners.linear.keras_layer import LinearLogOdds
    from equipoise.networks.encoding import EncodingLayer

    encoding = scorer.encoding
    layer = LinearLogOdds(len(encoding.names), encoding.levels)
    layer.assign(scorer.coefficients, scorer.intercept)
    return layer(EncodingLayer(encoding, name=f"equipoise-{name}")(inputs))


def tree_log_odds(scorer: Any, name: str, inputs: Mapping[str, Any]) -> Any:
    """Return the log-odds of trees of either kind, `[rows, 1]` float64.

    Args:
        scorer: A `TreesScorer` or an `ExtraTreesScorer`.
        name: The name of its layers.
        inputs: Keras inputs, the raw columns by name.
    """
    from equipoise.learners.trees.extra import ExtraTreesScorer
    from equipoise.learners.trees.forest import join_forests
    from equipoise.learners.trees.keras_layer import TreeMatrix, forest_layer

    if isinstance(scorer, ExtraTreesScorer):
        view = "ordinal"
        layer = forest_layer(scorer.forest, link="share", offset=scorer.offset)
    else:
        view = scorer.view
        layer = forest_layer(
            join_forests(scorer.forests),
            base=sum(forest.base for forest in scorer.forests),
            divisor=len(scorer.forests),
            offset=scorer.offset,
        )
    return layer(TreeMatrix(scorer.encoding, view, f"equipoise-{name}")(inputs))


def serving(twin: Any, rule: DecisionRule) -> Callable[[Mapping[str, Any]], Any]:
    """Return the function that an exported model computes, for tracing.

    It is `DecisionRule.decide` in the graph.

    Args:
        twin: `keras_model(model, output="log_odds")`.
        rule: The model's rule.
    """
    import tensorflow as tf

    upper, lower = rule.threshold, rule.lower

    def serve(columns: Mapping[str, Any]) -> dict[str, Any]:
        z = twin(columns)[:, 0]
        flagged = z >= upper if upper < np.inf else tf.zeros_like(z, tf.bool)
        decision = tf.cast(flagged, tf.int32)
        if lower is not None:
            decision = tf.where(~flagged & (z >= lower), -1, decision)
        # Not `sigmoid`, which other runtimes approximate.
        return {"probability": 1.0 / (1.0 + tf.exp(-z)), "decision": decision}

    return serve


def signature_of(twin: Any) -> dict[str, Any]:
    """Return the names, shapes and types of a model's inputs."""
    import tensorflow as tf

    return {
        entry.name: tf.TensorSpec([None, *entry.shape[1:]], entry.dtype, entry.name)
        for entry in twin.inputs
    }
