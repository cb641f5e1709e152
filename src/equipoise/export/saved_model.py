# SPDX-License-Identifier: Apache-2.0
"""A fitted model as a SavedModel of TensorFlow, compared before it is in place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from equipoise._core.checks import sentence
from equipoise._core.outputs import writable_folder
from equipoise.errors import InputError
from equipoise.export.check import checked_inputs, require_same, silent
from equipoise.export.keras import keras_model, require_served, serving, signature_of
from equipoise.models.model import ModelRecord

OTHERS = (".h5", ".hdf5", ".keras", ".tflite", ".pb", ".pt", ".pkl", ".joblib", ".zip")
"""Suffixes of formats that are not written: a folder of that name would mislead."""


def export_saved_model(
    model: ModelRecord, target: Path, say: Callable[[str], None] = silent
) -> Path:
    """Write the folder; see `equipoise.export.export`.

    Args:
        model: A model whose learners are Keras layers.
        target: A new or empty folder, whole or not at all.
        say: Called with what is done from now on.
    """
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
    require_served(model.components)
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.absolute().parent) as place:
        written = Path(place) / "model"
        say("writing the model as a SavedModel")
        _write(model, written)
        say(f"checking that {target.name} gives the same results")
        _compare(model, written)
        if target.exists():
            target.rmdir()
        shutil.move(written, target)
    return target


def _write(model: ModelRecord, folder: Path) -> None:
    import keras

    twin = keras_model(model, output="log_odds")
    archive = keras.export.ExportArchive()
    archive.track(twin)
    archive.add_endpoint(
        "serve", serving(twin, model.rule), input_signature=[signature_of(twin)]
    )
    archive.write_out(folder, verbose=False)


def _compare(model: ModelRecord, folder: Path) -> None:
    """Check that the written model gives the same results as the model."""
    import tensorflow as tf

    rows, raw = checked_inputs(model)
    served = tf.saved_model.load(folder).signatures["serve"]
    outputs = served(**{name: tf.constant(values) for name, values in raw.items()})
    require_same(model, rows, {name: v.numpy() for name, v in outputs.items()})
