# SPDX-License-Identifier: Apache-2.0
"""The rule that is deployed: calibrate, shift to the prevalence, compare."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import number, require_fields, sentence
from equipoise._core.notebook import html_card, lines_html
from equipoise._core.numerals import as_probability, exact, significant
from equipoise._core.types import FloatArray
from equipoise.decision.calibrator import Calibrator
from equipoise.decision.costs import Costs
from equipoise.decision.decimals import decimal, json_number, rounded
from equipoise.decision.floors import Certificate
from equipoise.errors import InputError
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability

RuleBasis = Literal["given", "analytic", "estimated", "certified"]
DecisionArray = npt.NDArray[np.int8]

_STORED = {"threshold": "threshold_log_odds", "lower": "lower_log_odds"}
"""By the name under which a field is stored, its own."""


@dataclass(frozen=True)
class Tally:
    """What a rule did on the rows that chose it, as shares that sum to 1.

    Attributes:
        tp: Positives flagged.
        fp: Negatives flagged.
        fn: Positives not flagged.
        tn: Negatives not flagged.
        abstained: Rows left undecided.
    """

    tp: float
    fp: float
    fn: float
    tn: float
    abstained: float = 0.0

    def describe(self, costs: Costs | None = None) -> str:
        """Say what happens in 1,000 rows, and what it costs."""
        flagged = self.tp + self.fp
        text = (
            f"In 1,000 rows like these it flags {_count(flagged)}: {_count(self.tp)} "
            f"rightly, {_count(self.fp)} wrongly; it misses {_count(self.fn)}"
        )
        if self.abstained:
            text += f" and leaves {_count(self.abstained)} undecided"
        if costs is not None:
            text += f". That costs {_digits(1_000 * self.cost(costs), 4)}"
        return text + "."

    def cost(self, costs: Costs) -> float:
        """Return the cost per row; NaN if rows are left undecided and that has no cost.

        Args:
            costs: What each kind of decision costs.
        """
        decided = (
            self.tp * costs.tp
            + self.fp * costs.fp
            + self.fn * costs.fn
            + self.tn * costs.tn
        )
        if not self.abstained:
            return decided
        return decided + self.abstained * (
            math.nan if costs.abstain is None else costs.abstain
        )


@dataclass(frozen=True)
class DecisionRule:
    """How a model's log-odds become decisions, as plain data.

    A row's calibrated log-odds are `calibrator.apply(log_odds) + offset`. The row is
    flagged if they reach `threshold_log_odds`, so if its probability reaches
    `threshold`. With `lower_log_odds` it is left undecided from there up to the
    threshold (Chow 1970).

    Attributes:
        threshold_log_odds: In calibrated log-odds; +inf flags nothing.
        lower_log_odds: None if every row is decided; else below `threshold_log_odds`.
        calibrator: Applied first.
        offset: Added after calibration, for a new prevalence.
        objective: What the threshold is best at, by name; "given" if the user set it.
        options: What the objective was built with.
        basis: "given" by the user; "analytic": it follows from the costs;
            "estimated": chosen on labelled rows, whose figures flatter it;
            "certified": it holds with probability `level`.
        level: Of the certificate; None otherwise.
        rows: How many rows chose it; 0 if none did.
        positives: How many of them were positive.
        prevalence: The share of positives that it is meant for; NaN if unknown.
        tally: What it did on the choosing rows; None if unknown.
        certificates: What is promised.
        reason: What the user should know, for example why nothing is flagged.

    Raises:
        InputError: A threshold is NaN, or `lower_log_odds` is not below
            `threshold_log_odds`.

    Example:
        >>> rule = DecisionRule(threshold_log_odds=0.0, lower_log_odds=-2.0)
        >>> rule.decide([-3.0, -1.0, 0.0]).tolist()
        [0, -1, 1]
        >>> rule.threshold, round(rule.lower, 3)
        (0.5, 0.119)
    """

    threshold_log_odds: float
    lower_log_odds: float | None = None
    calibrator: Calibrator = field(default_factory=Calibrator)
    offset: float = 0.0
    objective: str = "given"
    options: tuple[tuple[str, Any], ...] = ()
    basis: RuleBasis = "given"
    level: float | None = None
    rows: int = 0
    positives: int = 0
    prevalence: float = math.nan
    tally: Tally | None = None
    certificates: tuple[Certificate, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        upper, lower = self.threshold_log_odds, self.lower_log_odds
        number(upper, "threshold_log_odds", infinite=True)
        number(self.offset, "offset")
        if lower is None:
            return
        if not number(lower, "lower_log_odds", infinite=True) < upper:
            raise InputError(
                sentence(
                    f"lower_log_odds={exact(lower)} for "
                    f"threshold_log_odds={exact(upper)}",
                    "a lower threshold below it, or None",
                )
            )

    @property
    def threshold(self) -> float:
        """The calibrated probability from which a row is flagged.

        Without the error of rounding that log-odds leave. It is 1 if nothing is flagged
        (`threshold_log_odds` is +inf), 0 if every row is.
        """
        return rounded(float(probability(self.threshold_log_odds)))

    @property
    def lower(self) -> float | None:
        """The probability from which a row is left undecided; None if none is."""
        if self.lower_log_odds is None:
            return None
        return rounded(float(probability(self.lower_log_odds)))

    @property
    def costs(self) -> Costs | None:
        """The costs that it was built for; None if it was built for something else."""
        names = {f.name for f in fields(Costs)}
        costs = {name: value for name, value in self.options if name in names}
        return Costs(**costs) if {"fp", "fn"} <= set(costs) else None

    def log_odds(self, log_odds: npt.ArrayLike) -> FloatArray:
        """Return calibrated log-odds at the rule's prevalence, of the same shape.

        Args:
            log_odds: `[rows]` before calibration.
        """
        return np.asarray(self.calibrator.apply(log_odds) + self.offset)

    def decide(
        self, log_odds: npt.ArrayLike, *, calibrated: bool = False
    ) -> DecisionArray:
        """Return 1 for a flagged row, 0 for one that is not, -1 for an undecided one.

        Args:
            log_odds: The model's log-odds, any shape; NaN is refused.
            calibrated: Whether they are already `self.log_odds(...)`.

        Raises:
            InputError: A value is NaN.
        """
        z = floats(log_odds, "log-odds")
        if np.isnan(z).any():
            raise InputError(sentence("log-odds that are NaN", "numbers"))
        if not calibrated:
            z = self.log_odds(z)
        upper = self.threshold_log_odds
        flagged = (z >= upper) & (upper < math.inf)
        out = flagged.astype(np.int8)
        if self.lower_log_odds is not None:
            out[~flagged & (z >= self.lower_log_odds)] = -1
        return out

    def decide_probability(
        self, probability: npt.ArrayLike, *, calibrated: bool = True
    ) -> DecisionArray:
        """Decide from probabilities; see `decide`.

        Args:
            probability: In [0, 1], any shape.
            calibrated: Whether they come from `self.log_odds`; if not, they are the
                model's before calibration.

        Raises:
            InputError: A value lies outside [0, 1] or is NaN.
        """
        p = floats(probability, "probabilities")
        if not ((p >= 0) & (p <= 1)).all():
            raise InputError(sentence("probabilities outside [0, 1]", "0 to 1"))
        return self.decide(to_log_odds(p), calibrated=calibrated)

    def describe(self) -> str:
        """Say in words what it does, how it was chosen, and what it costs."""
        lines = _decisions(self.threshold_log_odds, self.lower_log_odds)
        lines.append(_chosen(self))
        lines += [certificate.describe() for certificate in self.certificates]
        if self.calibrator.method != "none":
            lines.append(self.calibrator.describe())
        if self.offset:
            lines.append(
                f"Log-odds are shifted by {self.offset:+.3f} for a prevalence of "
                f"{as_probability(self.prevalence, 3)}."
            )
        if self.tally is not None:
            lines.append(self.tally.describe(self.costs))
        if self.reason:
            lines.append(f"{self.reason[0].upper()}{self.reason[1:].rstrip('.')}.")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.describe()

    def __repr__(self) -> str:
        lower = "" if self.lower is None else f", undecided from {decimal(self.lower)}"
        return (
            f"<DecisionRule: flag from {decimal(self.threshold)}{lower}; "
            f"{self.basis}, {self.objective}>"
        )

    def _repr_html_(self) -> str:
        return html_card("Decision rule", lines_html(self.describe()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON keeps: numbers, strings, lists.

        Its "threshold" and "lower" are log-odds, as in every saved model.
        """
        lower = self.lower_log_odds
        names = [f.name for f in fields(self) if not f.name.endswith("_log_odds")]
        return {
            "threshold": json_number(self.threshold_log_odds),
            "lower": None if lower is None else json_number(lower),
            **{name: getattr(self, name) for name in names},
            "prevalence": json_number(self.prevalence),
            "calibrator": self.calibrator.to_dict(),
            "options": dict(self.options),
            "tally": None if self.tally is None else asdict(self.tally),
            "certificates": [c.to_dict() for c in self.certificates],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DecisionRule:
        """Rebuild a rule from `to_dict`.

        Args:
            data: What `to_dict` gave.

        Raises:
            InputError: A field is unknown.
        """
        stored = {_STORED.get(name, name): value for name, value in data.items()}
        require_fields(cls, stored, "rule")
        lower, tally = data.get("lower"), data.get("tally")
        return cls(
            **{
                **stored,
                "threshold_log_odds": float(data["threshold"]),
                "lower_log_odds": None if lower is None else float(lower),
                "prevalence": float(data.get("prevalence", math.nan)),
                "calibrator": Calibrator.from_dict(data.get("calibrator", {})),
                "options": tuple(dict(data.get("options", {})).items()),
                "tally": None if tally is None else Tally(**tally),
                "certificates": tuple(
                    Certificate.from_dict(c) for c in data.get("certificates", ())
                ),
            }
        )


def _chosen(rule: DecisionRule) -> str:
    on = f" on {rule.rows:,} rows, {rule.positives:,} of them positive"
    extra = ", ".join(f"{k}={exact(v)}" for k, v in rule.options if v is not None)
    name = rule.objective.replace("_", " ") + (f" ({extra})" if extra else "")
    return {
        "given": "The threshold was given.",
        "analytic": f"The threshold follows from {name}; it is right if the "
        "probabilities are.",
        "estimated": f"Chosen for {name}: estimated{on}.",
        "certified": f"Chosen for {name}: certified at "
        f"{as_probability(rule.level or 0, 3)}{on}.",
    }[rule.basis]


def _decisions(threshold: float, lower: float | None) -> list[str]:
    """Return which rows are flagged, and which are left undecided."""
    if lower is None:
        return [_flags(threshold)]
    nothing = threshold == math.inf
    if lower == -math.inf:
        return (
            ["Leave every row undecided."]
            if nothing
            else [_flags(threshold), "Leave all others undecided."]
        )
    least = _probability(lower)
    if nothing:
        return [f"Flag no row. Leave undecided from a probability of {least}."]
    return [_flags(threshold), f"Leave undecided from {least} up to there."]


def _flags(threshold: float) -> str:
    if threshold == math.inf:
        return "Flag no row: no threshold meets the goal."
    if threshold == -math.inf:
        return "Flag every row."
    least = _probability(threshold)
    return f"Flag a row if its calibrated probability is at least {least}."


def _probability(log_odds: float) -> str:
    return decimal(float(probability(log_odds)))


def _count(share: float) -> str:
    return _digits(1_000 * share, 3)


def _digits(value: float, digits: int) -> str:
    """Write a number with so many digits, and in full if it has more."""
    large = abs(value) >= 10 ** (digits - 0.0005)
    return f"{value:,.0f}" if large else significant(value, digits)
