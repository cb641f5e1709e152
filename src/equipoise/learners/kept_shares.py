# SPDX-License-Identifier: Apache-2.0
"""Models of rows of which only a share of each class was kept, made those of all.

Every kind of scorer has one place where a constant is added to its scores. Adding
`stores.KeptShares.shift` there undoes the shares exactly, for the model that is saved
and exported as for the scores of the trial.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise.errors import UnsupportedError
from equipoise.jobs import Scorer

_PLACES = ("offset", "intercept", "value", "shifts")
"""Fields of scorers to which a constant per score is added."""


def shifted_scorer(
    scorer: Scorer, shift: Sequence[float], name: str, *, exact: bool
) -> Scorer:
    """Return a model whose scores are those of another one plus a constant each.

    Args:
        scorer: What a learner fitted.
        shift: `[width]` what is added to the scores.
        name: The strategy, for messages.
        exact: Whether the strategy's scores are log-odds. Scores that are not, such as
            those of a detector, have no place for a constant and need none.

    Raises:
        UnsupportedError: The kind of scorer has no such place.

    Example:
        >>> from equipoise.learners.prior import PriorScorer
        >>> shifted_scorer(PriorScorer(-1.0), (-2.0,), "prior", exact=True)
        PriorScorer(value=-3.0)
    """
    each = np.asarray(shift, np.float64)
    if not each.any():
        return scorer
    model: Any = scorer
    correction = getattr(model, "correction", None)
    if correction is not None:
        moved = np.asarray(correction.offset, np.float64) + each
        moved_one = dataclasses.replace(correction, offset=tuple(moved.tolist()))
        changed: Scorer = dataclasses.replace(model, correction=moved_one)
        return changed
    for place in _PLACES:
        value = getattr(model, place, None)
        if value is not None:
            added: Scorer = dataclasses.replace(model, **{place: _added(value, each)})
            return added
    if not exact:
        return scorer
    raise UnsupportedError(
        sentence(
            f"the strategy {name!r} for rows of which a share was kept",
            "strategies whose scores can be moved back to all rows",
            "Leave it out of strategies=, or raise memory= until all rows fit.",
        )
    )


def _added(value: Any, shift: Any) -> Any:
    """Return a constant per score, of its own type, with something added."""
    if isinstance(value, tuple):
        return tuple((np.asarray(value) + shift).tolist())
    if isinstance(value, np.ndarray):
        return value + shift
    return float(value) + float(shift[0])
