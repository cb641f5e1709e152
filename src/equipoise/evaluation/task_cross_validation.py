# SPDX-License-Identifier: Apache-2.0
"""What out-of-fold scores of several classes or labels say, with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, number, one_of, sentence
from equipoise._core.notebook import html_card
from equipoise._core.seeds import generator
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.decision.class_floors import Floors
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.decision.costs import Costs
from equipoise.decision.label_rule import LabelRule
from equipoise.decision.task_objectives import task_objective
from equipoise.errors import InputError
from equipoise.evaluation.estimand import SplitSizes
from equipoise.evaluation.leader import Leader, pick_leader
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.evaluation.task_intervals import task_estimate, view_evaluation
from equipoise.evaluation.task_out_of_fold import (
    TaskCrossFitted,
    cross_fit_task,
)
from equipoise.evaluation.task_rules import ArmRules, TaskObjective, TaskRule
from equipoise.evaluation.task_values import TaskArmValues, TrialTargets
from equipoise.evaluation.trial_arms import (
    ONE_REPEAT,
    Constants,
    TrialArms,
    check_folds,
    constant_within_folds,
)
from equipoise.metrics import Estimate
from equipoise.metrics.task_registry import (
    TASK_METRICS,
    TaskMetric,
    headline_metric,
    metric_of,
)
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import Task
from equipoise.uncertainty.differences import difference_ends, limits_between
from equipoise.uncertainty.influences import TaskInfluence
from equipoise.uncertainty.row_weights import cluster_numbers
from equipoise.uncertainty.score_interval import t_quantile
from equipoise.uncertainty.strata import unit_sums

OF_ROWS = "influence of the rows, t"
OPTIMISM_DRAWS = 1000
"""Normal draws from the arms' joint distribution, for the optimism of picking one."""


@dataclass(frozen=True, eq=False)
class TaskArm:
    """What a trial of several classes or labels says about one arm.

    Attributes:
        name: The arm.
        evaluation: Every metric with its interval, and per class.
        fitted: Calibrated scores `[repeats, rows, width]`.
        decisions: `[repeats, rows]` class numbers, or `[repeats, rows, labels]`; each
            fold is decided by a rule of the other folds.
        rule: The rule of all rows: the one that is handed over.
        splits: By metric, the value within each fold, `[repeats, folds]`.
        differences: By metric: arm minus baseline on the same rows; empty for the
            baseline.
        errors: The standard errors of those differences.
        at_level: By metric of scores: from a level to the metric with its interval.
        values: Every metric and view with its influences.
        constant: Whether the scores of every fold are all equal.
    """

    name: str
    evaluation: TaskEvaluation
    fitted: TaskCrossFitted
    decisions: IntArray
    rule: ClassRule | LabelRule
    splits: Mapping[str, FloatArray]
    differences: Mapping[str, Estimate]
    errors: Mapping[str, float]
    at_level: Mapping[str, Callable[[float], Estimate]]
    values: TaskArmValues
    constant: bool = False

    def __repr__(self) -> str:
        return f"<TaskArm {self.name!r}: {self.evaluation!r}>"

    def __str__(self) -> str:
        return f"{self.name}: {self.evaluation}"

    def _repr_html_(self) -> str:
        return html_card(self.name, self.evaluation.notebook_parts())

    @property
    def by_class(self) -> Mapping[str, Any]:
        """Class or label to its metrics, as a problem of two classes."""
        return self.evaluation.by_class

    @property
    def confusion(self) -> Any:
        """The K x K confusion matrix, a mean over the repeats; None for labels."""
        return self.evaluation.confusion


@dataclass(frozen=True, eq=False, repr=False)
class TaskCrossValidated(TrialArms[TaskArm]):
    """A trial's arms on the same rows and splits, of several classes or labels.

    Attributes:
        arms: By name, in the order given.
        baseline: The arm that the others are compared with.
        targets: The rows with their folds.
        leader: The arm that is best in `metric`, with the optimism of picking it
            taken off.
        level: The intervals' nominal coverage.
        estimand: What the numbers are estimates of.
        units: Independent rows (or clusters) of the rarest class that is judged.
        metric: By which arms are ranked and compared first.
        notes: What the reader should know.
        sizes: How many rows each split trained and tested on.
        folds: `[repeats, rows]` the fold of each row.
    """

    arms: Mapping[str, TaskArm]
    baseline: str
    targets: TrialTargets
    leader: Leader
    level: float
    estimand: str
    units: float
    metric: str
    notes: tuple[str, ...] = ()
    sizes: SplitSizes | None = None
    folds: IntArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folds", self.targets.folds)

    @property
    def task(self) -> Task:
        """The classes, or labels."""
        return self.targets.rows.task

    @property
    def y(self) -> AnyArray:
        """`[rows]` class numbers, or `[rows, labels]`."""
        return self.targets.rows.y

    def record(self, metric: str) -> TaskMetric:
        """Return the facts of a metric.

        Args:
            metric: Its name.
        """
        return TASK_METRICS[metric]

    def against(self, baseline: str) -> TaskCrossValidated:
        """Return the same results, compared with another arm.

        Args:
            baseline: An arm.

        Raises:
            InputError: There is no such arm.
        """
        base = self[baseline].values
        arms = {}
        for name, arm in self.arms.items():
            other = None if name == baseline else base
            errors, differences = _paired(
                arm.values, other, self.targets.compared, self.level
            )
            arms[name] = replace(arm, errors=errors, differences=differences)
        units = base.metrics[self.metric].units
        return replace(self, arms=arms, baseline=baseline, units=units)

    @cached_property
    def shares(self) -> FloatArray:
        """`[judged views]` the share of each judged class, or label."""
        rows = self.targets.rows
        positives, negatives = rows.positives[rows.judged], rows.negatives[rows.judged]
        return np.asarray(positives / (positives + negatives))

    def guessed(self, metric: str) -> float | None:
        """Return what a metric is worth to those who know the shares alone.

        Args:
            metric: Its name.

        Returns:
            None if nothing simple can be said.
        """
        p, labels = self.shares, self.task.kind == "multilabel"
        with np.errstate(divide="ignore", invalid="ignore"):
            entropy = -np.where(p > 0, p * np.log(p), 0.0)
            other = -np.where(p < 1, (1 - p) * np.log(1 - p), 0.0)
        values = {
            "macro_average_precision": float(p.mean()),
            "weighted_average_precision": float(np.average(p, weights=p)),
            "macro_normalised_average_precision": None,
            "macro_roc_auc": 0.5,
            "roc_auc_ovo": 0.5,
            "log_loss": float((entropy + other).mean() if labels else entropy.sum()),
            "brier": float((p * (1 - p)).mean() if labels else (1 - p @ p) / 2),
            "balanced_accuracy": 0.5 if labels else 1 / len(p),
            # Labels: decide all for each; classes: decide the largest for all.
            "macro_f1": float(
                (2 * p / (1 + p)).mean()
                if labels
                else 2 * p.max() / (1 + p.max()) / len(p)
            ),
            "accuracy": float(p.max()),
            "mcc": 0.0,
            "kappa": 0.0,
        }
        return values.get(metric)

    @property
    def constants(self) -> Constants:
        """The ranking metrics of an arm that says the same of every row."""
        mean = float(self.shares.mean()) if self.shares.size else math.nan
        return Constants("macro_average_precision", "macro_roc_auc", mean)


def cross_validated_task(
    task: Task,
    y: npt.ArrayLike,
    scores: Mapping[str, npt.ArrayLike],
    folds: npt.ArrayLike,
    *,
    metric: str | None = None,
    objective: TaskObjective = "macro_f1",
    costs: CostMatrix | Costs | Mapping[str, Costs] | None = None,
    floors: Floors | None = None,
    rule: TaskRule | None = None,
    exact: Mapping[str, bool] | None = None,
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    unscored: Mapping[str, str] | None = None,
    level: float = 0.95,
    baseline: str = "plain",
    seed: int = 0,
    sizes: SplitSizes | None = None,
) -> TaskCrossValidated:
    """Evaluate the arms of a trial of several classes or labels.

    A fold's calibrator and its rule come from the other folds of its repeat. Average
    precision of each class against the rest is taken of scores that are put on one
    scale (`task_out_of_fold.aligned_views`), AUROC within folds. Averages are over
    the classes that have rows of both kinds; which they are follows from `y` alone.

    Intervals come from the influence of each row on each metric, which for an average
    is the mean of those on its parts: all classes, arms and metrics are judged by the
    same rows.

    Args:
        task: Several classes, or labels.
        y: `[rows]` class numbers; `[rows, labels]` 1, 0, and -1 or NaN if unknown.
        scores: For each arm `[repeats, rows, width]` (or `[rows, width]`) out-of-fold
            scores.
        folds: `[repeats, rows]` (or `[rows]`) the fold in which a row was scored.
        metric: By which arms are ranked and compared first; macro average precision
            if None.
        objective: What decisions are best at, see `decision.class_rule`.
        costs: A cost matrix; of labels `Costs` for all, or by label. Then the decision
            follows from them.
        floors: Of named classes or labels, estimated; see `fit_class_rule`.
        rule: Of every arm, if it was made on other rows: it decides the calibrated
            probabilities, and nothing is chosen.
        exact: By arm, whether its scores are logits or log-odds up to estimation
            error; an arm that is not named is exact.
        clusters: `[rows]` names of groups of rows that depend on each other, or None.
        weights: `[rows]` how much each row counts; None for 1 each.
        unscored: Class or label whose rows were left out before, and why; for the
            evaluation.
        level: Coverage of the intervals.
        baseline: The arm that the others are compared with.
        seed: Seed, if anything is drawn.
        sizes: How many rows each split trained and tested on; None if each fold's
            model was trained on all rows of the other folds.

    Returns:
        Every arm's evaluation, split values and differences.

    Raises:
        InputError: The arrays do not fit together, the baseline is absent, or the
            metric does not serve the task.
    """
    targets = TaskRows.of(task, y, weights)
    count = len(targets.weights)
    split = check_folds(folds, count)
    headline = headline_metric(task) if metric is None else metric
    metric_of(headline, task)
    number(level, "level", 0, 1, open_ends=True)
    options: dict[str, dict[str, Any]] = {headline: {}}
    if isinstance(costs, CostMatrix):
        options["cost"] = {"matrix": costs.table, "abstain": costs.abstain}
    rows = TrialTargets(targets, split, cluster_numbers(clusters, count), options)
    checked = {name: _checked(z, split.shape, task, name) for name, z in scores.items()}
    one_of(baseline, checked, "baseline")
    goal: TaskObjective = objective
    if costs is not None:
        goal = "cost"
    elif isinstance(objective, str):
        goal = task_objective(task, objective).name
    split_sizes = SplitSizes.of(split) if sizes is None else sizes
    made: dict[str, tuple[TaskArmValues, ClassRule | LabelRule]] = {}
    for name, z in checked.items():
        fitted = cross_fit_task(
            z, targets, split, exact=(exact or {}).get(name, True), seed=seed
        )
        p = task.probability(fitted.scores)
        rules = ArmRules(goal, rows, costs, p, floors, rule, seed)
        made[name] = TaskArmValues(rows, z, fitted, rules.decisions()), rules.rule()
    base = made[baseline][0]
    shared = _Shared(rows, level, split_sizes.estimand, unscored or {})
    arms = {
        name: shared.arm(
            name,
            values,
            None if name == baseline else base,
            rule,
            constant=constant_scores(checked[name], split),
        )
        for name, (values, rule) in made.items()
    }
    return TaskCrossValidated(
        arms,
        baseline,
        rows,
        _leader(arms, headline, seed),
        level,
        split_sizes.estimand,
        base.metrics[headline].units,
        headline,
        _notes(rows, unscored or {}),
        split_sizes,
    )


@dataclass(frozen=True, eq=False)
class _Shared:
    """What all arms of a trial share, to make each."""

    rows: TrialTargets
    level: float
    estimand: str
    unscored: Mapping[str, str]

    def arm(
        self,
        name: str,
        values: TaskArmValues,
        base: TaskArmValues | None,
        rule: ClassRule | LabelRule,
        *,
        constant: bool,
    ) -> TaskArm:
        """Return an arm with its intervals and its differences from the baseline."""
        targets, level = self.rows.rows, self.level
        evaluation = TaskEvaluation(
            {m: task_estimate(values.metrics[m], level) for m in self.rows.metrics},
            targets.task,
            len(targets.weights),
            {
                view: view_evaluation(values, number, level, self.estimand)
                for number, view in enumerate(targets.names)
            },
            values.confusion,
            {**unjudged(targets), **self.unscored},
            rule.describe(),
            self.estimand,
            level,
        )
        errors, differences = _paired(values, base, self.rows.compared, level)
        return TaskArm(
            name,
            evaluation,
            values.fitted,
            values.decisions,
            rule,
            values.splits,
            differences,
            errors,
            {
                metric: partial(task_estimate, values.metrics[metric])
                for metric in ("macro_average_precision", "macro_roc_auc")
            },
            values,
            constant,
        )


def _paired(
    values: TaskArmValues,
    base: TaskArmValues | None,
    metrics: Iterable[str],
    level: float,
) -> tuple[dict[str, float], dict[str, Estimate]]:
    """Return the errors and the intervals of an arm's differences from another."""
    errors: dict[str, float] = {}
    differences: dict[str, Estimate] = {}
    others = {} if base is None else base.metrics
    for metric in metrics if others else ():
        one, other = values.metrics[metric], others[metric]
        moved = unit_sums(one.row - other.row, one.unit)
        errors[metric] = float(np.sqrt(np.sum(moved**2)))
        differences[metric] = _difference(one, other, errors[metric], level)
    return errors, differences


def unjudged(rows: TaskRows) -> dict[str, str]:
    """Return the views that cannot be judged, each with its reason.

    Args:
        rows: The targets.
    """
    return {
        name: rows.reason(view)
        for view, name in enumerate(rows.names)
        if not rows.judged[view]
    }


def _difference(
    one: TaskInfluence, other: TaskInfluence, error: float, level: float
) -> Estimate:
    """Return a paired difference, with its interval from the rows alone."""
    value = one.value - other.value
    if math.isnan(error) or math.isnan(value):
        return Estimate(value, reason="its error is unknown", level=level)
    half = float(t_quantile((1 + level) / 2, max(one.units - 1, 1.0))) * error
    ends = difference_ends(value, half, limits_between(*one.limits))
    return Estimate(value, *ends, OF_ROWS, level=level)


def _leader(arms: Mapping[str, TaskArm], metric: str, seed: int) -> Leader:
    """Pick the best arm, and take off what picking gains by luck.

    The arms' values are drawn from the normal distribution of the covariance that
    their influences show; each draw picks its own winner.
    """
    estimates = {name: arm.evaluation[metric] for name, arm in arms.items()}
    terms = [arm.values.metrics[metric] for arm in arms.values()]
    moved = np.stack([unit_sums(one.row, one.unit) for one in terms])
    scale, axes = np.linalg.eigh(np.nan_to_num(moved @ moved.T))
    noise = generator(seed, "leader").standard_normal((OPTIMISM_DRAWS, len(arms)))
    shifts = noise * np.sqrt(np.maximum(scale, 0.0)) @ axes.T
    one = TASK_METRICS[metric]
    return pick_leader(
        estimates,
        {name: estimates[name].value + shifts[:, k] for k, name in enumerate(arms)},
        higher_is_better=one.higher_is_better,
        lowest=one.low,
    )


def constant_scores(scores: FloatArray, folds: IntArray) -> bool:
    """Return whether every fold's scores are all equal.

    Args:
        scores: `[repeats, rows, width]` scores.
        folds: `[repeats, rows]` the fold of each row.
    """
    centred = scores - scores[..., :1] if scores.shape[-1] > 1 else scores
    return all(
        constant_within_folds(centred[..., k], folds) for k in range(scores.shape[-1])
    )


def _checked(
    scores: npt.ArrayLike, shape: tuple[int, ...], task: Task, name: str
) -> FloatArray:
    """Return an arm's scores, `[repeats, rows, width]`."""
    z = np.asarray(scores, np.float64)
    z = z[None] if z.ndim == 2 else z
    if z.shape != (*shape, task.width):
        raise InputError(
            sentence(
                f"scores of shape {z.shape} of {name!r}",
                f"[repeats, rows, width], {(*shape, task.width)}",
            )
        )
    if not np.isfinite(z).all():
        raise InputError(
            sentence(f"scores of {name!r} that are not finite", "finite scores")
        )
    return z


TOO_FEW_ROWS = "Too few rows to be scored"
"""With this begins the note of classes, or labels, that are not scored."""


def _notes(rows: TrialTargets, unscored: Mapping[str, str]) -> tuple[str, ...]:
    notes = []
    targets = rows.rows
    labels = targets.task.kind == "multilabel"
    absent = unjudged(targets)
    left = {name: why for name, why in absent.items() if name not in unscored}
    if unscored:
        notes.append(
            f"{TOO_FEW_ROWS}: {listing(unscored, 10)}. Models learn from "
            "them, and no metric counts them."
        )
    if left:
        noun = "label" if labels else "class"
        notes.append(
            f"No metric counts the {noun} {listing(left, 10)}: "
            f"{next(iter(left.values()))}."
        )
    if rows.repeats == 1:
        notes.append(ONE_REPEAT)
    return tuple(notes)
