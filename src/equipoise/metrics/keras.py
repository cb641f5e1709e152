# SPDX-License-Identifier: Apache-2.0
"""Metrics for `model.compile`, which hold if a class is rare.

They differ from Keras' own in three ways. The ranking metrics keep the scores
themselves, where `keras.metrics.AUC` takes 200 steps of probability: with calibrated
scores at 0.1 % positives nearly all scores fall below the first of those. What is
undefined is NaN; Keras gives 0. And inputs are logits unless told otherwise,
which lose nothing by saturation.

The values equal those of the NumPy metrics of the same names: the ranking ones exactly
for up to 16,384 rows, beyond that within 0.001 at any scale of the logits, for
neighbouring scores are then merged by how many rows they hold, not by how far apart
they are. Labels and scores of as many elements are read as one binary problem, so
several labels are pooled ("micro").

Labels other than 0 and 1 (and shares between), negative weights and probabilities
beyond 0 and 1 are an error; in a function that XLA compiles, which cannot raise, the
result is NaN. Rows of weight 0 may hold anything.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import keras
import numpy as np
from keras import ops

from equipoise._core.arrays import unmasked
from equipoise._core.checks import integer, number
from equipoise._core.types import Tensor
from equipoise.metrics.keras_inputs import (
    OutputWatch,
    aligned_weights,
    replicas,
    require_as_many,
    require_labels,
    require_probabilities,
    require_weights,
)
from equipoise.priors import log_odds

KEPT = 16384


class _Streaming(keras.metrics.Metric):  # type: ignore[misc]  # Keras is untyped
    """Labels, scores and weights of a batch as flat vectors.

    Args:
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.
    """

    def __init__(
        self,
        *,
        from_logits: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.from_logits = bool(from_logits)
        self.spoiled = self.add_weight((), "zeros", name="spoiled")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        return {**super().get_config(), "from_logits": self.from_logits}

    def _flat(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return labels, scores and weights, `[elements]` each, float64.

        What is refused where nothing can be raised, or is not a number, has the weight
        0, and spoils the result.
        """
        y_true, y_pred, sample_weight = (
            unmasked(values, what)
            for values, what in (
                (y_true, "labels"),
                (y_pred, "scores"),
                (sample_weight, "weights"),
            )
        )
        whose = type(self).__name__
        score, truth = ops.convert_to_tensor(y_pred), ops.convert_to_tensor(y_true)
        require_as_many(truth, score, whose)
        shape = ops.shape(score)
        score = ops.cast(ops.reshape(score, (-1,)), "float64")
        truth = ops.cast(ops.reshape(truth, (-1,)), "float64")
        if sample_weight is None:
            weight = ops.ones_like(score)
            refused = require_labels(truth, None, whose)
        else:
            weight = aligned_weights(ops.convert_to_tensor(sample_weight), len(shape))
            weight = ops.cast(ops.broadcast_to(weight, shape), "float64")
            weight = ops.reshape(weight, (-1,))
            refused = require_weights(weight, whose)
            refused = ops.logical_or(refused, require_labels(truth, weight, whose))
        if not self.from_logits:
            beyond = require_probabilities(score, weight, whose)
            refused = ops.logical_or(refused, beyond)
        lost = ops.logical_or(refused, ops.isnan(score))
        spoiling = ops.any(ops.logical_and(lost, weight != 0))
        self.spoiled.assign(ops.maximum(self.spoiled, ops.cast(spoiling, self.dtype)))
        nothing = ops.zeros_like(score)
        lost = ops.logical_or(lost, weight == 0)
        return (
            ops.where(lost, nothing, truth),
            ops.where(lost, nothing, score),
            ops.where(lost, nothing, weight),
        )

    def _unless_spoiled(self, value: Tensor) -> Tensor:
        value = ops.cast(value, self.dtype)
        return ops.where(self.spoiled > 0, ops.full_like(value, math.nan), value)


class _Ranking(_Streaming):
    """The scores in their order, and how much of each class lies at each.

    As many as `bins` are kept as they are. Once they are more, they are merged: equal
    ones always, neighbours where together they hold little of either class and of all
    that is above them. That is a summary that stays right at any scale, whatever comes
    later, and that replicas can hold in parts.

    Args:
        bins: How many scores are kept apart.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result.
    """

    def __init__(
        self,
        *,
        bins: int = KEPT,
        from_logits: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits=from_logits, name=name, dtype=dtype)
        self.bins = integer(bins, "bins", 2)
        # A line for each replica, for variables of replicas are read as their sum.
        lines = replicas()
        self.kept = self.add_variable(
            (lines, self.bins, 3), "zeros", dtype="float64", name="kept"
        )
        self.filled = self.add_variable(
            (lines,), "zeros", dtype="float64", name="filled"
        )

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        """Take in a batch.

        Args:
            y_true: Labels, 0 or 1; a share counts to both classes.
            y_pred: Logits or probabilities, of the same number of elements. One
                that is not a number makes the result NaN.
            sample_weight: Weights of at least 0 that broadcast against the scores, or
                None. A row of weight 0 is left out.
        """
        truth, score, weight = self._flat(y_true, y_pred, sample_weight)
        score = ops.clip(score, -_LARGEST, _LARGEST)
        batch = ops.stack([score, truth * weight, (1 - truth) * weight], axis=1)
        line = _replica()
        buffer = ops.convert_to_tensor(self.kept)
        filled = ops.cast(ops.convert_to_tensor(self.filled)[line], "int32")
        rows_here, size = buffer[line], ops.shape(batch)[0]
        full = filled + size > self.bins
        rows = ops.cond(
            full,
            lambda: _merged(ops.concatenate([rows_here, batch]), self.bins),
            lambda: _appended(rows_here, batch, filled),
        )
        filled = ops.where(full, _filled(self.bins), filled + size)
        here = ops.arange(buffer.shape[0]) == line
        self.kept.assign(ops.where(here[:, None, None], rows[None], buffer))
        self.filled.assign(
            ops.where(
                here,
                ops.cast(filled, "float64"),
                ops.convert_to_tensor(self.filled),
            )
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        return {**super().get_config(), "bins": self.bins}

    def _ladder(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return hits, misses and their running sums, from the top score down."""
        rows = ops.reshape(ops.convert_to_tensor(self.kept), (-1, 3))
        rows = ops.take(rows, ops.argsort(-rows[:, 0]), axis=0)
        summed = ops.segment_sum(rows[:, 1:], _ties(rows[:, 0]), rows.shape[0])
        hits, misses = summed[:, 0], summed[:, 1]
        return hits, misses, ops.cumsum(hits), ops.cumsum(misses)


_LARGEST = float(np.finfo(np.float64).max)
_FINEST = 1e-7  # of the mass; below, the logarithm is about linear


def _replica() -> Tensor:
    """Return the number of this replica, from 0."""
    if keras.backend.backend() != "tensorflow":
        return 0
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def _appended(buffer: Tensor, batch: Tensor, filled: Tensor) -> Tensor:
    """Return the rows `[bins, 3]` with a batch behind those that are filled."""
    places = filled + ops.arange(ops.shape(batch)[0])
    return ops.scatter_update(buffer, places[:, None], batch)


def _merged(rows: Tensor, bins: int) -> Tensor:
    """Return rows `[bins, 3]`, three quarters filled, for any number of rows.

    From the top score down, three things grow from 0 to 1: the share of the positives,
    that of the negatives, and the logarithm of the mass so far. Their mean, in which
    the logarithm counts twice, is cut into cells of equal width; a row goes to the cell
    in which the middle of its score lies. So no score is divided, one that holds much
    is alone in its cell, and cells at the top, on which precision depends, hold few
    rows. A cell keeps the score in its middle.
    """
    rows = ops.take(rows, ops.argsort(-rows[:, 0]), axis=0)
    score, size = rows[:, 0], ops.shape(rows)[0]
    tie = _ties(score)
    mass = ops.segment_sum(rows[:, 1:], tie, size)
    grown = ops.cumsum(mass, axis=0) - mass / 2
    totals = ops.sum(mass, axis=0)
    shares = ops.sum(grown / ops.where(totals > 0, totals, 1.0), axis=1)
    total = ops.sum(totals)
    whole = ops.sum(grown, axis=1) / ops.where(total > 0, total, 1.0)
    logarithm = ops.log1p(whole / _FINEST) / math.log1p(1 / _FINEST)
    cells = _filled(bins)
    place = ops.take((shares / 4 + logarithm / 2) * cells, tie)
    cell = ops.clip(ops.cast(ops.floor(place), "int32"), 0, cells - 1)
    summed = ops.segment_sum(rows[:, 1:], cell, cells)
    counted = ops.any(rows[:, 1:] > 0, axis=1)
    below = ops.logical_and(counted, place - ops.floor(place) >= 0.5)
    lower = ops.segment_max(ops.where(below, score, -_LARGEST), cell, cells)
    lowest = -ops.segment_max(ops.where(counted, -score, -_LARGEST), cell, cells)
    scores = ops.where(lower > -_LARGEST, lower, lowest)
    scores = ops.where(ops.any(summed > 0, axis=1), scores, 0.0)
    merged = ops.concatenate([scores[:, None], summed], axis=1)
    return ops.pad(merged, [[0, bins - cells], [0, 0]])


def _filled(bins: int) -> int:
    """Return how many rows are filled once they have been merged."""
    return bins - max(bins // 4, 1)


def _ties(ordered: Tensor) -> Tensor:
    """Return the number of each score among the different ones, in their order."""
    differs = ops.cast(ordered[1:] != ordered[:-1], "int32")
    return ops.cumsum(ops.pad(differs, [[1, 0]]))


@keras.saving.register_keras_serializable("equipoise")
class AveragePrecision(_Ranking):
    """Average precision of all batches since the last reset; NaN without positives.

    Args:
        bins: How many scores are kept apart; up to as many rows the value is exact.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = AveragePrecision()
        >>> metric.update_state([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> round(float(metric.result()), 4)
        0.8333
    """

    def result(self) -> Tensor:
        """Return the value, a scalar."""
        hits, _, tp, fp = self._ladder()
        gained = ops.sum(hits * _ratio(tp, tp + fp, empty=0.0))
        return self._unless_spoiled(_ratio(gained, tp[-1]))


@keras.saving.register_keras_serializable("equipoise")
class AUROC(_Ranking):
    """Area under the ROC curve of all batches; NaN if a class is absent.

    Args:
        bins: How many scores are kept apart; up to as many rows the value is exact.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = AUROC(from_logits=False)
        >>> metric.update_state([0, 0, 1, 1], [0.001, 0.004, 0.0035, 0.008])
        >>> round(float(metric.result()), 4)
        0.75
    """

    def result(self) -> Tensor:
        """Return the value, a scalar."""
        hits, misses, tp, fp = self._ladder()
        area = ops.sum(misses * (tp - hits / 2))
        return self._unless_spoiled(_ratio(area, tp[-1] * fp[-1]))


@keras.saving.register_keras_serializable("equipoise")
class RecallAtPrecision(_Ranking):
    """The highest recall at a precision of at least a floor.

    0 if no threshold reaches the floor, NaN without positives.

    Args:
        precision: The floor, from 0 to 1.
        bins: How many scores are kept apart; up to as many rows the value is exact.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = RecallAtPrecision(0.8)
        >>> metric.update_state([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> float(metric.result())
        0.5
    """

    def __init__(
        self,
        precision: float,
        *,
        bins: int = KEPT,
        from_logits: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(bins=bins, from_logits=from_logits, name=name, dtype=dtype)
        self.precision = number(precision, "precision", 0, 1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        return {**super().get_config(), "precision": self.precision}

    def result(self) -> Tensor:
        """Return the value, a scalar."""
        _, _, tp, fp = self._ladder()
        reached = _ratio(tp, tp + fp, empty=-1.0) >= self.precision
        best = ops.max(ops.where(reached, tp, ops.zeros_like(tp)))
        return self._unless_spoiled(_ratio(best, tp[-1]))


@keras.saving.register_keras_serializable("equipoise")
class PrecisionAtRecall(_Ranking):
    """The highest precision at a recall of at least a floor; NaN without positives.

    Args:
        recall: The floor, from 0 to 1.
        bins: How many scores are kept apart; up to as many rows the value is exact.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = PrecisionAtRecall(0.9)
        >>> metric.update_state([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> round(float(metric.result()), 4)
        0.6667
    """

    def __init__(
        self,
        recall: float,
        *,
        bins: int = KEPT,
        from_logits: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(bins=bins, from_logits=from_logits, name=name, dtype=dtype)
        self.recall = number(recall, "recall", 0, 1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        return {**super().get_config(), "recall": self.recall}

    def result(self) -> Tensor:
        """Return the value, a scalar."""
        _, _, tp, fp = self._ladder()
        recall = _ratio(tp, tp[-1])
        precision = _ratio(tp, tp + fp, empty=0.0)
        best = ops.max(ops.where(recall >= self.recall, precision, 0.0))
        return self._unless_spoiled(_ratio(best * tp[-1], tp[-1]))


class _Confusion(_Streaming):
    """The four cells of the confusion matrix at one threshold.

    Args:
        threshold: A probability strictly between 0 and 1, even if scores are
            logits; scores of at least it are flagged.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.
    """

    def __init__(
        self,
        *,
        threshold: float = 0.5,
        from_logits: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits=from_logits, name=name, dtype=dtype)
        self.threshold = number(threshold, "threshold", 0, 1, open_ends=True)
        self.cells = self.add_weight((4,), "zeros", name="cells")
        self._watch = OutputWatch(
            type(self).__name__,
            "Pass from_logits=False for probabilities, or take the activation off the "
            "model's last layer.",
        )

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        """Count a batch.

        Args:
            y_true: Labels, 0 or 1; a share counts to both classes.
            y_pred: Logits or probabilities, of the same number of elements. One
                that is not a number makes the result NaN.
            sample_weight: Weights of at least 0 that broadcast against the scores, or
                None. A row of weight 0 is left out.
        """
        if self.from_logits:
            self._watch.look(y_pred)
        cut = float(log_odds(self.threshold)) if self.from_logits else self.threshold
        flagged = ops.reshape(ops.convert_to_tensor(y_pred), (-1,)) >= cut
        truth, _, weight = self._flat(y_true, y_pred, sample_weight)
        flag = ops.cast(flagged, truth.dtype)
        cells = [truth * flag, (1 - truth) * flag, truth * (1 - flag)]
        cells.append((1 - truth) * (1 - flag))
        counts = ops.sum(ops.stack(cells) * weight, axis=1)
        self.cells.assign_add(ops.cast(counts, self.dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        return {**super().get_config(), "threshold": self.threshold}

    def result(self) -> Tensor:
        """Return the value, a scalar; NaN if it is undefined."""
        tp, fp, fn, tn = (self.cells[at] for at in range(4))
        return self._unless_spoiled(self.of_counts(tp, fp, fn, tn))

    @abstractmethod
    def of_counts(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of the four cells, scalars."""


@keras.saving.register_keras_serializable("equipoise")
class Recall(_Confusion):
    """The share of positives that are flagged; NaN without positives.

    Args:
        threshold: A probability strictly between 0 and 1, even if scores are
            logits; scores of at least it are flagged.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = Recall()
        >>> metric.update_state([1, 1, 1, 0, 0], [2.0, 1.0, -1.0, 1.0, -2.0])
        >>> round(float(metric.result()), 4)
        0.6667
    """

    def of_counts(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of the four cells, scalars."""
        return _ratio(tp, tp + fn)


@keras.saving.register_keras_serializable("equipoise")
class Precision(_Confusion):
    """The share of flagged rows that are positive; NaN if none is flagged.

    Args:
        threshold: A probability strictly between 0 and 1, even if scores are
            logits; scores of at least it are flagged.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = Precision()
        >>> metric.update_state([1, 1, 1, 0, 0], [2.0, 1.0, -1.0, 1.0, -2.0])
        >>> round(float(metric.result()), 4)
        0.6667
    """

    def of_counts(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of the four cells, scalars."""
        return _ratio(tp, tp + fp)


@keras.saving.register_keras_serializable("equipoise")
class Specificity(_Confusion):
    """The share of negatives that are not flagged; NaN without negatives.

    Args:
        threshold: A probability strictly between 0 and 1, even if scores are
            logits; scores of at least it are flagged.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = Specificity()
        >>> metric.update_state([1, 1, 1, 0, 0], [2.0, 1.0, -1.0, 1.0, -2.0])
        >>> round(float(metric.result()), 4)
        0.5
    """

    def of_counts(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of the four cells, scalars."""
        return _ratio(tn, tn + fp)


@keras.saving.register_keras_serializable("equipoise")
class BalancedAccuracy(_Confusion):
    """The mean of recall and specificity; NaN if a class is absent.

    Args:
        threshold: A probability strictly between 0 and 1, even if scores are
            logits; scores of at least it are flagged.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = BalancedAccuracy()
        >>> metric.update_state([1, 1, 1, 0, 0], [2.0, 1.0, -1.0, 1.0, -2.0])
        >>> round(float(metric.result()), 4)
        0.5833
    """

    def of_counts(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of the four cells, scalars."""
        return (_ratio(tp, tp + fn) + _ratio(tn, tn + fp)) / 2


@keras.saving.register_keras_serializable("equipoise")
class GMean(_Confusion):
    """The geometric mean of recall and specificity; NaN if a class is absent.

    Args:
        threshold: A probability strictly between 0 and 1, even if scores are
            logits; scores of at least it are flagged.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = GMean()
        >>> metric.update_state([1, 1, 1, 0, 0], [2.0, 1.0, -1.0, 1.0, -2.0])
        >>> round(float(metric.result()), 4)
        0.5774
    """

    def of_counts(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of the four cells, scalars."""
        return ops.sqrt(_ratio(tp, tp + fn) * _ratio(tn, tn + fp))


@keras.saving.register_keras_serializable("equipoise")
class MCC(_Confusion):
    """Matthews' correlation; NaN if a margin of the counts is 0.

    Args:
        threshold: A probability strictly between 0 and 1, even if scores are
            logits; scores of at least it are flagged.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = MCC()
        >>> metric.update_state([1, 1, 1, 0, 0], [2.0, 1.0, -1.0, 1.0, -2.0])
        >>> round(float(metric.result()), 4)
        0.1667
    """

    def of_counts(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of the four cells, scalars."""
        below = ops.sqrt(tp + fp) * ops.sqrt(tp + fn) * ops.sqrt(tn + fp)
        return _ratio(tp * tn - fp * fn, below * ops.sqrt(tn + fn))


@keras.saving.register_keras_serializable("equipoise")
class FBeta(_Confusion):
    """The F measure, in which recall counts `beta` times as much.

    NaN if there are neither positives nor flagged rows.

    Args:
        beta: Above 0; 1 gives F1.
        threshold: A probability strictly between 0 and 1, even if scores are
            logits; scores of at least it are flagged.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = FBeta(2.0)
        >>> metric.update_state([1, 1, 1, 0, 0], [2.0, -2.0, -1.0, 1.0, -2.0])
        >>> round(float(metric.result()), 4)
        0.3571
    """

    def __init__(
        self,
        beta: float = 1.0,
        *,
        threshold: float = 0.5,
        from_logits: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            threshold=threshold, from_logits=from_logits, name=name, dtype=dtype
        )
        self.beta = number(beta, "beta", 0, open_ends=True)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        return {**super().get_config(), "beta": self.beta}

    def of_counts(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of the four cells, scalars."""
        top = (1 + self.beta**2) * tp
        return _ratio(top, top + self.beta**2 * fn + fp)


def _ratio(above: Tensor, below: Tensor, empty: float = float("nan")) -> Tensor:
    """Divide; `empty` if the denominator is 0, and NaN if it is NaN."""
    absent = below == 0
    safe = ops.where(absent, ops.ones_like(below), below)
    return ops.where(absent, ops.full_like(below, empty), above / safe)
