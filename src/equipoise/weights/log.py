# SPDX-License-Identifier: Apache-2.0
"""A logarithmic weight: grows slowly as the class gets rarer."""

from __future__ import annotations

import math

from equipoise.weights.scheme import Scheme


def log_ratio(negatives: int, positives: int) -> float:
    """Return w1 / w0 for w_c = 1 + log(max(n0, n1) / n_c).

    The frequently copied log(N / n_c) is not what it seems: at 1 % positives
    its ratio is log(100) / log(1.0101) = 458, nearly five times stronger than
    the inverse frequency (99) that it is meant to soften. The form here is 1 for
    equal classes, and never above the inverse frequency.

    Source: a softened inverse frequency in common use; no canonical paper.

    Args:
        negatives: The number of negatives, at least 1.
        positives: The number of positives, at least 1.

    Example:
        >>> round(log_ratio(9_900, 100), 3)
        5.595
    """
    most = max(negatives, positives)
    return (1 + math.log(most / positives)) / (1 + math.log(most / negatives))


SCHEME = Scheme(
    name="log",
    ratio=log_ratio,
    phrase="by 1 + log(n_max / n_c)",
)
