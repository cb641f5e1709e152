# SPDX-License-Identifier: Apache-2.0
"""A fitted model as a Keras model, and as a file for other runtimes."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise._core.checks import listing, one_of, sentence
from equipoise._core.outputs import writable_folder
from equipoise.errors import InputError, UnsupportedError
from equipoise.export.check import (
    OWN,
    boolean_inputs,
    checked_inputs,
    encoding_of,
    require_same,
)

if TYPE_CHECKING:
    from equipoise.decision.rule import DecisionRule
    from equipoise.models.model import Component, FittedModel

SERVED = ("network", "logistic", "trees", "extra_trees")
FORMATS = ("saved_model", "onnx")
OTHERS = (".h5", ".hdf5", ".keras", ".tflite", ".pb", ".pt", ".pkl", ".joblib", ".zip")
"""Suffixes of formats that are not written; a folder so called would mislead."""


def keras_model(model: FittedModel, *, output: str = "probability") -> Any:
    """Return a fitted model as an ordinary `keras.Model` on raw columns.

    It takes a dictionary of raw columns, as `Table.raw` gives them: float64 numbers
    (NaN missing), texts ("" missing), int64 microseconds since 1970. All that `fit`
    has found is inside: encoding, average, calibration, prevalence shift. What
    `predict_proba` says of an odd value it says too (infinities are missing, spaces
    around a text do not count), and a boolean other than 0, 1 and NaN is an error in
    both. Call it, or give `predict` a `tf.data.Dataset`.

    Args:
        model: What `fit` or `load` gave.
        output: "probability" or "log_odds", calibrated, `[rows, 1]` float64.

    Raises:
        UnsupportedError: A learner in the average is no Keras layer.
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

    _require_served(model.components)
    if model.own is None:
        inputs: Any = raw_inputs(encoding_of(model))
        accepted = AcceptedColumns(boolean_inputs(model))(inputs)
    else:
        inputs = {OWN: keras.Input(model.own.shape, dtype=model.own.dtype, name=OWN)}
        accepted = {OWN: AcceptedRows()(inputs[OWN])}
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


def _require_served(components: Sequence[Component]) -> None:
    others = sorted({c.strategy.learner for c in components} - set(SERVED))
    if others:
        raise UnsupportedError(
            sentence(
                f"a model with {listing(others)} as a Keras model",
                f"{listing(SERVED)} only",
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
    from equipoise.training.keras_model import keras_model as network_model

    scorers: Sequence[Any] = component.scorers
    if component.own is not None:
        return _own(component, inputs[OWN], name)
    if component.strategy.learner == "network":
        found = network_model(scorers, output="log_odds")(inputs)
        return MeanLogOdds()(found)
    one = _linear if component.strategy.learner == "logistic" else _trees
    parts = [one(scorer, f"{name}-{k}", inputs) for k, scorer in enumerate(scorers)]
    if len(parts) == 1:
        return parts[0]
    joined = keras.layers.Concatenate(dtype="float64")(parts)
    return MeanLogOdds()(joined)


def _own(component: Component, x: Any, name: str) -> Any:
    """Return the log-odds of networks of the user's own, `[rows, 1]` float64."""
    import keras

    from equipoise.export.layers import MeanLogOdds
    from equipoise.networks.layer import AverageLogOdds, CorrectedLogOdds

    means = []
    for k, scorer in enumerate(component.scorers):
        own = scorer.correction  # type: ignore[attr-defined]  # OwnModelScorer
        odds = []
        for n, model in enumerate(scorer.models):  # type: ignore[attr-defined]
            # Fold models share their names, which must differ within one model.
            entry = keras.Input(x.shape[1:], dtype=x.dtype)
            logit = keras.Model(entry, model(entry), name=f"own-{name}-{k}-{n}")(x)
            logit = keras.layers.Reshape((1,))(logit)
            odds.append(CorrectedLogOdds(own.kind, own.offset, own.gamma)(logit))
        several = len(odds) > 1
        means.append(
            AverageLogOdds()(keras.layers.Concatenate()(odds)) if several else odds[0]
        )
    if len(means) == 1:
        return MeanLogOdds()(means[0])
    return MeanLogOdds()(keras.layers.Concatenate()(means))


def _linear(scorer: Any, name: str, inputs: Mapping[str, Any]) -> Any:
    from equipoise.learners.linear.keras_layer import LinearLogOdds
    from equipoise.networks.encoding import EncodingLayer

    encoding = scorer.encoding
    layer = LinearLogOdds(len(encoding.names), encoding.levels)
    layer.assign(scorer.coefficients, scorer.intercept)
    return layer(EncodingLayer(encoding, name=f"equipoise-{name}")(inputs))


def _trees(scorer: Any, name: str, inputs: Mapping[str, Any]) -> Any:
    from equipoise.learners.trees.extra import ExtraTreesScorer
    from equipoise.learners.trees.forest import joined
    from equipoise.learners.trees.keras_layer import TreeMatrix, forest_layer

    if isinstance(scorer, ExtraTreesScorer):
        view = "ordinal"
        layer = forest_layer(scorer.forest, link="share", offset=scorer.offset)
    else:
        view = scorer.view
        layer = forest_layer(
            joined(scorer.forests),
            base=sum(forest.base for forest in scorer.forests),
            divisor=len(scorer.forests),
            offset=scorer.offset,
        )
    return layer(TreeMatrix(scorer.encoding, view, f"equipoise-{name}")(inputs))


def export(
    model: FittedModel, path: str | os.PathLike[str], *, format: str | None = None
) -> Path:
    """Write a model for other runtimes, and compare it before it is there.

    Both forms take each raw column, `[rows]`, by the name of the Keras model's input
    (the column's own name, where it is letters, digits and underscores), and return
    "probability" (calibrated, float64) and "decision" (1 flagged, 0 not, -1
    undecided, int32), `[rows]`.

    It is written beside its place, loaded again, and compared with the model itself
    on rows drawn from the training's quantiles and categories, with missing, unseen,
    infinite and extreme values and spaces among them; only then it is moved to its
    place.

    Args:
        model: What `fit` or `load` gave.
        path: A new or empty folder; for ONNX a file whose name ends in ".onnx".
        format: "saved_model" (for TensorFlow, signature "serve") or "onnx" (numeric
            and boolean columns only, float64 with NaN where missing; needs the extra
            [onnx]). A row that `predict_proba` would refuse (a boolean of 0.5) is an
            error in the first; in ONNX, which has none, the probability is NaN and
            the decision -1. By default what the path's suffix tells.

    Returns:
        The path.

    Raises:
        UnsupportedError: A learner in the average is no Keras layer, or a column is
            neither numeric nor boolean and the format is ONNX.
        MissingExtraError: The extra [onnx] is not installed.
        InputError: The folder exists and is not empty, or the suffix is another.
        TrainingError: The exported model says something else; nothing is left.
        OSError: The path cannot be written.
    """
    target = Path(path)
    by_name = "onnx" if target.suffix == ".onnx" else "saved_model"
    if one_of(format or by_name, FORMATS, "format") == "onnx":
        from equipoise.export.onnx import export_onnx

        return export_onnx(model, target)
    return _export_saved_model(model, target)


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


def _export_saved_model(model: FittedModel, target: Path) -> Path:
    if target.suffix.lower() in OTHERS:
        raise InputError(
            sentence(
                f"the path {target.name!r} for a SavedModel, which is a folder",
                "a folder's name, or a file's that ends in .onnx",
                f"Try {target.stem!r}; keras_model() gives a model that Keras can save "
                "in its own formats.",
            )
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(
            sentence(f"the folder {target.name!r}, which is not empty", "a new folder")
        )
    writable_folder(target, "out")
    _require_served(model.components)
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.absolute().parent) as place:
        written = Path(place) / "model"
        _write(model, written)
        _compare(model, written)
        if target.exists():
            target.rmdir()
        shutil.move(written, target)
    return target


def _write(model: FittedModel, folder: Path) -> None:
    import keras

    twin = keras_model(model, output="log_odds")
    archive = keras.export.ExportArchive()
    archive.track(twin)
    archive.add_endpoint(
        "serve", serving(twin, model.rule), input_signature=[signature_of(twin)]
    )
    archive.write_out(folder, verbose=False)


def _compare(model: FittedModel, folder: Path) -> None:
    """Raise where the written model differs from the model on rows."""
    import tensorflow as tf

    rows, raw = checked_inputs(model)
    served = tf.saved_model.load(folder).signatures["serve"]
    found = served(**{name: tf.constant(values) for name, values in raw.items()})
    require_same(model, rows, {name: v.numpy() for name, v in found.items()})


def signature_of(twin: Any) -> dict[str, Any]:
    """Return the names, shapes and types of a model's inputs."""
    import tensorflow as tf

    return {
        entry.name: tf.TensorSpec([None, *entry.shape[1:]], entry.dtype, entry.name)
        for entry in twin.inputs
    }
