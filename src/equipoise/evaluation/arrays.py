# SPDX-License-Identifier: Apache-2.0
"""Evaluate a fixed model from its labels and probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, sentence
from equipoise.decision.costs import Costs
from equipoise.errors import InputError
from equipoise.evaluation.evaluation import Confusion, Evaluation
from equipoise.evaluation.inputs import check_labels, check_probability
from equipoise.metrics import Estimate, counts, interval
from equipoise.metrics.inputs import weighting

SCORED = ("average_precision", "roc_auc", "brier", "log_loss", "brier_skill")
DECIDED = (
    "recall",
    "precision",
    "f1",
    "specificity",
    "balanced_accuracy",
    "g_mean",
    "mcc",
    "flag_rate",
)
FEW = 8
"""Positives below which the simulations behind the intervals do not reach."""


def evaluate(
    y: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    threshold: float | None = None,
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
        costs: `Costs(...)`, or (cost of a false alarm, cost of a missed positive).
        weights: `[rows]` importance weights, or None.
        clusters: `[rows]` names of groups of rows that depend on each other, such
            as patients, or None.
        level: Coverage of the intervals.
        seed: Seed, where an interval needs a bootstrap.

    Returns:
        The evaluation. A metric that is undefined here is NaN and says why.

    Raises:
        InputError: The arrays do not fit together or hold what they may not.

    Example:
        >>> e = evaluate([0] * 88 + [1] * 12, [0.1] * 80 + [0.7] * 20, threshold=0.5)
        >>> print(e["recall"], "|", e["precision"])
        1.000 [0.735, 1.000] | 0.600 [0.361, 0.809]
    """
    positive = check_labels(y)
    p = check_probability(probability, positive.size)
    number(level, "level", 0, 1, open_ends=True)
    weight = None if weights is None else weighting(weights, positive.shape)
    known = as_costs(costs)
    cut = _threshold(threshold, known)
    shared: dict[str, Any] = {
        "weights": weight,
        "clusters": clusters,
        "level": level,
        "seed": seed,
    }
    estimates: dict[str, Estimate] = {
        name: interval(name, positive, p, **shared) for name in SCORED
    }
    notes = _notes(positive, cut)
    confusion = None
    if cut is not None:
        for name in DECIDED:
            estimates[name] = interval(name, positive, p, threshold=cut, **shared)
        cells = counts(positive, p, weight, threshold=cut)
        confusion = Confusion(*map(float, (cells.tp, cells.fp, cells.fn, cells.tn)))
        if known is not None:
            estimates["cost"] = interval(
                "cost", positive, p, threshold=cut, **{**shared, **cost_options(known)}
            )
    return Evaluation(
        estimates,
        positive.size,
        int(positive.sum()),
        cut,
        confusion,
        level=level,
        notes=notes,
    )


def cost_options(costs: Costs) -> dict[str, float]:
    """Return the options of the metric "cost"."""
    return {
        "false_positive": costs.fp,
        "false_negative": costs.fn,
        "true_positive": costs.tp,
        "true_negative": costs.tn,
    }


def as_costs(costs: Costs | tuple[float, float] | None) -> Costs | None:
    """Return costs given as (false alarm, missed positive) as `Costs`."""
    if costs is None or isinstance(costs, Costs):
        return costs
    pair = tuple(np.asarray(costs, dtype=object).ravel().tolist())
    if len(pair) != 2:
        raise InputError(
            sentence(
                f"costs={costs!r}", "(cost of a false alarm, cost of a missed positive)"
            )
        )
    return Costs(fp=pair[0], fn=pair[1])


def _threshold(threshold: float | None, costs: Costs | None) -> float | None:
    if threshold is not None:
        return number(threshold, "threshold", 0, 1)
    return None if costs is None else costs.threshold


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
