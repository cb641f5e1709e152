# SPDX-License-Identifier: Apache-2.0
"""What a threshold is best at, as functions of the counts above it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import (
    LEAST_WEIGHT,
    MOST_WEIGHT,
    described,
    listing,
    number,
    one_of,
    sentence,
)
from equipoise._core.numerals import as_probability, exact
from equipoise._core.types import FloatArray
from equipoise.decision.costs import Costs
from equipoise.errors import InputError, InputTypeError

Value = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]

# A floor that is met except for rounding is met.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Objective:
    """What the choice of a threshold maximises.

    Attributes:
        name: Its name, as in `objective(name)`.
        words: What is maximised, in words.
        value: (tp, fp, positives, negatives) -> what to maximise; NaN if it is
            undefined or a constraint is broken. Arguments broadcast.
        at_positives: Whether, at equal true positives, fewer false positives are never
            worse. Then only thresholds just below a positive have to be tried.
        report: Like `value`, what is reported as achieved.
        costs: The cost matrix of "cost".
        options: What it was built with.
    """

    name: str
    words: str
    value: Value
    at_positives: bool = True
    report: Value | None = None
    costs: Costs | None = None
    options: tuple[tuple[str, Any], ...] = ()


def objective(name: str, **options: Any) -> Objective:
    """Build an objective.

    - "f1", "f2", "f0.5"; "fbeta" with `beta`
    - "balanced_accuracy"; "g_mean"; "mcc"
    - "cost" with `fp`, `fn`, and optionally `tp`, `tn` and `abstain` (or
      `costs=Costs(...)`)
    - "capacity" with one of `k` (rows), `share` (of the rows), or `per_day`
      together with `rows_per_day`
    - "precision" with `floor`: the highest recall at that precision
    - "recall" with `floor`: the fewest flags at that recall

    Args:
        name: One of `objective_names()`.
        **options: The objective's own numbers, such as `floor`, `share` or `beta`.

    Raises:
        InputError: The name is unknown or an option is out of range.
        InputTypeError: An option is missing, or not one of this objective's.

    Example:
        >>> objective("recall", floor=0.8).words
        'the fewest flags at a recall of at least 0.8'
    """
    one_of(name, objective_names(), "objective")
    try:
        if name in _BETAS:
            return _f_named(name, _BETAS[name], **options)
        return _BUILDERS[name](**options)
    except TypeError as error:
        if isinstance(error, InputTypeError):
            raise
        raise InputTypeError(
            sentence(
                f"objective={name!r} with {_options_in_words(options)}",
                _OPTIONS.get(name, "no options"),
                _IN_A_GOAL.get(name, ""),
            )
        ) from error


def _options_in_words(options: Mapping[str, Any]) -> str:
    if not options:
        return "no options"
    return f"the option{'s'[: len(options) != 1]} {listing(sorted(options))}"


_OPTIONS = {
    "fbeta": "beta, above 0",
    "cost": "fp and fn, with or without tp, tn and abstain; or costs alone",
    "capacity": "one of k, share, or per_day together with rows_per_day",
    "precision": "floor, from 0 to 1",
    "recall": "floor, from 0 to 1",
}
"""What an objective takes, if it takes anything."""
_IN_A_GOAL = {
    "fbeta": "In a goal: Goal('fbeta', options={'beta': 2}).",
    "cost": "In a goal: Goal(costs=(1, 20)); of several classes a matrix of costs.",
    "capacity": "In a goal: Goal(capacity=0.05).",
    "precision": "In a goal: Goal(precision_floor=0.5).",
    "recall": "In a goal: Goal(recall_floor=0.9).",
}
"""The same for `compare` and `fit`."""


def _f_named(name: str, beta: float) -> Objective:
    return replace(_fbeta(beta), name=name)


def _fbeta(beta: float) -> Objective:
    square = number(beta, "beta", LEAST_WEIGHT, MOST_WEIGHT) ** 2

    def value(
        tp: FloatArray, fp: FloatArray, positives: FloatArray, negatives: FloatArray
    ) -> FloatArray:
        del negatives
        # F = (1 + b^2) tp / ((1 + b^2) tp + b^2 fn + fp)
        value = _ratio((1 + square) * tp, tp + fp + square * positives)
        # Without positives every threshold scores 0, and none is better.
        return np.where(positives > 0, value, math.nan)

    return Objective(
        "fbeta", f"the highest F-{exact(beta)}", value, options=(("beta", beta),)
    )


def _balanced_accuracy() -> Objective:
    def value(
        tp: FloatArray, fp: FloatArray, positives: FloatArray, negatives: FloatArray
    ) -> FloatArray:
        return (_ratio(tp, positives) + 1 - _ratio(fp, negatives)) / 2

    return Objective("balanced_accuracy", "the highest balanced accuracy", value)


def _g_mean() -> Objective:
    def value(
        tp: FloatArray, fp: FloatArray, positives: FloatArray, negatives: FloatArray
    ) -> FloatArray:
        specificity = 1 - _ratio(fp, negatives)
        # Under the root a rounding error of 1e-16 would become 1e-8.
        specificity = np.where(specificity <= ROUNDING, 0.0, specificity)
        return np.asarray(np.sqrt(_ratio(tp, positives) * specificity))

    words = "the highest geometric mean of recall and specificity"
    return Objective("g_mean", words, value)


def _mcc() -> Objective:
    def value(
        tp: FloatArray, fp: FloatArray, positives: FloatArray, negatives: FloatArray
    ) -> FloatArray:
        flagged, rows = tp + fp, positives + negatives
        # Sums of fractional weights may differ by rounding where nothing is left.
        left = np.maximum(rows - flagged, 0.0)
        left = np.where(left <= ROUNDING * rows, 0.0, left)
        spread = np.sqrt(flagged) * np.sqrt(left) * np.sqrt(positives)
        value = _ratio(tp * rows - flagged * positives, spread * np.sqrt(negatives))
        # Flagging none or all is undefined as a correlation, and better than a
        # negative one: as a choice it counts as 0.
        one_answer = (flagged == 0) | (left == 0)
        both = (positives > 0) & (negatives > 0)
        return np.where(one_answer & both, 0.0, value)

    return Objective("mcc", "the highest Matthews correlation", value)


def _cost(
    fp: float | None = None,
    fn: float | None = None,
    tp: float = 0.0,
    tn: float = 0.0,
    *,
    abstain: float | None = None,
    costs: Costs | None = None,
) -> Objective:
    if costs is None:
        if fp is None or fn is None:
            raise InputTypeError(
                sentence(
                    "objective='cost' without fp and fn",
                    _OPTIONS["cost"],
                    _IN_A_GOAL["cost"],
                )
            )
        costs = Costs(fp, fn, tp, tn, abstain)
    if not isinstance(costs, Costs):
        raise InputTypeError(
            sentence(described("costs", costs), "Costs, for example Costs(fp=1, fn=20)")
        )
    c = costs

    def value(
        hit: FloatArray, alarm: FloatArray, positives: FloatArray, negatives: FloatArray
    ) -> FloatArray:
        return -_ratio(
            c.tp * hit
            + c.fp * alarm
            + c.fn * (positives - hit)
            + c.tn * (negatives - alarm),
            positives + negatives,
        )

    return Objective(
        "cost",
        f"the lowest cost (false alarm {exact(c.fp)}, miss {exact(c.fn)}"
        + (")" if c.abstain is None else f", undecided {exact(c.abstain)})"),
        value,
        report=lambda *counts: -value(*counts),
        costs=c,
        options=tuple((k, v) for k, v in c.to_dict().items() if v is not None),
    )


def _capacity(
    k: float | None = None,
    share: float | None = None,
    per_day: float | None = None,
    rows_per_day: float | None = None,
) -> Objective:
    day = per_day is not None and rows_per_day is not None
    if [k is not None, share is not None, day].count(True) != 1 or (
        not day and (per_day is not None or rows_per_day is not None)
    ):
        raise InputTypeError(
            sentence(
                f"objective='capacity' with k={k}, share={share}, per_day={per_day}, "
                f"rows_per_day={rows_per_day}",
                _OPTIONS["capacity"],
                _IN_A_GOAL["capacity"],
            )
        )
    if k is not None:
        most = number(k, "k", 0)
        words = f"at most {exact(most)} of these rows"
    elif share is not None:
        most = number(share, "share", 0, 1)
        words = f"at most {as_probability(most, 3)} of the rows"
    else:
        rate = number(rows_per_day, "rows_per_day", 0, open_ends=True)
        alerts = number(per_day, "per_day", 0)
        most = min(1.0, alerts / rate)
        words = f"at most {exact(alerts)} alerts in {exact(rate)} rows a day"

    def value(
        tp: FloatArray, fp: FloatArray, positives: FloatArray, negatives: FloatArray
    ) -> FloatArray:
        flagged, rows = tp + fp, positives + negatives
        room = most if k is not None else most * rows
        return np.where(flagged <= room * (1 + ROUNDING), flagged, math.nan)

    options = {"k": k, "share": share, "per_day": per_day, "rows_per_day": rows_per_day}
    return Objective(
        "capacity",
        f"flags for {words}",
        value,
        at_positives=False,
        report=lambda tp, fp, positives, negatives: _ratio(
            tp + fp, positives + negatives
        ),
        options=tuple((name, v) for name, v in options.items() if v is not None),
    )


def _precision(floor: float) -> Objective:
    least = number(floor, "floor", 0, 1)

    def precision(
        tp: FloatArray, fp: FloatArray, positives: FloatArray, negatives: FloatArray
    ) -> FloatArray:
        del positives, negatives
        return _ratio(tp, tp + fp)

    def value(
        tp: FloatArray, fp: FloatArray, positives: FloatArray, negatives: FloatArray
    ) -> FloatArray:
        met = precision(tp, fp, positives, negatives) >= least - ROUNDING
        return np.where(met, tp, math.nan)

    words = f"the highest recall at a precision of at least {exact(least)}"
    options = (("floor", least),)
    return Objective("precision", words, value, report=precision, options=options)


def _recall(floor: float) -> Objective:
    least = number(floor, "floor", 0, 1)

    def recall(
        tp: FloatArray, fp: FloatArray, positives: FloatArray, negatives: FloatArray
    ) -> FloatArray:
        del fp, negatives
        return _ratio(tp, positives)

    def value(
        tp: FloatArray, fp: FloatArray, positives: FloatArray, negatives: FloatArray
    ) -> FloatArray:
        met = recall(tp, fp, positives, negatives) >= least - ROUNDING
        return np.where(met, -(tp + fp), math.nan)

    words = f"the fewest flags at a recall of at least {exact(least)}"
    options = (("floor", least),)
    return Objective("recall", words, value, report=recall, options=options)


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> FloatArray:
    """Divide, with NaN where the divisor is 0."""
    top, bottom = np.broadcast_arrays(
        np.asarray(above, np.float64), np.asarray(below, np.float64)
    )
    out = np.full(top.shape, math.nan)
    np.divide(top, bottom, out=out, where=bottom != 0)
    return out


_BETAS = {"f1": 1.0, "f2": 2.0, "f0.5": 0.5}
_BUILDERS: dict[str, Callable[..., Objective]] = {
    "fbeta": _fbeta,
    "balanced_accuracy": _balanced_accuracy,
    "g_mean": _g_mean,
    "mcc": _mcc,
    "cost": _cost,
    "capacity": _capacity,
    "precision": _precision,
    "recall": _recall,
}


def objective_names() -> tuple[str, ...]:
    """Return the names of all objectives.

    Example:
        >>> objective_names()[:3]
        ('f1', 'f2', 'f0.5')
    """
    return (*_BETAS, *_BUILDERS)


def as_objective(goal: str | Objective, options: dict[str, Any]) -> Objective:
    """Return a ready objective as it is; build one from its name and options.

    Raises:
        InputError: There are options beside a ready objective.
    """
    if isinstance(goal, Objective):
        if options:
            raise InputError(
                sentence(
                    f"a ready objective and the options {sorted(options)}",
                    "a name with options, or an objective alone",
                )
            )
        return goal
    return objective(goal, **options)
