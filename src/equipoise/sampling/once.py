# SPDX-License-Identifier: Apache-2.0
"""How many rows to draw if they are drawn once, for all of training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from equipoise._core.types import FloatArray

MOST_TIMES = 10
"""At most so many rows are drawn for each row that there is."""


def draws_of(totals: Sequence[int], shares: FloatArray, repeats: bool) -> int:
    """Return how many rows to draw once.

    A sampler that repeats rows draws the largest class once; another one draws the
    class once of which it takes the largest part.

    Args:
        totals: `[classes]` the number of rows of each class.
        shares: `[classes]` of each among the drawn rows.
        repeats: Whether rows are repeated.

    Example:
        >>> draws_of([90, 10], np.array([0.5, 0.5]), repeats=True)
        180
        >>> draws_of([90, 10], np.array([0.5, 0.5]), repeats=False)
        20
    """
    each = np.asarray(totals, np.float64)
    there = (each > 0) & (shares > 0)
    if repeats:
        largest = int(each.argmax())
        rows = each[largest] / max(shares[largest], 1e-300)
    else:
        rows = (each[there] / shares[there]).min()
    return max(1, round(min(float(rows), MOST_TIMES * float(each.sum()))))


def draws_at(rates: FloatArray) -> int:
    """Return how many rows to draw once if each row has a rate.

    The rows with the lowest rate are drawn once.

    Args:
        rates: `[rows]` above 0, with mean 1.

    Example:
        >>> draws_at(np.array([0.5, 0.5, 2.0]))
        6
    """
    return round(len(rates) * min(1.0 / float(rates.min()), MOST_TIMES))
