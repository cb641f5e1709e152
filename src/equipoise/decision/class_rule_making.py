# SPDX-License-Identifier: Apache-2.0
"""Rules for several classes, made from labelled rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import described, listing, sentence
from equipoise._core.types import FloatArray, IntArray
from equipoise.decision.class_calibrator import ClassCalibrator
from equipoise.decision.class_floors import Floors, choose_floors
from equipoise.decision.class_rows import (
    ClassRows,
    check_class_probabilities,
    check_class_rows,
    check_parts,
    require_rule_task,
)
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.decision.multipliers import CrossFit, Multipliers, balancing
from equipoise.decision.task_objectives import CLASS_OBJECTIVES, task_objective
from equipoise.errors import InputError, InputTypeError
from equipoise.task import Task


def fit_class_rule(
    objective: str,
    task: Task,
    probabilities: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    folds: npt.ArrayLike | None = None,
    *,
    costs: CostMatrix | None = None,
    floors: Floors | None = None,
    calibrator: ClassCalibrator | None = None,
    seed: int = 0,
) -> ClassRule:
    """Choose a rule on labelled rows that the model was not trained on.

    - "accuracy" and "micro_f1": the class of highest probability.
    - "balanced_accuracy": that of highest probability over share; a class that no
      row has keeps the multiplier 1.
    - "macro_f1" and "g_mean": multipliers searched over all cuts between the rows,
      then held back by what does best on folds left out (see `multipliers`).
    - "cost": the class of least expected cost; no row is looked at.

    Args:
        objective: One of the above; "f1" means "macro_f1".
        task: Of several classes.
        probabilities: `[rows, classes]`, calibrated, of rows that the model was not
            trained on.
        y: `[rows]` class numbers.
        weights: `[rows]` row weights; w means w copies.
        folds: `[rows]` the fold of each row; None: five parts of our own.
        costs: For "cost".
        floors: By class, such as `{"POX": {"recall": 0.9}}`: estimated, on these
            rows. See `certify_class_rule` for floors that hold with a stated
            probability.
        calibrator: Kept with the rule; it has been applied to `probabilities`.
        seed: Of the parts, if there are no folds.

    Raises:
        InputError: The objective does not serve the task, the arrays do not fit it, or
            costs are missing or beside another objective.
        RefusedError: No threshold on these rows meets a floor.

    Example:
        >>> task = Task("multiclass", ("a", "b", "c"))
        >>> p = np.array([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.2, 0.7, 0.1]] * 4)
        >>> rule = fit_class_rule("balanced_accuracy", task, p, [0, 2, 1] * 4)
        >>> rule.multipliers
        (1.0, 1.0, 1.0)
    """
    named = task_objective(task, objective)
    rows = _rows(task, probabilities, y, weights)
    parts = check_parts(folds, rows, seed)[rows.weights > 0]
    present = rows.present()
    _check_costs(named.name, costs, task)
    maker = _Maker(named.name, task, present, parts, costs)
    rule = replace(
        maker.rule(()),
        calibrator=calibrator or ClassCalibrator(),
        notes=_notes(named.note, task, present, maker.searches, costs, named.name),
    )
    if floors is None:
        return rule
    made = choose_floors(
        rule.decide(present.scores),
        present.scores,
        present.y,
        task.classes,
        floors,
        weights=present.weights,
    )
    return replace(rule, floors=made)


def certify_class_rule(
    rule: ClassRule,
    probabilities: npt.ArrayLike,
    y: npt.ArrayLike,
    floors: Floors,
    *,
    level: float = 0.95,
) -> ClassRule:
    """Return a rule with floors that are certified on rows that nothing has used.

    See `class_floors` for what a floor changes, and `floors` for the tests. The error
    is divided evenly among the named classes.

    Args:
        rule: Made on other rows; its own floors are replaced.
        probabilities: `[rows, classes]`, calibrated: of rows that neither training,
            nor stopping, nor calibration, nor any choice has used.
        y: `[rows]` class numbers.
        floors: By class, such as `{"POX": {"recall": 0.9}}`.
        level: The probability with which all floors hold together.

    Raises:
        RefusedError: The rows are too few for a certificate; the message names the
            class and counts what would be needed.
        InputError: The arrays do not fit the rule, or a number is out of range.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = rng.integers(0, 3, 300)
        >>> p = np.full((300, 3), 0.2) + 0.4 * np.eye(3)[y]
        >>> rule = ClassRule(("a", "b", "c"), multipliers=(1.0, 1.0, 1.0))
        >>> certified = certify_class_rule(rule, p, y, {"b": {"recall": 0.9}})
        >>> certified.floors[0].certificate.recall
        0.9
    """
    p = check_class_probabilities(probabilities, len(rule.classes))
    task = Task("multiclass", rule.classes)
    rows = check_class_rows(task, p, y, what="probabilities")
    plain = replace(rule, floors=(), level=None)
    made = choose_floors(
        plain.decide(rows.scores),
        rows.scores,
        rows.y,
        rule.classes,
        floors,
        level=level,
    )
    return replace(plain, floors=made, level=level)


def cross_fitted_decisions(
    objective: str,
    task: Task,
    probabilities: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    folds: npt.ArrayLike | None = None,
    *,
    costs: CostMatrix | None = None,
    floors: Floors | None = None,
    seed: int = 0,
) -> IntArray:
    """Decide each fold by a rule that was made on the other folds.

    What these decisions achieve does not flatter the rule, as what a rule achieves on
    the rows that chose it does.

    Args:
        objective: As in `fit_class_rule`, like the other arguments.
        task: Of several classes.
        probabilities: `[rows, classes]`.
        y: `[rows]` class numbers.
        weights: `[rows]` row weights.
        folds: `[rows]`; None: five parts of our own.
        costs: For "cost".
        floors: Estimated floors.
        seed: Of the parts, if there are no folds.

    Returns:
        `[rows]` class numbers, -1 for undecided.

    Raises:
        InputError: As `fit_class_rule`.
        RefusedError: Likewise, on the rows outside some fold.

    Example:
        >>> task = Task("multiclass", ("a", "b", "c"))
        >>> p = np.array([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.2, 0.7, 0.1]] * 4)
        >>> cross_fitted_decisions("accuracy", task, p, [0, 2, 1] * 4)[:3].tolist()
        [0, 0, 1]
    """
    name = task_objective(task, objective).name
    rows = _rows(task, probabilities, y, weights)
    _check_costs(name, costs, task)
    parts = check_parts(folds, rows, seed)
    used = rows.weights > 0
    present, inside = rows.present(), parts[used]
    maker = _Maker(name, task, present, inside, costs)
    decisions = np.full(rows.y.size, -1, np.int64)
    for part in np.unique(parts).tolist():
        rule = maker.rule((part,))
        others = inside != part
        if floors is not None and others.any():
            made = choose_floors(
                rule.decide(present.scores[others]),
                present.scores[others],
                present.y[others],
                task.classes,
                floors,
                weights=present.weights[others],
            )
            rule = replace(rule, floors=made)
        decisions[parts == part] = rule.decide(rows.scores[parts == part])
    return decisions


class _Maker:
    """Makes the rule of some rows without some parts."""

    def __init__(
        self,
        objective: str,
        task: Task,
        rows: ClassRows,
        parts: IntArray,
        costs: CostMatrix | None,
    ) -> None:
        self._objective, self._task, self._costs = objective, task, costs
        self._rows, self._parts = rows, parts
        terms = CLASS_OBJECTIVES[objective].terms
        self._searched = None if terms is None else CrossFit(rows, parts, terms)

    @property
    def searches(self) -> bool:
        """Whether multipliers are searched."""
        return self._searched is not None

    def rule(self, without: tuple[int, ...]) -> ClassRule:
        """Return the rule of the rows outside some parts."""
        rows = self._rows.where(~np.isin(self._parts, without))
        made = self._multipliers(rows.totals, without)
        return ClassRule(
            self._task.classes,
            None if made is None else tuple(np.exp(made.logs).tolist()),
            None if made is not None else self._costs,
            objective=self._objective,
            basis="analytic" if self._searched is None else "estimated",
            factor=1.0 if made is None else made.factor,
            balance=0.0 if made is None else made.balance,
            rows=round(float(rows.weights.sum())),
            totals=tuple(round(total) for total in rows.totals.tolist()),
        )

    def _multipliers(
        self, totals: FloatArray, without: tuple[int, ...]
    ) -> Multipliers | None:
        if self._objective == "cost":
            return None
        if self._searched is not None:
            return self._searched.fit(without)
        if self._objective == "balanced_accuracy" and totals.any():
            return Multipliers(balancing(totals))
        return Multipliers(np.zeros(totals.size))


def _rows(
    task: Task,
    probabilities: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None,
) -> ClassRows:
    require_rule_task(task, "multiclass")
    p = check_class_probabilities(probabilities, len(task.classes))
    return check_class_rows(task, p, y, weights, what="probabilities")


def _check_costs(objective: str, costs: CostMatrix | None, task: Task) -> None:
    if objective == "cost" and costs is None:
        raise InputError(
            sentence(
                "objective='cost' without costs",
                "costs of each decision for each true class",
                "Pass costs=Costs.matrix(classes, matrix).",
            )
        )
    if objective != "cost" and costs is not None:
        raise InputError(
            sentence(
                f"costs beside objective={objective!r}",
                "costs with objective='cost'",
                "Leave out one of them.",
            )
        )
    if costs is not None and not isinstance(costs, CostMatrix):
        raise InputTypeError(
            sentence(
                described("costs", costs),
                "a CostMatrix, which Costs.matrix(classes, matrix) makes",
            )
        )
    if costs is not None and costs.classes != task.classes:
        raise InputError(
            sentence(
                f"costs of the classes {listing(costs.classes)} for "
                f"{listing(task.classes)}",
                "costs of the same classes in the same order",
                "Pass Costs.matrix(classes, costs), which puts them in order.",
            )
        )


def _notes(
    note: str,
    task: Task,
    rows: ClassRows,
    searched: bool,
    costs: CostMatrix | None,
    objective: str,
) -> tuple[str, ...]:
    notes = [note] if note else []
    if costs is not None:
        return (*notes, *costs.notes())
    absent = [n for n, t in zip(task.classes, rows.totals, strict=True) if not t]
    if absent and (searched or objective == "balanced_accuracy"):
        notes.append(
            f"no row that chose the rule is of {listing(absent)}: the multiplier is "
            "left at 1"
        )
    return tuple(notes)
