# SPDX-License-Identifier: Apache-2.0
"""The balanced softmax: the cross-entropy of logits plus the log of the counts."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from equipoise._core.types import Tensor
from equipoise.losses.base import ExampleLoss
from equipoise.losses.logit_adjusted import (
    logit_adjusted_loss,
    softmax_logit_adjusted_loss,
)
from equipoise.losses.option_checks import check_options, number_or_numbers
from equipoise.priors import Link


def balanced_softmax_loss(targets: Tensor, logits: Tensor, *, prior: Tensor) -> Tensor:
    """Return the cross-entropy at z + log(n_1 / n_0), per example.

    It is the logit adjustment of Menon et al. (2021) at tau = 1, published in the same
    year: at prediction z alone is the score of a balanced population, and z plus the
    adjustment that of the population.

    Source: Ren et al. (2020), "Balanced meta-softmax for long-tailed visual
    recognition", equation 4, with a sigmoid for two classes.

    Args:
        targets: `[..., batch]`, from 0 to 1.
        logits: `[..., batch]`.
        prior: n_1 / (n_0 + n_1), the share of positives among the examples drawn,
            strictly between 0 and 1: a number, or numbers that broadcast against the
            logits.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: The prior is out of range, the last axes differ, or the logits are
            not floating point.

    Example:
        >>> values = balanced_softmax_loss([1.0, 0.0], [0.0, 0.0], prior=0.1)
        >>> [round(float(value), 4) for value in values]
        [2.3026, 0.1054]
    """
    return logit_adjusted_loss(targets, logits, prior=prior)


def softmax_balanced_softmax_loss(
    targets: Tensor, logits: Tensor, *, prior: Tensor
) -> Tensor:
    """Return the softmax cross-entropy at z + log(n), per example.

    Source: Ren et al. (2020), equation 4.

    Args:
        targets: `[..., batch]` class numbers, or `[..., batch, classes]` from 0 to 1.
        logits: `[..., batch, classes]`, of two classes or more.
        prior: `[classes]` the share of each class among the examples drawn, above 0.

    Returns:
        `[..., batch]` of the logits' type.

    Raises:
        InputError: There is not one share per class, the shapes do not belong
            together, or the logits are not floating point.

    Example:
        >>> values = softmax_balanced_softmax_loss(
        ...     [0, 2], [[0.0, 0.0, 0.0]] * 2, prior=[0.7, 0.2, 0.1]
        ... )
        >>> [round(float(value), 4) for value in values]
        [0.3567, 2.3026]
    """
    return softmax_logit_adjusted_loss(targets, logits, prior=prior)


@keras.saving.register_keras_serializable("equipoise")
class BalancedSoftmax(ExampleLoss):
    """The balanced softmax, for `model.compile`.

    When to use: on long tails, if the class of the largest raw logit should be the
    decision of least balanced error. When not: to rank better, with two classes; there
    it moves the threshold and nothing else.

    Args:
        prior: The share of positives among the training examples; of each class, or
            with each label, if there are several.
        reduction: As in `CrossEntropy`.
        name: The name in logs.
        dtype: The type of the computation; Keras' default if None.
        link: As in `CrossEntropy`.

    Example:
        >>> loss = BalancedSoftmax(prior=[0.7, 0.2, 0.1], link="softmax")
        >>> loss.link([[0.0, 0.0, 0.0]]).round(4).tolist()
        [[0.7, 0.2, 0.1]]
    """

    record = "balanced_softmax"
    function = staticmethod(balanced_softmax_loss)
    softmax = staticmethod(softmax_balanced_softmax_loss)

    def __init__(
        self,
        prior: float | Sequence[float],
        reduction: str | None = "mean_with_sample_weight",
        name: str = "balanced_softmax",
        dtype: str | None = None,
        link: Link = "sigmoid",
    ) -> None:
        prior = number_or_numbers(prior, "prior", link == "softmax")
        check_options("balanced_softmax", prior=prior)
        super().__init__(reduction, name, dtype, link, prior=prior)
