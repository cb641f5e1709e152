# SPDX-License-Identifier: Apache-2.0
"""The expected cost of decisions that are drawn by the model's probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from equipoise._core.arrays import unmasked
from equipoise._core.checks import described, sentence
from equipoise._core.types import FloatArray, Tensor
from equipoise.errors import InputError, UnsupportedError
from equipoise.losses.base import ExampleLoss, as_type, checked_targets, prepared
from equipoise.losses.classes import class_targets
from equipoise.losses.option_checks import check_options, number_or_numbers
from equipoise.metrics.keras_inputs import require_weights
from equipoise.priors import Link


def expected_cost_loss(
    targets: Tensor, logits: Tensor, *, miss: Tensor = 1.0, false_alarm: Tensor = 1.0
) -> Tensor:
    """Return t c_1 (1 - p) + (1 - t) c_0 p at p = sigmoid(z), per example.

    What a decision costs on average that is positive with probability p. Its minimum is
    a decision, p = 0 or 1, not a probability: positive where the probability exceeds
    c_0 / (c_0 + c_1). So it has no link, and of examples whose decision is clear it
    learns nothing. The cross-entropy and `equipoise.decision.Costs` decide as well, and
    for any costs.

    Source: Elkan (2001), "The foundations of cost-sensitive learning", equation 1.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        miss: c_1, above 0: what a positive costs that is missed. A number, or numbers
            that broadcast against the logits, such as one per example.
        false_alarm: c_0, above 0: what a negative costs that is flagged.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: A cost is out of range, the last axes differ, or the logits are not
            floating point.

    Example:
        >>> values = expected_cost_loss([1.0, 0.0], [0.0, 0.0], miss=[50.0, 20.0])
        >>> [float(value) for value in values]
        [25.0, 0.5]
    """
    check_options("expected_cost", miss=miss, false_alarm=false_alarm)
    t, z = prepared(targets, logits)
    c1, c0 = as_type(miss, z.dtype), as_type(false_alarm, z.dtype)
    return t * c1 * ops.sigmoid(-z) + (1 - t) * c0 * ops.sigmoid(z)


def softmax_expected_cost_loss(
    targets: Tensor, logits: Tensor, *, costs: Tensor | None = None
) -> Tensor:
    """Return sum_k c_k p_k at p = softmax(z), c_k the cost of deciding for class k.

    Source: Elkan (2001), equation 1.

    Args:
        targets: `[..., batch]` class numbers, or `[..., batch, classes]` from 0 to 1;
            without `costs` `[..., batch, classes]` each example's own costs, at least
            0.
        logits: `[..., batch, classes]`, of two classes or more.
        costs: `[classes, classes]`, at least 0, by true class and decided class.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: There is no cost for each pair of classes, the shapes do not belong
            together, or the logits are not floating point.

    Example:
        >>> matrix = [[0.0, 1.0, 1.0], [5.0, 0.0, 1.0], [50.0, 9.0, 0.0]]
        >>> values = softmax_expected_cost_loss([0, 2], [[0.0] * 3] * 2, costs=matrix)
        >>> [round(float(value), 4) for value in values]
        [0.6667, 19.6667]
    """
    t, z = class_targets(targets, logits)
    if costs is not None:
        matrix = as_type(costs, z.dtype)
        size = z.shape[-1]
        if tuple(matrix.shape) != (size, size):
            raise InputError(
                sentence(
                    f"costs of shape {tuple(matrix.shape)} for {size} classes",
                    "a row of costs for each true class, a column for each decision",
                )
            )
        t = ops.matmul(t, matrix)
    return ops.sum(t * ops.softmax(z, axis=-1), axis=-1)


@keras.saving.register_keras_serializable("equipoise")
class ExpectedCost(ExampleLoss):
    """The expected cost of the model's decisions, for `model.compile`.

    When to use: after a start with another loss, if the costs will never change and
    the model is too small to learn the probabilities. When not: else. Costs that differ
    by example go to `fit` as `sample_weight` with two classes, the cost of deciding
    wrongly on the example; with several classes, as targets `[batch, classes]`, the
    costs of each decision, if `costs` is None.

    Args:
        miss: What a positive costs that is missed, above 0; a sequence for one number
            per label.
        false_alarm: What a negative costs that is flagged, above 0; or one per label.
        costs: For link="softmax": `[classes, classes]` by true class and decided
            class, at least 0; None if the targets are costs.
        reduction: As in `CrossEntropy`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = ExpectedCost(link="softmax")
        >>> float(loss([[0.0, 3.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]))
        1.0
    """

    function = staticmethod(expected_cost_loss)
    softmax = staticmethod(softmax_expected_cost_loss)

    def __init__(
        self,
        miss: float | Sequence[float] = 1.0,
        false_alarm: float | Sequence[float] = 1.0,
        costs: Sequence[Sequence[float]] | None = None,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "expected_cost",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        options: dict[str, Any]
        if link == "softmax":
            options = {"costs": None if costs is None else _cost_matrix(costs)}
        else:
            if costs is not None:
                raise InputError(
                    sentence(
                        "costs= for one logit per row", "miss= and false_alarm= for it"
                    )
                )
            options = {
                "miss": number_or_numbers(miss, "miss", several=False),
                "false_alarm": number_or_numbers(false_alarm, "false_alarm", False),
            }
            check_options("expected_cost", **options)
        super().__init__(reduction, name, dtype, link, **options)

    def _checked(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return checked targets, or costs, and weights."""
        if self.link != "softmax" or self.options["costs"] is not None:
            return super()._checked(y_true, y_pred, sample_weight)
        costs = as_type(y_true, self.dtype)
        # costs are no labels: what is checked of them is that none is below 0
        _, weights = checked_targets(ops.zeros_like(costs), y_pred, sample_weight, self)
        refused = require_weights(costs, type(self).__name__)
        return ops.where(refused, ops.full_like(costs, float("nan")), costs), weights

    def posterior(self, logits: Any) -> FloatArray:
        """Raise: its minimum is a decision, whatever the probability.

        Raises:
            UnsupportedError: Always.
        """
        raise no_probability()


def no_probability() -> UnsupportedError:
    """Return the error for the link of the expected cost.

    Example:
        >>> type(no_probability()).__name__
        'UnsupportedError'
    """
    return UnsupportedError(
        sentence(
            "the link of the expected cost",
            "a loss whose minimum is a probability",
            "This one is least at a decision; its scores need a calibrator.",
        )
    )


def _cost_matrix(costs: Any) -> list[list[float]]:
    each = np.asarray(unmasked(costs, "costs"))
    square = each.ndim == 2 and each.shape[0] == each.shape[1] >= 2
    finite = square and each.dtype.kind in "iuf" and bool(np.isfinite(each).all())
    if finite and (each >= 0).all():
        return [[float(value) for value in row] for row in each]
    raise InputError(
        sentence(
            described("costs", costs),
            "a square matrix of numbers of 0 or more, by true class and decision",
        )
    )
