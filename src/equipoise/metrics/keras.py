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
several labels are pooled ("micro"). `MacroAveragePrecision`, `MacroAUROC`, `MacroF1`
and `BalancedClassAccuracy` are averages over classes or labels.

Labels other than 0 and 1 (and shares between), negative weights and probabilities
beyond 0 and 1 are an error; in a function that XLA compiles, which cannot raise, the
result is NaN. Rows of weight 0 may hold anything.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
from keras import ops

from equipoise._core.checks import number
from equipoise._core.types import Tensor
from equipoise.metrics.keras_inputs import OutputWatch
from equipoise.metrics.keras_streaming import (
    KEPT,
    RankingMetric,
    StreamingMetric,
    decision_counts,
    ladder_auroc,
    ladder_average_precision,
    ratio_of,
)
from equipoise.metrics.keras_tasks import (
    BalancedClassAccuracy as BalancedClassAccuracy,
)
from equipoise.metrics.keras_tasks import MacroAUROC as MacroAUROC
from equipoise.metrics.keras_tasks import (
    MacroAveragePrecision as MacroAveragePrecision,
)
from equipoise.metrics.keras_tasks import MacroF1 as MacroF1
from equipoise.priors import log_odds


@keras.saving.register_keras_serializable("equipoise")
class AveragePrecision(RankingMetric):
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
        return self._unless_spoiled(ladder_average_precision(*self._ladder()))


@keras.saving.register_keras_serializable("equipoise")
class AUROC(RankingMetric):
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
        return self._unless_spoiled(ladder_auroc(*self._ladder()))


@keras.saving.register_keras_serializable("equipoise")
class RecallAtPrecision(RankingMetric):
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
        reached = ratio_of(tp, tp + fp, empty=-1.0) >= self.precision
        best = ops.max(ops.where(reached, tp, ops.zeros_like(tp)))
        return self._unless_spoiled(ratio_of(best, tp[-1]))


@keras.saving.register_keras_serializable("equipoise")
class PrecisionAtRecall(RankingMetric):
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
        recall = ratio_of(tp, tp[-1])
        precision = ratio_of(tp, tp + fp, empty=0.0)
        best = ops.max(ops.where(recall >= self.recall, precision, 0.0))
        return self._unless_spoiled(ratio_of(best * tp[-1], tp[-1]))


class _Confusion(StreamingMetric):
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
        counts = decision_counts(truth, flagged, weight)
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
        return ratio_of(tp, tp + fn)


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
        return ratio_of(tp, tp + fp)


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
        return ratio_of(tn, tn + fp)


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
        return (ratio_of(tp, tp + fn) + ratio_of(tn, tn + fp)) / 2


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
        return ops.sqrt(ratio_of(tp, tp + fn) * ratio_of(tn, tn + fp))


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
        return ratio_of(tp * tn - fp * fn, below * ops.sqrt(tn + fn))


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
        return ratio_of(top, top + self.beta**2 * fn + fp)
