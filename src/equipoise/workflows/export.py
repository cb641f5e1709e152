# SPDX-License-Identifier: Apache-2.0
"""A fitted model as an ordinary Keras model and as a SavedModel on raw columns."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise._core.checks import listing, sentence
from equipoise._core.seeds import generator
from equipoise.errors import InputError, TrainingError, UnsupportedError
from equipoise.priors import probability
from equipoise.table.encoding import Encoding
from equipoise.table.table import Column, Table

if TYPE_CHECKING:
    from equipoise.workflows.model import Component, FittedModel

SERVED = ("network", "logistic")
CHECKED_ROWS = 256
# The twin computes networks in float32 in another order of operations.
TOLERANCE = 1e-5
_EARLIEST, _LATEST = 0, 2_000_000_000_000_000


def keras_model(model: FittedModel, *, output: str = "probability") -> Any:
    """Return a fitted model as an ordinary `keras.Model` on raw columns.

    It takes a dictionary of raw columns, as `Table.raw` gives them: float64 numbers
    (NaN missing), texts ("" missing), int64 microseconds since 1970. All that `fit`
    has found is inside: encoding, average, calibration, prevalence shift. Call it,
    or give `predict` a `tf.data.Dataset`.

    Args:
        model: What `fit` or `load` gave.
        output: "probability" or "log_odds", calibrated, `[rows, 1]` float64.

    Raises:
        UnsupportedError: Trees are in the average: they are no Keras layers.
    """
    import keras

    from equipoise.networks.encoding import raw_inputs
    from equipoise.workflows.layers import (
        CalibratedLogOdds,
        PooledLogOdds,
        Probability,
    )

    _require_served(model.components)
    inputs = raw_inputs(_encoding(model))
    parts = [_component(component, inputs) for component in model.components]
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


def _encoding(model: FittedModel) -> Encoding:
    scorer: Any = model.components[0].scorers[0]
    encoding: Encoding = scorer.encoding
    return encoding


def _require_served(components: Sequence[Component]) -> None:
    others = sorted({c.strategy.learner for c in components} - set(SERVED))
    if others:
        raise UnsupportedError(
            sentence(
                f"a model with {listing(others)} as a Keras model",
                f"one of {listing(SERVED)} only",
                "Fit with strategy='plain', or a list of such strategies, to export "
                "it; predict and predict_file serve every model.",
            )
        )


def _component(component: Component, inputs: Mapping[str, Any]) -> Any:
    """Return one strategy's log-odds, `[rows, 1]` float64."""
    import keras

    from equipoise.training.keras_model import keras_model as network_model
    from equipoise.workflows.layers import MeanLogOdds

    scorers: Sequence[Any] = component.scorers
    if component.strategy.learner == "network":
        found = network_model(scorers, output="log_odds")(inputs)
        return MeanLogOdds()(found)
    parts = [_linear(scorer, k, inputs) for k, scorer in enumerate(scorers)]
    if len(parts) == 1:
        return parts[0]
    joined = keras.layers.Concatenate(dtype="float64")(parts)
    return MeanLogOdds()(joined)


def _linear(scorer: Any, number: int, inputs: Mapping[str, Any]) -> Any:
    from equipoise.learners.linear_layer import LinearLogOdds
    from equipoise.networks.encoding import EncodingLayer

    encoding = scorer.encoding
    layer = LinearLogOdds(len(encoding.names), encoding.levels)
    layer.assign(scorer.coefficients, scorer.intercept)
    name = f"equipoise-linear-encoding-{number}"
    return layer(EncodingLayer(encoding, name=name)(inputs))


def export(model: FittedModel, folder: str | os.PathLike[str]) -> Path:
    """Write a SavedModel that takes raw columns, and compare it before it is there.

    Its signature "serve" takes each raw column by the name of the Keras model's
    input, `[rows]`, and returns "probability" (calibrated, float64) and "decision"
    (1 flagged, 0 not, -1 undecided, int32), `[rows]`.

    It is written beside its place, loaded again, and compared with the model itself
    on 256 rows drawn from the training's quantiles and categories, with missing and
    unseen values among them; only then it is moved to its place.

    Args:
        model: What `fit` or `load` gave.
        folder: A new or empty folder.

    Returns:
        The folder.

    Raises:
        UnsupportedError: Trees are in the average.
        InputError: The folder exists and is not empty.
        TrainingError: The exported model says something else; nothing is left.
        OSError: The folder cannot be written.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(
            sentence(f"the folder {target.name!r}, which is not empty", "a new folder")
        )
    _require_served(model.components)
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
    import tensorflow as tf

    twin = keras_model(model, output="log_odds")
    upper, lower = model.rule.threshold, model.rule.lower

    def serve(columns: dict[str, Any]) -> dict[str, Any]:
        z = twin(columns)[:, 0]
        flagged = z >= upper if upper < np.inf else tf.zeros_like(z, tf.bool)
        decision = tf.cast(flagged, tf.int32)
        if lower is not None:
            decision = tf.where(~flagged & (z >= lower), -1, decision)
        return {"probability": tf.sigmoid(z), "decision": decision}

    signature = {
        entry.name: tf.TensorSpec([None], entry.dtype, name=entry.name)
        for entry in twin.inputs
    }
    archive = keras.export.ExportArchive()
    archive.track(twin)
    archive.add_endpoint("serve", serve, input_signature=[signature])
    archive.write_out(folder, verbose=False)


def _compare(model: FittedModel, folder: Path) -> None:
    """Raise where the written model differs from the model on rows."""
    import tensorflow as tf

    from equipoise.networks.encoding import input_names

    table = sample_rows(model, CHECKED_ROWS)
    names = input_names(_encoding(model))
    raw = {names[name]: values for name, values in table.raw().items() if name in names}
    served = tf.saved_model.load(folder).signatures["serve"]
    found = served(**{name: tf.constant(values) for name, values in raw.items()})
    z = model.log_odds(table)
    gap = np.abs(found["probability"].numpy() - probability(z)).max()
    clear = np.abs(z - model.rule.threshold) > 1e-3
    if model.rule.lower is not None:
        clear &= np.abs(z - model.rule.lower) > 1e-3
    same = found["decision"].numpy() == model.rule.decide(z, calibrated=True)
    if gap > TOLERANCE or not same[clear].all():
        raise TrainingError(
            sentence(
                f"an exported model whose probabilities differ by up to {gap:.2g}",
                f"differences up to {TOLERANCE:g}",
                "Please report it; the model itself is sound and was not exported.",
            )
        )


def sample_rows(model: FittedModel, rows: int, seed: int = 0) -> Table:
    """Return rows like those of the training, column by column, without its rows.

    Numbers are drawn between and around the training's quantiles, categories from
    its vocabulary; one value in ten is missing, and one category in ten unseen.

    Args:
        model: What `fit` or `load` gave, of networks or linear models.
        rows: How many.
        seed: Of the draws.
    """
    random = generator(seed, "export rows")
    encoding = _encoding(model)
    knots = {f.column: f.knots for f in encoding.numbers if f.origin == "value"}
    columns = tuple(
        _sample(column, knots.get(column.name, ()), rows, random)
        for column in model.schema.columns
    )
    labels = np.full(rows, -1, np.int8)
    return dataclasses.replace(model.schema, columns=columns, y=labels)


def _sample(
    column: Column, knots: Sequence[float], rows: int, random: np.random.Generator
) -> Column:
    missing = random.random(rows) < 0.1
    if column.kind == "categorical":
        known = (*column.categories, "\u00a0unseen")
        codes = random.integers(0, len(known), rows)
        codes[random.random(rows) < 0.1] = len(known) - 1
        values: Any = np.where(missing, -1, codes).astype(np.int32)
        return Column(column.name, column.kind, values, known)
    if column.kind == "datetime":
        moments = random.integers(_EARLIEST, _LATEST, rows).astype("datetime64[us]")
        moments[missing] = np.datetime64("NaT")
        return Column(column.name, column.kind, moments)
    if column.kind == "boolean":
        values = random.integers(0, 2, rows).astype(np.float64)
    else:
        values = random.choice(np.clip(knots, -1e12, 1e12), rows)
        values = values + random.normal(0, 0.1, rows) * np.abs(values)
    return Column(column.name, column.kind, np.where(missing, np.nan, values))
