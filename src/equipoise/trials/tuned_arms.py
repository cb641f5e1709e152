# SPDX-License-Identifier: Apache-2.0
"""Tuned arms of a trial: their rival is the strategy as it is, and what they chose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from equipoise._core.numerals import estimate, significant
from equipoise.comparison.verdict import ArmVerdict
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.trials.fold_scores import Scores

MOST_NAMED = 3


def with_defaults(arms: Sequence[Strategy]) -> list[Strategy]:
    """Return arms, with the strategy as it is before each tuned one.

    "Does tuning help?" is a comparison of two arms, so both are in the trial.

    Args:
        arms: The arms asked for.

    Example:
        >>> arms = with_defaults([Tuned("focal"), Tuned("plain")])
        >>> [arm.name for arm in arms]
        ['focal', 'tuned focal', 'plain', 'tuned plain']
    """
    result: list[Strategy] = []
    for arm in arms:
        if isinstance(arm, Tuned) and rival(arm, [*arms, *result]) is None:
            taken = {other.name for other in [*arms, *result]}
            name = arm.base.name
            result.append(
                replace(arm.base, name=f"{arm.name}: as it is")
                if name in taken
                else arm.base
            )
        result.append(arm)
    return result


def rival(arm: Tuned, arms: Sequence[Strategy]) -> Strategy | None:
    """Return the arm that is the strategy as it is, under any name, or None.

    Args:
        arm: A tuned arm.
        arms: The arms of the trial.
    """
    recipe = replace(arm.base, name="-")
    return next(
        (
            other
            for other in arms
            if type(other) is Strategy and replace(other, name="-") == recipe
        ),
        None,
    )


def tuning_facts(
    arm: Tuned, scores: Scores, verdict: tuple[str, ArmVerdict] | None
) -> dict[str, Any]:
    """Return what the search of an arm did, as plain data.

    Args:
        arm: A tuned arm.
        scores: What the fits gave.
        verdict: The name of its rival and the arm's verdict against it, or None.
    """
    return {
        "trials": arm.trials,
        "folds": arm.folds,
        "space": {name: str(range_) for name, range_ in arm.space},
        "parts": [dict(each) for each in scores.tuning.get(arm.name, ())],
        "default": None if verdict is None else verdict[0],
        "difference_to_default": None if verdict is None else verdict[1].as_dict(),
    }


def tuning_note(
    arm: Tuned, scores: Scores, verdict: tuple[str, ArmVerdict] | None, metric: str
) -> str:
    """Return what a search did, and whether it helped, in words.

    Args:
        arm: A tuned arm.
        scores: What the fits gave.
        verdict: As in `tuning_facts`.
        metric: What was compared, in words.
    """
    parts = scores.tuning.get(arm.name, ())
    changed = [each["values"] for each in parts if each["values"]]
    text = (
        f"{arm.name}: the search changed {arm.base.name} in {len(changed)} of "
        f"{len(parts)} training parts{_most_common(changed)}."
    )
    if verdict is not None:
        name, judged = verdict
        outcome = {
            "better": "tuning helps",
            "worse": "tuning hurts",
            "equivalent": "tuning makes no difference that matters",
            "cannot tell": "the trial cannot tell whether tuning helps",
        }[judged.outcome]
        ends = judged.difference.value, judged.difference.low, judged.difference.high
        amount = estimate(*ends, signed=True)
        text += f" {arm.name} minus {name}: {amount} in {metric}; {outcome}."
    seconds = sum(each["seconds"] for each in parts)
    candidates = parts[0]["candidates"] if parts else arm.trials
    return (
        f"{text} The search tried {candidates} candidates in each part and took "
        f"{significant(seconds, 2)} s."
    )


def _most_common(changed: Sequence[Mapping[str, Any]]) -> str:
    """Return the values that were chosen most often, in brackets."""
    if not changed:
        return ""
    counts = Counter(
        (name, value) for values in changed for name, value in values.items()
    )
    often = [(pair, n) for pair, n in counts.most_common(MOST_NAMED) if n > 1]
    if not often:
        return "" if len(changed) == 1 else ", each time to other values"
    words = [f"{name} {value} in {n}" for (name, value), n in often]
    return f" ({', '.join(words)})"
