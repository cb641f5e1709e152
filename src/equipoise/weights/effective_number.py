# SPDX-License-Identifier: Apache-2.0
"""The effective number of examples of Cui et al. (2019)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from equipoise._core.options import Setting
from equipoise.task import TASK_KINDS
from equipoise.weights.scheme import Scheme


def effective_number_ratios(
    totals: Sequence[float], *, beta: float = 0.9999
) -> list[float]:
    """Return w_c / w_0 for w_c = (1 - beta) / (1 - beta^n_c).

    Source: Cui et al. (2019), "Class-balanced loss based on effective number of
    samples", section 4.

    Args:
        totals: `[classes]` the number of rows of each class, above 0.
        beta: In [0, 1). 0 weighs nothing; towards 1 it becomes the inverse
            frequency. The paper tries .9, .99, .999 and .9999, its default here:
            it distinguishes classes of up to about 1 / (1 - beta) examples.

    Example:
        >>> round(effective_number_ratios([8_982, 380])[1], 2)
        15.9
        >>> effective_number_ratios([8_982, 380], beta=0.0)
        [1.0, 1.0]
    """
    if beta == 0:
        return [1.0] * len(totals)
    # 1 - beta^n in a form that keeps its digits if beta is close to 1
    each = [math.expm1(total * math.log(beta)) for total in totals]
    return [each[0] / weight for weight in each]


EFFECTIVE_NUMBER_SCHEME = Scheme(
    name="effective_number",
    ratios=effective_number_ratios,
    tasks=TASK_KINDS,
    phrase="by the effective number of examples, (1 - beta) / (1 - beta^n_c) "
    "at beta {beta:g}",
    options={"beta": Setting(0.9999, low=0, high=math.nextafter(1, 0))},
    citations=("cui2019",),
)
