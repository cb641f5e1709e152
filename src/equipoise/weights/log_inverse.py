# SPDX-License-Identifier: Apache-2.0
"""The logarithm of the inverse share of each class."""

from __future__ import annotations

import math
from collections.abc import Sequence

from equipoise.task import TASK_KINDS
from equipoise.weights.scheme import Scheme


def log_inverse_ratios(totals: Sequence[float]) -> list[float]:
    """Return w_c / w_0 for w_c = log(N / n_c), the log of the inverse share.

    Of several classes, none of which holds most of the rows, it is milder than the
    inverse frequency. A class that holds nearly all rows gets next to no weight: at
    99 % and 1 % the ratio is log(100) / log(1.0101) = 458, nearly five times that of
    the inverse frequency. `log` has a form that never exceeds it.

    Source: in common use; no canonical paper.

    Args:
        totals: `[classes]` the number of rows of each class, above 0.

    Example:
        >>> [round(ratio, 2) for ratio in log_inverse_ratios([500, 300, 150, 50])]
        [1.0, 1.74, 2.74, 4.32]
    """
    rows = math.fsum(totals)
    others = (
        math.fsum([*totals[:place], *totals[place + 1 :]]) / rows
        for place in range(len(totals))
    )
    each = [
        -math.log1p(-share) if share < 1 else math.log(rows / total)
        for share, total in zip(others, totals, strict=True)
    ]
    return [weight / each[0] for weight in each]


LOG_INVERSE_SCHEME = Scheme(
    name="log_inverse",
    ratios=log_inverse_ratios,
    tasks=TASK_KINDS,
    phrase="by the logarithm of the inverse share, log(N / n_c)",
)
