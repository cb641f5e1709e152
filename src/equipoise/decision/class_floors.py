# SPDX-License-Identifier: Apache-2.0
"""Floors on the recall or the precision of named classes, estimated or certified.

A floor changes what a rule decides as little as it can:

- A floor on recall: the class is also decided if its probability reaches a threshold,
  unless the rule decides another named class.
- A floor on precision: the class is decided only if its probability reaches a
  threshold; otherwise the best class without a floor is.
- Both: the class is decided exactly if its probability reaches a threshold, unless the
  rule decides another named class.

So each floor is a binary problem, the class against the rest, whose scores are those of
the class except for rows that the rule already decides: a row that is decided to be of
the class counts as above, and a row that the class cannot have as below every
threshold. On these scores the tests of `floors` certify a threshold as for two classes.

Several floors share the error evenly. Certificates of several classes are exact
together because a threshold for recall depends only on rows of its own class, and a
precision is that of rows which the rule itself decides. A step-down procedure such as
Holm's gains nothing here: it frees the error of a hypothesis that is false, and among
the thresholds of each class some are always true nulls.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, one_of, sentence
from equipoise._core.numerals import exact, figure
from equipoise._core.types import FloatArray, IntArray
from equipoise.decision.decimals import decimal, json_number, short_cut
from equipoise.decision.floors import (
    Certificate,
    certify_both,
    certify_precision,
    certify_recall,
)
from equipoise.decision.thresholds import choose_threshold
from equipoise.errors import InputError, InputTypeError, RefusedError, UnsupportedError
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability

Floors = Mapping[str, Mapping[str, float]]
"""By class: its floors, "recall", "precision" or both."""

NEAR_1 = 1 - 2.0**-53
"""The largest probability whose log-odds are finite."""


@dataclass(frozen=True)
class ClassFloor:
    """A floor of one class, and the threshold at which it holds.

    Attributes:
        name: The class.
        threshold: In log-odds of the class against the rest; infinite if the rule
            holds the floor by itself.
        recall: The floor on recall, or None.
        precision: The floor on precision, or None.
        certificate: What is promised; None if the floor is estimated.
    """

    name: str
    threshold: float
    recall: float | None = None
    precision: float | None = None
    certificate: Certificate | None = None

    def __post_init__(self) -> None:
        number(self.threshold, "threshold", infinite=True)
        if self.recall is None and self.precision is None:
            raise InputError(
                sentence("a floor of nothing", "recall=..., precision=...")
            )
        for what in ("recall", "precision"):
            if (value := getattr(self, what)) is not None:
                number(value, what, 0, 1)

    def describe(self) -> str:
        """Say in words what it changes, and what it rests on."""
        both = (("recall", self.recall), ("precision", self.precision))
        floors = " and ".join(
            f"{what} of at least {exact(value)}"
            for what, value in both
            if value is not None
        )
        least = f"if its probability is at least {_probability(self.threshold)}"
        if math.isinf(self.threshold) or self.threshold > 700:
            text = f"The rule itself gives {self.name} a {floors}"
        elif self.precision is None:
            text = f"Decide {self.name} also {least}, for a {floors}"
        elif self.recall is None:
            text = f"Decide {self.name} only {least}, for a {floors}"
        else:
            text = f"Decide {self.name} exactly {least}, for a {floors}"
        if self.certificate is None:
            return f"{text} (estimated)."
        return f"{text}. {self.name}: {self.certificate.describe()}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON keeps."""
        certificate = self.certificate
        return {
            **asdict(self),
            "threshold": json_number(self.threshold),
            "certificate": None if certificate is None else certificate.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassFloor:
        """Rebuild a floor from `to_dict`.

        Args:
            data: What `to_dict` gave.
        """
        certificate = data.get("certificate")
        return cls(
            **{
                **data,
                "threshold": float(data["threshold"]),
                "certificate": None
                if certificate is None
                else Certificate.from_dict(certificate),
            }
        )


def check_floors(floors: Floors, classes: tuple[str, ...]) -> tuple[ClassFloor, ...]:
    """Return the floors that were asked for, those on recall alone first.

    Args:
        floors: For example `{"POX": {"recall": 0.9}}`.
        classes: The task's.

    Raises:
        InputTypeError: They are no mapping of mappings.
        InputError: A class or a floor is unknown, or out of range, or every class has
            a floor on its precision.
        UnsupportedError: One class has both floors and another a floor on recall.

    Example:
        >>> check_floors({"b": {"recall": 0.9}}, ("a", "b"))[0].recall
        0.9
    """
    asked = named_floors(floors, classes)
    strict = [floor for floor in asked if floor.precision is not None]
    both = [floor for floor in strict if floor.recall is not None]
    loose = [floor for floor in asked if floor.precision is None]
    if len(strict) == len(classes):
        raise InputError(
            sentence(
                "a floor on the precision of every class",
                "at least one class without one, for the rows that reach no threshold",
            )
        )
    if both and len(both) + len(loose) > 1:
        raise UnsupportedError(
            sentence(
                f"floors on recall and precision of {both[0].name!r} beside a floor on "
                "the recall of another class",
                "both floors for one class, or floors on recall for several",
            )
        )
    return (*loose, *strict)


def named_floors(
    floors: Floors, names: tuple[str, ...] | None, what: str = "class"
) -> list[ClassFloor]:
    """Return the floors that were asked for, each with a name that exists.

    Args:
        floors: For example `{"POX": {"recall": 0.9}}`.
        names: The task's classes or labels; None before the task is there, when a
            name may be anything, for example a label that is a number.
        what: "class" or "label".

    Raises:
        InputTypeError: They are no mapping of mappings.
        InputError: A name or a floor is unknown, or out of range.

    Example:
        >>> named_floors({"b": {"recall": 0.9}}, ("a", "b"))[0].recall
        0.9
    """
    accepted = "a mapping such as {'POX': {'recall': 0.9}}"
    if not isinstance(floors, Mapping):
        raise InputTypeError(sentence(f"floors={floors!r}", accepted))
    asked = []
    for name, values in floors.items():
        if names is not None:
            one_of(name, names, what)
        if not isinstance(values, Mapping) or not values:
            raise InputTypeError(sentence(f"floors of {name!r}: {values!r}", accepted))
        for rate, value in values.items():
            one_of(rate, ("recall", "precision"), "floor")
            number(value, f"{rate} of {name!r}", 0, 1, open_ends=True)
        recall, precision = values.get("recall"), values.get("precision")
        asked.append(ClassFloor(name, math.inf, recall, precision))
    return asked


def choose_floors(
    decisions: IntArray,
    p: FloatArray,
    y: IntArray,
    classes: tuple[str, ...],
    floors: Floors,
    *,
    level: float | None = None,
    weights: npt.ArrayLike | None = None,
) -> tuple[ClassFloor, ...]:
    """Choose the threshold of each floor.

    Args:
        decisions: `[rows]` what the rule decides without floors, -1 if undecided.
        p: `[rows, classes]`.
        y: `[rows]` class numbers.
        classes: Their names.
        floors: What was asked for.
        level: With which probability all floors must hold together; None: estimated.
        weights: `[rows]`; certificates count rows, so only without `level`.

    Raises:
        RefusedError: A floor cannot be met on these rows, or not be certified.
        InputError: As `check_floors`; or weights with a level.
    """
    asked = check_floors(floors, classes)
    if level is not None:
        number(level, "level", 0, 1, open_ends=True)
        if weights is not None:
            raise InputError(
                sentence(
                    "row weights for certified floors",
                    "rows that count once each",
                    "Exact tests count rows: leave the weights out.",
                )
            )
    share = None if level is None else 1 - (1 - level) / max(1, len(asked))
    w = np.ones(y.size) if weights is None else np.asarray(weights, np.float64)
    numbers = {classes.index(floor.name) for floor in asked}
    claimed = np.isin(decisions, list(numbers))
    chosen = []
    for floor in asked:
        k = classes.index(floor.name)
        score = view_log_odds(p[:, k])
        rows = np.ones(y.size, np.bool_)
        if floor.recall is None:
            rows = decisions == k
        elif floor.precision is None:
            score = np.where(claimed, -math.inf, score)
            score = np.where(decisions == k, math.inf, score)
        else:
            score = np.where(claimed & (decisions != k), -math.inf, score)
        made = _choose(floor, score[rows], (y == k)[rows], w[rows], share)
        if floor.recall is not None:
            claimed |= score >= made.threshold
        chosen.append(made)
    return tuple(chosen)


def _choose(
    floor: ClassFloor,
    score: FloatArray,
    y: npt.NDArray[np.bool_],
    weights: FloatArray,
    level: float | None,
) -> ClassFloor:
    certificate = None
    if level is None:
        threshold = _estimated(floor, score, y, weights)
    else:
        try:
            certificate = _certified(floor, score, y, level)
        except RefusedError as error:
            raise RefusedError(f"The class {floor.name!r}: {error}") from error
        threshold = certificate.threshold
    if floor.recall is not None and threshold == -math.inf:
        lost = float(weights @ (y & (score == -math.inf)))
        total = float(weights @ y)
        raise RefusedError(
            sentence(
                f"a recall of at least {exact(floor.recall)} for {floor.name!r}, of "
                f"whose rows the rule decides {figure(lost / total)} to be of other "
                "classes with floors",
                "a floor that the other classes leave room for",
                "Ask for a lower floor, or for fewer classes with floors.",
            )
        )
    return replace(floor, threshold=threshold, certificate=certificate)


def _certified(
    floor: ClassFloor, score: FloatArray, y: npt.NDArray[np.bool_], level: float
) -> Certificate:
    if floor.recall is None:
        return certify_precision(score, y, floor.precision or 0.0, level=level)
    if floor.precision is None:
        return certify_recall(score, y, floor.recall, level=level)
    return certify_both(
        score, y, precision=floor.precision, recall=floor.recall, level=level
    )


def _estimated(
    floor: ClassFloor,
    score: FloatArray,
    y: npt.NDArray[np.bool_],
    weights: FloatArray,
) -> float:
    """Return the threshold at which the floor holds on these rows."""
    total = float(weights @ y)
    if floor.recall is not None and not total:
        raise RefusedError(
            sentence(
                f"a floor on the recall of {floor.name!r}, which none of these rows is",
                "rows of the class",
            )
        )
    if floor.recall is None:
        size = float(weights.sum())
        if not size or total >= (floor.precision or 0.0) * size:
            return -math.inf
        made = choose_threshold(
            score, y, objective="precision", weights=weights, floor=floor.precision
        )
        reached = made.precision
    else:
        made = choose_threshold(
            score, y, objective="recall", weights=weights, floor=floor.recall
        )
        reached = made.recall
    on = score >= made.value
    precision = float(weights @ (y & on)) / max(float(weights @ on), 1e-300)
    missed = floor.precision is not None and precision < floor.precision - 1e-12
    if made.reason or missed:
        at = f" at a recall of {figure(reached)}" if floor.recall is not None else ""
        best = f"; on these rows its precision is {figure(precision)}{at}"
        raise RefusedError(
            sentence(
                f"a precision of at least {exact(floor.precision or 0)} for "
                f"{floor.name!r}{best if not made.reason else ''}",
                "a floor that some threshold meets on these rows",
                "Ask for a lower floor.",
            )
        )
    return short_cut(made.value, score) if math.isfinite(made.value) else made.value


def impose_floors(
    decisions: IntArray,
    values: FloatArray,
    p: FloatArray,
    classes: tuple[str, ...],
    floors: tuple[ClassFloor, ...],
) -> IntArray:
    """Return decisions that keep floors.

    Args:
        decisions: `[rows]` without floors; -1 for undecided.
        values: `[rows, classes]` what decisions are compared by.
        p: `[rows, classes]`.
        classes: Their names.
        floors: With thresholds, those on recall alone first.
    """
    out = decisions.copy()
    numbers = [classes.index(floor.name) for floor in floors]
    named = np.isin(decisions, numbers)
    strict = [
        k for k, f in zip(numbers, floors, strict=True) if f.precision is not None
    ]
    others = values.copy()
    others[:, strict] = -math.inf
    for k, floor in zip(numbers, floors, strict=True):
        if floor.precision is not None:
            below = (decisions == k) & (view_log_odds(p[:, k]) < floor.threshold)
            out[below] = others[below].argmax(axis=1)
    free = ~named
    for k, floor in zip(numbers, floors, strict=True):
        if floor.recall is not None:
            claims = free & (view_log_odds(p[:, k]) >= floor.threshold)
            out[claims] = k
            free = free & ~claims
    return out


def view_log_odds(p: FloatArray) -> FloatArray:
    """Return the finite log-odds of a class against the rest.

    Args:
        p: `[rows]` its probability.
    """
    return to_log_odds(np.clip(p, 1e-300, NEAR_1))


def _probability(log_odds: float) -> str:
    return decimal(float(probability(log_odds)))
