# SPDX-License-Identifier: Apache-2.0
"""The label-distribution-aware margin loss: rare classes have larger margins."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from equipoise._core.types import Tensor
from equipoise.losses.base import ExampleLoss, as_type, prepared
from equipoise.losses.classes import class_log_odds, class_targets, number_by_class
from equipoise.losses.option_checks import check_options, number_or_numbers
from equipoise.priors import Link


def ldam_loss(
    targets: Tensor,
    logits: Tensor,
    *,
    prior: Tensor,
    max_margin: Tensor = 0.5,
    scale: Tensor = 1.0,
) -> Tensor:
    """Return the cross-entropy of s (z - m_1) for positives, s (z + m_0) for negatives.

    The margins m_c are proportional to n_c^(-1/4), the larger one is `max_margin`. Its
    minimiser is not the log-odds; `loss.link` returns their probabilities.

    Source: Cao et al. (2019), "Learning imbalanced datasets with label-distribution-
    aware margin loss", equations 12 and 13, with z the difference of two logits.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        prior: The share of positives among the examples drawn, strictly between 0
            and 1: a number, or numbers that broadcast against the logits.
        max_margin: The margin of the smaller class, at least 0; 0 is the cross-entropy
            of s z.
        scale: s, above 0. The paper takes 30, with a last layer whose inputs and
            kernels have length 1; without one a network finds its own scale.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the last axes differ, or the logits
            are not floating point.

    Example:
        >>> values = ldam_loss([1.0, 0.0], [0.0, 0.0], prior=0.1)
        >>> [round(float(value), 4) for value in values]
        [0.9741, 0.8479]
    """
    check_options("ldam", prior=prior, max_margin=max_margin, scale=scale)
    t, z = prepared(targets, logits)
    share, s = as_type(prior, z.dtype), as_type(scale, z.dtype)
    most, quarter = as_type(max_margin, z.dtype), as_type(0.25, z.dtype)
    odds = quarter * (ops.log(share) - ops.log1p(-share))
    margin1 = most * ops.exp(-ops.relu(odds))
    margin0 = most * ops.exp(-ops.relu(-odds))
    positive, negative = s * (z - margin1), s * (z + margin0)
    return t * ops.softplus(-positive) + (1 - t) * ops.softplus(negative)


def softmax_ldam_loss(
    targets: Tensor,
    logits: Tensor,
    *,
    prior: Tensor,
    max_margin: Tensor = 0.5,
    scale: Tensor = 1.0,
) -> Tensor:
    """Return the cross-entropy of s (z - m_y e_y), where y is the example's class.

    Its minimiser is not the log of the probabilities; `loss.link` returns them. A blend
    of two examples has the blend of their losses.

    Source: Cao et al. (2019), equations 12 and 13.

    Args:
        targets: `[..., batch]` class numbers, or `[..., batch, classes]` from 0 to 1.
        logits: `[..., batch, classes]`, of two classes or more.
        prior: `[classes]` the share of each class among the examples drawn, above 0.
        max_margin: The margin of the smallest class, at least 0.
        scale: s, above 0.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: An option is out of range, the shapes do not belong together, or
            the logits are not floating point.

    Example:
        >>> values = softmax_ldam_loss(
        ...     [0, 2], [[1.0, 0.0, 1.0]] * 2, prior=[0.7, 0.2, 0.1]
        ... )
        >>> [round(float(value), 4) for value in values]
        [1.0509, 1.1803]
    """
    check_options("ldam", max_margin=max_margin, scale=scale)
    t, z = class_targets(targets, logits)
    logs = ops.log(number_by_class(prior, z, "prior"))
    s, most = as_type(scale, z.dtype), as_type(max_margin, z.dtype)
    quarter = as_type(-0.25, z.dtype)
    margins = most * ops.exp(quarter * (logs - ops.min(logs, axis=-1, keepdims=True)))
    # -log p_c = softplus(log(sum of exp(s z_k) over the others) - s (z_c - m_c))
    odds = class_log_odds(s * z) - s * margins
    return ops.sum(t * ops.softplus(-odds), axis=-1)


@keras.saving.register_keras_serializable("equipoise")
class LDAM(ExampleLoss):
    """The label-distribution-aware margin loss, for `model.compile`.

    When to use: on long tails of images, with `Scheduled`, which weights the classes
    after four fifths of the epochs: the paper's deferred re-weighting. When not: with
    two classes and a table, where nothing in our trials was gained.

    Args:
        prior: The share of positives among the training examples; of each class, or
            with each label, if there are several.
        max_margin: The margin of the smallest class, at least 0.
        scale: Above 0; 30 with a last layer whose inputs and kernels have length 1.
        reduction: As in `CrossEntropy`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = LDAM(prior=0.1)
        >>> loss.link([0.0, 2.0]).round(4).tolist()
        [0.4787, 0.8327]
    """

    record = "ldam"
    function = staticmethod(ldam_loss)
    softmax = staticmethod(softmax_ldam_loss)

    def __init__(
        self,
        prior: float | Sequence[float],
        max_margin: float = 0.5,
        scale: float = 1.0,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "ldam",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        prior = number_or_numbers(prior, "prior", link == "softmax")
        options = {"prior": prior, "max_margin": max_margin, "scale": scale}
        check_options("ldam", **options)
        super().__init__(reduction, name, dtype, link, **options)
