# SPDX-License-Identifier: Apache-2.0
"""What a decision rule is to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from equipoise._core.checks import listing, number, one_of, sentence
from equipoise.decision.class_floors import Floors, named_floors
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.decision.costs import Costs
from equipoise.decision.objectives import Objective, as_objective, objective_names
from equipoise.decision.objectives import objective as build_objective
from equipoise.decision.task_objectives import (
    CLASS_OBJECTIVES,
    LABEL_OBJECTIVES,
    default_objective,
    task_objective,
)
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.evaluation.fixed_model import as_costs
from equipoise.task import Task
from equipoise.trials.conclude import Criteria, task_costs

_ANY_TASK = tuple(
    dict.fromkeys([*objective_names(), *CLASS_OBJECTIVES, *LABEL_OBJECTIVES])
)
"""The names of the objectives of all tasks."""


@dataclass(frozen=True)
class Goal:
    """What the decision rule is to reach: one of the following.

    A name and costs serve every task, in its own form; `precision_floor`,
    `recall_floor`, `capacity` and `options` serve two classes, `floors` several classes
    or labels.

    Attributes:
        objective: What the decisions are best at: the best F1 by default, the best mean
            of the classes' or labels' F1 if there are several. Of labels also a mapping
            from label to the objective of its own threshold.
        options: The objective's numbers.
        precision_floor: The lowest precision of flagged rows; the recall is then as
            high as possible.
        recall_floor: The lowest share of positives that are flagged; the flags are
            then as few as possible.
        certify: Confidence of the floors, for example 0.95; None estimates them.
        costs: `Costs(...)`, or (cost of a false alarm, cost of a missed positive).
            With `Costs(abstain=...)` rows are left undecided if that is cheaper. Of
            several classes a `CostMatrix`, or one row and one column of costs per
            class, the true class by row; of labels `Costs(...)` for all, or by label.
        capacity: The largest share of rows that may be flagged.
        floors: Of named classes or labels, for example
            `{"POX": {"recall": 0.9}}`; beside an objective or costs.

    Raises:
        InputError: A number is out of range, or two things are asked for at once.

    Example:
        >>> Goal(costs=(1, 50)).estimated()
        ('cost', {'fp': 1.0, 'fn': 50.0, 'tp': 0.0, 'tn': 0.0})
    """

    objective: str | Mapping[str, str | Objective] | None = None
    options: Mapping[str, Any] | None = None
    precision_floor: float | None = None
    recall_floor: float | None = None
    certify: float | None = None
    costs: Any = None
    capacity: float | None = None
    floors: Floors | None = None

    def __post_init__(self) -> None:
        for name in ("precision_floor", "recall_floor", "certify", "capacity"):
            value = getattr(self, name)
            if value is not None:
                number(value, name, 0, 1, open_ends=True)
        if self.floors is not None:
            named_floors(self.floors, None)
        if not _for_tasks_only(self.costs):
            object.__setattr__(self, "costs", as_costs(self.costs))
        self._require_one()
        self._require_certifiable()
        if self.options and self.objective is None:
            raise InputError(
                sentence(f"options={dict(self.options)}", "an objective with them")
            )
        if isinstance(self.objective, str):
            one_of(self.objective, _ANY_TASK, "objective")
        if self._of_two_classes:
            name, options = self.estimated()
            as_objective(name, options)

    @property
    def _of_two_classes(self) -> bool:
        """Whether nothing asks for several classes or labels."""
        elsewhere = {*_ANY_TASK} - {*objective_names()}
        return not (
            self.floors is not None
            or isinstance(self.objective, Mapping)
            or self.objective in elsewhere
            or _for_tasks_only(self.costs)
        )

    def _require_one(self) -> None:
        """Check that one thing alone is asked for."""
        floors = self.precision_floor, self.recall_floor
        asked = {
            f"objective={self.objective!r}": self.objective is not None,
            "a floor": any(floor is not None for floor in floors),
            "costs": self.costs is not None,
            f"capacity={self.capacity}": self.capacity is not None,
        }
        goals = [name for name, present in asked.items() if present]
        if len(goals) > 1:
            raise InputError(
                sentence(
                    " and ".join(goals),
                    "one goal: an objective, floors, costs or a capacity",
                )
            )

    def _require_certifiable(self) -> None:
        """Check that floors and their confidence fit together."""
        floors = [f for f in (self.precision_floor, self.recall_floor) if f is not None]
        if self.floors is not None and floors:
            raise InputError(
                sentence(
                    "floors= beside precision_floor= or recall_floor=",
                    "floors= for several classes or labels, the others for two classes",
                )
            )
        if self.certify is not None and not floors and not self.floors:
            raise InputError(
                sentence(
                    f"certify={self.certify} without a floor",
                    "precision_floor=..., recall_floor=..., or both, with it",
                )
            )
        if len(floors) == 2 and self.certify is None:
            raise InputError(
                sentence(
                    "two floors that are to be estimated",
                    "one floor, or certify=0.95 for both",
                    "The other is then as high as the first allows.",
                )
            )

    def estimated(self) -> tuple[str, dict[str, Any]]:
        """Return the objective and its options if nothing is certified."""
        if self.precision_floor is not None:
            return "precision", {"floor": self.precision_floor}
        if self.recall_floor is not None:
            return "recall", {"floor": self.recall_floor}
        if isinstance(self.costs, Costs):
            costs = self.costs.to_dict().items()
            return "cost", {k: v for k, v in costs if v is not None}
        if self.capacity is not None:
            return "capacity", {"share": self.capacity}
        name = self.objective or "f1"
        return str(name), dict(self.options or {})

    def require_binary(self, task: Task) -> None:
        """Raise if something is asked for that two classes do not have.

        Args:
            task: Of two classes.

        Raises:
            InputError: The message says what to pass instead.
        """
        if self._of_two_classes:
            return
        if isinstance(self.objective, str):
            task_objective(task, self.objective)
        asked = "floors=" if self.floors is not None else "an objective by label"
        instead = "precision_floor= or recall_floor="
        if _for_tasks_only(self.costs):
            asked, instead = "a matrix of costs", "costs=(false alarm, missed positive)"
        elif self.floors is None:
            instead = "the name of one objective"
        raise InputError(
            sentence(
                f"{asked} for a target of two classes",
                instead,
                f"The positive class is {task.classes[1]!r}.",
            )
        )

    def of_task(self, task: Task) -> TaskGoal:
        """Return the same for several classes or labels, once it is checked.

        Args:
            task: Of several classes or labels.

        Raises:
            UnsupportedError: Something is asked for that serves two classes alone.
            InputError: The objective, the costs or the floors do not fit the task.

        Example:
            >>> Goal("balanced_accuracy").of_task(Task("multiclass", ("a", "b", "c")))
            TaskGoal(objective='balanced_accuracy', costs=None, floors=None)
        """
        self._require_task(task)
        if self.floors is not None:
            noun = "label" if task.kind == "multilabel" else "class"
            named_floors(self.floors, task.classes, noun)
        if isinstance(self.costs, Costs) and task.kind == "multiclass":
            count = len(task.classes)
            raise InputError(
                sentence(
                    f"costs of two classes for {count} classes",
                    f"one row and one column of costs per class, {count} by {count}",
                    "Pass Goal(costs=Costs.matrix(classes, costs)).",
                )
            )
        if self.costs is not None:
            return TaskGoal("cost", task_costs(self.costs, task), self.floors)
        name = self.objective or default_objective(task)
        if isinstance(name, Mapping):
            return TaskGoal(name, None, self.floors)
        task_objective(task, name)
        if self.options:
            each = build_objective(name, **self.options)
            return TaskGoal(dict.fromkeys(task.classes, each), None, self.floors)
        return TaskGoal(name, None, self.floors)

    def criteria(
        self, task: Task, margin: float | None = None, metric: str | None = None
    ) -> Criteria:
        """Return by what the arms of a trial are judged if they decide for this goal.

        Args:
            task: Of the trial.
            margin: As in `compare`.
            metric: As in `compare`.

        Raises:
            UnsupportedError: A floor is to be certified, or belongs to a named class.
            InputError: The goal does not fit the task.

        Example:
            >>> goal = Goal(precision_floor=0.5)
            >>> goal.criteria(Task("binary", ("no", "yes"))).objective
            'precision'
        """
        if self.certify is not None:
            raise UnsupportedError(
                sentence(
                    f"certify={self.certify} for compare",
                    "floors that are estimated",
                    "Leave certify out here, and pass it to fit.",
                )
            )
        if task.kind == "binary":
            self.require_binary(task)
            if self.costs is not None:
                return Criteria("", self.costs, margin, metric or "")
            name, options = self.estimated()
            return Criteria(name, None, margin, metric or "", options)
        several = self.of_task(task)
        if several.floors is not None or not isinstance(several.objective, str):
            raise UnsupportedError(
                sentence(
                    "floors or objectives of named classes for compare",
                    "the name of an objective, or costs",
                    "Pass them to fit.",
                )
            )
        objective = "" if several.costs is not None else several.objective
        return Criteria(objective, several.costs, margin, metric or "")

    def _require_task(self, task: Task) -> None:
        """Check that nothing serves two classes alone."""
        asked = [
            name
            for name in ("precision_floor", "recall_floor", "capacity", "options")
            if getattr(self, name)
        ]
        several_labels = task.kind == "multilabel"
        if asked == ["options"] and several_labels and isinstance(self.objective, str):
            return
        if isinstance(self.objective, Mapping) and not several_labels:
            asked.append("an objective for each class")
        if not asked:
            return
        floor = f"floors={{{task.classes[0]!r}: {{'recall': 0.9}}}}"
        raise UnsupportedError(
            sentence(
                f"{listing(asked)} for a target of several "
                f"{'labels' if several_labels else 'classes'}",
                "an objective, costs, and floors of named "
                f"{'labels' if several_labels else 'classes'}",
                f"For example Goal({floor}).",
            )
        )


@dataclass(frozen=True)
class TaskGoal:
    """What the decisions of several classes or labels are to be best at.

    Attributes:
        objective: Its name, "cost" with costs; of labels also by label.
        costs: A `CostMatrix`; of labels `Costs`, or a mapping of them; or None.
        floors: Of named classes or labels, or None.
    """

    objective: str | Mapping[str, str | Objective]
    costs: Any = None
    floors: Floors | None = None


def _for_tasks_only(costs: Any) -> bool:
    """Return whether costs are those of several classes or labels."""
    if costs is None or isinstance(costs, Costs):
        return False
    if isinstance(costs, CostMatrix | Mapping):
        return True
    rows = costs if isinstance(costs, list | tuple) else ()
    nested = bool(rows) and all(isinstance(row, list | tuple) for row in rows)
    # An array, or a data frame.
    return nested or getattr(costs, "ndim", 0) == 2


def require_goal_alone(objective: Any, costs: Any) -> None:
    """Raise if a goal stands beside what it would say itself.

    Args:
        objective: Beside `goal=`; None or "" without one.
        costs: Beside `goal=`, or None.

    Raises:
        InputError: One of them was given.
    """
    if not objective and costs is None:
        return
    beside = "costs=" if not objective else f"objective={objective!r}"
    raise InputError(
        sentence(
            f"goal= and {beside}",
            "one of them",
            "Put it into the goal: equipoise.Goal(objective=...) or "
            "equipoise.Goal(costs=...).",
        )
    )


def as_goal(goal: Any, default: Goal) -> Goal:
    """Return what a decision rule is to reach, given in any form.

    Args:
        goal: A `Goal`, the name of an objective, or None for the default.
        default: The goal that None stands for.

    Raises:
        InputTypeError: It is something else.
        InputError: No objective has that name.

    Example:
        >>> as_goal("mcc", default=Goal()).estimated()
        ('mcc', {})
    """
    if goal is None:
        return default
    if isinstance(goal, Goal):
        return goal
    if isinstance(goal, str):
        return Goal(objective=goal)
    raise InputTypeError(
        sentence(
            f"goal={goal!r}",
            "a Goal, the name of an objective, or None",
            "For example equipoise.Goal(precision_floor=0.5).",
        )
    )
