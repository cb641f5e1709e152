# SPDX-License-Identifier: Apache-2.0
"""A trial for TensorBoard: hyper-parameters, metrics and PR curves per strategy."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.extras import require_extra
from equipoise._core.files import to_json
from equipoise._core.outputs import writable_folder
from equipoise.errors import InputError
from equipoise.metrics.confusion import Counts
from equipoise.report.tracking.runs import (
    CLASS_NAMES,
    TrackedRun,
    folder_names,
    tracked_runs,
)

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

SHOWN = ("average_precision", "roc_auc", "brier", "recall", "precision", "f1")
"""What the table of hyper-parameters shows; the scalars hold every metric."""

SHOWN_OF_TASKS = (
    "macro_average_precision",
    "macro_roc_auc",
    "log_loss",
    "balanced_accuracy",
    "macro_f1",
)
"""The same of several classes or labels."""

CURVE = "precision_recall"
ABOUT_CURVE = (
    "Out-of-fold scores. The thresholds are at even steps of recall: the number "
    "shown as threshold is 1 - recall, not a probability."
)


def require_tensorboard(folder: str | os.PathLike[str]) -> Path:
    """Return the folder, if a trial can be written there.

    Raises:
        MissingExtraError: TensorBoard is not installed.
        InputError: The folder cannot be written to, or exists and is not empty:
            TensorBoard would draw both trials as one.
    """
    require_extra("tensorboard", ("tensorboard",), "a trial for TensorBoard")
    place = writable_folder(folder, "tensorboard")
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise InputError(
            sentence(
                f"the folder {place.name!r}, which is not empty",
                "a new folder",
                f"Try {str(place / 'trial-2')!r}.",
            )
        )
    return place


def to_tensorboard(trial: TrialRecord, folder: str | os.PathLike[str]) -> Path:
    """Write a trial as TensorBoard runs, one per strategy.

    Args:
        trial: A finished trial.
        folder: A new folder; `tensorboard --logdir` takes it or the one above it.

    Returns:
        The folder.

    Raises:
        MissingExtraError: TensorBoard is not installed.
        InputError: The folder is not empty.
        OSError: It cannot be written.
    """
    place = require_tensorboard(folder)
    runs = tracked_runs(trial)
    _write_root(trial, runs, place)
    for run, name in zip(runs, folder_names([r.name for r in runs]), strict=True):
        _write_run(run, place / name)
    if runs and runs[0].class_names:
        text = to_json(dict(runs[0].class_names))
        (place / CLASS_NAMES).write_text(text, encoding="utf-8")
    return place


def _write_root(trial: TrialRecord, runs: Sequence[TrackedRun], folder: Path) -> None:
    import tensorflow as tf
    from tensorboard.plugins.hparams import api

    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=0):
        api.hparams_config(
            hparams=_columns(runs),
            metrics=[api.Metric(name) for name in _shown(runs)],
        )
        tf.summary.text("verdict", str(trial.verdict))
        facts = trial.to_dict()
        keys = ("source", "target", "positive_class", "rows", "positives", "seed")
        lines = [f"{key}: {facts[key]}" for key in (*keys, "estimand") if key in facts]
        tf.summary.text("trial", "  \n".join(lines))
    writer.close()


def _shown(runs: Sequence[TrackedRun]) -> list[str]:
    """Return the metrics of the table: those that the trial has."""
    task = [name for name in SHOWN_OF_TASKS if any(name in r.metrics for r in runs)]
    return list(SHOWN) if all(r.curve is not None for r in runs) else task


def _columns(runs: Sequence[TrackedRun]) -> list[Any]:
    """Return each parameter with the values that the runs have."""
    from tensorboard.plugins.hparams import api

    values: dict[str, list[Any]] = {}
    for run in runs:
        for name, value in _values(run).items():
            values.setdefault(name, []).append(value)
    return [
        api.HParam(name, api.Discrete(sorted(set(used))))
        for name, used in values.items()
    ]


def _values(run: TrackedRun) -> Mapping[str, Any]:
    """Return the parameters as strings and floats, one type per name."""
    return {
        name: float(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else str(value)
        for name, value in run.parameters.items()
    }


def _write_run(run: TrackedRun, folder: Path) -> None:
    import tensorflow as tf
    from tensorboard.plugins.hparams import api

    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=0):
        api.hparams(dict(_values(run)), trial_id=run.name)
        for name, value in run.metrics.items():
            tf.summary.scalar(name, tf.constant(value, tf.float64))
        for number, value in enumerate(run.splits.tolist()):
            if np.isfinite(value):
                tf.summary.scalar(f"split/{run.split_metric}", value, step=number)
        tf.summary.text("description", run.description)
        if run.curve is not None:
            tf.summary.experimental.write_raw_pb(_curve(run.curve), step=0)
    writer.close()


def _curve(counts: Counts) -> bytes:
    """Return the precision-recall curve as the plugin's protocol buffer."""
    from tensorboard.plugins.pr_curve import summary

    flagged = counts.tp + counts.fp
    summary_proto = summary.raw_data_pb(
        CURVE,
        counts.tp,
        counts.fp,
        counts.tn,
        counts.fn,
        counts.tp / np.maximum(flagged, 1e-7),
        counts.tp / (counts.tp + counts.fn),
        num_thresholds=len(counts.tp),
        display_name="Precision and recall",
        description=ABOUT_CURVE,
    )
    encoded: bytes = summary_proto.SerializeToString()
    return encoded
