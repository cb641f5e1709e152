# SPDX-License-Identifier: Apache-2.0
"""Evaluate a fixed model from its labels and probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import described, number, sentence
from equipoise._core.numerals import exact
from equipoise._core.types import BoolArray, FloatArray
from equipoise.decision.costs import Costs
from equipoise.errors import InputError
from equipoise.evaluation.decided import UNDECIDED, cost_options
from equipoise.evaluation.evaluation import Confusion, Evaluation
from equipoise.metrics import Estimate
from equipoise.metrics.inputs import check_labels, check_probability, check_row_weights
from equipoise.metrics.registry import decided_metrics, scored_metrics
from equipoise.uncertainty import interval
from equipoise.uncertainty.means import mean_spread
from equipoise.uncertainty.score_interval import effective_wilson

NO_PRICE = "rows are left undecided, and no cost of abstaining is given"
FEW = 8
"""Positives below which the simulations behind the intervals do not reach."""
DECISIONS = "the scores are decisions, 0 and 1, and no probabilities"
"""Why a metric of probabilities is undefined."""
FEWEST = 3
"""Rows from which two distinct scores are worth a word."""


def evaluate(
    y: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    threshold: float | None = None,
    lower: float | None = None,
    costs: Costs | tuple[float, float] | None = None,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Evaluation:
    """Return every metric of a fixed model on rows it has not seen.

    Args:
        y: `[rows]` labels: 0 and 1.
        probability: `[rows]` probabilities of the positive class.
        threshold: The probability from which a row is flagged, in [0, 1]; it must
            not have been chosen on these rows. None: the threshold that follows
            from the costs, else no metric of decisions is given.
        lower: The probability from which a row is left undecided, up to the
            threshold. None: what follows from the costs, if no threshold is given and
            they hold a cost of abstaining; else every row is decided.
        costs: `Costs(...)`, or (cost of a false alarm, cost of a missed positive).
        weights: `[rows]` row weights, or None.
        clusters: `[rows]` names of groups of rows that depend on each other, such
            as patients, or None.
        level: Coverage of the intervals.
        seed: Seed, if an interval needs a bootstrap.

    Returns:
        The evaluation. A metric that is undefined here is NaN and says why: those of
        a ranking or of probabilities are if all scores are 0 or 1, which are
        decisions, and are then judged as such from a threshold of .5. A row
        that is left undecided counts as not flagged: recall and F1 take it for a miss
        if it is positive, precision is of the flagged rows alone; "cost" charges it
        the cost of abstaining, and "undecided" is the share of such rows.

    Raises:
        InputError: The arrays do not fit together or hold what they may not.

    Example:
        >>> e = evaluate([0] * 88 + [1] * 12, [0.1] * 80 + [0.7] * 20, threshold=0.5)
        >>> print(e["recall"], "|", e["precision"])
        1.000 [0.735, 1.000] | 0.600 [0.361, 0.809]
    """
    require_order(y, probability)
    positive = check_labels(y)
    p = check_probability(probability, positive.size)
    number(level, "level", 0, 1, open_ends=True)
    weight = None if weights is None else check_row_weights(weights, positive.shape)
    prices = as_costs(costs)
    hard = are_decisions(p)
    low, cut = _thresholds(lower, threshold, prices)
    if hard and cut is None:
        cut = 0.5
    shared: dict[str, Any] = {
        "weights": weight,
        "clusters": clusters,
        "level": level,
        "seed": seed,
    }
    estimates: dict[str, Estimate] = {
        name: interval(name, positive, p, **shared) for name in scored_metrics()
    }
    notes = (*_notes(positive, cut), *doubts(positive, p, estimates["roc_auc"]))
    if hard:
        estimates = dict.fromkeys(scored_metrics(), Estimate.undefined(DECISIONS))
    confusion = None
    if cut is not None:
        for name in decided_metrics():
            estimates[name] = interval(name, positive, p, threshold=cut, **shared)
        left = (p < cut) & (p >= (cut if low is None else low))
        confusion = _confusion(positive, p >= cut, left, weight)
        if low is not None:
            estimates[UNDECIDED] = interval(
                "flag_rate", positive, left.astype(float), threshold=0.5, **shared
            )
            notes = (*notes, undecided_note(confusion))
        if prices is not None:
            estimates["cost"] = _cost(positive, p >= cut, left, prices, shared)
    return Evaluation(
        estimates,
        positive.size,
        int(positive.sum()),
        cut,
        confusion,
        level=level,
        notes=notes,
        lower=low,
    )


def _confusion(
    y: BoolArray, on: BoolArray, left: BoolArray, weights: FloatArray | None
) -> Confusion:
    w = np.ones(y.size) if weights is None else weights
    off = ~on & ~left
    cells = (on & y, on & ~y, off & y, off & ~y, left & y, left & ~y)
    return Confusion(*(float(w[cell].sum()) for cell in cells))


def _cost(
    y: BoolArray,
    on: BoolArray,
    left: BoolArray,
    costs: Costs,
    shared: dict[str, Any],
) -> Estimate:
    """Return the cost per row; with rows left undecided from the rows' own costs."""
    if not left.any():
        return interval(
            "cost",
            y,
            on.astype(float),
            threshold=0.5,
            **{**shared, **cost_options(costs)},
        )
    if costs.abstain is None:
        return Estimate.undefined(NO_PRICE)
    decided = np.where(
        y, np.where(on, costs.tp, costs.fn), np.where(on, costs.fp, costs.tn)
    )
    each = np.where(left, costs.abstain, decided)
    prices = (costs.tp, costs.fp, costs.fn, costs.tn, costs.abstain)
    low, high = min(prices), max(prices)
    spread = mean_spread(
        y, (each - low) / (high - low), shared["weights"], shared["clusters"]
    )
    value = low + (high - low) * float(np.asarray(spread.value, np.float64))
    ends = [
        low + (high - low) * float(end)
        for end in effective_wilson(spread, shared["level"])
    ]
    return Estimate(
        value,
        min(ends[0], value),
        max(ends[1], value),
        "effective-size score",
        level=shared["level"],
    )


def undecided_note(confusion: Confusion) -> str:
    """Say how many rows are left undecided, and how the metrics take them."""
    rows, positives = (
        f"{n:,.0f}" if float(n).is_integer() else f"{n:,.1f}"
        for n in (confusion.undecided, confusion.left_positives)
    )
    return (
        f"{rows} rows are left undecided, {positives} of them positive; the metrics of "
        "decisions count them as not flagged, and the cost, if there is one, at the "
        "cost of abstaining."
    )


def as_costs(costs: Costs | tuple[float, float] | None) -> Costs | None:
    """Return costs given as (false alarm, missed positive) as `Costs`."""
    if costs is None or isinstance(costs, Costs):
        return costs
    pair = tuple(np.asarray(costs, dtype=object).ravel().tolist())
    if len(pair) != 2:
        raise InputError(
            sentence(
                described("costs", costs),
                "(cost of a false alarm, cost of a missed positive)",
            )
        )
    return Costs(fp=pair[0], fn=pair[1])


def _thresholds(
    lower: float | None, threshold: float | None, costs: Costs | None
) -> tuple[float | None, float | None]:
    """Return from where a row is left undecided, and from where it is flagged."""
    if threshold is not None:
        cut = number(threshold, "threshold", 0, 1)
        if lower is None:
            return None, cut
        if not number(lower, "lower", 0, 1) < cut:
            raise InputError(
                sentence(
                    f"lower={exact(lower)} for threshold={exact(cut)}",
                    "a lower threshold below it, or None",
                )
            )
        return lower, cut
    if lower is not None:
        raise InputError(
            sentence(
                f"lower={exact(lower)} without a threshold",
                "lower together with threshold=...",
            )
        )
    band = None if costs is None else costs.band()
    if band is not None:
        return band
    return None, None if costs is None else costs.threshold


def _notes(positive: npt.NDArray[np.bool_], cut: float | None) -> tuple[str, ...]:
    notes = []
    rarer = min(int(positive.sum()), int((~positive).sum()))
    if 0 < rarer < FEW:
        notes.append(
            f"{rarer} rows of the rarer class: the intervals were checked from {FEW} "
            "upwards only."
        )
    if cut is None:
        notes.append(
            "No threshold and no costs were given: metrics of decisions are left out."
        )
    return tuple(notes)


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
