# SPDX-License-Identifier: Apache-2.0
"""Rules made from labelled rows: estimated, analytic or certified."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, sentence
from equipoise.decision.calibrator import Calibrator
from equipoise.decision.costs import Costs
from equipoise.decision.decimals import short_cut
from equipoise.decision.floors import (
    Certificate,
    certify_both,
    certify_precision,
    certify_recall,
)
from equipoise.decision.objectives import Objective
from equipoise.decision.rows import ScoredRows, check_rows, doubt_log_odds
from equipoise.decision.rule import DecisionRule, Tally
from equipoise.decision.thresholds import Threshold, choose_threshold
from equipoise.errors import InputError
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import prior_offset


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
    doubt: bool = True,
    **options: Any,
) -> DecisionRule:
    """Choose a rule on labelled rows that the model was not trained on.

    A threshold that is searched over the rows is moved to a probability with few
    decimals that decides all these rows alike: the printed rule is the rule.

    Args:
        log_odds: `[rows]`, the model's, before calibration.
        y: `[rows]` of 0 and 1.
        objective: See `objectives.objective`.
        calibrator: Applied first; none by default.
        prevalence: The share of positives where the rule will be used, if it differs
            from that of these rows: log-odds are shifted, and rows reweighted so that
            the choice is made for that prevalence.
        weights: `[rows]` row weights.
        method: See `choose_threshold`.
        abstain: With objective "cost": the cost of leaving a row undecided; a row is
            then left undecided if that costs least (`Costs.band`). You may also set it
            in `costs=Costs(...)`.
        doubt: Whether to warn if the log-odds look like probabilities.
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
    goal, options, abstain = _without_abstaining(objective, options, abstain)
    prepared = _prepared(log_odds, y, weights, calibrator, prevalence)
    rows = prepared.rows
    if doubt and goal != "cost":  # then choose_threshold warns
        doubt_log_odds(rows)
    if goal == "cost" and any(np.ndim(v) for v in options.values()):
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
        objective=goal,
        weights=rows.weights,
        method=method,
        doubt=doubt,
        **options,
    )
    upper, lower, options_used = _banded(chosen, abstain)
    if chosen.basis == "estimated":
        upper = short_cut(upper, rows.present().score)
    analytic = lower is not None or chosen.basis == "analytic"
    return DecisionRule(
        threshold_log_odds=upper,
        lower_log_odds=lower,
        calibrator=calibrator or Calibrator(),
        offset=prepared.offset,
        objective=chosen.objective,
        options=options_used,
        basis="analytic" if analytic else "estimated",
        rows=chosen.rows,
        positives=chosen.positives,
        prevalence=prepared.prevalence,
        tally=_tally(rows, upper, lower),
        reason=chosen.reason,
    )


def _without_abstaining(
    objective: str | Objective, options: dict[str, Any], abstain: float | None
) -> tuple[str | Objective, dict[str, Any], float | None]:
    """Return what one threshold is chosen for, and the cost of abstaining."""
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
    """Return the two thresholds and the options, with the cost of abstaining."""
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
    doubt: bool = True,
) -> DecisionRule:
    """Return a rule whose floors are certified on rows that nothing has used.

    See `equipoise.decision.floors` for the tests.

    Args:
        log_odds: `[rows]`, the model's, before calibration: of rows that neither
            training, nor stopping, nor calibration, nor any choice has used.
        y: `[rows]` of 0 and 1.
        precision: The floor on precision among flagged rows.
        recall: The floor on recall; with `abstain` the share of positives that
            are flagged or left undecided.
        level: The probability with which all floors hold.
        calibrator: Applied first; fitted elsewhere.
        abstain: With both floors: flag from the lowest threshold whose precision
            is certified, and leave undecided down to the highest whose recall is.
        doubt: Whether to warn if the log-odds look like probabilities.

    Raises:
        RefusedError: The rows are too few for the certificate; the message counts
            what would be needed.
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
    prepared = _prepared(log_odds, y, None, calibrator, None)
    rows = prepared.rows
    if doubt:
        doubt_log_odds(rows)
    if abstain and precision is not None and recall is not None:
        certificates, lower = _certified_band(rows, precision, recall, level)
    else:
        certificates, lower = (_certified(rows, precision, recall, level),), None
    both = {"precision": precision, "recall": recall}
    floors = {name: floor for name, floor in both.items() if floor is not None}
    upper = certificates[0].threshold
    return DecisionRule(
        threshold_log_odds=upper,
        lower_log_odds=lower,
        calibrator=calibrator or Calibrator(),
        objective=" and ".join(floors),
        options=tuple(floors.items()),
        basis="certified",
        level=level,
        rows=rows.score.size,
        positives=int(rows.y.sum()),
        prevalence=prepared.prevalence,
        tally=_tally(rows, upper, lower),
        certificates=certificates,
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


class _Prepared(NamedTuple):
    """Calibrated rows, at the prevalence that a rule is made for."""

    rows: ScoredRows
    offset: float
    prevalence: float


def _prepared(
    log_odds: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    calibrator: Calibrator | None,
    prevalence: float | None,
) -> _Prepared:
    rows = check_rows(log_odds, y, weights)
    score = calibrator.apply(rows.score) if calibrator else rows.score
    total = rows.positives + rows.negatives
    share = rows.positives / total if total else math.nan
    if prevalence is None:
        return _Prepared(rows._replace(score=score), 0.0, share)
    new = number(prevalence, "prevalence", 0, 1, open_ends=True)
    offset = prior_offset(share, new)
    factor = np.where(rows.y == 1, new / share, (1 - new) / (1 - share))
    shifted = ScoredRows(score + offset, rows.y, rows.weights * factor)
    return _Prepared(shifted, offset, new)


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
