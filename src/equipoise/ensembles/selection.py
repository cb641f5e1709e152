# SPDX-License-Identifier: Apache-2.0
"""Blend weights by greedy choice: the average that ranks best out of fold.

Step by step the arm is added, again and again the same if need be, that gives the mean
of log-odds the greatest average precision on out-of-fold scores; how often an arm was
added is its weight (Caruana, Niculescu-Mizil, Crew and Ksikes 2004, Ensemble selection
from libraries of models, section 2.1). Such weights follow an arm that is far better
than the others at once, which those of least log loss do not.

With few positives the choice is mostly noise. So the weights are a mean of the chosen
ones and of those of least log loss (`equipoise.ensembles.blend`), which every row has
a say in and which prior shares hold. The choice counts n / (n + `FEW_POSITIVES`), n
being the number of positives.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from equipoise._core.types import AnyArray, BoolArray, FloatArray
from equipoise.ensembles.blend import LEAST_WEIGHT, blend, mean_log_odds
from equipoise.metrics.ranking import average_precision
from equipoise.priors import one_against_rest
from equipoise.strategies.blended import BLEND_RULES
from equipoise.task import Task

STEPS = 20
"""How often an arm is added: weights are twentieths before they meet the shares."""

FEW_POSITIVES = 100.0
"""With so many positives the greedy weights and those of least log loss count alike.
Chosen on some of the shared tables by nested folds, see docs/quality.md."""

WIDE_DEVIATION = 0.3
"""Of an arm's weight from its share, in the part of least log loss. On the same tables
.2 and .4 did better than `blend`'s .1, whatever the shares."""

TIE = 1e-9
"""Values of average precision that are no further apart are equal."""


def select(
    log_odds: Mapping[str, FloatArray],
    y: npt.ArrayLike,
    *,
    shares: Mapping[str, float] | None = None,
    rows: FloatArray | None = None,
    task: Task | None = None,
) -> dict[str, float]:
    """Return the weight of each arm in the mean of log-odds, chosen by its ranking.

    Of several classes or labels the mean of the average precisions of all is what
    counts, over those that have rows of both kinds. Where arms are equally good, the
    one is added that is furthest below its share, so that arms which all rank without
    an error are added by their shares.

    Args:
        log_odds: Arm -> `[repeats, rows]` out-of-fold log-odds; of several classes or
            labels `[repeats, rows, width]` scores.
        y: `[rows]` labels; class numbers; or `[rows, labels]`, -1 for unknown.
        shares: Arm -> how much of the mean it is to be before any data, in any
            unit; equal shares by default.
        rows: `[rows]` how much each row counts; None for 1 each. Positives then count
            as their effective number, (sum of weights)^2 / sum of squares.
        task: What the target is; None for two classes.

    Returns:
        Arm -> weight, above 0, summing to 1; arms of less than a hundredth are absent.

    Example:
        >>> y = np.repeat([0, 1], 500)
        >>> good = y[None] * 2.0 - 1 + np.tile(np.linspace(-2, 2, 500), 2)
        >>> bad = np.tile([-1.0, 1.0], 500)[None]
        >>> weights = select({"good": good, "bad": bad}, y)
        >>> {name: round(weight, 2) for name, weight in weights.items()}
        {'good': 1.0}
    """
    kind = task or Task("binary", ("0", "1"))
    names = list(log_odds)
    scores = np.stack([_scores(log_odds[name], kind) for name in names])
    prior = np.array([1.0 if shares is None else shares[name] for name in names])
    prior = prior / prior.sum()
    views = _judged_views(kind, np.asarray(y), rows)
    if not views:
        return dict(zip(names, prior.tolist(), strict=True))
    cautious = blend(
        log_odds, y, shares=shares, deviation=WIDE_DEVIATION, rows=rows, task=task
    )
    base = np.array([cautious.get(name, 0.0) for name in names])
    counts = _greedy(scores, views, prior, kind)
    trust = _positives(views) / (_positives(views) + FEW_POSITIVES)
    weights = trust * counts / counts.sum() + (1 - trust) * base
    weights = np.where(weights < LEAST_WEIGHT, 0.0, weights)
    total = weights.sum()
    return {
        name: float(w / total) for name, w in zip(names, weights, strict=True) if w > 0
    }


def blend_weights(
    log_odds: Mapping[str, FloatArray],
    y: npt.ArrayLike,
    rule: str,
    *,
    shares: Mapping[str, float] | None = None,
    rows: FloatArray | None = None,
    task: Task | None = None,
) -> dict[str, float]:
    """Return the weights of an average by the rule of a `Blend`.

    Args:
        log_odds: As for `select`.
        y: As for `select`.
        rule: "log_loss" for `blend`, "average_precision" for `select`.
        shares: As for `select`.
        rows: As for `select`.
        task: As for `select`.
    """
    rules = dict(zip(BLEND_RULES, (blend, select), strict=True))
    return rules[rule](log_odds, y, shares=shares, rows=rows, task=task)


class _JudgedView:
    """One binary problem that ranks can be judged by.

    Attributes:
        place: Which column of the scores it is about.
        labelled: `[rows]` whose label is known; None for all.
        y: `[labelled rows]` 0 or 1.
        weights: `[labelled rows]`, or None.
    """

    def __init__(
        self,
        place: int,
        labelled: BoolArray | None,
        y: BoolArray,
        weights: FloatArray | None,
    ) -> None:
        rows = slice(None) if labelled is None else labelled
        self.place, self.labelled = place, labelled
        self.y = y[rows].astype(np.int8)
        self.weights = None if weights is None else weights[rows]

    @property
    def judged(self) -> bool:
        """Whether there are rows of both kinds that count."""
        counted = self.y if self.weights is None else self.y[self.weights > 0]
        return len(np.unique(counted)) == 2

    @property
    def positives(self) -> float:
        """The effective number of positives."""
        if self.weights is None:
            return float(self.y.sum())
        each = self.weights[self.y == 1]
        return float(each.sum() ** 2 / (each**2).sum())

    def precision(self, scores: FloatArray) -> float:
        """Return the average precision of scores, `[rows, width]`."""
        z = scores[:, self.place]
        z = z if self.labelled is None else z[self.labelled]
        return average_precision(self.y, z, self.weights)


def _scores(log_odds: FloatArray, task: Task) -> FloatArray:
    """Return an arm's mean scores over the repeats, `[rows, width]`."""
    mean = mean_log_odds(log_odds, task.link)
    return mean[:, None] if mean.ndim == 1 else mean


def _judged_views(
    task: Task, y: AnyArray, rows: FloatArray | None
) -> list[_JudgedView]:
    views = [
        _JudgedView(place, view.labelled, view.y, rows)
        for place, view in enumerate(task.views(y))
    ]
    return [view for view in views if view.judged]


def _positives(views: list[_JudgedView]) -> float:
    """Return how many positives tell as much of one view as all tell of the mean.

    The variance of an average precision falls with one over its positives, and that of
    a mean over K views is the sum of theirs over K^2.
    """
    return len(views) ** 2 / sum(1 / view.positives for view in views)


def _greedy(
    scores: FloatArray, views: list[_JudgedView], prior: FloatArray, task: Task
) -> FloatArray:
    """Return how often each arm was added, `[arms]`.

    Args:
        scores: `[arms, rows, width]`.
        views: What the ranking is judged by.
        prior: `[arms]` shares, which settle ties.
        task: What the target is.
    """
    counts, total = np.zeros(len(scores)), np.zeros(scores.shape[1:])
    for step in range(1, STEPS + 1):
        values = np.array([_value((total + z) / step, views, task) for z in scores])
        tied = values >= values.max() - TIE
        chosen = int(np.argmin(np.where(tied, (counts + 1) / prior, np.inf)))
        counts[chosen] += 1
        total += scores[chosen]
    return counts


def _value(scores: FloatArray, views: list[_JudgedView], task: Task) -> float:
    """Return the mean average precision of pooled scores, `[rows, width]`."""
    if task.link == "softmax":
        scores = one_against_rest(scores)
    return float(np.mean([view.precision(scores) for view in views]))
