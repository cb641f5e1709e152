# SPDX-License-Identifier: Apache-2.0
"""How the candidates of a search are judged, and which of them is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equipoise._core.options import Number
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.metrics.ranking import average_precision
from equipoise.priors import Correction
from equipoise.strategies.by_task import prior_scores
from equipoise.task import Task

HARDLY = 0.25
"""Losses that differ by less than this part of their standard error are taken as equal;
average precision then decides."""

MOST_TEMPERATURE = 8.0

MOST_MOVES = 100
LEAST_MOVE = 1e-9


@dataclass(frozen=True, eq=False)
class TuningResult:
    """What the search of one training part chose.

    Attributes:
        values: The options that were chosen; empty if the strategy stays as it is.
        gain: The mean log loss of the strategy as it is, less that of the best
            candidate: nats per row, on the inner folds.
        error: The standard error of the gain.
        best: The best candidate's options, chosen or not.
        candidates: How many were tried besides the strategy as it is.
        finished: How many of them were trained to their end.
        seconds: How long the search took.
    """

    values: Mapping[str, Number]
    gain: float
    error: float
    best: Mapping[str, Number] = field(default_factory=dict)
    candidates: int = 0
    finished: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "values": dict(self.values),
            "gain": self.gain,
            "error": self.error,
            "best": dict(self.best),
            "candidates": self.candidates,
            "finished": self.finished,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """The inner rows by which the candidates of one training part are judged.

    Attributes:
        y: `[rows]` class numbers, or `[rows, labels]` with -1 for unknown.
        task: What the target is.
        weights: `[rows]` how much each counts; None for 1 each.
        units: `[rows]` equal numbers for rows of one case; None for each its own.
    """

    y: AnyArray
    task: Task
    weights: FloatArray | None = None
    units: IntArray | None = None

    def losses(self, scores: FloatArray, correction: Correction) -> FloatArray:
        """Return the log loss of each row after a recalibration by one number.

        The number is a temperature about the scores of a model that only knows the
        classes' shares: z -> c + a (z - c), with the a of least loss. Scores without an
        exact correction are first shifted, so that their mean probability of each class
        is its share.

        Args:
            scores: `[rows, width]` corrected scores.
            correction: Whether it is exact is what matters.

        Returns:
            `[rows]` nats; the mean over known labels if there are labels; infinite if
            a score is not finite.
        """
        from scipy.optimize import minimize_scalar

        if not np.isfinite(scores).all():
            return np.full(len(self.y), np.inf)
        totals = self.task.totals(self.y, self.weights)
        centre = np.asarray(prior_scores(self.task, totals))
        if not correction.exact:
            scores = self._moved(scores, centre)
        away = scores - centre

        def loss(log_a: float) -> float:
            return self.mean(self._row_losses(centre + np.exp(log_a) * away))

        end = float(np.log(MOST_TEMPERATURE))
        best = minimize_scalar(loss, bounds=(-end, end), method="bounded")
        return self._row_losses(centre + np.exp(best.x) * away)

    def mean(self, losses: FloatArray) -> float:
        """Return the weighted mean of losses, `[rows]`."""
        return float(np.average(losses, weights=self.weights))

    def gain(self, default: FloatArray, other: FloatArray) -> tuple[float, float]:
        """Return the mean of a paired difference, and its standard error.

        Args:
            default: `[rows]` losses.
            other: `[rows]` losses that may be lower.
        """
        weights = np.ones(len(default)) if self.weights is None else self.weights
        difference = default - other
        mean = float(np.average(difference, weights=weights))
        residuals = weights * (difference - mean)
        if self.units is not None:
            numbers = np.unique(self.units, return_inverse=True)[1]
            residuals = np.bincount(numbers, residuals).astype(np.float64)
        count = len(residuals)
        variance = float((residuals**2).sum()) * count / max(count - 1, 1)
        return mean, float(np.sqrt(variance) / weights.sum())

    def ranking(self, scores: FloatArray) -> float:
        """Return the mean average precision over the classes, or labels."""
        values = []
        for view in self.task.views(self.y, scores):
            here = view.labelled
            if here is None:
                here = np.ones(len(self.y), np.bool_)
            one = view.y[here]
            if view.scores is not None and 0 < one.sum() < len(one):
                weights = None if self.weights is None else self.weights[here]
                values.append(average_precision(one, view.scores[here], weights))
        return float(np.mean(values)) if values else 0.0

    def _moved(self, scores: FloatArray, centre: FloatArray) -> FloatArray:
        """Shift scores until the mean probability of each class is its share."""
        for _ in range(MOST_MOVES):
            step = centre - self._mean_score(scores)
            scores = scores + step
            if np.abs(step).max() < LEAST_MOVE:
                break
        return scores

    def _mean_score(self, scores: FloatArray) -> FloatArray:
        """Return the scores of the mean probabilities, `[width]`."""
        p = self.task.probability(scores)
        mean = np.clip(np.average(p, axis=0, weights=self.weights), 1e-12, 1 - 1e-12)
        if self.task.kind == "multiclass":
            return np.asarray(np.log(mean) - np.log(mean[0]))
        with_it = mean[-1:] if self.task.kind == "binary" else mean
        return np.asarray(np.log(with_it) - np.log1p(-with_it))

    def _row_losses(self, scores: FloatArray) -> FloatArray:
        if self.task.kind == "multiclass":
            top = scores.max(axis=1)
            logs = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
            return np.asarray(logs - scores[np.arange(len(scores)), self.y])
        y = self.y.reshape(len(scores), -1)
        losses = np.logaddexp(0.0, scores) - (y == 1) * scores
        labelled = y >= 0
        return np.asarray(
            (losses * labelled).sum(axis=1) / np.maximum(labelled.sum(axis=1), 1)
        )


def choose(
    rows: JudgedRows,
    scores: Mapping[int, FloatArray],
    corrections: Mapping[int, Correction],
    values: Sequence[Mapping[str, Number]],
) -> TuningResult:
    """Return the choice among the candidates that were trained to their end.

    Args:
        rows: What they are judged by.
        scores: By candidate, `[rows, width]`; candidate 0 is the strategy as it is.
        corrections: By candidate.
        values: The options of candidates 1, 2 and so on.
    """
    losses = {c: rows.losses(z, corrections[c]) for c, z in scores.items()}
    means = {c: rows.mean(each) for c, each in losses.items()}
    best = min(means, key=lambda c: (means[c], c))
    alike = [
        c
        for c in sorted(means)
        if np.isfinite(means[c]) and _hardly_differs(rows, losses[c], losses[best])
    ]
    if len(alike) > 1:
        best = max(alike, key=lambda c: (rows.ranking(scores[c]), -c))
    gain, error = rows.gain(losses[0], losses[best])
    chosen = best != 0 and gain > error
    others = {} if best == 0 else dict(values[best - 1])
    return TuningResult(
        others if chosen else {},
        gain,
        error,
        others,
        candidates=len(values),
        finished=len(scores) - 1,
    )


def survivors(losses: Mapping[int, float], most: int) -> list[int]:
    """Return the candidates that go on: the strategy as it is, and the best others.

    Args:
        losses: By candidate; 0 is the strategy as it is.
        most: How many others go on.

    Example:
        >>> survivors({0: 0.9, 1: 0.5, 2: 0.7, 3: 0.6}, 2)
        [0, 1, 3]
    """
    others = sorted((c for c in losses if c), key=lambda c: (losses[c], c))
    return sorted([0, *others[:most]])


def _hardly_differs(rows: JudgedRows, one: FloatArray, best: FloatArray) -> bool:
    mean, error = rows.gain(one, best)
    return mean <= HARDLY * error
