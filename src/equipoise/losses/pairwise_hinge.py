# SPDX-License-Identifier: Apache-2.0
"""The hinge over all pairs: a surrogate of the area under the ROC curve."""

from __future__ import annotations

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.option_checks import check_options
from equipoise.losses.pairs import hinge_of_pairs
from equipoise.losses.set_loss import SetLoss, class_masses, dtype_of, per_batch
from equipoise.priors import Link


def pairwise_hinge_loss(
    targets: Tensor,
    logits: Tensor,
    weights: Tensor | None = None,
    *,
    margin: Tensor = 1.0,
) -> Tensor:
    """Return the mean of (m - (z_i - z_j))_+ over positives i and negatives j.

    At m = 1 it is at least 1 - AUROC. A pair that is far from the right order pulls no
    more than one that is near to it, so outliers do less than in `pairwise_auc_loss`.
    Exact over all pairs, in O(n log n) time and linear memory.

    Source: Joachims (2005), "A support vector method for multivariate performance
    measures", section 4.3: the pairs are summed by sorting.

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
        >>> value = pairwise_hinge_loss([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])
        >>> print(f"{float(value):.3f}")  # (0.5 + 2.5) / 2
        1.500
    """
    check_options("pairwise_hinge", margin=margin)
    z, positive, negative = class_masses(targets, logits, weights)
    value = hinge_of_pairs(z, positive, negative, per_batch(margin, z.dtype))
    return ops.cast(value, dtype_of(logits))


@keras.saving.register_keras_serializable("equipoise")
class PairwiseHinge(SetLoss):
    """The hinge over all pairs of a batch, for `model.compile`.

    When to use: as `PairwiseAUC`, if outliers or wrong labels should pull less.

    Args:
        margin: By how much a positive should lead, above 0.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> print(f"{float(PairwiseHinge()([1.0, 0.0, 0.0], [0.5, 0.0, 2.0])):.3f}")
        1.500
    """

    function = staticmethod(pairwise_hinge_loss)

    def __init__(
        self,
        margin: float = 1.0,
        name: str = "pairwise_hinge",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        check_options("pairwise_hinge", margin=margin)
        super().__init__(name, dtype, link, margin=margin)
