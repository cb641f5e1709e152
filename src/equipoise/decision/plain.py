# SPDX-License-Identifier: Apache-2.0
"""Numbers that are not finite, written so that JSON keeps them."""

from __future__ import annotations

import math


def written(value: float) -> float | str:
    """Return a finite number as it is, else "inf", "-inf" or "nan".

    Example:
        >>> written(float("-inf")), float(written(0.5))
        ('-inf', 0.5)
    """
    return value if math.isfinite(value) else str(value)
