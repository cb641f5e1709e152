# SPDX-License-Identifier: Apache-2.0
"""What a decision rule is to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from equipoise._core.checks import number, sentence
from equipoise.decision.costs import Costs
from equipoise.decision.objectives import as_objective
from equipoise.errors import InputError, InputTypeError
from equipoise.evaluation.fixed_model import as_costs


@dataclass(frozen=True)
class Goal:
    """What the decision rule is to reach: one of the following.

    Attributes:
        objective: What the threshold is best at; the best F1 by default.
        options: The objective's numbers.
        precision_floor: The lowest precision of flagged rows; the recall is then as
            high as possible.
        recall_floor: The lowest share of positives that are flagged; the flags are
            then as few as possible.
        certify: Confidence of the floors, for example 0.95; None estimates them.
        costs: `Costs(...)`, or (cost of a false alarm, cost of a missed positive).
            With `Costs(abstain=...)` rows are left undecided if that is cheaper.
        capacity: The largest share of rows that may be flagged.

    Raises:
        InputError: A number is out of range, or two things are asked for at once.

    Example:
        >>> Goal(costs=(1, 50)).estimated()
        ('cost', {'fp': 1.0, 'fn': 50.0, 'tp': 0.0, 'tn': 0.0})
    """

    objective: str | None = None
    options: Mapping[str, Any] | None = None
    precision_floor: float | None = None
    recall_floor: float | None = None
    certify: float | None = None
    costs: Costs | tuple[float, float] | None = None
    capacity: float | None = None

    def __post_init__(self) -> None:
        for name in ("precision_floor", "recall_floor", "certify", "capacity"):
            value = getattr(self, name)
            if value is not None:
                number(value, name, 0, 1, open_ends=True)
        object.__setattr__(self, "costs", as_costs(self.costs))
        self._require_one()
        self._require_certifiable()
        if self.options and self.objective is None:
            raise InputError(
                sentence(f"options={dict(self.options)}", "an objective with them")
            )
        name, options = self.estimated()
        as_objective(name, options)

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
        if self.certify is not None and not floors:
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
        return self.objective or "f1", dict(self.options or {})


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
