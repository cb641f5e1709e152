# SPDX-License-Identifier: Apache-2.0
"""One minus F-beta of soft counts."""

from __future__ import annotations

import keras

from equipoise._core.types import Tensor
from equipoise.losses.option_checks import check_options
from equipoise.losses.set_loss import SetLoss
from equipoise.losses.tversky import soft_overlap
from equipoise.priors import Link


def soft_f_beta_loss(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None = None,
    *,
    recall_weight: Tensor = 1.0,
) -> Tensor:
    """Return 1 - F-beta, with p = sigmoid(z) in place of decisions.

    F-beta = (1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP): recall counts b times as much
    as precision. `tversky_loss` says what it learns: a decision, not a probability. The
    F-beta of a cross-entropy at its best threshold, F* / (1 + b^2), is hard to beat.

    Source: Pastor-Pellicer et al. (2013), "F-measure as the error function to train
    neural networks", section 3.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`.
        recall_weight: b, above 0. A number, or numbers that broadcast to the leading
            axes.

    Returns:
        `[...]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> value = soft_f_beta_loss([1.0, 0.0], [0.0, 0.0], recall_weight=2.0)
        >>> print(f"{float(value):.4f}")  # 1 - 2.5 / (2.5 + 2 + .5)
        0.5000
    """
    check_options("soft_f_beta", recall_weight=recall_weight)
    squared = recall_weight * recall_weight
    share = 1 / (1 + squared)
    return soft_overlap(targets, logits, weights, share, squared * share)


@keras.saving.register_keras_serializable("equipoise")
class SoftFBeta(SetLoss):
    """One minus the soft F-beta of a batch, for `model.compile`.

    When to use: beside a cross-entropy, as `Tversky`. When not: alone, if you rank or
    want probabilities.

    Args:
        recall_weight: How much recall counts against precision, above 0.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = SoftFBeta(recall_weight=2.0)
        >>> print(f"{float(loss([1.0, 0.0], [0.0, 0.0])):.4f}")
        0.5000
    """

    function = staticmethod(soft_f_beta_loss)

    def __init__(
        self,
        recall_weight: float = 1.0,
        name: str = "soft_f_beta",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        check_options("soft_f_beta", recall_weight=recall_weight)
        super().__init__(name, dtype, link, recall_weight=recall_weight)
