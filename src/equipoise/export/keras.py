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
    from equipoise.decision.class_rule import ClassRule
    from equipoise.decision.label_rule import LabelRule
    from equipoise.decision.rule import DecisionRule
    from equipoise.learners.user_model.model import UserModelScorer
    from equipoise.models.model import Component, ModelRecord
    from equipoise.priors import Link
    from equipoise.strategies.learner_records import LearnerRecord


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
        output: "probability" or "log_odds", calibrated, `[rows, 1]` float64; of several
            classes or labels `[rows, width]`.

    Raises:
        UnsupportedError: A learner in the average is not a Keras layer.
    """
    result = scores_model(model)
    if output != "probability":
        return result
    import keras

    from equipoise.export.layers import Probability

    share = Probability(name="probability", link=model.schema.task.link)
    return keras.Model(result.input, share(result.output))


def scores_model(model: ModelRecord, dtypes: Mapping[str, str] | None = None) -> Any:
    """Return `keras_model(model, output="log_odds")`.

    Args:
        model: What `fit` or `load` gave.
        dtypes: The data types of inputs that are not the usual ones; see `raw_inputs`.

    Raises:
        UnsupportedError: A learner in the average is not a Keras layer.
    """
    import keras

    from equipoise.export.accepted_layers import AcceptedColumns, AcceptedRows
    from equipoise.export.layers import PooledLogOdds
    from equipoise.networks.encoding import raw_inputs
    from equipoise.networks.layer import stacked_scores

    require_served(model.components)
    if model.user_input is None:
        inputs: Any = raw_inputs(encoding_of(model), dtypes)
        accepted = AcceptedColumns(boolean_inputs(model))(inputs)
    else:
        inputs = {
            ARRAY_INPUT: keras.Input(
                model.user_input.shape, dtype=model.user_input.dtype, name=ARRAY_INPUT
            )
        }
        accepted = {ARRAY_INPUT: AcceptedRows()(inputs[ARRAY_INPUT])}
    link = model.schema.task.link
    parts = [
        component_scores(component, accepted, _layer_name(component, place), link)
        for place, component in enumerate(model.components)
    ]
    shares = [c.weight for c in model.components]
    raw = PooledLogOdds(shares, link=link)(stacked_scores(parts, "float64"))
    return keras.Model(inputs, calibration_layer(model.rule)(raw))


def calibration_layer(rule: DecisionRule | ClassRule | LabelRule) -> Any:
    """Return the layer that calibrates scores as a rule does, named "log_odds".

    Args:
        rule: Of two classes, several classes or labels.
    """
    from equipoise.decision.class_rule import ClassRule
    from equipoise.decision.label_rule import LabelRule
    from equipoise.export.layers import (
        CalibratedLogOdds,
        ClassCalibration,
        LabelCalibration,
    )

    if isinstance(rule, ClassRule):
        return ClassCalibration(rule.calibrator, name="log_odds")
    if isinstance(rule, LabelRule):
        return LabelCalibration(rule, name="log_odds")
    return CalibratedLogOdds(rule.calibrator, rule.offset, name="log_odds")


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
    records = (c.strategy.learner_record for c in components)
    served = {one.name for one in records if one.keras or one.trains_networks}
    others = sorted({c.strategy.learner for c in components} - served)
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


def component_scores(
    component: Component, inputs: Mapping[str, Any], name: str, link: Link
) -> Any:
    """Return one strategy's scores as a Keras tensor, `[rows, width]` float64.

    Args:
        component: The strategy with its fold models.
        inputs: Keras inputs, the raw columns by name.
        name: The name of its layers.
        link: As `Task.link` says.
    """
    from equipoise.export.layers import MeanLogOdds
    from equipoise.networks.layer import stacked_scores
    from equipoise.training.keras_model import network_keras_model

    scorers: Sequence[Any] = component.scorers
    if component.user_input is not None:
        return _user_networks(component, inputs[ARRAY_INPUT], name, link)
    learner = component.strategy.learner_record
    if component.strategy.parts.by_rounds:
        return _ensembles(scorers, learner, inputs, name, link)
    if learner.trains_networks:
        dtypes = {column: values.dtype for column, values in inputs.items()}
        twin = network_keras_model(scorers, output="log_odds", dtypes=dtypes)
        mean = twin(inputs)
        return MeanLogOdds(link=link)(stacked_scores([mean], "float64"))
    layer = loaded(learner.keras)
    parts = [layer(scorer, f"{name}-{k}", inputs) for k, scorer in enumerate(scorers)]
    if len(parts) == 1:
        return parts[0]
    return MeanLogOdds(link=link)(stacked_scores(parts, "float64"))


def _ensembles(
    scorers: Sequence[Any],
    learner: LearnerRecord,
    inputs: Mapping[str, Any],
    name: str,
    link: Link,
) -> Any:
    """Return the scores of ensembles that were made by rounds, averaged."""
    from equipoise.export.layers import MeanLogOdds
    from equipoise.learners.rounds.keras_layer import ensemble_scores
    from equipoise.learners.rounds.scorer import RoundsScorer
    from equipoise.networks.layer import stacked_scores

    parts = []
    for k, scorer in enumerate(scorers):
        if isinstance(scorer, RoundsScorer):
            parts.append(ensemble_scores(scorer, learner, f"{name}-{k}", inputs))
        else:  # single trees are one forest
            parts.append(loaded(learner.keras)(scorer, f"{name}-{k}", inputs))
    if len(parts) == 1:
        return parts[0]
    return MeanLogOdds(link=link)(stacked_scores(parts, "float64"))


def _user_networks(component: Component, x: Any, name: str, link: Link) -> Any:
    """Return the scores of the user's own networks, `[rows, width]` float64."""
    import keras

    from equipoise.export.layers import MeanLogOdds
    from equipoise.networks.layer import (
        AverageLogOdds,
        CorrectedLogOdds,
        stacked_scores,
    )

    means = []
    scorers = cast("tuple[UserModelScorer, ...]", component.scorers)
    for k, scorer in enumerate(scorers):
        correction = scorer.correction
        odds = []
        for n, model in enumerate(scorer.models):
            # Fold models share their names, which must differ within one model.
            entry = keras.Input(x.shape[1:], dtype=x.dtype)
            logit = keras.Model(entry, model(entry), name=f"own-{name}-{k}-{n}")(x)
            logit = keras.layers.Reshape((len(correction.offset),))(logit)
            odds.append(CorrectedLogOdds.of(correction)(logit))
        several = len(odds) > 1
        means.append(AverageLogOdds(link)(stacked_scores(odds)) if several else odds[0])
    return MeanLogOdds(link=link)(stacked_scores(means))


def linear_log_odds(scorer: Any, name: str, inputs: Mapping[str, Any]) -> Any:
    """Return the scores of a logistic regression, `[rows, width]` float64.

    Args:
        scorer: A `LogisticScorer`.
        name: The name of its layers.
        inputs: Keras inputs, the raw columns by name.
    """
    from equipoise.encoding.matrix import piece_ends
    from equipoise.learners.linear.keras_layer import LinearLogOdds
    from equipoise.networks.encoding import EncodingLayer

    encoding = scorer.encoding
    width = int(np.size(scorer.intercept))
    pieces = scorer.pieces
    layer = LinearLogOdds(
        len(encoding.names),
        encoding.levels,
        outputs=width,
        ends=piece_ends(encoding.knots, pieces) if pieces > 1 else (),
    )
    shapes = [weight.shape for weight in layer.weights]
    layer.assign(*map(np.reshape, (scorer.coefficients, scorer.intercept), shapes))
    return layer(EncodingLayer(encoding, name=f"equipoise-{name}")(inputs))


def tree_log_odds(scorer: Any, name: str, inputs: Mapping[str, Any]) -> Any:
    """Return the scores of trees of either kind, `[rows, width]` float64.

    Args:
        scorer: A `TreesScorer`, an `ExtraTreesScorer`, or what this has for several
            classes or labels.
        name: The name of its layers.
        inputs: Keras inputs, the raw columns by name.
    """
    from equipoise.learners.trees.histogram import TreesScorer
    from equipoise.learners.trees.keras_layer import TreeMatrix
    from equipoise.learners.trees.scorer_layers import boosted_layer, shares_layer

    if isinstance(scorer, TreesScorer):
        view, layer = str(scorer.view), boosted_layer(scorer)
    else:
        view, layer = "ordinal", shares_layer(scorer)
    return layer(TreeMatrix(scorer.encoding, view, f"equipoise-{name}")(inputs))


def classifier_log_odds(scorer: Any, name: str, inputs: Mapping[str, Any]) -> Any:
    """Return the scores of a classifier that is kept, `[rows, width]` float64.

    Args:
        scorer: A `TreesScorer` or a `LogisticScorer`.
        name: The name of its layers.
        inputs: Keras inputs, the raw columns by name.
    """
    from equipoise.learners.trees.histogram import TreesScorer

    trees = isinstance(scorer, TreesScorer)
    return (tree_log_odds if trees else linear_log_odds)(scorer, name, inputs)


def serving(
    twin: Any, rule: DecisionRule | ClassRule | LabelRule
) -> Callable[[Mapping[str, Any]], Any]:
    """Return the function that an exported model computes, for tracing.

    It gives "probability" and "decision": as `DecisionRule.decide`, `[rows]` each; as
    `ClassRule.decide`, `[rows, classes]` and `[rows]`; as `LabelRule.decide_scores`,
    `[rows, labels]` each.

    Args:
        twin: `keras_model(model, output="log_odds")`.
        rule: The model's rule.
    """
    import tensorflow as tf

    from equipoise.decision.class_rule import ClassRule
    from equipoise.decision.label_rule import LabelRule
    from equipoise.export.decision_layers import ClassDecision, LabelDecision
    from equipoise.export.layers import Probability

    if isinstance(rule, ClassRule):
        share, decide = Probability(link="softmax"), ClassDecision(rule)

        def serve_classes(columns: Mapping[str, Any]) -> dict[str, Any]:
            p = share(twin(columns))
            return {"probability": p, "decision": decide(p)}

        return serve_classes
    if isinstance(rule, LabelRule):
        decide_labels = LabelDecision(rule)

        def serve_labels(columns: Mapping[str, Any]) -> dict[str, Any]:
            z = twin(columns)
            p = 1.0 / (1.0 + tf.exp(-z))
            return {"probability": p, "decision": decide_labels(z)}

        return serve_labels
    upper, lower = rule.threshold_log_odds, rule.lower_log_odds

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
