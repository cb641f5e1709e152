# SPDX-License-Identifier: Apache-2.0
"""The AUC margin loss: classes tight around their means, and apart."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.base import as_type
from equipoise.losses.option_checks import check_options
from equipoise.losses.set_loss import SetLoss, class_masses, dtype_of
from equipoise.priors import Link


def auc_margin_loss(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None = None,
    *,
    margin: Tensor = 1.0,
) -> Tensor:
    """Return Var+(h) + Var-(h) + (m + E-(h) - E+(h))_+^2 at h = sigmoid(z).

    The scores of each class should lie close together, and the two means at least the
    margin m apart. It stands for the area under the ROC curve: if the classes are tight
    and apart, their pairs are in the right order.

    The min-max form E+(h - a)^2 + E-(h - b)^2 + 2 s (m + E- h - E+ h) - s^2 has its
    saddle point in closed form, a = E+ h, b = E- h, s = (m + E- h - E+ h)_+, so no
    special optimiser is needed. The means are those of the batch, so it should hold
    several examples of each class; a batch with one class gives 0.

    LibAUC 2.0.1 puts a parenthesis elsewhere, which multiplies E-(h) by the share
    of negatives in the batch; this is the formula.

    Source: Ying et al. (2016), "Stochastic online AUC maximization", theorem 1,
    with the hinge of Yuan et al. (2021), "Large-scale robust deep AUC
    maximization", section 3.

    Args:
        targets: `[..., batch]`, 0 or 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`.
        margin: m, above 0; 1 asks for scores of 1 and 0. A number, or numbers that
            broadcast to the leading axes.

    Returns:
        `[...]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> value = auc_margin_loss([1.0, 0.0], [0.0, 0.0])
        >>> print(f"{float(value):.3f}")
        1.000
    """
    check_options("auc_margin", margin=margin)
    z, positive, negative = class_masses(targets, logits, weights)
    h = ops.sigmoid(z)
    mean1, variance1, some1 = _moments(h, positive)
    mean0, variance0, some0 = _moments(h, negative)
    gap = ops.relu(as_type(margin, z.dtype) + mean0 - mean1)
    value = some1 * some0 * (variance1 + variance0 + gap * gap)
    return ops.cast(value, dtype_of(logits))


def _moments(h: Tensor, mass: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean, variance and total of the mass (1, or 0 for an empty class)."""
    mean = ops.sum(mass * h, axis=-1)
    apart = h - ops.expand_dims(mean, -1)
    total = ops.cast(ops.any(mass > 0, axis=-1), h.dtype)
    return mean, ops.sum(mass * apart * apart, axis=-1), total


@keras.saving.register_keras_serializable("equipoise")
class AUCMargin(SetLoss):
    """The AUC margin loss of a batch, for `model.compile`.

    When to use: as `PairwiseAUC`; it is bounded, so outliers pull less, and blind
    to examples whose sigmoid is saturated. Start with the cross-entropy.

    Args:
        margin: By how much the class means should differ, above 0.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> print(f"{float(AUCMargin()([1.0, 0.0], [0.0, 0.0])):.3f}")
        1.000
    """

    function = staticmethod(auc_margin_loss)

    def __init__(
        self,
        margin: float = 1.0,
        name: str = "auc_margin",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        check_options("auc_margin", margin=margin)
        super().__init__(name, dtype, link, margin=margin)
