# SPDX-License-Identifier: Apache-2.0
"""Early stopping, member by member, in NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import AnyArray, BoolArray, FloatArray, IntArray
from equipoise.errors import InputError
from equipoise.metrics.registry import metric
from equipoise.priors import Correction, probability
from equipoise.task import Task

_NEWTON_STEPS = 25
_RIDGE = 1e-6
_LEAST_STEP = 1e-9
"""A line whose numbers change by less is done."""


def stop_value(
    name: str,
    labels: npt.ArrayLike,
    logits: npt.ArrayLike,
    correction: Correction,
    weights: FloatArray | None = None,
    task: Task | None = None,
) -> float:
    """Return what early stopping minimises, on one member's stop rows.

    The metric of the corrected scores, negated where higher is better. Where the
    correction has no closed form, the log loss is that of the best straight line
    from logits to log-odds, fitted on these rows (Platt 1999): scores that only
    order would else be judged by a scale that they do not have.

    With several classes or labels, the log loss is that of all classes, or the mean
    over all labels that are known. Any other metric, and the log loss of scores that
    only order, is the mean over the classes against the rest, or over the labels; one
    of which these rows have one value only is left out.

    Args:
        name: A metric's name.
        labels: `[rows]`, 0 or 1; class numbers; or `[rows, labels]`.
        logits: `[rows]`, raw; `[rows, width]` with several classes or labels.
        correction: From raw logits to log-odds.
        weights: `[rows]` how much each row counts; None for 1 each.
        task: What the target is; None for two classes.

    Raises:
        InputError: The metric is undefined on rows of one class, which these are.
    """
    if task is not None and task.kind != "binary":
        return _several(name, labels, logits, correction, weights, task)
    y = np.asarray(labels, np.float64)
    z = np.asarray(logits, np.float64)
    chosen = metric(name)
    if chosen.kind == "ranking":
        value = chosen(y, z, weights)
    else:
        odds = correction.apply(z)
        if not correction.exact:
            odds = _line(y, odds, weights)
        if name == "log_loss":
            losses = np.logaddexp(0.0, odds) - y * odds
            return float(np.average(losses, weights=weights))
        value = chosen(y, probability(odds), weights)
    # Undefined for good; with both classes it may be so at some epochs only.
    if np.isnan(value) and len(np.unique(y)) == 1:
        raise InputError(
            sentence(
                f"metric={name!r}, which is undefined on {len(y)} stop rows of which "
                f"{int(y.sum())} are positive",
                "stop rows of both classes, or a metric that needs one",
                "Try metric='log_loss'.",
            )
        )
    return -value if chosen.higher_is_better else value


def _several(
    name: str,
    labels: npt.ArrayLike,
    logits: npt.ArrayLike,
    correction: Correction,
    weights: FloatArray | None,
    task: Task,
) -> float:
    """Return what early stopping minimises, for several classes or labels."""
    y, scores = np.asarray(labels), correction.apply(logits)
    if name == "log_loss" and correction.exact:
        return mean_log_loss(y, scores, task, weights)
    if name == "log_loss":
        losses = _line_losses(task, y, scores, weights)
        if losses.size:
            return float(np.mean(losses))
    # A view's scores are corrected already, or only order.
    rest = Correction(correction.kind) if not correction.exact else Correction()
    values = []
    for view in task.views(y, scores):
        here = np.ones(len(y), bool) if view.labelled is None else view.labelled
        one = view.y[here].astype(np.float64)
        if view.scores is None or not 0 < one.sum() < len(one):
            continue
        each = None if weights is None else weights[here]
        values.append(stop_value(name, one, view.scores[here], rest, each))
    if values:
        return float(np.mean(values))
    what = "classes" if task.kind == "multiclass" else "labels"
    raise InputError(
        sentence(
            f"metric={name!r}, which is undefined on {len(y)} stop rows of which all "
            f"have the same {what}",
            f"stop rows that differ in their {what}",
        )
    )


def softmax_loss(
    y: AnyArray, scores: FloatArray, weights: FloatArray | None = None
) -> float:
    """Return the (weighted) mean of -log p of each row's class, at any scores.

    Args:
        y: `[rows]` class numbers.
        scores: `[rows, classes]` logits.
        weights: `[rows]` how much each row counts; None for 1 each.

    Example:
        >>> round(softmax_loss(np.array([0, 1]), np.zeros((2, 2))), 4)
        0.6931
    """
    logs = scores - scores.max(axis=1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))
    return float(np.average(-logs[np.arange(len(y)), y], weights=weights))


def mean_log_loss(
    y: AnyArray, scores: FloatArray, task: Task, weights: FloatArray | None = None
) -> float:
    """Return the mean log loss over rows, or over all labels that are known.

    Args:
        y: `[rows]` class numbers, or `[rows, labels]` with -1 for unknown.
        scores: `[rows, width]`: logits of the classes, or log-odds.
        task: What the target is.
        weights: `[rows]` how much each row counts; None for 1 each.

    Raises:
        InputError: No label is known.

    Example:
        >>> task = Task("multiclass", ("a", "b"))
        >>> round(mean_log_loss(np.array([0, 1]), np.zeros((2, 2)), task), 4)
        0.6931
    """
    if task.kind == "binary":
        y, scores = y[:, None], scores.reshape(-1, 1)
    if task.kind == "multiclass":
        return softmax_loss(y, scores, weights)
    labelled = (y >= 0).astype(np.float64)
    if not labelled.any():
        raise InputError(
            sentence(
                f"{len(y)} rows without any label that is known",
                "rows with labels",
            )
        )
    losses = np.logaddexp(0.0, scores) - (y == 1) * scores
    if weights is not None:
        labelled *= weights[:, None]
    return float(np.average(losses, weights=labelled))


def _line(y: FloatArray, z: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Return a + b z, b >= 0, of least log loss: Newton's method, a little ridge."""
    scaled = np.ones_like(z) if weights is None else weights / weights.mean()
    centre = float(np.average(z, weights=weights))
    spread = float(np.sqrt(np.average((z - centre) ** 2, weights=weights)))
    if spread == 0 or not np.isfinite(spread):
        return z
    x = np.stack([np.ones_like(z), (z - centre) / spread], axis=1)
    share = np.clip((scaled * y).mean(), 1e-6, 1 - 1e-6)
    beta = np.array([np.log(share / (1 - share)), 0.0])
    for _ in range(_NEWTON_STEPS):
        p = probability(x @ beta)
        slope = x.T @ (scaled * (p - y)) / len(y) + _RIDGE * beta
        curvature = (x * (scaled * p * (1 - p))[:, None]).T @ x / len(y)
        curvature += _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, slope)
        # A bounded step keeps separable rows from overshooting.
        beta = beta - step / max(1.0, float(np.abs(step).max()) / 2.0)
    beta[1] = max(beta[1], 0.0)
    return np.asarray(x @ beta)


def _line_losses(
    task: Task, y: AnyArray, scores: FloatArray, weights: FloatArray | None
) -> FloatArray:
    """Return the log loss of each view along its best straight line, `[views]`.

    As `_line`, for all classes or labels at once. A view of which the rows have one
    value only is left out.
    """
    each = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64)
    truth, z, counts = [], [], []
    for view in task.views(y, scores):
        here = np.ones(len(y), bool) if view.labelled is None else view.labelled
        if view.scores is not None and 0 < view.y[here].sum() < here.sum():
            truth.append(view.y.astype(np.float64))
            z.append(view.scores)
            counts.append(each * here)
    if not truth:
        return np.empty(0)
    target, score, weight = np.stack(truth), np.stack(z), np.stack(counts)
    odds = _lines(target, score, weight)
    losses = np.logaddexp(0.0, odds) - target * odds
    return np.asarray((losses * weight).sum(axis=1) / weight.sum(axis=1))


def _lines(y: FloatArray, z: FloatArray, weights: FloatArray) -> FloatArray:
    """Return a + b z, b >= 0, of least log loss for each line of `[views, rows]`.

    Args:
        y: 0 or 1.
        z: Scores.
        weights: How much each row counts; 0 if it is left out.
    """
    share = weights / weights.sum(axis=1, keepdims=True)
    centre = (share * z).sum(axis=1, keepdims=True)
    spread = np.sqrt((share * (z - centre) ** 2).sum(axis=1, keepdims=True))
    flat = ~((spread > 0) & np.isfinite(spread))
    x = (z - centre) / np.where(flat, 1.0, spread)
    base = np.clip((share * y).sum(axis=1), 1e-6, 1 - 1e-6)
    a, b = np.log(base / (1 - base)), np.zeros(len(z))
    for _ in range(_NEWTON_STEPS):
        p = probability(a[:, None] + b[:, None] * x)
        wrong, bend = share * (p - y), share * p * (1 - p)
        slope_a = wrong.sum(axis=1) + _RIDGE * a
        slope_b = (wrong * x).sum(axis=1) + _RIDGE * b
        bend_a, bend_ab = bend.sum(axis=1) + _RIDGE, (bend * x).sum(axis=1)
        bend_b = (bend * x * x).sum(axis=1) + _RIDGE
        scale = bend_a * bend_b - bend_ab**2
        step_a = (bend_b * slope_a - bend_ab * slope_b) / scale
        step_b = (bend_a * slope_b - bend_ab * slope_a) / scale
        size = np.maximum(np.abs(step_a), np.abs(step_b))
        # A bounded step keeps separable rows from overshooting.
        held = np.maximum(1.0, size / 2.0)
        a, b = a - step_a / held, b - step_b / held
        if size.max() < _LEAST_STEP:
            break
    odds = a[:, None] + np.maximum(b, 0.0)[:, None] * x
    return np.where(flat, z, odds)


@dataclass(frozen=True, eq=False)
class Patience:
    """Which epoch was each member's best so far.

    Attributes:
        best: `[members]`: the least value.
        epoch: `[members]`: the epoch of it, counted from 1; 0 before any.
    """

    best: FloatArray
    epoch: IntArray

    @classmethod
    def start(cls, members: int) -> Patience:
        """Return the state before the first epoch."""
        return cls(np.full(members, np.inf), np.zeros(members, np.int64))

    def after(
        self, epoch: int, which: IntArray, values: FloatArray
    ) -> tuple[Patience, BoolArray]:
        """Return the state after an epoch, and which members improved.

        Args:
            epoch: The number of the epoch that has ended, from 1.
            which: The members that took part.
            values: Their values; NaN (an undefined metric) is no improvement.
        """
        improved = np.asarray(values < self.best[which])
        best, epochs = self.best.copy(), self.epoch.copy()
        best[which[improved]] = values[improved]
        epochs[which[improved]] = epoch
        return Patience(best, epochs), improved

    def restarted(self, which: IntArray) -> Patience:
        """Return the state in which some members have no best value any more.

        Args:
            which: The members; the epochs of their best values stay.
        """
        best = self.best.copy()
        best[which] = np.inf
        return Patience(best, self.epoch)
