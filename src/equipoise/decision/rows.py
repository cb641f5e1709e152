# SPDX-License-Identifier: Apache-2.0
"""Scores, labels and weights, checked once for every function of this package."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray
from equipoise.errors import EquipoiseWarning, InputError
from equipoise.metrics.inputs import binary_labels, check_row_weights, check_scores
from equipoise.priors import probability

ENOUGH = 20
"""Fewer log-odds lie between 0 and 1 by chance too often for a warning."""


class ScoredRows(NamedTuple):
    """Scored rows.

    Attributes:
        score: `[rows]` float64; infinities are allowed, NaN is not.
        y: `[rows]` float64 of 0 and 1.
        weights: `[rows]` float64, at least 0; ones where none were given.
    """

    score: FloatArray
    y: FloatArray
    weights: FloatArray

    @property
    def positives(self) -> float:
        """The summed weight of the positive rows."""
        return float(self.weights @ self.y)

    @property
    def negatives(self) -> float:
        """The summed weight of the negative rows."""
        return float(self.weights @ (1 - self.y))

    def present(self) -> ScoredRows:
        """Return the rows whose weight is above 0."""
        keep = self.weights > 0
        return self if keep.all() else ScoredRows(*(column[keep] for column in self))


def check_rows(
    score: npt.ArrayLike, y: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> ScoredRows:
    """Return the columns as float64 arrays of one length.

    Raises:
        InputError: Lengths differ, a score is NaN, a label is neither 0 nor 1, or
            a weight is negative or not finite.

    Example:
        >>> check_rows([0.2, -1.0], [1, 0]).positives
        1.0
    """
    s = check_score_column(score)
    labels = binary_labels(y)
    if labels.shape != s.shape:
        raise InputError(
            sentence(
                f"labels of shape {labels.shape} for scores of shape {s.shape}",
                "one label per score",
            )
        )
    return ScoredRows(s, labels.astype(np.float64), check_row_weights(weights, s.shape))


def check_score_column(score: npt.ArrayLike) -> FloatArray:
    """Return scores as a float64 vector.

    Raises:
        InputError: Not one-dimensional, or a score is NaN.
    """
    s = floats(score, "scores")
    if s.ndim != 1:
        raise InputError(
            sentence(f"scores of shape {s.shape}", "one score per row, [rows]")
        )
    return check_scores(
        s,
        s.shape,
        remedy="Look for missing values in the features or a diverged model.",
    )


def doubt_log_odds(rows: ScoredRows, stacklevel: int = 3) -> None:
    """Warn if log-odds look like probabilities, which would be used as log-odds.

    They do if all lie between 0 and 1, and agree better with the share of positives as
    probabilities than as log-odds.

    Args:
        rows: Log-odds as scores, and labels.
        stacklevel: As in `warnings.warn`; 3 points at the caller's caller.

    Warns:
        EquipoiseWarning: The log-odds look like probabilities.
    """
    z = rows.score
    if len(z) < ENOUGH or z.min() < 0 or z.max() > 1 or z.min() == z.max():
        return
    share = rows.y.mean()
    if abs(z.mean() - share) < abs(probability(z).mean() - share):
        warnings.warn(
            f"All {len(z):,} log-odds lie between 0 and 1: are they probabilities? "
            "Then pass equipoise.priors.log_odds(probability).",
            EquipoiseWarning,
            stacklevel=stacklevel,
        )
