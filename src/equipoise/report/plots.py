# SPDX-License-Identifier: Apache-2.0
"""Plots of a trial: first their numbers, then the drawing of these numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise._core.checks import one_of, sentence
from equipoise._core.plotting import (
    draw_intervals,
    draw_lines,
    draw_matrix,
    plot_axes,
)
from equipoise._core.types import BoolArray, FloatArray
from equipoise.diagnosis.futility import LearningCurve, learning_curve
from equipoise.errors import InputError, UnsupportedError
from equipoise.evaluation.cross_validation import CrossValidated
from equipoise.evaluation.curves import (
    Line,
    calibration_curve,
    precision_recall_curve,
    roc_curve,
)
from equipoise.metrics.class_confusion import confusion_rows
from equipoise.report.summary_curves import MOST_GROUPS, POSITIVES_PER_GROUP

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from equipoise.trials.trial import TrialRecord

PLOTS = (
    "precision_recall",
    "roc",
    "calibration",
    "differences",
    "confusion",
    "learning_curve",
)
POINTS = 400

_CURVES = {
    "precision_recall": ("recall", "precision"),
    "roc": ("false_positive_rate", "recall"),
    "calibration": ("probability", "share"),
}
"""By curve, what its two axes are called."""

PlotRows = list[dict[str, Any]]


def plot_rows(
    trial: TrialRecord,
    kind: str,
    arms: Sequence[str] | str | None = None,
    of: str | None = None,
) -> PlotRows:
    """Return the numbers behind a plot, one plain row per point.

    Args:
        trial: What `compare` gave.
        kind: One of `PLOTS`.
        arms: Which arms; None for the arm to take and the baseline, for "differences"
            all.
        of: Of several classes or labels: of which the curve is; None for the rarest
            that is judged.

    Raises:
        InputError: There is no such plot, arm or class.
        UnsupportedError: The trial has no rows to learn from ("learning_curve").

    Example:
        >>> from equipoise import compare
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(rows=300, positives=60, seed=1).table
        >>> trial = compare(
        ...     table, strategies=["prior"], network="linear", folds=2, repeats=1
        ... )
        >>> [row["strategy"] for row in plot_rows(trial, "differences")]
        ['prior']
    """
    one_of(kind, PLOTS, "kind")
    if kind == "learning_curve":
        return _learning(trial)
    if kind == "differences":
        return _differences(trial, arms)
    chosen = _arms(trial, arms)
    if kind == "confusion":
        return [row for name in chosen for row in _confusion(trial, name)]
    x, y = _CURVES[kind]
    rows: PlotRows = []
    for name in chosen:
        line = _curve(trial, name, kind, of)
        columns = (line.x, line.y, line.low, line.high)
        rows += [
            {"strategy": name, x: a, y: b, "low": low, "high": high}
            for a, b, low, high in zip(*(c.tolist() for c in columns), strict=True)
        ]
    return rows


def draw_plot(
    trial: TrialRecord,
    kind: str,
    arms: Sequence[str] | str | None = None,
    of: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a plot of a trial.

    Args:
        trial: What `compare` gave.
        kind: As in `plot_rows`.
        arms: As in `plot_rows`; "confusion" draws the first.
        of: As in `plot_rows`.
        ax: Axes to draw into; None for new ones.

    Returns:
        The axes.

    Raises:
        InputError: There is no such plot, arm or class.
    """
    rows = plot_rows(trial, kind, arms, of)
    ax = plot_axes(ax)
    if kind == "differences":
        draw_intervals(ax, rows, "strategy", zero=0.0)
        metric = trial.results.record(trial.verdict.metric).label
        ax.set_xlabel(f"{metric}: gain over {trial.results.baseline}")
    elif kind == "confusion":
        first = rows[0]["strategy"]
        draw_matrix(ax, [row for row in rows if row["strategy"] == first])
        ax.set_title(first)
    elif kind == "learning_curve":
        measured = [row for row in rows if row["kind"] == "measured"]
        ax.plot(
            [row["positives"] for row in measured],
            [row["average_precision"] for row in measured],
            "o-",
        )
        for row in rows[len(measured) :]:
            ax.plot([row["positives"]] * 2, [row["low"], row["high"]], color="gray")
            ax.plot(row["positives"], row["average_precision"], "s", color="gray")
        ax.set_xscale("log")
        ax.set(xlabel="positives to learn from", ylabel="average precision")
    else:
        _draw_curve(trial, ax, rows, kind, of)
    return ax


def _draw_curve(
    trial: TrialRecord, ax: Axes, rows: PlotRows, kind: str, of: str | None
) -> None:
    x, y = _CURVES[kind]
    draw_lines(ax, rows, x, y, steps=kind == "precision_recall")
    if kind == "precision_recall":
        share = float(np.mean(_view(trial, _arms(trial, None)[0], of)[0]))
        ax.axhline(share, color="gray", linewidth=0.9, linestyle="dotted")
    else:
        ends = [0.0, 1.0]
        if kind == "calibration":
            ends[1] = max(max(row[x], row["high"]) for row in rows)
        ax.plot(ends, ends, color="gray", linewidth=0.9, linestyle="dotted")
    ax.set(xlabel=x.replace("_", " "), ylabel=y)
    if trial.task.kind != "binary":
        ax.set_title(_class(trial, of))


def _arms(trial: TrialRecord, arms: Sequence[str] | str | None) -> list[str]:
    if arms is None:
        return list(dict.fromkeys([trial.verdict.choice, trial.results.baseline]))
    names = [arms] if isinstance(arms, str) else list(arms)
    return [one_of(name, trial.results.arms, "arm") for name in names]


def _class(trial: TrialRecord, of: str | None) -> str:
    """Return the class or label that a curve is of."""
    if of is not None:
        return one_of(of, trial.task.classes, "of")
    evaluation: Any = trial.results[trial.results.baseline].evaluation
    return str(evaluation.rarest)


def _view(
    trial: TrialRecord, name: str, of: str | None
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Return whether rows are positive, and an arm's aligned and calibrated scores."""
    results = trial.results
    if isinstance(results, CrossValidated):
        if of is not None:
            raise InputError(
                sentence(f"of={of!r} for a trial of two classes", "no class")
            )
        arm = results[name]
        return results.y, arm.aligned, arm.probability
    view = results.task.classes.index(_class(trial, of))
    used, truth, _ = results.targets.rows.view(view)
    several = results[name]
    p = results.task.probability(several.fitted.scores)
    return truth, several.values.aligned[:, used, view], p[:, used, view]


def _curve(trial: TrialRecord, name: str, kind: str, of: str | None) -> Line:
    y, aligned, p = _view(trial, name, of)
    level = trial.results.level
    if kind == "precision_recall":
        return precision_recall_curve(y, aligned, points=POINTS, level=level)
    if kind == "roc":
        return roc_curve(y, aligned, points=POINTS, level=level)
    groups = int(np.clip(int(y.sum()) // POSITIVES_PER_GROUP, 2, MOST_GROUPS))
    return calibration_curve(y, p, groups=groups, level=level)


def _differences(trial: TrialRecord, arms: Sequence[str] | str | None) -> PlotRows:
    asked = list(trial.names) if arms is None else _arms(trial, arms)
    return [
        {
            "strategy": name,
            "value": verdict.difference.value,
            "low": verdict.difference.low,
            "high": verdict.difference.high,
            "outcome": verdict.outcome,
        }
        for name in asked
        for verdict in [trial.verdict.arms.get(name)]
        if verdict is not None
    ]


def _confusion(trial: TrialRecord, name: str) -> PlotRows:
    cells = trial.results[name].evaluation.confusion
    if cells is None:
        raise UnsupportedError(
            sentence(
                "a confusion matrix of several labels",
                "two or several classes",
                'Look at trial["ARM"].by_class.',
            )
        )
    rows = confusion_rows(cells.counts, trial.task.classes)
    return [{"strategy": name, **row} for row in rows]


def _learning(trial: TrialRecord) -> PlotRows:
    table = None if trial.basis is None else trial.basis.plan.table
    if table is None or not table.columns:
        raise UnsupportedError(
            sentence(
                "a learning curve of a trial that holds no columns",
                "the trial that compare returned",
                "Measure it on the rows: equipoise.learning_curve(table).",
            )
        )
    return learning_rows(learning_curve(table, units=trial.basis.plan.keys.units))


def learning_rows(made: LearningCurve) -> PlotRows:
    """Return a learning curve as plain rows: what was measured, and what is expected.

    Args:
        made: What `learning_curve` gave.

    Raises:
        UnsupportedError: It was refused.
    """
    if made.refused:
        raise UnsupportedError(
            sentence(
                f"a learning curve that was refused: {made.refused}",
                "rows that allow one",
            )
        )
    rows = [
        {
            "kind": "measured",
            "positives": float(size),
            "average_precision": score,
            "low": None,
            "high": None,
        }
        for size, score in zip(made.sizes, made.scores, strict=True)
    ]
    for factor, one in ((1.0, made.now), (made.factor, made.then)):
        rows.append(
            {
                "kind": "expected",
                "positives": factor * made.positives,
                "average_precision": one.value,
                "low": one.low,
                "high": one.high,
            }
        )
    return rows
