# SPDX-License-Identifier: Apache-2.0
"""A logarithmic weight: grows slowly as the class gets rarer."""

from __future__ import annotations

import math
from collections.abc import Sequence

from equipoise.task import TASK_KINDS
from equipoise.weights.scheme import Scheme


def log_ratios(totals: Sequence[float]) -> list[float]:
    """Return w_c / w_0 for w_c = 1 + log(max(n) / n_c).

    The frequently copied log(N / n_c) is not what it seems: at 1 % positives
    its ratio is log(100) / log(1.0101) = 458, nearly five times stronger than
    the inverse frequency (99) that it is meant to soften. The form here is 1 for
    equal classes, and never above the inverse frequency. The copied form is
    `log_inverse`.

    Source: a softened inverse frequency in common use; no canonical paper.

    Args:
        totals: `[classes]` the number of rows of each class, above 0.

    Example:
        >>> round(log_ratios([9_900, 100])[1], 3)
        5.595
    """
    most = max(totals)
    each = [1 + math.log(most / total) for total in totals]
    return [weight / each[0] for weight in each]


LOG_SCHEME = Scheme(
    name="log",
    ratios=log_ratios,
    tasks=TASK_KINDS,
    phrase="by 1 + log(n_max / n_c)",
)
