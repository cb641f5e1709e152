# SPDX-License-Identifier: Apache-2.0
"""What a trial leaves: the leaderboard, the verdict, and plain data of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from equipoise._core.checks import sentence
from equipoise._core.frames import make_frame
from equipoise.comparison.held_out_rows import HeldOut
from equipoise.comparison.held_out_task_rows import TaskHeldOut
from equipoise.comparison.verdict import ArmVerdict, Verdict
from equipoise.diagnosis.diagnosis import Diagnosis
from equipoise.errors import UnsupportedError
from equipoise.evaluation.cross_validation import Arm, CrossValidated
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.kind_values import UnseenKinds
from equipoise.evaluation.task_cross_validation import TaskArm, TaskCrossValidated
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.explanations.importance import Importance
from equipoise.metrics.estimate import Estimate
from equipoise.metrics.registry import HEADLINE, decided_metrics
from equipoise.metrics.task_registry import task_metric_names
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.task import Task
from equipoise.trials.fewer_rows import fewer_facts
from equipoise.trials.fold_scores import Scores
from equipoise.trials.protocol import Protocol
from equipoise.trials.tuned_arms import tuning_facts


@dataclass(frozen=True, eq=False)
class TrialRecord:
    """A finished trial.

    `equipoise.Trial` adds how it is shown, written and reported.

    Attributes:
        facts: Rows, columns, classes: plain data.
        protocol: How the rows were split.
        strategies: The arms, in the order asked for.
        results: Every arm's metrics, cross-fitted decisions and differences.
        scores: The raw out-of-fold scores and the seconds.
        verdict: What can be said, per arm and in all; `str(verdict)` is its text.
        diagnosis: What was found wrong with the data.
        held_out: What a separate test file says of every arm; None without one.
        objective: What the thresholds are best at.
        seconds: Wall time of the whole trial.
        notes: What the user should know.
        costs: `Costs(...)` or (cost of a false alarm, cost of a missed positive) if
            they set the threshold, else None.
        training: How networks were trained: the network's name, None for a model of
            the user's, and the `TrainingSettings`.
        task: The classes, or labels.
        tuned: By tuned arm, the name of its strategy as it is and the verdict on the
            two, which is a question of its own.
        unseen: How well each kind of positives is found by models that have seen none
            of it; None if all kinds were trained on.
        options: The objective's numbers, such as a floor.
        stored: Of rows larger than memory, which were fitted on and judged; else empty.
        versions: Of what computed the numbers, if that was not what is installed.
        basis: The `TrialBasis` that it follows from; None if that is not known.
        importance: What the strategy that is chosen owes to each column; None if that
            was not asked for.
    """

    facts: Mapping[str, Any]
    protocol: Protocol
    strategies: tuple[Strategy, ...]
    results: CrossValidated | TaskCrossValidated
    scores: Scores
    verdict: Verdict
    diagnosis: Diagnosis
    held_out: HeldOut | TaskHeldOut | None = None
    objective: str = "f1"
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    costs: Any = None
    training: Mapping[str, Any] = field(default_factory=dict)
    task: Task = field(default_factory=lambda: Task("binary", ("0", "1")))
    tuned: Mapping[str, tuple[str, ArmVerdict]] = field(default_factory=dict)
    unseen: UnseenKinds | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    stored: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    basis: Any = field(default=None, repr=False)
    importance: Importance | None = None

    def __getitem__(self, name: str) -> Arm | TaskArm:
        """Return what the trial says about one arm.

        Args:
            name: An arm's name, as in `names`.

        Raises:
            InputError: No arm has that name.
        """
        return self.results[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The arms from the best to the worst by the trial's metric."""
        metric = self.results.metric
        sign = -1.0 if self.results.record(metric).higher_is_better else 1.0

        def key(name: str) -> float:
            value = self.results.arms[name].evaluation[metric].value
            return sign * value if value == value else float("inf")

        return tuple(sorted(self.results.arms, key=key))

    @property
    def failed(self) -> Mapping[str, str]:
        """By arm that gave no scores, why; no other attribute knows such an arm."""
        return self.scores.failed

    @property
    def test(self) -> Mapping[str, Evaluation] | Mapping[str, TaskEvaluation]:
        """By arm, the evaluation on the separate test file; empty without one."""
        return {} if self.held_out is None else self.held_out.evaluations

    @property
    def leaves_kinds_out(self) -> bool:
        """Whether each fold leaves one kind of positives out of training."""
        asked = {} if self.basis is None else self.basis.asked
        return self.unseen is not None or asked.get("unseen") is not None

    @property
    def best(self) -> Strategy:
        """The strategy to take: the first, or `plain` where nothing beats it."""
        by_name = {strategy.name: strategy for strategy in self.strategies}
        return by_name[self.verdict.choice]

    def frame(self, library: str | None = None) -> Any:
        """Return the leaderboard as a data frame, one row per arm.

        If an arm failed, its row holds its name, the reason in the column "failed",
        and nothing else.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them
                that is installed (pyarrow always is).

        Raises:
            MissingExtraError: The library is not installed.
        """
        rows = [_row(self, name) for name in self.names]
        if self.failed:
            empty = dict.fromkeys(rows[0])
            rows = [{**row, "failed": None} for row in rows]
            rows += [
                {**empty, "strategy": name, "failed": reason}
                for name, reason in self.failed.items()
            ]
        return make_frame(rows, library)

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain data, ready for JSON."""
        return {
            **self._target_facts(),
            "seed": self.protocol.seed,
            "splits": {
                "folds": self.protocol.folds,
                "repeats": self.scores.repeats,
                "by": self.protocol.by,
                "duplicates": self.protocol.duplicates,
                "stop_share": self.protocol.stop_share,
            },
            "training": {
                **self.training,
                "groups": [list(sizes) for sizes in self.scores.groups],
            },
            "estimand": self.results.estimand,
            "objective": self.objective,
            **({"objective_options": dict(self.options)} if self.options else {}),
            "strategies": [self._arm(name) for name in self.names],
            "failed": dict(self.failed),
            "best": self.verdict.choice,
            "metric": self.results.metric,
            f"best_{self.results.metric}": self.results.leader.estimate.as_dict(),
            "verdict": str(self.verdict),
            "detectable_difference": self.verdict.detectable_difference,
            "margin": self.verdict.margin,
            "margin_basis": self.verdict.margin_basis,
            "seconds": self.seconds,
            "notes": list(self.notes),
            **({} if self.unseen is None else {"unseen": self.unseen.to_dict()}),
            **({"stored": dict(self.stored)} if self.stored else {}),
            **({"fewer_rows": fewer} if (fewer := self._fewer_rows()) else {}),
            **(
                {}
                if self.importance is None
                else {"importance": self.importance.to_dict()}
            ),
            "diagnosis": self.diagnosis.to_dict(),
        }

    @property
    def of_two_classes(self) -> CrossValidated:
        """The results of a trial of two classes.

        Raises:
            UnsupportedError: The trial has several classes or labels.
        """
        if isinstance(self.results, CrossValidated):
            return self.results
        raise UnsupportedError(
            sentence(
                f"a trial of a {self.task.kind} table",
                "a trial of two classes",
                "Pass one of its classes as positive=CLASS, or one of its labels as "
                "the target.",
            )
        )

    def _fewer_rows(self) -> dict[str, Any]:
        """Return what each arm was fitted on, if rows were left out."""
        classes = self.task.classes
        return {
            name: fewer_facts(shares, classes)
            for name, shares in self.scores.shares.items()
        }

    def _target_facts(self) -> dict[str, Any]:
        """Return what the rows are, as plain data."""
        shared = ("source", "target")
        if self.task.kind != "binary":
            facts = {name: self.facts[name] for name in (*shared, "rows")}
            noun = "labels" if self.task.kind == "multilabel" else "class_sizes"
            return {**self.task.to_dict(), **facts, noun: self.facts["classes"]}
        sizes = ("positive_class", "rows", "positives", "positive_cases", "prevalence")
        return {
            "task": "binary",
            **{name: self.facts[name] for name in (*shared, *sizes)},
        }

    def _arm(self, name: str) -> dict[str, Any]:
        arm = self.results[name]
        strategy = next(s for s in self.strategies if s.name == name)
        data = {
            "name": name,
            "description": strategy.describe(),
            **headline_facts(arm.evaluation),
            "seconds": self.scores.seconds[name],
            "updates": self.scores.updates[name],
            "difference_to_plain": {
                metric: _interval(estimate)
                for metric, estimate in arm.differences.items()
            },
            "finding": self.verdict.arms[name].as_dict()
            if name in self.verdict.arms
            else None,
            **decision_facts(arm.evaluation),
            "strategy": strategy.to_dict(),
        }
        if name in self.verdict.by_class:
            each = self.verdict.by_class[name]
            data["difference_by_class"] = {c: d.as_dict() for c, d in each.items()}
        if name in self.scores.blends:
            data["weights"] = dict(self.scores.blends[name])
        if isinstance(strategy, Tuned):
            data["tuning"] = tuning_facts(strategy, self.scores, self.tuned.get(name))
        if self.held_out is not None:
            data["test"] = self.held_out.as_dict(name)
        return data


def headline_facts(evaluation: Evaluation | TaskEvaluation) -> dict[str, Any]:
    """Return the metrics by which arms are compared, as plain data.

    Args:
        evaluation: Of an arm.
    """
    names = HEADLINE
    if isinstance(evaluation, TaskEvaluation):
        names = task_metric_names(evaluation.task, headline=True)
    return {m: _interval(evaluation[m]) for m in names}


def decision_facts(evaluation: Evaluation | TaskEvaluation) -> dict[str, Any]:
    """Return what an arm decides, and how well, as plain data.

    Args:
        evaluation: Of an arm.
    """
    cells = evaluation.confusion
    confusion = None if cells is None else cells.as_dict()
    if isinstance(evaluation, TaskEvaluation):
        return {
            "rule": evaluation.rule,
            "confusion": confusion,
            "metrics": {m: _interval(e) for m, e in evaluation.items()},
            "by_class": {
                name: {
                    "positives": one.positives,
                    **{m: _interval(e) for m, e in one.items()},
                }
                for name, one in evaluation.by_class.items()
            },
            "unjudged": dict(evaluation.unjudged),
        }
    return {
        "threshold": evaluation.threshold,
        "lower": evaluation.lower,
        "threshold_range": _pair(evaluation.threshold_range),
        "confusion": confusion,
        "decision": {
            m: _interval(evaluation[m]) for m in _decisions() if m in evaluation
        },
    }


def _interval(estimate: Estimate) -> dict[str, Any]:
    data: dict[str, Any] = {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
    }
    return {**data, "reason": estimate.reason} if estimate.reason else data


def _pair(ends: tuple[float, float] | None) -> list[float] | None:
    return None if ends is None else [*ends]


def _row(trial: TrialRecord, name: str) -> dict[str, Any]:
    arm = trial.results[name]
    row: dict[str, Any] = {"strategy": name}
    names: tuple[str, ...] = (*HEADLINE, "log_loss", *_decisions())
    if isinstance(arm.evaluation, TaskEvaluation):
        names = tuple(arm.evaluation)
    for metric in names:
        if metric in arm.evaluation:
            estimate = arm.evaluation[metric]
            row[metric] = estimate.value
            row[f"{metric}_low"], row[f"{metric}_high"] = estimate.low, estimate.high
    if isinstance(arm.evaluation, Evaluation):
        row["threshold"] = arm.evaluation.threshold
    difference = arm.differences.get(trial.results.metric)
    row["difference_to_plain"] = None if difference is None else difference.value
    row["seconds"] = trial.scores.seconds[name]
    return row


def _decisions() -> tuple[str, ...]:
    """Return the metrics of decisions that an arm can have, as reports show them."""
    return (*decided_metrics(described=True), "undecided", "cost")
