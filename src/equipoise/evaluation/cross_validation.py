# SPDX-License-Identifier: Apache-2.0
"""What out-of-fold scores say: every metric of every arm, with its interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import unmasked
from equipoise._core.checks import integer, number, one_of, sentence
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.decision.costs import Costs
from equipoise.decision.objectives import Objective, as_objective
from equipoise.errors import InputError
from equipoise.evaluation.crossfit import CrossFitted
from equipoise.evaluation.decided import Decided
from equipoise.evaluation.estimand import SplitSizes
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.fixed_model import as_costs
from equipoise.evaluation.leader import Leader, winner
from equipoise.evaluation.points import SPLIT_METRICS
from equipoise.evaluation.prepared import Prepared
from equipoise.evaluation.replicates import RANKING
from equipoise.metrics import Estimate
from equipoise.metrics.inputs import check_labels, check_log_odds, check_row_weights
from equipoise.priors import probability
from equipoise.uncertainty.row_weights import RowWeights, cluster_numbers

HEADLINE = SPLIT_METRICS
CELLS = 60_000_000
"""Rows times replicates: beyond it fewer replicates are drawn, at least 400."""
FEWEST = 400


@dataclass(frozen=True, eq=False)
class Arm:
    """What the trial says about one arm.

    Attributes:
        name: The arm.
        evaluation: Every metric with its interval.
        fitted: Calibrated log-odds `[repeats, rows]`, and each fold's threshold.
        decided: The one rule that is judged, and what it decides.
        aligned: `[repeats, rows]` scores that may be ranked within a repeat.
        splits: For "average_precision", "roc_auc" and "brier": the value within
            each fold, `[repeats, folds]`; NaN where a fold lacks a class.
        differences: For the same metrics: arm minus baseline on the same rows,
            resampled jointly; empty for the baseline.
        errors: The standard errors of those differences.
        at_level: For "average_precision" and "roc_auc": from a level to the metric
            with its interval.
        constant: Whether the scores of every fold are all equal: the arm says nothing
            of any row.
    """

    name: str
    evaluation: Evaluation
    fitted: CrossFitted
    decided: Decided
    aligned: FloatArray
    splits: Mapping[str, FloatArray]
    differences: Mapping[str, Estimate]
    errors: Mapping[str, float]
    at_level: Mapping[str, Callable[[float], Estimate]] = field(default_factory=dict)
    constant: bool = False

    @property
    def probability(self) -> FloatArray:
        """Calibrated out-of-fold probabilities, `[repeats, rows]`."""
        return probability(self.fitted.log_odds)


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """A trial's arms on the same rows and splits.

    Attributes:
        arms: By name, in the order given.
        baseline: The arm that the others are compared with.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        leader: The arm with the highest average precision, with the optimism of
            picking it taken off.
        replicates: How many weightings of the rows were drawn.
        level: The intervals' nominal coverage.
        estimand: What the numbers are estimates of.
        units: Independent rows (or clusters) of the rarer class.
        notes: What the reader should know.
        sizes: How many rows each split trained and tested on.
    """

    arms: Mapping[str, Arm]
    baseline: str
    y: BoolArray
    folds: IntArray
    leader: Leader
    replicates: int
    level: float
    estimand: str
    units: float
    notes: tuple[str, ...] = ()
    sizes: SplitSizes | None = None

    def __getitem__(self, name: str) -> Arm:
        return self.arms[one_of(name, self.arms, "arm")]

    @property
    def repeats(self) -> int:
        """How often the rows were divided into folds."""
        return len(self.folds)

    @property
    def folds_per_repeat(self) -> int:
        """The number of folds of a repeat."""
        return int(self.folds.max()) + 1

    @property
    def test_share(self) -> float:
        """The share of a split's rows that it tests, as `nadeau_bengio` takes it."""
        sizes = SplitSizes.of(self.folds) if self.sizes is None else self.sizes
        return sizes.test_share

    def frame(self) -> list[dict[str, Any]]:
        """Return one plain row per arm and metric."""
        return [
            {"arm": name, **row}
            for name, arm in self.arms.items()
            for row in arm.evaluation.frame()
        ]

    def split_differences(self, name: str, metric: str) -> FloatArray:
        """Return an arm's values minus the baseline's, `[repeats, folds]`."""
        base = self.arms[self.baseline].splits
        one_of(metric, base, "metric")
        return np.asarray(self[name].splits[metric] - base[metric])


def cross_validated(
    y: npt.ArrayLike,
    log_odds: Mapping[str, npt.ArrayLike],
    folds: npt.ArrayLike,
    *,
    objective: str | Objective = "f1",
    costs: Costs | tuple[float, float] | None = None,
    exact: Mapping[str, bool] | None = None,
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    decided: Mapping[str, Decided] | None = None,
    level: float = 0.95,
    replicates: int = 1000,
    baseline: str = "plain",
    seed: int = 0,
    sizes: SplitSizes | None = None,
    **options: Any,
) -> CrossValidated:
    """Evaluate the arms of a trial from their out-of-fold scores.

    A fold's calibrator comes from the other folds of its repeat. The threshold is one
    for all: the best on the calibrated scores of all folds and repeats, and a short
    decimal. It is this rule that is judged, on the same scores.
    AUROC is taken within folds, each positive counting once. For average precision
    the folds' scores are first put on one scale (`alignment.align`). Brier score
    and log loss are means over rows. These are then averaged over the repeats;
    metrics of decisions come from the confusion matrix averaged over the repeats.

    Intervals weight whole rows (or clusters) at random, the same for all arms and
    repeats, within each class, and add to that variance for what the models have
    in common and for how much they vary between splits (`ends`). A
    threshold that is the best on these rows flatters itself: it is chosen again under
    each weighting, and by how much it is better there than under even weights is taken
    off the intervals of the metrics of decisions (`replicates.Choice`).

    The numbers are estimates of the mean performance, on new rows with this share
    of positives, of the models that were trained: a model trained on
    (folds - 1) / folds of this table, decided by that one rule. Their coverage is
    simulated by `benchmarks/coverage_cross_validation.py` and
    `benchmarks/coverage_of_the_rule.py`.

    Args:
        y: `[rows]` labels: 0 and 1.
        log_odds: For each arm `[repeats, rows]` (or `[rows]`) out-of-fold scores.
        folds: `[repeats, rows]` (or `[rows]`) the fold in which a row was scored,
            0 to folds - 1.
        objective: What each threshold is best at; see `decision.objective`.
        costs: `Costs(...)` or (cost of a false alarm, cost of a missed positive):
            then the threshold follows from them and "cost" is reported.
        exact: By arm, whether its scores are log-odds up to estimation error; an
            arm that is not named is exact.
        clusters: `[rows]` names of groups of rows that depend on each other, or
            None.
        weights: `[rows]` how much each row counts, as so many copies of it; None for
            1 each. The intervals rest on the effective number of rows.
        decided: By arm, a rule that is judged as it is; for the other arms one is
            chosen.
        level: Coverage of the intervals.
        replicates: How many weightings; fewer are drawn where rows times replicates
            exceed 60 million, at least 400.
        baseline: The arm that the others are compared with.
        seed: Seed of the weightings.
        sizes: How many rows each split trained and tested on; None if each fold's
            model was trained on all rows of the other folds.
        **options: Of the objective, for example `floor=0.8`.

    Returns:
        Every arm's evaluation, split values and differences.

    Raises:
        InputError: The arrays do not fit together, or the baseline is absent.

    Example:
        >>> y = np.tile([0, 0, 0, 1], 10)
        >>> folds = np.repeat([0, 1], 20)
        >>> scores = {"plain": y * 2.0 - 1, "prior": np.zeros(40)}
        >>> trial = cross_validated(y, scores, folds)
        >>> trial["prior"].evaluation["roc_auc"].value
        0.5
        >>> trial["prior"].differences["roc_auc"].value
        -0.5
    """
    positive = check_labels(y)
    split = _check_folds(folds, positive)
    scores = {
        name: check_log_odds(
            np.atleast_2d(unmasked(z, f"the scores of {name!r}")), split.shape, name
        )
        for name, z in log_odds.items()
    }
    one_of(baseline, scores, "baseline")
    number(level, "level", 0, 1, open_ends=True)
    known = as_costs(costs)
    goal = _goal(objective, known, options)
    unit = cluster_numbers(clusters, positive.size)
    drawn = _replicates(integer(replicates, "replicates", 2), positive.size)
    counted = None if weights is None else check_row_weights(weights, positive.shape)
    draws = RowWeights(positive, unit, drawn, seed, counted)

    sized = SplitSizes.of(split) if sizes is None else sizes
    trial = Prepared.of(
        positive, split, scores, goal, known, exact or {}, counted, decided, sized
    )
    found = trial.replicates(draws)
    arms = {
        name: Arm(
            name,
            trial.evaluation(name, found[name], draws, level),
            trial.fitted[name],
            trial.brought[name].decided,
            trial.brought[name].aligned,
            trial.splits[name],
            trial.differences(name, baseline, found, draws.rarer, level),
            trial.errors(name, baseline, found, draws.rarer),
            trial.intervals(name, found[name], draws, RANKING),
            constant_within_folds(scores[name], split),
        )
        for name in scores
    }
    ap = "average_precision"
    return CrossValidated(
        arms,
        baseline,
        positive,
        split,
        winner(
            {name: arm.evaluation[ap] for name, arm in arms.items()},
            {name: found[name].values[ap] for name in scores},
        ),
        drawn,
        level,
        sized.estimand,
        draws.rarer,
        _notes(positive, split, drawn, replicates),
        sized,
    )


def constant_within_folds(log_odds: FloatArray, folds: IntArray) -> bool:
    """Return whether every fold's scores are all equal.

    Args:
        log_odds: `[repeats, rows]` scores.
        folds: `[repeats, rows]` the fold of each row.

    Example:
        >>> folds = np.array([[0, 0, 1, 1]])
        >>> constant_within_folds(np.array([[-3.0, -3.0, -2.9, -2.9]]), folds)
        True
        >>> constant_within_folds(np.array([[-3.0, -3.1, -2.9, -2.9]]), folds)
        False
    """
    for z, fold in zip(log_odds, folds, strict=True):
        first = np.zeros(int(fold.max()) + 1)
        first[fold] = z  # any row of each fold
        if (z != first[fold]).any():
            return False
    return True


def _goal(
    objective: str | Objective, costs: Costs | None, options: dict[str, Any]
) -> Objective:
    if costs is None:
        return as_objective(objective, options)
    if objective not in ("f1", "cost") or options:
        raise InputError(
            sentence(
                f"costs beside objective={objective!r} and options {sorted(options)}",
                "either costs, from which the threshold follows, or an objective",
            )
        )
    return as_objective("cost", {"costs": costs})


def _check_folds(folds: npt.ArrayLike, y: BoolArray) -> IntArray:
    """Return folds `[repeats, rows]`, numbered 0 to folds - 1 in every repeat."""
    split = np.atleast_2d(np.asarray(unmasked(folds, "folds")))
    if split.ndim != 2 or split.shape[1] != y.size or not len(split):
        raise InputError(
            sentence(f"folds of shape {np.shape(folds)}", f"[repeats, {y.size}]")
        )
    if not np.issubdtype(split.dtype, np.integer) or split.min() < 0:
        raise InputError(
            sentence(
                f"folds of type {split.dtype}, or negative",
                "whole numbers from 0",
                "Every row needs a fold in every repeat.",
            )
        )
    count = int(split.max()) + 1
    for repeat, row in enumerate(split):
        if count < 2 or np.unique(row).size != count:
            raise InputError(
                sentence(
                    f"{np.unique(row).size} folds of {count} in repeat {repeat}",
                    "at least two folds, each of which occurs in every repeat",
                )
            )
    return split.astype(np.int64)


def _replicates(wanted: int, rows: int) -> int:
    return min(wanted, max(FEWEST, CELLS // rows))


def _notes(y: BoolArray, folds: IntArray, drawn: int, wanted: int) -> tuple[str, ...]:
    notes = []
    count = int(folds.max()) + 1
    empty = sum(
        int((np.bincount(f[y == kind], minlength=count) == 0).sum())
        for f in folds
        for kind in (True, False)
    )
    if empty:
        notes.append(
            f"{empty} of {folds.shape[0] * count} folds lack a class: they have no "
            "ranking of their own and are left out of the paired tests."
        )
    if len(folds) == 1:
        notes.append(
            "With one repeat, the variation between splits is unknown and not included "
            "in the intervals."
        )
    if drawn < wanted:
        notes.append(f"{drawn} replicates instead of {wanted}: the table is large.")
    return tuple(notes)
