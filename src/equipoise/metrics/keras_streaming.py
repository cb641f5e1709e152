# SPDX-License-Identifier: Apache-2.0
"""What the metrics for Keras are built on: batches as vectors, and scores kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from equipoise._core.arrays import unmasked
from equipoise._core.checks import integer, sentence
from equipoise._core.types import Tensor
from equipoise.errors import InputError
from equipoise.metrics.keras_inputs import (
    aligned_weights,
    replicas,
    require_as_many,
    require_as_many_weights,
    require_labels,
    require_probabilities,
    require_weights,
)

KEPT = 16384


class StreamingMetric(keras.metrics.Metric):  # type: ignore[misc]  # Keras is untyped
    """A metric of all rows since the last reset, NaN once a row was refused.

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
        """Return labels, scores and weights as `_unrefused` does, `[elements]` each."""
        y_true, y_pred, sample_weight = unmasked_batch(y_true, y_pred, sample_weight)
        whose = type(self).__name__
        score, truth = ops.convert_to_tensor(y_pred), ops.convert_to_tensor(y_true)
        require_as_many(truth, score, whose)
        shape, score_shape = ops.shape(score), tuple(score.shape)
        score = ops.cast(ops.reshape(score, (-1,)), "float64")
        truth = ops.cast(ops.reshape(truth, (-1,)), "float64")
        if sample_weight is None:
            weight = ops.ones_like(score)
            refused = require_labels(truth, None, whose)
        else:
            weight = aligned_weights(ops.convert_to_tensor(sample_weight), len(shape))
            require_as_many_weights(weight, score_shape, whose)
            weight = ops.cast(ops.broadcast_to(weight, shape), "float64")
            weight = ops.reshape(weight, (-1,))
            refused = require_weights(weight, whose)
            refused = ops.logical_or(refused, require_labels(truth, weight, whose))
        return self._unrefused(truth, score, weight, refused)

    def _unrefused(
        self, truth: Tensor, score: Tensor, weight: Tensor, refused: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return labels, scores and weights, float64, with 0 for what does not count.

        What is refused where nothing can be raised, or is not a number, has the weight
        0, and spoils the result.
        """
        if not self.from_logits:
            beyond = require_probabilities(score, weight, type(self).__name__)
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


class RankingMetric(StreamingMetric):
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
        self.kept, self.filled = score_variables(self, (self.bins, 3))

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
        batch = score_batch(truth, score, weight)
        keep_scores(
            self.kept, self.filled, batch, lambda rows: merged_scores(rows, self.bins)
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        return {**super().get_config(), "bins": self.bins}

    def _ladder(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return hits, misses and their running sums, from the top score down."""
        rows = ops.reshape(ops.convert_to_tensor(self.kept), (-1, 3))
        return score_ladder(rows)


LARGEST_SCORE = float(np.finfo(np.float64).max)
_FINEST = 1e-7  # of the mass; below, the logarithm is about linear


def this_replica() -> Tensor:
    """Return the number of this replica, from 0."""
    if keras.backend.backend() != "tensorflow":
        return 0
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def unmasked_batch(
    y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return labels, scores and weights; masked arrays with values missing raise."""
    return (
        unmasked(y_true, "labels"),
        unmasked(y_pred, "scores"),
        unmasked(sample_weight, "weights"),
    )


def score_batch(truth: Tensor, score: Tensor, weight: Tensor) -> Tensor:
    """Return scores with the weight of either class at them, `[rows, ..., 3]`."""
    score = ops.clip(score, -LARGEST_SCORE, LARGEST_SCORE)
    return ops.stack([score, truth * weight, (1 - truth) * weight], axis=-1)


def score_variables(
    metric: keras.metrics.Metric, shape: tuple[int, ...]
) -> tuple[Any, Any]:
    """Add the variables of a metric that keeps scores: the scores, how many are filled.

    Args:
        metric: The metric.
        shape: Of its scores, `(bins, ..., 3)`.
    """
    # A line for each replica, for variables of replicas are read as their sum.
    lines = replicas()
    scores = metric.add_variable((lines, *shape), "zeros", dtype="float64", name="kept")
    filled = metric.add_variable((lines,), "zeros", dtype="float64", name="filled")
    return scores, filled


def keep_scores(
    scores: Any, filled: Any, batch: Tensor, merge: Callable[[Tensor], Tensor]
) -> None:
    """Take a batch into what `score_variables` made, in the line of this replica.

    Args:
        scores: `[replicas, bins, ..., 3]`.
        filled: `[replicas]`.
        batch: `[rows, ..., 3]`, from `score_batch`.
        merge: From `[rows, ..., 3]` of any number of rows to `[bins, ..., 3]`.

    Raises:
        InputError: There are more replicas than lines: the metric was made outside of
            the scope of their strategy.
    """
    if replicas() > scores.shape[0]:
        raise InputError(
            sentence(
                f"a metric that was made outside of the scope of a strategy of "
                f"{replicas()} replicas",
                "one that is made where the model is",
                "Make it within `with strategy.scope():`.",
            )
        )
    line = this_replica()
    buffer = ops.convert_to_tensor(scores)
    counts = ops.convert_to_tensor(filled)
    before, size, bins = (
        ops.cast(counts[line], "int32"),
        ops.shape(batch)[0],
        scores.shape[1],
    )
    rows_here = buffer[line]
    full = before + size > bins
    rows = ops.cond(
        full,
        lambda: merge(ops.concatenate([rows_here, batch])),
        lambda: appended_scores(rows_here, batch, before),
    )
    after = ops.where(full, filled_scores(bins), before + size)
    here = ops.arange(buffer.shape[0]) == line
    whole = ops.reshape(here, (-1,) + (1,) * (len(buffer.shape) - 1))
    scores.assign(ops.where(whole, rows[None], buffer))
    filled.assign(ops.where(here, ops.cast(after, "float64"), counts))


def score_ladder(rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return hits, misses and their running sums, from the top score down.

    Args:
        rows: `[rows, 3]`: scores, and the weight of either class at them.
    """
    rows = ops.take(rows, ops.argsort(-rows[:, 0]), axis=0)
    totals = ops.segment_sum(rows[:, 1:], tie_numbers(rows[:, 0]), rows.shape[0])
    hits, misses = totals[:, 0], totals[:, 1]
    return hits, misses, ops.cumsum(hits), ops.cumsum(misses)


def ladder_average_precision(
    hits: Tensor, misses: Tensor, tp: Tensor, fp: Tensor
) -> Tensor:
    """Return average precision of what `score_ladder` gave; NaN without positives."""
    gained = ops.sum(hits * ratio_of(tp, tp + fp, empty=0.0))
    return ratio_of(gained, tp[-1])


def ladder_auroc(hits: Tensor, misses: Tensor, tp: Tensor, fp: Tensor) -> Tensor:
    """Return AUROC of what `score_ladder` gave; NaN if a class is absent."""
    return ratio_of(ops.sum(misses * (tp - hits / 2)), tp[-1] * fp[-1])


def decision_counts(truth: Tensor, flagged: Tensor, weight: Tensor) -> Tensor:
    """Return true and false positives, false and true negatives, `[4, ...]`.

    Args:
        truth: `[rows, ...]` shares of the positive class.
        flagged: `[rows, ...]` whether each is decided to be positive.
        weight: `[rows, ...]`.
    """
    flag = ops.cast(flagged, truth.dtype)
    cells = [truth * flag, (1 - truth) * flag, truth * (1 - flag)]
    cells.append((1 - truth) * (1 - flag))
    return ops.sum(ops.stack(cells) * weight, axis=1)


def appended_scores(buffer: Tensor, batch: Tensor, filled: Tensor) -> Tensor:
    """Return the rows `[bins, ..., 3]` with a batch behind those that are filled."""
    places = filled + ops.arange(ops.shape(batch)[0])
    return ops.scatter_update(buffer, places[:, None], batch)


def merged_scores(rows: Tensor, bins: int) -> Tensor:
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
    tie = tie_numbers(score)
    mass = ops.segment_sum(rows[:, 1:], tie, size)
    grown = ops.cumsum(mass, axis=0) - mass / 2
    totals = ops.sum(mass, axis=0)
    shares = ops.sum(grown / ops.where(totals > 0, totals, 1.0), axis=1)
    total = ops.sum(totals)
    whole = ops.sum(grown, axis=1) / ops.where(total > 0, total, 1.0)
    logarithm = ops.log1p(whole / _FINEST) / math.log1p(1 / _FINEST)
    cells = filled_scores(bins)
    place = ops.take((shares / 4 + logarithm / 2) * cells, tie)
    cell = ops.clip(ops.cast(ops.floor(place), "int32"), 0, cells - 1)
    summed = ops.segment_sum(rows[:, 1:], cell, cells)
    counted = ops.any(rows[:, 1:] > 0, axis=1)
    below = ops.logical_and(counted, place - ops.floor(place) >= 0.5)
    lower = ops.segment_max(ops.where(below, score, -LARGEST_SCORE), cell, cells)
    lowest = -ops.segment_max(ops.where(counted, -score, -LARGEST_SCORE), cell, cells)
    scores = ops.where(lower > -LARGEST_SCORE, lower, lowest)
    scores = ops.where(ops.any(summed > 0, axis=1), scores, 0.0)
    merged = ops.concatenate([scores[:, None], summed], axis=1)
    return ops.pad(merged, [[0, bins - cells], [0, 0]])


def filled_scores(bins: int) -> int:
    """Return how many rows are filled once they have been merged."""
    return bins - max(bins // 4, 1)


def tie_numbers(ordered: Tensor) -> Tensor:
    """Return the number of each score among the different ones, in their order."""
    differs = ops.cast(ordered[1:] != ordered[:-1], "int32")
    return ops.cumsum(ops.pad(differs, [[1, 0]]))


def ratio_of(above: Tensor, below: Tensor, empty: float = float("nan")) -> Tensor:
    """Divide; `empty` if the denominator is 0, and NaN if it is NaN."""
    absent = below == 0
    safe = ops.where(absent, ops.ones_like(below), below)
    return ops.where(absent, ops.full_like(below, empty), above / safe)
