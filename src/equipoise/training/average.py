# SPDX-License-Identifier: Apache-2.0
"""The average of several networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray
from equipoise.priors import Link


def average_log_odds(
    log_odds: Sequence[npt.ArrayLike], link: Link = "sigmoid"
) -> FloatArray:
    """Return the log-odds of the mean probability, stable at any size.

    log mean sigmoid(z) - log mean sigmoid(-z), each by log-sum-exp; for several classes
    the log of the mean softmax.

    Args:
        log_odds: One array per network, of equal shapes.
        link: "softmax" if the last axis holds logits of classes.

    Example:
        >>> average_log_odds([[800.0], [-800.0]]).tolist()
        [0.0]
    """
    z = np.asarray(log_odds, np.float64)
    if len(z) == 1:
        return np.asarray(z[0])
    if link == "softmax":
        logs = z - np.logaddexp.reduce(z, axis=-1, keepdims=True)
        return np.asarray(np.logaddexp.reduce(logs, axis=0) - np.log(len(z)))
    positive = np.logaddexp.reduce(-np.logaddexp(0.0, -z), axis=0)
    negative = np.logaddexp.reduce(-np.logaddexp(0.0, z), axis=0)
    return np.asarray(positive - negative)
