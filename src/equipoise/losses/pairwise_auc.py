# SPDX-License-Identifier: Apache-2.0
"""The squared hinge over all pairs: a surrogate of the area under the ROC curve."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.option_checks import check_options
from equipoise.losses.pairs import squared_hinge_of_pairs
from equipoise.losses.set_loss import SetLoss, class_masses, dtype_of, per_batch
from equipoise.priors import Link


def pairwise_auc_loss(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None = None,
    *,
    margin: Tensor = 1.0,
) -> Tensor:
    """Return the mean of (m - (z_i - z_j))_+^2 over positives i and negatives j.

    Every positive should score higher than every negative, by at least the margin m.
    A pair that does costs nothing; a pair that does not costs the square of what is
    missing. The area under the ROC curve counts the pairs in the right order; this is
    its smooth counterpart, which a network can minimise.

    Exact over all pairs, in O(n log n) time and linear memory. A pair counts
    w_i w_j. It wants batches with several of each class; a batch with one class
    only gives value 0 and gradient 0.

    Sort u = z for positives, z + m for negatives. A negative j pays (u_j - u_i)^2
    for every positive i below it, which is the sum over the gaps between the two of
    (upper - lower) ((u_j - lower) + (lower - u_i)). So the loss is the sum over all
    gaps of (upper - lower) (P E + A Q), with P the mass of the positives below the
    gap and A their distances to its lower end, Q and E those of the negatives
    above it. Four running sums give them. Every term is at least 0, so float32
    loses nothing to cancellation, as the expanded square would.

    Source: Rust & Hocking (2023), "A log-linear gradient descent algorithm for
    unbalanced binary classification using the all pairs squared hinge loss",
    section 3; the sums over gaps are in place of their coefficients.

    Args:
        targets: `[..., batch]`, 0 or 1.
        logits: `[..., batch]`.
        weights: Example weights, at least 0, that broadcast to `[..., batch]`.
        margin: m, above 0: by how much a positive should lead. A number, or
            numbers that broadcast to the leading axes.

    Returns:
        `[...]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> value = pairwise_auc_loss([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])
        >>> print(f"{float(value):.3f}")  # (0.5^2 + 2.5^2) / 2
        3.250
    """
    check_options("pairwise_auc", margin=margin)
    z, positive, negative = class_masses(targets, logits, weights)
    lead = per_batch(margin, z.dtype)
    value = squared_hinge_of_pairs(z, positive, negative, lead)
    return ops.cast(value, dtype_of(logits))


@keras.saving.register_keras_serializable("equipoise")
class PairwiseAUC(SetLoss):
    """The squared hinge over all pairs of a batch, for `model.compile`.

    When to use: if only the ranking counts, on batches that hold several positives,
    after a start with the cross-entropy. When not: if you want probabilities; its
    scores need a calibrator.

    Args:
        margin: By how much a positive should lead, above 0.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> print(f"{float(PairwiseAUC()([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])):.3f}")
        3.250
    """

    function = staticmethod(pairwise_auc_loss)

    def __init__(
        self,
        margin: float = 1.0,
        name: str = "pairwise_auc",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        check_options("pairwise_auc", margin=margin)
        super().__init__(name, dtype, link, margin=margin)
