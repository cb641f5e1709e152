# SPDX-License-Identifier: Apache-2.0
"""Labels, probabilities and scores, checked once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import sentence
from equipoise._core.numerals import significant
from equipoise._core.types import BoolArray, FloatArray
from equipoise.errors import InputError, InputTypeError
from equipoise.metrics.inputs import (
    labels,
)


def check_labels(y: npt.ArrayLike) -> BoolArray:
    """Return labels as booleans `[rows]`; both classes must occur.

    Raises:
        InputError: Not one-dimensional, empty, not 0/1, or of one class only.
    """
    values = _numeric(y, "labels", "Pass for example numpy.asarray(y) == 'yes'.")
    if values.ndim != 1 or not values.size:
        one = values.ndim == 2 and values.shape[1] == 1
        raise InputError(
            sentence(
                f"labels of shape {values.shape}",
                "one label per row, [rows]",
                "Pass y[:, 0]." if one else "",
            )
        )
    if np.isnan(values).any():
        raise InputError(
            sentence(
                f"{int(np.isnan(values).sum())} labels that are missing",
                "0 for the negative and 1 for the positive class",
                "Leave out the rows whose label is not known.",
            )
        )
    return labels(values)


def check_probability(probability: npt.ArrayLike, rows: int) -> FloatArray:
    """Return probabilities as float64 `[rows]`.

    Raises:
        InputError: The shape differs, or a value lies outside [0, 1].
    """
    p = _numeric(probability, "probabilities")
    if p.shape == (rows, 1):
        raise InputError(
            sentence(
                f"probabilities of shape {p.shape}",
                f"one per row, ({rows},)",
                "Pass probability[:, 0].",
            )
        )
    if p.shape == (rows, 2):
        raise InputError(
            sentence(
                f"probabilities of shape {p.shape}",
                f"one per row, ({rows},)",
                "Pass the positive class' column, probability[:, 1].",
            )
        )
    _check_shape(p, (rows,), "probabilities")
    if np.isnan(p).any():
        raise InputError(
            sentence(
                f"{int(np.isnan(p).sum())} probabilities that are not a number",
                "numbers from 0 to 1",
            )
        )
    if p.size and (p.min() < 0 or p.max() > 1):
        raise InputError(
            sentence(
                f"probabilities from {significant(p.min(), 4)} to "
                f"{significant(p.max(), 4)}",
                "numbers from 0 to 1",
                "If they are percentages, divide them by 100."
                if p.min() >= 0 and p.max() <= 100
                else "For log-odds use equipoise.priors.probability(z) first.",
            )
        )
    return p


def check_log_odds(
    log_odds: npt.ArrayLike, shape: tuple[int, ...], name: str
) -> FloatArray:
    """Return an arm's scores as float64; infinities are allowed.

    Raises:
        InputError: The shape differs, or a score is not a number.
    """
    z = _numeric(log_odds, f"the scores of {name!r}")
    _check_shape(z, shape, f"the scores of {name!r}")
    if np.isnan(z).any():
        raise InputError(
            sentence(
                f"{int(np.isnan(z).sum())} scores of {name!r} that are not a number",
                "log-odds, infinities included",
                "A row that no fold scores has no score: every row needs a fold.",
            )
        )
    return z


def _check_shape(values: FloatArray, shape: tuple[int, ...], what: str) -> None:
    if values.shape != shape:
        raise InputError(sentence(f"{what} of shape {values.shape}", f"shape {shape}"))


def _numeric(values: npt.ArrayLike, what: str, remedy: str = "") -> FloatArray:
    try:
        return floats(values, what)
    except InputTypeError as error:
        raise InputTypeError(f"{error} {remedy}".rstrip()) from error
