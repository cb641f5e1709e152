# SPDX-License-Identifier: Apache-2.0
"""What out-of-fold scores say: every metric of every arm, with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import unmasked
from equipoise._core.checks import integer, number, one_of, sentence
from equipoise._core.notebook import html_card
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.decision.costs import Costs
from equipoise.decision.objectives import Objective, as_objective
from equipoise.errors import InputError
from equipoise.evaluation.arm_values import ArmValues, EvaluatedRows
from equipoise.evaluation.cv_intervals import (
    difference_error,
    metric_intervals,
    paired_interval,
)
from equipoise.evaluation.decided import Decided
from equipoise.evaluation.estimand import SplitSizes
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.fixed_model import as_costs, undecided_note
from equipoise.evaluation.leader import Leader, pick_leader
from equipoise.evaluation.out_of_fold import CrossFitted
from equipoise.evaluation.replicates import RANKING, ArmReplicates, replicate
from equipoise.evaluation.trial_arms import (
    ONE_REPEAT,
    Constants,
    TrialArms,
    check_folds,
    constant_within_folds,
)
from equipoise.metrics import METRICS, Estimate
from equipoise.metrics.inputs import check_labels, check_log_odds, check_row_weights
from equipoise.metrics.registry import HEADLINE, Metric, decided_metrics
from equipoise.priors import probability
from equipoise.uncertainty.differences import difference_limits
from equipoise.uncertainty.row_weights import RowWeights, cluster_numbers

RANKED_BY = "average_precision"
"""The metric by which arms are ranked."""
NOT_COMPARED = ("flag_rate",)
"""Metrics of decisions of which neither more nor less is better."""
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
            each fold, `[repeats, folds]`; NaN if a fold lacks a class.
        differences: For the same metrics: arm minus baseline on the same rows,
            resampled jointly; empty for the baseline.
        errors: The standard errors of those differences.
        at_level: For "average_precision" and "roc_auc": from a level to the metric
            with its interval.
        constant: Whether the scores of every fold are all equal: the arm says nothing
            of any row.
        replicated: For the metrics that are compared: the value under each weighting
            of the rows, the same for all arms.
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
    replicated: Mapping[str, FloatArray] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Arm {self.name!r}: {self.evaluation!r}>"

    def __str__(self) -> str:
        return f"{self.name}: {self.evaluation}"

    def _repr_html_(self) -> str:
        return html_card(self.name, self.evaluation.notebook_parts())

    @property
    def probability(self) -> FloatArray:
        """Calibrated out-of-fold probabilities, `[repeats, rows]`."""
        return probability(self.fitted.log_odds)


def guessed(metric: str, share: float) -> float | None:
    """Return what a metric is worth to those who know the share of positives alone.

    Args:
        metric: The metric's name.
        share: The share of positives, in (0, 1).

    Returns:
        None if it depends on how many rows are flagged, as recall does.

    Example:
        >>> guessed("average_precision", 0.25), guessed("f1", 0.25)
        (0.25, 0.4)
    """
    other = 1 - share
    values = {
        "average_precision": share,
        "roc_auc": 0.5,
        "brier": share * other,
        "log_loss": -share * math.log(share) - other * math.log(other)
        if 0 < share < 1
        else 0.0,
        "precision": share,
        "f1": 2 * share / (1 + share),
        "balanced_accuracy": 0.5,
        "g_mean": 0.0,
        "mcc": 0.0,
    }
    return values.get(metric)


@dataclass(frozen=True, eq=False, repr=False)
class CrossValidated(TrialArms[Arm]):
    """A trial's arms on the same rows and splits.

    Attributes:
        arms: By name, in the order given.
        baseline: The arm that the others are compared with.
        y: `[rows]` whether a row is positive.
        folds: `[repeats, rows]` the fold of each row.
        leader: The arm that is best in `metric`, with the optimism of picking it
            taken off.
        replicates: How many weightings of the rows were drawn.
        level: The intervals' nominal coverage.
        estimand: What the numbers are estimates of.
        units: Independent rows (or clusters) of the rarer class.
        notes: What the reader should know.
        sizes: How many rows each split trained and tested on.
        metric: By which arms are ranked and compared first.
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
    metric: str = RANKED_BY

    def record(self, metric: str) -> Metric:
        """Return the facts of a metric.

        Args:
            metric: Its name.
        """
        return METRICS[metric]

    def guessed(self, metric: str) -> float | None:
        """Return what a metric is worth to those who know the shares alone.

        Args:
            metric: Its name.

        Returns:
            None if it depends on how many rows are flagged, as recall does.
        """
        return guessed(metric, self.arms[self.baseline].evaluation.prevalence)

    def against(self, baseline: str) -> CrossValidated:
        """Return the same results, compared with another arm.

        Args:
            baseline: An arm.

        Raises:
            InputError: There is no such arm.
        """
        other = self[baseline]
        arms = {}
        for name, arm in self.arms.items():
            errors = {}
            if name != baseline:
                errors = {
                    metric: difference_error(
                        arm.replicated[metric] - other.replicated[metric], self.units
                    )
                    for metric in arm.replicated
                }
            differences = {
                metric: paired_interval(
                    arm.evaluation[metric].value - other.evaluation[metric].value,
                    error,
                    self.units,
                    self.level,
                    difference_limits(metric),
                )
                for metric, error in errors.items()
            }
            arms[name] = replace(arm, errors=errors, differences=differences)
        return replace(self, arms=arms, baseline=baseline)

    @property
    def constants(self) -> Constants:
        """The ranking metrics of an arm that says the same of every row."""
        return Constants(
            "average_precision",
            "roc_auc",
            self.arms[self.baseline].evaluation.prevalence,
        )


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
    metric: str = RANKED_BY,
    **options: Any,
) -> CrossValidated:
    """Evaluate the arms of a trial from their out-of-fold scores.

    A fold's calibrator comes from the other folds of its repeat. The threshold is one
    for all: the best on the calibrated scores of all folds and repeats, and a short
    decimal. It is this rule that is judged, on the same scores.
    AUROC is taken within folds, each positive counting once. For average precision
    the folds' scores are first put on one scale (`out_of_fold.align`). Brier score
    and log loss are means over rows. These are then averaged over the repeats;
    metrics of decisions come from the confusion matrix averaged over the repeats.

    Intervals weight whole rows (or clusters) at random, the same for all arms and
    repeats, within each class, and add to that variance for what the models have
    in common and for how much they vary between splits (`cv_intervals`). A
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
        weights: `[rows]` how much each row counts, as that many copies of it; None for
            1 each. The intervals rest on the effective number of rows.
        decided: By arm, a rule that is judged as it is; for the other arms one is
            chosen.
        level: Coverage of the intervals.
        replicates: How many weightings; fewer are drawn if rows times replicates
            exceed 60 million, at least 400.
        baseline: The arm that the others are compared with.
        seed: Seed of the weightings.
        sizes: How many rows each split trained and tested on; None if each fold's
            model was trained on all rows of the other folds.
        metric: By which arms are ranked and compared first: one of
            `headline_metrics()`.
        **options: Of the objective, for example `floor=0.8`.

    Returns:
        Every arm's evaluation, split values and differences.

    Raises:
        InputError: The arrays do not fit together, the baseline is absent, or arms
            cannot be compared by the metric.

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
    split = check_folds(folds, positive.size)
    scores = _check_scores(log_odds, split)
    one_of(baseline, scores, "baseline")
    number(level, "level", 0, 1, open_ends=True)
    prices = as_costs(costs)
    check_headline(metric, priced=prices is not None)
    rows = EvaluatedRows(
        positive,
        split,
        _objective(objective, prices, options),
        prices,
        None if weights is None else check_row_weights(weights, positive.shape),
        tuple(dict.fromkeys([*HEADLINE, metric])),
    )
    values = {
        name: ArmValues.of(
            z,
            rows,
            exact=(exact or {}).get(name, True),
            decided=(decided or {}).get(name),
        )
        for name, z in scores.items()
    }
    draws = RowWeights(
        positive,
        cluster_numbers(clusters, positive.size),
        _affordable(integer(replicates, "replicates", 2), positive.size),
        seed,
        rows.weights,
    )
    replicated = replicate(values, draws)
    split_sizes = SplitSizes.of(split) if sizes is None else sizes
    arms = {}
    for name, arm in values.items():
        errors = (
            {}
            if name == baseline
            else _errors(
                replicated[name], replicated[baseline], draws.rarer, rows.compared
            )
        )
        arms[name] = Arm(
            name,
            _evaluation(arm, replicated[name], draws, level, split_sizes.estimand),
            arm.fitted,
            arm.decided,
            arm.scores.aligned,
            arm.splits,
            _differences(arm, values[baseline], errors, draws.rarer, level),
            errors,
            metric_intervals(arm, replicated[name], draws, RANKING),
            constant_within_folds(scores[name], split),
            {m: replicated[name].values[m] for m in rows.compared},
        )
    return CrossValidated(
        arms,
        baseline,
        positive,
        split,
        pick_leader(
            {name: arm.evaluation[metric] for name, arm in arms.items()},
            {name: replicated[name].values[metric] for name in arms},
            higher_is_better=METRICS[metric].higher_is_better,
            lowest=METRICS[metric].low,
        ),
        draws.replicates,
        level,
        split_sizes.estimand,
        draws.rarer,
        _notes(positive, split, draws.replicates, replicates),
        split_sizes,
        metric,
    )


def headline_metrics() -> tuple[str, ...]:
    """Return the metrics by which the arms of two classes can be compared.

    Example:
        >>> headline_metrics()[:5]
        ('average_precision', 'roc_auc', 'brier', 'log_loss', 'recall')
    """
    decided = [name for name in decided_metrics() if name not in NOT_COMPARED]
    return (*HEADLINE, "log_loss", *decided)


def check_headline(metric: str, *, priced: bool) -> str:
    """Return a metric by which arms of two classes can be compared.

    Args:
        metric: Its name.
        priced: Whether there are costs, so that arms can be compared by "cost".

    Raises:
        InputError: Arms cannot be compared by it.
    """
    return one_of(
        metric, (*headline_metrics(), *(("cost",) if priced else ())), "metric"
    )


def _evaluation(
    arm: ArmValues,
    replicates: ArmReplicates,
    draws: RowWeights,
    level: float,
    estimand: str,
) -> Evaluation:
    """Return an arm's metrics with their intervals."""
    rows, decided, confusion = arm.rows, arm.decided, arm.confusion
    intervals = metric_intervals(arm, replicates, draws, arm.points)
    return Evaluation(
        {metric: at(level) for metric, at in intervals.items()},
        rows.y.size,
        int(rows.y.sum()),
        decided.threshold,
        confusion,
        estimand,
        level,
        () if decided.lower is None else (undecided_note(confusion),),
        lower=decided.lower_threshold,
        threshold_range=arm.threshold_range,
        share=None
        if rows.weights is None
        else float(np.average(rows.y, weights=rows.weights)),
    )


def _errors(
    replicates: ArmReplicates,
    baseline: ArmReplicates,
    units: float,
    metrics: Iterable[str],
) -> dict[str, float]:
    """Return the standard errors of the differences, resampled jointly."""
    return {
        metric: difference_error(
            replicates.values[metric] - baseline.values[metric], units
        )
        for metric in metrics
    }


def _differences(
    arm: ArmValues,
    baseline: ArmValues,
    errors: Mapping[str, float],
    units: float,
    level: float,
) -> dict[str, Estimate]:
    """Return the arm minus the baseline, with intervals from the rows alone."""
    return {
        metric: paired_interval(
            arm.points[metric].value - baseline.points[metric].value,
            error,
            units,
            level,
            difference_limits(metric),
        )
        for metric, error in errors.items()
    }


def _objective(
    objective: str | Objective, costs: Costs | None, options: dict[str, Any]
) -> Objective:
    if costs is None:
        return as_objective(objective, options)
    if objective not in ("f1", "cost") or options:
        raise InputError(
            sentence(
                f"costs together with objective={objective!r} and options "
                f"{sorted(options)}",
                "either costs, from which the threshold follows, or an objective",
            )
        )
    return as_objective("cost", {"costs": costs})


def _check_scores(
    log_odds: Mapping[str, npt.ArrayLike], folds: IntArray
) -> dict[str, FloatArray]:
    """Return every arm's scores, `[repeats, rows]`."""
    return {
        name: check_log_odds(
            np.atleast_2d(unmasked(z, f"the scores of {name!r}")), folds.shape, name
        )
        for name, z in log_odds.items()
    }


def _affordable(replicates: int, rows: int) -> int:
    return min(replicates, max(FEWEST, CELLS // rows))


def _notes(
    y: BoolArray, folds: IntArray, replicates: int, asked: int
) -> tuple[str, ...]:
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
        notes.append(ONE_REPEAT)
    if replicates < asked:
        notes.append(f"{replicates} replicates instead of {asked}: the table is large.")
    return tuple(notes)
