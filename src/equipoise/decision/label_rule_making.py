# SPDX-License-Identifier: Apache-2.0
"""Rules for several labels, made from labelled rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import listing, number, one_of, sentence
from equipoise._core.numerals import exact, figure
from equipoise._core.seeds import generator
from equipoise._core.types import BoolArray, FloatArray, IntArray
from equipoise.decision.calibrator import Calibrator
from equipoise.decision.class_calibrator import LabelCalibrator
from equipoise.decision.class_floors import ClassFloor, Floors, named_floors
from equipoise.decision.class_rows import PARTS, check_wide, require_rule_task
from equipoise.decision.costs import Costs
from equipoise.decision.decimals import short_cut
from equipoise.decision.label_rule import LabelRule
from equipoise.decision.multipliers import FACTORS
from equipoise.decision.objectives import Objective
from equipoise.decision.objectives import objective as build_objective
from equipoise.decision.rule import DecisionArray, DecisionRule
from equipoise.decision.rule_making import certified_rule, make_rule
from equipoise.decision.task_objectives import LABEL_OBJECTIVES, task_objective
from equipoise.decision.thresholds import choose_threshold
from equipoise.errors import InputError, InputTypeError, RefusedError
from equipoise.metrics.inputs import check_row_weights, check_unit_interval
from equipoise.priors import log_odds as to_log_odds
from equipoise.task import Task, label_matrix

SWEEPS = 30

_ERRORS = build_objective("cost", fp=1, fn=1)


def fit_label_rule(
    objective: str | Mapping[str, str | Objective],
    task: Task,
    probabilities: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    folds: npt.ArrayLike | None = None,
    *,
    costs: Costs | Mapping[str, Costs] | None = None,
    floors: Floors | None = None,
    calibrator: LabelCalibrator | None = None,
    seed: int = 0,
) -> LabelRule:
    """Choose a threshold for each label, on rows that the model was not trained on.

    - The name of an objective of two classes: each label by itself, on the rows whose
      label is known. "macro_f1" is "f1" for each label.
    - "micro_f1": one threshold for all labels, the best of all cuts. If the
      probabilities are calibrated it is half of the best F1 (Lipton, Elkan and
      Naryanaswamy 2014).
    - "subset_accuracy": one label at a time, over all cuts, until no label gains;
      begun at probability 1/2, and held back towards it by what does best on folds
      left out. Rows with an unknown label are not used.
    - A mapping from label to objective: the others have "f1".

    A label that no row has, or every row, keeps a neutral threshold of probability
    1/2, and its rule says so; with costs its threshold follows from the costs.

    Args:
        objective: See above.
        task: Of several labels.
        probabilities: `[rows, labels]`, calibrated.
        y: `[rows, labels]` of 0 and 1; NaN or -1 for unknown.
        weights: `[rows]` row weights.
        folds: `[rows]` the fold of each row; None: five parts of our own.
        costs: For "cost": one for all labels, or one for each.
        floors: By label, such as `{"rare": {"recall": 0.9}}`: estimated, instead of
            the objective.
        calibrator: Kept with the rule; it has been applied to `probabilities`.
        seed: Of the parts, if there are no folds.

    Raises:
        InputError: The objective does not serve the task, the arrays do not fit it, or
            costs are missing or beside another objective.
        RefusedError: No threshold meets both floors of a label.

    Example:
        >>> task = Task("multilabel", ("a", "b"))
        >>> p = np.array([[0.9, 0.2], [0.6, 0.1], [0.3, 0.8], [0.1, 0.4]])
        >>> rule = fit_label_rule("f1", task, p, [[1, 0], [0, 0], [0, 1], [0, 1]])
        >>> rule.decide(p).tolist()
        [[1, 0], [0, 0], [0, 1], [0, 1]]
    """
    rows = _label_rows(task, probabilities, y, weights)
    objectives = _objectives(task, objective, costs)
    parts = _parts(folds, len(rows.log_odds), seed)
    if objectives.together is not None:
        rules = _together(objectives.together, task, rows, parts)
    else:
        rules = [
            _one(objective_of, *rows.column(j), label)
            for j, (label, objective_of) in enumerate(
                zip(task.classes, objectives.by_label, strict=True)
            )
        ]
    for floor in named_floors(floors or {}, task.classes, "label"):
        j = task.classes.index(floor.name)
        rules[j] = _floored(floor, *rows.column(j))
    calibrators = calibrator or LabelCalibrator((Calibrator(),) * task.width)
    return LabelRule(
        task.classes,
        tuple(
            replace(rule, calibrator=of_label)
            for rule, of_label in zip(rules, calibrators.calibrators, strict=True)
        ),
        objective=objectives.name,
        rows=int((rows.weights > 0).sum()),
        notes=(objectives.note,) if objectives.note else (),
    )


def certify_label_rule(
    rule: LabelRule,
    probabilities: npt.ArrayLike,
    y: npt.ArrayLike,
    floors: Floors,
    *,
    level: float = 0.95,
) -> LabelRule:
    """Return a rule with floors that are certified on rows that nothing has used.

    Each named label has the threshold of `certified_rule`, on the rows whose label is
    known. The error is divided evenly among the named labels.

    Args:
        rule: Made on other rows; the thresholds of named labels are replaced.
        probabilities: `[rows, labels]`, calibrated: of rows that neither training,
            nor stopping, nor calibration, nor any choice has used.
        y: `[rows, labels]`; NaN or -1 for unknown.
        floors: By label, such as `{"rare": {"recall": 0.9}}`.
        level: The probability with which all floors hold together.

    Raises:
        RefusedError: The rows are too few for a certificate; the message names the
            label and counts what would be needed.
        InputError: The arrays do not fit the rule, or a number is out of range.

    Example:
        >>> p = np.linspace(0.99, 0.01, 100)[:, None]
        >>> rule = LabelRule(("a",), (DecisionRule(0.0),))
        >>> certified = certify_label_rule(rule, p, p > 0.5, {"a": {"recall": 0.9}})
        >>> certified.rules[0].basis, certified.level
        ('certified', 0.95)
    """
    number(level, "level", 0, 1, open_ends=True)
    task = Task("multilabel", rule.labels)
    rows = _label_rows(task, probabilities, y, None)
    asked = named_floors(floors, rule.labels, "label")
    rules = list(rule.rules)
    share = 1 - (1 - level) / max(1, len(asked))
    for floor in asked:
        j = rule.labels.index(floor.name)
        z, labels, _ = rows.column(j)
        try:
            made = certified_rule(
                z,
                labels,
                precision=floor.precision,
                recall=floor.recall,
                level=share,
                doubt=False,
            )
        except RefusedError as error:
            raise RefusedError(f"The label {floor.name!r}: {error}") from error
        rules[j] = replace(made, calibrator=rules[j].calibrator)
    return replace(rule, rules=tuple(rules), level=level)


def cross_fitted_label_decisions(
    objective: str | Mapping[str, str | Objective],
    task: Task,
    probabilities: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    folds: npt.ArrayLike | None = None,
    *,
    costs: Costs | Mapping[str, Costs] | None = None,
    floors: Floors | None = None,
    seed: int = 0,
) -> DecisionArray:
    """Decide each fold by a rule that was made on the other folds.

    Args:
        objective: As in `fit_label_rule`, like the other arguments.
        task: Of several labels.
        probabilities: `[rows, labels]`.
        y: `[rows, labels]`.
        weights: `[rows]` row weights.
        folds: `[rows]`; None: five parts of our own.
        costs: For "cost".
        floors: Estimated floors.
        seed: Of the parts, if there are no folds.

    Returns:
        `[rows, labels]` of 1, 0, and -1 for undecided.

    Raises:
        InputError: As `fit_label_rule`.
        RefusedError: Likewise, on the rows outside some fold.

    Example:
        >>> task = Task("multilabel", ("a", "b"))
        >>> p = np.array([[0.9, 0.2], [0.6, 0.1], [0.3, 0.8], [0.1, 0.4]] * 5)
        >>> y = [[1, 0], [0, 0], [0, 1], [0, 1]] * 5
        >>> cross_fitted_label_decisions("f1", task, p, y)[:2].tolist()
        [[1, 0], [0, 0]]
    """
    rows = _label_rows(task, probabilities, y, weights)
    parts = _parts(folds, len(rows.log_odds), seed)
    p = floats(probabilities, "probabilities")
    decisions = np.zeros(rows.y.shape, np.int8)
    for part in np.unique(parts):
        out = parts == part
        rule = fit_label_rule(
            objective,
            task,
            p[~out],
            rows.y[~out],
            rows.weights[~out],
            parts[~out],
            costs=costs,
            floors=floors,
        )
        decisions[out] = rule.decide(p[out])
    return decisions


@dataclass(frozen=True)
class _Wanted:
    """What the thresholds are best at.

    Attributes:
        name: For the rule; "given" if the labels differ.
        note: For the user.
        together: an objective over all labels, or None.
        by_label: Else the objective of each label.
    """

    name: str
    note: str = ""
    together: str | None = None
    by_label: tuple[str | Objective, ...] = ()


def _objectives(
    task: Task,
    objective: str | Mapping[str, str | Objective],
    costs: Costs | Mapping[str, Costs] | None,
) -> _Wanted:
    if isinstance(objective, Mapping):
        for label, value in objective.items():
            one_of(label, task.classes, "label")
            if not isinstance(value, str | Objective):
                raise InputTypeError(
                    sentence(
                        f"the objective of {label!r}: {value!r}",
                        "a name, or objective(name, ...)",
                    )
                )
        if costs is not None:
            raise InputError(
                sentence(
                    "costs beside an objective for each label",
                    "one of them",
                    "Pass objective('cost', costs=...) for a label that has costs.",
                )
            )
        return _Wanted(
            "by label",
            by_label=tuple(objective.get(label, "f1") for label in task.classes),
        )
    name, note = task_objective(task, objective)
    if (costs is not None) != (name == "cost"):
        raise InputError(
            sentence(
                f"objective={name!r} {'without' if costs is None else 'with'} costs",
                "costs with objective='cost', and with no other",
                "Pass objective='cost' and costs=Costs(fp=..., fn=...).",
            )
        )
    if costs is not None:
        return _Wanted(name, note, by_label=_cost_objectives(task, costs))
    if name in LABEL_OBJECTIVES and name != "macro_f1":
        return _Wanted(name, note, together=name)
    each = "f1" if name == "macro_f1" else name
    return _Wanted(name, note, by_label=(each,) * task.width)


def _cost_objectives(
    task: Task, costs: Costs | Mapping[str, Costs]
) -> tuple[Objective, ...]:
    if isinstance(costs, Costs):
        costs = dict.fromkeys(task.classes, costs)
    for label in costs:
        one_of(label, task.classes, "label")
    missing = [label for label in task.classes if label not in costs]
    if missing:
        raise InputError(
            sentence(
                f"costs without the labels {listing(missing)}",
                "costs for each label, or one for all",
            )
        )
    return tuple(build_objective("cost", costs=costs[label]) for label in task.classes)


@dataclass(frozen=True, eq=False)
class _LabelRows:
    """Checked rows: log-odds `[rows, labels]`, labels alike, weights `[rows]`."""

    log_odds: FloatArray
    y: DecisionArray
    weights: FloatArray

    def column(self, j: int) -> tuple[FloatArray, IntArray, FloatArray]:
        """Return the log-odds, labels and weights of the rows whose label is known."""
        rows = (self.y[:, j] >= 0) & (self.weights > 0)
        return (
            self.log_odds[rows, j],
            self.y[rows, j].astype(np.int64),
            self.weights[rows],
        )

    def where(self, rows: BoolArray) -> _LabelRows:
        """Return some of the rows."""
        return _LabelRows(self.log_odds[rows], self.y[rows], self.weights[rows])


def _label_rows(
    task: Task,
    probabilities: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None,
) -> _LabelRows:
    require_rule_task(task, "multilabel")
    p = check_unit_interval(check_wide(task, probabilities, "probabilities"))
    labels = label_matrix(y)
    if labels.shape != p.shape:
        raise InputError(
            sentence(
                f"labels of shape {labels.shape} for probabilities of shape {p.shape}",
                "one label per probability",
            )
        )
    return _LabelRows(to_log_odds(p), labels, check_row_weights(weights, (len(p),)))


def _parts(folds: npt.ArrayLike | None, rows: int, seed: int) -> IntArray:
    if folds is None:
        return generator(seed, "label parts").permutation(np.arange(rows) % PARTS)
    numbers = np.asarray(folds)
    if numbers.shape != (rows,):
        raise InputError(
            sentence(f"folds of shape {numbers.shape}", f"one per row, ({rows},)")
        )
    return np.asarray(np.unique(numbers, return_inverse=True)[1], np.int64)


def _one(
    objective: str | Objective, z: FloatArray, y: IntArray, w: FloatArray, label: str
) -> DecisionRule:
    """Choose the threshold of one label."""
    name = objective if isinstance(objective, str) else objective.name
    absent = "has" if not y.any() else "lacks" if y.all() else ""
    if absent and name != "cost":
        return DecisionRule(
            0.0,
            objective=name,
            rows=y.size,
            positives=int(y.sum()),
            reason=f"no row that could choose {absent} the label {label!r}, so it is "
            "decided from probability 1/2 on",
        )
    return make_rule(z, y, objective=objective, weights=w, doubt=False)


def _floored(
    floor: ClassFloor, z: FloatArray, y: IntArray, w: FloatArray
) -> DecisionRule:
    """Choose the threshold at which a floor holds on these rows."""
    if floor.recall is None:
        return make_rule(
            z,
            y,
            objective="precision",
            floor=floor.precision,
            weights=w,
            doubt=False,
        )
    rule = make_rule(
        z, y, objective="recall", floor=floor.recall, weights=w, doubt=False
    )
    if floor.precision is None or rule.tally is None:
        return rule
    tp, fp = rule.tally.tp, rule.tally.fp
    precision = tp / (tp + fp) if tp + fp else math.nan
    if not precision >= floor.precision:
        raise RefusedError(
            sentence(
                f"a precision of at least {exact(floor.precision)} and a recall of at "
                f"least {exact(floor.recall)} for the label {floor.name!r}, whose "
                f"precision at that recall is {figure(precision)} on these rows",
                "floors that some threshold meets on these rows",
                "Ask for a lower floor.",
            )
        )
    options = (("precision", floor.precision), ("recall", floor.recall))
    return replace(rule, objective="precision and recall", options=options)


def _together(
    name: str, task: Task, rows: _LabelRows, parts: IntArray
) -> list[DecisionRule]:
    """Choose thresholds for an objective over all labels."""
    cuts = (
        np.full(task.width, _micro_cut(rows))
        if name == "micro_f1"
        else _subset_cuts(rows, parts)
    )
    rules = []
    for j, label in enumerate(task.classes):
        _, y, _ = rows.column(j)
        absent = "" if y.any() else f"no row that could choose has the label {label!r}"
        rules.append(
            DecisionRule(
                float(cuts[j]),
                objective=name,
                basis="estimated",
                rows=y.size,
                positives=int(y.sum()),
                prevalence=float(y.mean()) if y.size else math.nan,
                reason=absent,
            )
        )
    return rules


def _micro_cut(rows: _LabelRows) -> float:
    """Return the threshold of the best F1 of all labels' decisions together."""
    columns = [rows.column(j) for j in range(rows.y.shape[1])]
    z, y, w = (np.concatenate(column) for column in zip(*columns, strict=True))
    if not y.any() or y.all():
        return 0.0
    made = choose_threshold(z, y, objective="f1", weights=w)
    return short_cut(made.value, z)


def _subset_cuts(rows: _LabelRows, parts: IntArray) -> FloatArray:
    """Return the thresholds of the most rows with all labels right."""
    usable = (rows.y >= 0).all(axis=1) & (rows.weights > 0)
    rows, parts = rows.where(usable), parts[usable]
    width = rows.y.shape[1]
    if not rows.weights.size:
        return np.zeros(width)
    cuts = _subset_ascent(rows)
    groups = np.unique(parts)
    if groups.size < 2:
        return cuts
    right = np.zeros(len(FACTORS))
    for part in groups:
        out = parts == part
        others, test = _subset_ascent(rows.where(~out)), rows.where(out)
        for i, factor in enumerate(FACTORS):
            all_right = _right(test, factor * others).all(axis=1)
            right[i] += test.weights @ all_right
    best = int(np.argmax(right >= right.max() - 1e-9))
    return FACTORS[best] * cuts


def _subset_ascent(rows: _LabelRows) -> FloatArray:
    """Improve one threshold after another until no row more is right."""
    cuts = np.zeros(rows.y.shape[1])
    right = _right(rows, cuts)
    score = float(rows.weights @ right.all(axis=1))
    for _ in range(SWEEPS):
        before = score
        for j in range(cuts.size):
            others = np.delete(right, j, axis=1).all(axis=1)
            y = rows.y[others, j]
            if not others.any() or y.min() == y.max():
                continue
            z, w = rows.log_odds[others, j], rows.weights[others]
            made = choose_threshold(
                z, y, objective=_ERRORS, weights=w, method="empirical"
            )
            if not math.isfinite(made.value):
                continue
            cut = np.clip(made.value, -50.0, 50.0)
            gain = float(w @ ((z >= cut) == y)) - float(w @ right[others, j])
            if gain > 1e-9 * max(score, 1.0):
                cuts[j] = cut
                right[:, j] = (rows.log_odds[:, j] >= cut) == rows.y[:, j]
                score += gain
        if score <= before:
            break
    return cuts


def _right(rows: _LabelRows, cuts: FloatArray) -> BoolArray:
    return np.asarray((rows.log_odds >= cuts) == (rows.y == 1))
