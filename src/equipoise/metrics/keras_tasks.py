# SPDX-License-Identifier: Apache-2.0
"""Metrics of several classes or labels for `model.compile`.

They equal the metrics of the same meaning in `TASK_METRICS`: averages over the classes
that occur, and not all alone, among the rows so far. The ranking metrics keep the
scores of each class, as `AveragePrecision` does, exactly for up to `bins` rows.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import keras
from keras import ops

from equipoise._core.checks import integer, number, sentence
from equipoise._core.types import Tensor
from equipoise.errors import InputError
from equipoise.metrics.keras_inputs import (
    aligned_weights,
    require_as_many_weights,
    require_class_numbers,
    require_labels,
    require_weights,
)
from equipoise.metrics.keras_streaming import (
    StreamingMetric,
    decision_counts,
    keep_scores,
    ladder_auroc,
    ladder_average_precision,
    merged_scores,
    ratio_of,
    score_batch,
    score_ladder,
    score_variables,
    unmasked_batch,
)
from equipoise.priors import log_odds

KEPT_PER_CLASS = 4096


class TaskMetricOfKeras(StreamingMetric):
    """Targets, scores and weights of a batch as `[rows, classes]`.

    Args:
        classes: How many classes, or labels, there are: the size of the last axis of
            the scores.
        labels: Whether they are labels, of which a row may have several.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.
    """

    def __init__(
        self,
        classes: int,
        *,
        labels: bool = False,
        from_logits: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits=from_logits, name=name, dtype=dtype)
        self.labels = bool(labels)
        self.classes = integer(classes, "classes", 1 if self.labels else 2)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        problem = {"classes": self.classes, "labels": self.labels}
        return {**super().get_config(), **problem}

    def _aligned(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what `_unrefused` does of a batch, `[rows, classes]` each."""
        whose = type(self).__name__
        y_true, y_pred, sample_weight = unmasked_batch(y_true, y_pred, sample_weight)
        score = ops.convert_to_tensor(y_pred)
        if score.shape[-1] != self.classes or len(score.shape) < 2:
            raise InputError(
                sentence(
                    f"scores of shape {tuple(score.shape)} for "
                    f"{whose}(classes={self.classes})",
                    f"scores [rows, {self.classes}]",
                )
            )
        weight = self._weights(sample_weight, score)
        labels = ops.convert_to_tensor(y_true)
        _require_rows(labels, self._sparse(labels), score, whose)
        score = ops.cast(ops.reshape(score, (-1, self.classes)), "float64")
        truth, weight, refused = self._truth(labels, weight, whose)
        refused = ops.logical_or(refused, require_weights(weight, whose))
        return self._unrefused(truth, score, weight, refused)

    def _weights(self, sample_weight: Tensor | None, score: Tensor) -> Tensor:
        """Return weights `[rows, classes]` float64 for scores `[..., classes]`."""
        if sample_weight is None:
            weight = ops.ones_like(score, "float64")
        else:
            weight = ops.cast(ops.convert_to_tensor(sample_weight), "float64")
            weight = aligned_weights(weight, len(score.shape))
            require_as_many_weights(weight, tuple(score.shape), type(self).__name__)
            weight = ops.broadcast_to(weight, ops.shape(score))
        return ops.reshape(weight, (-1, self.classes))

    def _sparse(self, y_true: Tensor) -> bool:
        """Return whether targets are class numbers, one for each row."""
        one = len(y_true.shape) == 1 or (y_true.shape[-1] == 1 and self.classes != 1)
        return one and not self.labels

    def _truth(
        self, y_true: Tensor, weight: Tensor, whose: str
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return truth and weights `[rows, classes]`, and whether any is refused."""
        if self._sparse(y_true):
            numbers = ops.cast(ops.reshape(y_true, (-1,)), "float64")
            refused = require_class_numbers(numbers, self.classes, weight[:, 0], whose)
            truth = ops.one_hot(ops.cast(numbers, "int32"), self.classes)
            return ops.cast(truth, "float64"), weight, refused
        if len(y_true.shape) < 2 or y_true.shape[-1] != self.classes:
            shares = f"[rows, {self.classes}]"
            accepted = f"class numbers [rows], or shares of the classes {shares}"
            if self.labels:
                accepted = f"0 and 1, {shares}"
            raise InputError(
                sentence(
                    f"labels of shape {tuple(y_true.shape)} for "
                    f"{whose}(classes={self.classes}, labels={self.labels})",
                    accepted,
                )
            )
        truth = ops.cast(ops.reshape(y_true, (-1, self.classes)), "float64")
        if self.labels:
            # A label that is not known, NaN or -1, weighs nothing.
            unknown = ops.logical_or(ops.isnan(truth), truth == -1)
            weight = ops.where(unknown, ops.zeros_like(weight), weight)
            truth = ops.where(unknown, ops.zeros_like(truth), truth)
        return truth, weight, require_labels(truth, weight, whose)


def _require_rows(y_true: Tensor, sparse: bool, score: Tensor, whose: str) -> None:
    """Raise if there are not as many rows of labels as of scores, if shapes tell."""
    rows, scored = tuple(y_true.shape), tuple(score.shape)[:-1]
    rows = rows if sparse or len(rows) < 2 else rows[:-1]
    if None in rows or None in scored or math.prod(rows) == math.prod(scored):
        return
    raise InputError(
        sentence(
            f"labels of shape {tuple(y_true.shape)} and scores of shape "
            f"{tuple(score.shape)} for {whose}",
            "as many rows of labels as of scores",
        )
    )


def _macro(values: Tensor, judged: Tensor) -> Tensor:
    """Return the mean of the judged classes' values; NaN without any."""
    count = ops.sum(ops.cast(judged, values.dtype))
    total = ops.sum(ops.where(judged, values, ops.zeros_like(values)))
    return ratio_of(total, count)


class MacroRanking(TaskMetricOfKeras):
    """The scores of each class in their order, and how much lies at each.

    Args:
        classes: How many classes, or labels, there are.
        labels: Whether they are labels, of which a row may have several.
        bins: How many scores are kept apart, of each class.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result.
    """

    def __init__(
        self,
        classes: int,
        *,
        labels: bool = False,
        bins: int = KEPT_PER_CLASS,
        from_logits: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            classes, labels=labels, from_logits=from_logits, name=name, dtype=dtype
        )
        self.bins = integer(bins, "bins", 2)
        shape = (self.bins, self.classes, 3)
        self.kept, self.filled = score_variables(self, shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        return {**super().get_config(), "bins": self.bins}

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        """Take in a batch.

        Args:
            y_true: Class numbers `[rows]`, or shares of the classes `[rows, classes]`;
                0 and 1 `[rows, labels]` if they are labels, NaN or -1 for a label that
                is not known.
            y_pred: Logits or probabilities `[rows, classes]`. One that is not a number
                makes the result NaN.
            sample_weight: Weights of at least 0 that broadcast against the scores, or
                None. A row of weight 0 is left out.
        """
        truth, score, weight = self._aligned(y_true, y_pred, sample_weight)
        if self.from_logits and not self.labels:
            score = _against_rest(score, self.classes)
        batch = score_batch(truth, score, weight)
        keep_scores(self.kept, self.filled, batch, self._merge)

    def _merge(self, rows: Tensor) -> Tensor:
        """Return rows `[bins, classes, 3]` for any number of rows."""
        of_class = ops.transpose(rows, (1, 0, 2))
        merged = ops.map(lambda one: merged_scores(one, self.bins), of_class)
        return ops.transpose(merged, (1, 0, 2))

    def result(self) -> Tensor:
        """Return the value, a scalar."""
        rows = ops.reshape(ops.convert_to_tensor(self.kept), (-1, self.classes, 3))
        each = ops.map(self._of_class, ops.transpose(rows, (1, 0, 2)))
        judged = ops.logical_and(each[:, 1] > 0, each[:, 2] > 0)
        return self._unless_spoiled(_macro(each[:, 0], judged))

    def _of_class(self, rows: Tensor) -> Tensor:
        """Return value, positives and negatives of one class, `[3]`."""
        hits, misses, tp, fp = score_ladder(rows)
        return ops.stack([self.of_ladder(hits, misses, tp, fp), tp[-1], fp[-1]])

    @abstractmethod
    def of_ladder(self, hits: Tensor, misses: Tensor, tp: Tensor, fp: Tensor) -> Tensor:
        """Return the metric of one class, a scalar, from the top score down."""


def _against_rest(logits: Tensor, classes: int) -> Tensor:
    """Return log-odds of each class against all others, `[rows, classes]`."""
    each = []
    for label in range(classes):
        rest = ops.concatenate([logits[:, :label], logits[:, label + 1 :]], axis=1)
        each.append(logits[:, label] - ops.logsumexp(rest, axis=1))
    return ops.stack(each, axis=1)


@keras.saving.register_keras_serializable("equipoise")
class MacroAveragePrecision(MacroRanking):
    """The mean average precision of each class against the rest, or of each label.

    NaN if no class can be judged, as if all rows are of one.

    Args:
        classes: How many classes, or labels, there are.
        labels: Whether they are labels, of which a row may have several.
        bins: How many scores are kept apart, of each class; up to as many rows the
            value is exact.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = MacroAveragePrecision(2, labels=True)
        >>> metric.update_state([[1, 0], [0, 1], [1, 1]], [[2, 1], [3, 0], [1, 2]])
        >>> round(float(metric.result()), 4)
        0.7083
    """

    def of_ladder(self, hits: Tensor, misses: Tensor, tp: Tensor, fp: Tensor) -> Tensor:
        """Return the metric of one class, a scalar, from the top score down."""
        return ladder_average_precision(hits, misses, tp, fp)


@keras.saving.register_keras_serializable("equipoise")
class MacroAUROC(MacroRanking):
    """The mean AUROC of each class against the rest, or of each label.

    NaN if no class can be judged, as if all rows are of one.

    Args:
        classes: How many classes, or labels, there are.
        labels: Whether they are labels, of which a row may have several.
        bins: How many scores are kept apart, of each class; up to as many rows the
            value is exact.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = MacroAUROC(2, labels=True)
        >>> metric.update_state([[1, 0], [0, 1], [1, 1]], [[2, 1], [3, 0], [1, 2]])
        >>> float(metric.result())
        0.25
    """

    def of_ladder(self, hits: Tensor, misses: Tensor, tp: Tensor, fp: Tensor) -> Tensor:
        """Return the metric of one class, a scalar, from the top score down."""
        return ladder_auroc(hits, misses, tp, fp)


class TaskCounts(TaskMetricOfKeras):
    """The counts of what is decided.

    Of classes it is the one of the largest score, the first of several. Of labels, all
    whose probability is at least the threshold.

    Args:
        classes: How many classes, or labels, there are.
        labels: Whether they are labels, of which a row may have several.
        threshold: Of labels: a probability strictly between 0 and 1, even if scores
            are logits.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.
    """

    def __init__(
        self,
        classes: int,
        *,
        labels: bool = False,
        threshold: float = 0.5,
        from_logits: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            classes, labels=labels, from_logits=from_logits, name=name, dtype=dtype
        )
        self.threshold = number(threshold, "threshold", 0, 1, open_ends=True)
        # True and false positives, false and true negatives of each class.
        self.cells = self.add_weight((4, self.classes), "zeros", name="cells")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        return {**super().get_config(), "threshold": self.threshold}

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        """Count a batch.

        Args:
            y_true: Class numbers `[rows]`, or shares of the classes `[rows, classes]`;
                0 and 1 `[rows, labels]` if they are labels, NaN or -1 for a label that
                is not known.
            y_pred: Logits or probabilities `[rows, classes]`. One that is not a number
                makes the result NaN.
            sample_weight: Weights of at least 0 that broadcast against the scores, or
                None. A row of weight 0 is left out.
        """
        truth, score, weight = self._aligned(y_true, y_pred, sample_weight)
        if self.labels:
            cut = float(log_odds(self.threshold))
            flag = score >= (cut if self.from_logits else self.threshold)
        else:
            flag = ops.one_hot(ops.argmax(score, axis=1), self.classes)
        counts = decision_counts(truth, flag, weight)
        self.cells.assign_add(ops.cast(counts, self.dtype))

    def result(self) -> Tensor:
        """Return the value, a scalar; NaN if no class can be judged."""
        tp, fp, fn, tn = (self.cells[at] for at in range(4))
        judged = ops.logical_and(tp + fn > 0, fp + tn > 0)
        return self._unless_spoiled(_macro(self.of_cells(tp, fp, fn, tn), judged))

    @abstractmethod
    def of_cells(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of each class, `[classes]`."""


@keras.saving.register_keras_serializable("equipoise")
class MacroF1(TaskCounts):
    """The mean F1 of the classes that occur, or of the labels.

    Args:
        classes: How many classes, or labels, there are.
        labels: Whether they are labels, of which a row may have several.
        threshold: Of labels: a probability strictly between 0 and 1, even if scores
            are logits.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = MacroF1(3)
        >>> scores = [[2, 1, 0], [1, 0, 3], [0, 1, 0], [0, 1, 0]]
        >>> metric.update_state([0, 0, 1, 1], scores)
        >>> round(float(metric.result()), 4)
        0.8333
    """

    def of_cells(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of each class, `[classes]`."""
        return ratio_of(2 * tp, 2 * tp + fp + fn)


@keras.saving.register_keras_serializable("equipoise")
class BalancedClassAccuracy(TaskCounts):
    """The mean recall of the classes that occur; of labels, of balanced accuracies.

    Args:
        classes: How many classes, or labels, there are.
        labels: Whether they are labels, of which a row may have several.
        threshold: Of labels: a probability strictly between 0 and 1, even if scores
            are logits.
        from_logits: Whether scores are logits; else probabilities.
        name: The metric's name in logs.
        dtype: Of the result, and of the counts.

    Example:
        >>> metric = BalancedClassAccuracy(3)
        >>> scores = [[2, 1, 0], [1, 0, 3], [0, 1, 0], [0, 1, 0]]
        >>> metric.update_state([0, 0, 1, 1], scores)
        >>> float(metric.result())
        0.75
    """

    def of_cells(self, tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
        """Return the metric of each class, `[classes]`."""
        recall = ratio_of(tp, tp + fn)
        return (recall + ratio_of(tn, tn + fp)) / 2 if self.labels else recall
