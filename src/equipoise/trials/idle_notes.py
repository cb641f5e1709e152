# SPDX-License-Identifier: Apache-2.0
"""What a trial must say of remedies that had no effect."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.trials.fold_scores import Scores

NEAR = 1e-4
"""Log-odds closer than this are the same score up to rounding: a probability then
differs by less than .00003."""

MOST_PAIRS = 5


def idle_notes(scores: Scores) -> tuple[str, ...]:
    """Return which parts of arms had no effect, and which arms gave the same scores.

    Args:
        scores: What the fits gave.
    """
    return (*_idle(scores), *_same(scores))


def _idle(scores: Scores) -> Iterator[str]:
    fits = len(np.unique(scores.folds[scores.folds >= 0])) * scores.repeats
    for name, parts in scores.idle.items():
        for text, count in parts.items():
            where = "" if count == fits else f" So it was in {count} of {fits} fits."
            yield f"{name}: {text}{where}"


def _same(scores: Scores) -> Iterator[str]:
    """Yield groups of arms with one score for each row, then pairs with some folds."""
    names = list(scores.log_odds)
    groups: list[list[str]] = []
    for name in names:
        z = scores.log_odds[name]
        group = next(
            (g for g in groups if _equal(scores.log_odds[g[0]], z, NEAR)), None
        )
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    for group in groups:
        if len(group) > 1:
            first = scores.log_odds[group[0]]
            exact = all(_equal(first, scores.log_odds[n], 0.0) for n in group)
            amount = "" if exact else f", to within {NEAR:g} of the log-odds"
            yield (
                f"{_joined(group)} gave the same scores on all rows{amount}: nothing "
                "sets them apart here."
            )
    pairs = []
    for one, other in itertools.combinations([g[0] for g in groups], 2):
        count, of = _folds_alike(scores, one, other)
        if count:
            pairs.append(
                f"{one} and {other} gave the same scores on all rows of {count} of "
                f"{of} folds."
            )
    yield from pairs[:MOST_PAIRS]
    if len(pairs) > MOST_PAIRS:
        yield f"So did {len(pairs) - MOST_PAIRS} more pairs of arms in some folds."


def _folds_alike(scores: Scores, one: str, other: str) -> tuple[int, int]:
    """Return in how many folds of all repeats two arms gave the same scores."""
    alike = of = 0
    for repeat, numbers in enumerate(scores.folds):
        for fold in np.unique(numbers[numbers >= 0]):
            here = numbers == fold
            a, b = (scores.log_odds[name][repeat, here] for name in (one, other))
            alike += _equal(a, b, 0.0)
            of += 1
    return alike, of


def _equal(one: FloatArray, other: FloatArray, within: float) -> bool:
    return bool(np.allclose(one, other, rtol=0, atol=within, equal_nan=True))


def _joined(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
