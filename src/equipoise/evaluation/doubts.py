# SPDX-License-Identifier: Apache-2.0
"""Scores that are no probabilities of the positive class, as they come in practice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import BoolArray, FloatArray
from equipoise.errors import InputError
from equipoise.metrics import Estimate

DECISIONS = "the scores are decisions, 0 and 1, and no probabilities"
"""Why a metric of probabilities is undefined."""
FEWEST = 3
"""Rows from which two distinct scores are worth a word."""


def are_decisions(p: FloatArray) -> bool:
    """Return whether scores are 0 and 1 alone, both of them.

    Args:
        p: `[rows]` probabilities.

    Example:
        >>> are_decisions(np.array([0.0, 1.0, 1.0])), are_decisions(np.zeros(3))
        (True, False)
    """
    return p.size >= FEWEST and set(np.unique(p).tolist()) == {0.0, 1.0}


def require_order(y: npt.ArrayLike, probability: npt.ArrayLike) -> None:
    """Raise if labels and probabilities seem to be swapped.

    Args:
        y: What was given as labels.
        probability: What was given as probabilities.

    Raises:
        InputError: The first are numbers from 0 to 1 and not all 0 or 1, the second
            are all 0 or 1.
    """
    try:
        first, second = np.asarray(y, np.float64), np.asarray(probability, np.float64)
    except (TypeError, ValueError):
        return  # said by whoever checks them
    if first.shape != second.shape or not first.size:
        return
    shares = np.all((first >= 0) & (first <= 1)) and not np.isin(first, (0, 1)).all()
    if shares and np.isin(second, (0, 1)).all():
        raise InputError(
            sentence(
                "labels that are shares, and probabilities that are all 0 or 1",
                "labels first, probabilities second",
                "They look swapped: pass evaluate(labels, probabilities).",
            )
        )


def doubts(y: BoolArray, p: FloatArray, auroc: Estimate) -> tuple[str, ...]:
    """Return what a reader should know about scores that look like something else.

    Args:
        y: `[rows]` labels.
        p: `[rows]` probabilities.
        auroc: Of these scores, with its interval.
    """
    notes = []
    distinct = np.unique(p)
    hard = are_decisions(p)
    if hard:
        notes.append(
            "The scores take only the values 0 and 1: these are decisions, not "
            "probabilities. Metrics of decisions are given. Those of a ranking or of "
            "probabilities are not: decisions do not show how well the model ranks, "
            "and the log loss of a wrong 0 or 1 is infinite. Pass the probabilities "
            "of the positive class, for example predict_proba(X)[:, 1]."
        )
    elif distinct.size == 2 and p.size >= FEWEST:
        notes.append(
            f"The scores take only two values, {distinct[0]:.4g} and "
            f"{distinct[1]:.4g}: the metrics of the ranking are those of one decision."
        )
    wrong = int(np.count_nonzero(p[y] == 0) + np.count_nonzero(p[~y] == 1))
    if wrong and not hard:
        rows = "row has" if wrong == 1 else "rows have"
        notes.append(
            f"The log loss is infinite, since {wrong:,} {rows} a probability of 0 for "
            "the true class."
        )
    if auroc.high < 0.5:
        notes.append(
            f"The AUROC is {auroc.value:.2g}, below one half: the scores rank the "
            "classes the wrong way round. If they are the probabilities of the other "
            "class, pass 1 - probability."
        )
    return tuple(notes)
