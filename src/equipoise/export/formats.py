# SPDX-License-Identifier: Apache-2.0
"""A fitted model as a file for other runtimes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from equipoise._core.checks import one_of
from equipoise.export.check import silent
from equipoise.export.onnx import export_onnx
from equipoise.export.saved_model import export_saved_model
from equipoise.models.model import ModelRecord

FORMATS = ("saved_model", "onnx")


def export(
    model: ModelRecord,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Write a model for other runtimes, once it gives the same results.

    Both forms take each raw column, `[rows]`, by the name of the Keras model's input
    (the column's own name, if it is letters, digits and underscores), as `Table.raw`
    writes it: numbers and booleans as float64 (NaN if missing), categories as strings
    ("" if missing), times as int64 microseconds since 1970 (the smallest int64 if
    missing). They return "probability" (calibrated, float64) and "decision" (1 flagged,
    0 not, -1 undecided, int32), `[rows]`; of several classes or labels `[rows,
    classes]` or `[rows, labels]` probabilities.

    It is written to a temporary place, loaded again, and compared with the model
    itself on rows drawn from the training's quantiles and categories, which include
    missing, unseen, infinite and extreme values and spaces; only then is it moved to
    `path`.

    Args:
        model: What `fit` or `load` gave.
        path: A new or empty folder; for ONNX a file whose name ends in ".onnx".
        format: "saved_model" (for TensorFlow, signature "serve") or "onnx" (opset 18,
            or 20 with columns of strings; needs the extra [onnx]). A row that
            `predict_proba` would refuse (a boolean of 0.5) is an error in the first; in
            ONNX, which has none, the probability is NaN and the decision -1. By default
            as the path's suffix says.
        say: Called with what is done from now on, in a few words.

    Returns:
        The path.

    Raises:
        UnsupportedError: A learner in the average is not a Keras layer, or a category
            is longer than 4,000 bytes and the format is ONNX.
        MissingExtraError: The extra [onnx] is not installed.
        InputError: The folder exists and is not empty, or the suffix is wrong.
        TrainingError: The exported model gives other results; no file is left.
        OSError: The path cannot be written.
    """
    target = Path(path)
    by_name = "onnx" if target.suffix == ".onnx" else "saved_model"
    if one_of(format or by_name, FORMATS, "format") == "onnx":
        return export_onnx(model, target, say or silent)
    return export_saved_model(model, target, say or silent)
