# SPDX-License-Identifier: Apache-2.0
"""The average of several networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray


def average_log_odds(log_odds: Sequence[npt.ArrayLike]) -> FloatArray:
    """Return the log-odds of the mean probability, stable at any size.

    log mean sigmoid(z) - log mean sigmoid(-z), each by log-sum-exp.

    Args:
        log_odds: One array per network, of equal shapes.

    Example:
        >>> average_log_odds([[800.0], [-800.0]]).tolist()
        [0.0]
    """
    z = np.asarray(log_odds, np.float64)
    if len(z) == 1:
        return np.asarray(z[0])
    positive = np.logaddexp.reduce(-np.logaddexp(0.0, -z), axis=0)
    negative = np.logaddexp.reduce(-np.logaddexp(0.0, z), axis=0)
    return np.asarray(positive - negative)
