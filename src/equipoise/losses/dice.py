# SPDX-License-Identifier: Apache-2.0
"""The Dice loss: one minus F1 of soft counts."""

from __future__ import annotations

import keras

from equipoise._core.types import Tensor
from equipoise.losses.set_loss import SetLoss
from equipoise.losses.tversky import soft_overlap
from equipoise.priors import Link


def dice_loss(targets: Tensor, logits: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return 1 - 2 TP / (2 TP + FP + FN), with p = sigmoid(z) in place of decisions.

    `tversky_loss` says what it learns: a decision, not a probability.

    Source: Milletari et al. (2016), "V-Net: fully convolutional neural networks for
    volumetric medical image segmentation", section 3, without the squares.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`.

    Returns:
        `[...]` of the logits' type.

    Raises:
        InputError: The last axes differ, or the logits are not floating point.

    Example:
        >>> value = dice_loss([1.0, 0.0, 0.0], [0.0, 0.0, 0.0])
        >>> print(f"{float(value):.4f}")  # 1 - 1 / (1 + 1 + .5)
        0.6000
    """
    return soft_overlap(targets, logits, weights, 0.5, 0.5)


@keras.saving.register_keras_serializable("equipoise")
class Dice(SetLoss):
    """The Dice loss of a batch, for `model.compile`.

    When to use: beside a cross-entropy, as `Tversky`. When not: alone, if you rank or
    want probabilities.

    Args:
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> print(f"{float(Dice()([1.0, 0.0, 0.0], [0.0, 0.0, 0.0])):.4f}")
        0.6000
    """

    function = staticmethod(dice_loss)

    def __init__(
        self, name: str = "dice", dtype: str | None = None, link: Link = "sigmoid"
    ) -> None:
        super().__init__(name, dtype, link)
