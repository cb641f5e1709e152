# SPDX-License-Identifier: Apache-2.0
"""What is deployed: calibrate, shift to the prevalence, compare, and say why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, sentence
from equipoise._core.numerals import as_probability, exact, significant
from equipoise._core.types import FloatArray
from equipoise.decision.calibration import Calibrator
from equipoise.decision.costs import Costs
from equipoise.decision.decimals import decimal, json_number, short_cut
from equipoise.decision.floors import (
    Certificate,
    certify_both,
    certify_precision,
    certify_recall,
)
from equipoise.decision.objectives import Objective
from equipoise.decision.rows import (
    ScoredRows,
    check_rows,
    doubt_log_odds,
)
from equipoise.decision.thresholds import Threshold, choose_threshold
from equipoise.errors import InputError
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import prior_offset, probability

RuleBasis = Literal["given", "analytic", "estimated", "certified"]
DecisionArray = npt.NDArray[np.int8]


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
            text += f". That costs {_written(1_000 * self.cost(costs), 4)}"
        return text + "."

    def cost(self, costs: Costs) -> float:
        """Return the cost per row; NaN where rows are left and that has no price.

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

    A row's calibrated log-odds are `calibrator.apply(log_odds) + offset`. It is
    flagged from `threshold` upwards; with `lower` set it is left undecided from
    `lower` up to `threshold`.

    Attributes:
        threshold: In calibrated log-odds; +inf flags nothing.
        lower: None where every row is decided; else below `threshold`.
        calibrator: Applied first.
        offset: Added after calibration, for a new prevalence.
        objective: What was sought, by name; "given" where the user set it.
        options: What the objective was built with.
        basis: "given"; "analytic": follows from the costs; "estimated": chosen on
            labelled rows, its figures flatter it; "certified": holds with
            probability `level`.
        level: Of the certificate; None elsewhere.
        rows: How many rows chose it; 0 where none did.
        positives: How many of them were positive.
        prevalence: The share of positives that it is meant for; NaN if unknown.
        tally: What it did on the choosing rows; None where unknown.
        certificates: What is promised.
        reason: What the user should know, for example why nothing is flagged.

    Raises:
        InputError: A threshold is NaN, or `lower` is not below `threshold`.

    Example:
        >>> rule = DecisionRule(threshold=0.0, lower=-2.0)
        >>> rule.decide([-3.0, -1.0, 0.0]).tolist()
        [0, -1, 1]
    """

    threshold: float
    lower: float | None = None
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
        number(self.threshold, "threshold", infinite=True)
        number(self.offset, "offset")
        if self.lower is None:
            return
        if not number(self.lower, "lower", infinite=True) < self.threshold:
            raise InputError(
                sentence(
                    f"lower={exact(self.lower)} for threshold={exact(self.threshold)}",
                    "a lower threshold below it, or None",
                )
            )

    @property
    def costs(self) -> Costs | None:
        """The costs it was built for; None where it was built for something else."""
        known = {f.name for f in fields(Costs)}
        given = {k: v for k, v in self.options if k in known}
        return Costs(**given) if {"fp", "fn"} <= set(given) else None

    def log_odds(self, log_odds: npt.ArrayLike) -> FloatArray:
        """Return calibrated log-odds at the rule's prevalence, of the same shape.

        Args:
            log_odds: `[rows]` before calibration.
        """
        return np.asarray(self.calibrator.apply(log_odds) + self.offset)

    def decide(
        self, log_odds: npt.ArrayLike, *, calibrated: bool = False
    ) -> DecisionArray:
        """Return 1 where a row is flagged, 0 where not, -1 where undecided.

        Args:
            log_odds: The model's log-odds, any shape, NaN refused.
            calibrated: Whether they are `self.log_odds(...)` already.

        Raises:
            InputError: A value is NaN.
        """
        z = np.asarray(log_odds, np.float64)
        if np.isnan(z).any():
            raise InputError(sentence("log-odds that are NaN", "numbers"))
        if not calibrated:
            z = self.log_odds(z)
        flagged = (z >= self.threshold) & (self.threshold < math.inf)
        out = flagged.astype(np.int8)
        if self.lower is not None:
            out[~flagged & (z >= self.lower)] = -1
        return out

    def decide_probability(
        self, probability: npt.ArrayLike, *, calibrated: bool = True
    ) -> DecisionArray:
        """Decide from probabilities; see `decide`.

        Args:
            probability: In [0, 1], any shape.
            calibrated: Whether they come from `self.log_odds`; if not, they are
                what the model says before calibration.

        Raises:
            InputError: A value lies outside [0, 1] or is NaN.
        """
        p = np.asarray(probability, np.float64)
        if not ((p >= 0) & (p <= 1)).all():
            raise InputError(sentence("probabilities outside [0, 1]", "0 to 1"))
        return self.decide(to_log_odds(p), calibrated=calibrated)

    def describe(self) -> str:
        """Say in words what it does, how it was chosen, and what it costs."""
        lines = [_where(self.threshold)]
        if self.lower is not None:
            lines.append(
                f"Leave undecided from {_probability(self.lower)} up to there."
            )
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

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON keeps: numbers, texts, lists."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            **own,
            "threshold": json_number(self.threshold),
            "lower": None if self.lower is None else json_number(self.lower),
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
        known = {f.name for f in fields(cls)}
        if unknown := set(data) - known:
            raise InputError(
                sentence(f"rule fields {sorted(unknown)}", str(sorted(known)))
            )
        lower, tally = data.get("lower"), data.get("tally")
        return cls(
            **{
                **data,
                "threshold": float(data["threshold"]),
                "lower": None if lower is None else float(lower),
                "prevalence": float(data.get("prevalence", math.nan)),
                "calibrator": Calibrator.from_dict(data.get("calibrator", {})),
                "options": tuple(dict(data.get("options", {})).items()),
                "tally": None if tally is None else Tally(**tally),
                "certificates": tuple(
                    Certificate.from_dict(c) for c in data.get("certificates", ())
                ),
            }
        )


def make_rule(
    log_odds: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    objective: str | Objective = "f1",
    calibrator: Calibrator | None = None,
    prevalence: float | None = None,
    weights: npt.ArrayLike | None = None,
    method: str = "auto",
    abstain: float | None = None,
    **options: Any,
) -> DecisionRule:
    """Choose a rule on labelled rows that the model was not trained on.

    A threshold that is searched over the rows is moved to the short decimal, as a
    probability, that decides about these rows alike: the printed rule is the rule.

    Args:
        log_odds: `[rows]`, the model's, before calibration.
        y: `[rows]` of 0 and 1.
        objective: See `objectives.objective`.
        calibrator: Applied first; none by default.
        prevalence: The share of positives where the rule will be used, if it is
            another than among these rows: log-odds are shifted, and rows
            reweighted so that the choice is made for that prevalence.
        weights: `[rows]`.
        method: See `choose_threshold`.
        abstain: With objective "cost": the cost of leaving a row undecided; rows
            are then left where that is the cheapest (`Costs.band`). It may also be
            that of `costs=Costs(...)`.
        **options: Of the objective.

    Raises:
        InputError: As `choose_threshold`; or `abstain` without "cost"; or costs
            by row, which have no single threshold (use `row_thresholds`).

    Example:
        >>> rule = make_rule([-3.0, -1.0, 1.0], [0, 0, 1], objective="cost",
        ...                  fp=1, fn=9, abstain=0.5)
        >>> rule.decide_probability([0.01, 0.3, 0.6]).tolist()
        [0, -1, 1]
    """
    rows, shift, share = _prepared(log_odds, y, weights, calibrator, prevalence)
    objective, options, abstain = _without_abstaining(objective, options, abstain)
    if objective != "cost":  # of which choose_threshold takes care
        doubt_log_odds(rows)
    if objective == "cost" and any(np.ndim(v) for v in options.values()):
        raise InputError(
            sentence(
                "costs by row for a rule",
                "one cost matrix",
                "Compare calibrated log-odds with row_thresholds(fp, fn) instead.",
            )
        )
    chosen = choose_threshold(
        rows.score,
        rows.y,
        objective=objective,
        weights=rows.weights,
        method=method,
        **options,
    )
    upper, lower, given = _banded(chosen, abstain)
    if chosen.basis == "estimated":
        upper = short_cut(upper, rows.present().score)
    analytic = lower is not None or chosen.basis == "analytic"
    return DecisionRule(
        upper,
        lower,
        calibrator or Calibrator(),
        shift,
        chosen.objective,
        given,
        "analytic" if analytic else "estimated",
        None,
        chosen.rows,
        chosen.positives,
        share,
        _tally(rows, upper, lower),
        reason=chosen.reason,
    )


def _without_abstaining(
    objective: str | Objective, options: dict[str, Any], abstain: float | None
) -> tuple[str | Objective, dict[str, Any], float | None]:
    """Return what one threshold is chosen for, and the price of abstaining."""
    costs = options.get("costs") if objective == "cost" else None
    if isinstance(objective, Objective):
        costs = objective.costs
    if costs is None or costs.abstain is None:
        return objective, options, abstain
    if abstain is None:
        abstain = costs.abstain
    return "cost", {"costs": replace(costs, abstain=None)}, abstain


def _banded(
    chosen: Threshold, abstain: float | None
) -> tuple[float, float | None, tuple[tuple[str, Any], ...]]:
    """Return the two thresholds and the options, with a price for abstaining."""
    if abstain is None:
        return chosen.value, None, chosen.options
    if chosen.objective != "cost":
        raise InputError(
            sentence(f"abstain with objective={chosen.objective!r}", "'cost'")
        )
    costs = Costs(**{**dict(chosen.options), "abstain": abstain})
    options = tuple(costs.to_dict().items())
    band = costs.band()
    if band is None:
        return chosen.value, None, options
    low, high = (float(to_log_odds(p)) for p in band)
    return high, low, options


def certified_rule(
    log_odds: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    precision: float | None = None,
    recall: float | None = None,
    level: float = 0.95,
    calibrator: Calibrator | None = None,
    abstain: bool = False,
) -> DecisionRule:
    """Return a rule whose floors are certified on rows that nothing has seen.

    Args:
        log_odds: `[rows]`, the model's, before calibration: of rows that neither
            training, nor stopping, nor calibration, nor any choice has seen.
        y: `[rows]` of 0 and 1.
        precision: The floor on precision among flagged rows.
        recall: The floor on recall; with `abstain` the share of positives that
            are flagged or left undecided.
        level: The probability with which all floors hold.
        calibrator: Applied first; fitted elsewhere.
        abstain: With both floors: flag from the lowest threshold whose precision
            is certified, and leave undecided down to the highest whose recall is.

    Raises:
        RefusedError: The rows cannot carry the certificate; the text counts what
            would be needed.
        InputError: No floor is given, or `abstain` with one only.

    Example:
        >>> import numpy as np
        >>> z = np.linspace(4, -4, 200)
        >>> print(certified_rule(z, z > 2, recall=0.9).objective)
        recall
    """
    if precision is None and recall is None:
        raise InputError(sentence("no floor", "precision=..., recall=..., or both"))
    if abstain and (precision is None or recall is None):
        raise InputError(sentence("abstain=True with one floor", "both floors"))
    rows, _, share = _prepared(log_odds, y, None, calibrator, None)
    doubt_log_odds(rows)
    if abstain and precision is not None and recall is not None:
        certificates, lower = _certified_band(rows, precision, recall, level)
    else:
        certificates, lower = (_certified(rows, precision, recall, level),), None
    floors = {"precision": precision, "recall": recall}
    asked = {name: floor for name, floor in floors.items() if floor is not None}
    upper = certificates[0].threshold
    return DecisionRule(
        upper,
        lower,
        calibrator or Calibrator(),
        0.0,
        " and ".join(asked),
        tuple(asked.items()),
        "certified",
        level,
        rows.score.size,
        int(rows.y.sum()),
        share,
        _tally(rows, upper, lower),
        certificates,
    )


def _certified(
    rows: ScoredRows, precision: float | None, recall: float | None, level: float
) -> Certificate:
    if precision is None:
        return certify_recall(rows.score, rows.y, recall or 0.0, level=level)
    if recall is None:
        return certify_precision(rows.score, rows.y, precision, level=level)
    return certify_both(
        rows.score, rows.y, precision=precision, recall=recall, level=level
    )


def _certified_band(
    rows: ScoredRows, precision: float, recall: float, level: float
) -> tuple[tuple[Certificate, ...], float | None]:
    """Certify each floor with half of the error; one threshold if it has both."""
    half = (1 + level) / 2
    top = certify_precision(rows.score, rows.y, precision, level=half)
    bottom = certify_recall(rows.score, rows.y, recall, level=half)
    if bottom.threshold < top.threshold:
        return (top, bottom), bottom.threshold
    return (_certified(rows, precision, recall, level),), None


def _prepared(
    log_odds: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    calibrator: Calibrator | None,
    prevalence: float | None,
) -> tuple[ScoredRows, float, float]:
    """Return calibrated rows, the offset, and the prevalence they stand for."""
    rows = check_rows(log_odds, y, weights)
    score = calibrator.apply(rows.score) if calibrator else rows.score
    total = rows.positives + rows.negatives
    share = rows.positives / total if total else math.nan
    if prevalence is None:
        return rows._replace(score=score), 0.0, share
    wanted = number(prevalence, "prevalence", 0, 1, open_ends=True)
    shift = prior_offset(share, wanted)
    factor = np.where(rows.y == 1, wanted / share, (1 - wanted) / (1 - share))
    return ScoredRows(score + shift, rows.y, rows.weights * factor), shift, wanted


def _tally(rows: ScoredRows, upper: float, lower: float | None) -> Tally | None:
    total = float(rows.weights.sum())
    if not total:
        return None
    w, y = rows.weights / total, rows.y
    on = (rows.score >= upper) & (upper < math.inf)
    left = ~on & (rows.score >= (upper if lower is None else lower))
    off = ~on & ~left
    tp, fp = float(w @ (y * on)), float(w @ ((1 - y) * on))
    fn, tn = float(w @ (y * off)), float(w @ ((1 - y) * off))
    return Tally(tp, fp, fn, tn, float(w @ left) if lower is not None else 0.0)


def _chosen(rule: DecisionRule) -> str:
    on = f" on {rule.rows:,} rows, {rule.positives:,} of them positive"
    extra = ", ".join(f"{k}={exact(v)}" for k, v in rule.options if v is not None)
    name = rule.objective.replace("_", " ") + (f" ({extra})" if extra else "")
    return {
        "given": "The threshold was given.",
        "analytic": f"The threshold follows from {name}; it is right where the "
        "probabilities are.",
        "estimated": f"Chosen for {name}: estimated{on}.",
        "certified": f"Chosen for {name}: certified at "
        f"{as_probability(rule.level or 0, 3)}{on}.",
    }[rule.basis]


def _where(threshold: float) -> str:
    if threshold == math.inf:
        return "Flag no row: no threshold serves."
    if threshold == -math.inf:
        return "Flag every row."
    return (
        f"Flag where the calibrated probability is at least {_probability(threshold)}."
    )


def _probability(log_odds: float) -> str:
    return decimal(float(probability(log_odds)))


def _count(share: float) -> str:
    return _written(1_000 * share, 3)


def _written(value: float, digits: int) -> str:
    """Write a number with so many digits, and in full where it has more."""
    large = abs(value) >= 10 ** (digits - 0.0005)
    return f"{value:,.0f}" if large else significant(value, digits)
