# SPDX-License-Identifier: Apache-2.0
"""What the explorers of several classes or labels compute with.

One explorer moves a class: its multiplier if probabilities times multipliers are
compared, else its threshold against the rest. Another takes the costs of all decisions.
Both work on counts and on means of groups of rows; no row is passed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.task_cross_validation import TaskArm, TaskCrossValidated
from equipoise.report.summary_parts import interval_facts

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

MOST_CLASSES = 60
"""So many classes can be explored, the rarest."""
POINTS = 60
COSTED = 8
"""Up to so many classes costs can be entered: beyond, the matrix is not readable."""
CELLS = 800
"""Into at most so many groups rows are put for the explorer by costs."""
LEAST_P = 1e-6


def class_explorer(results: TaskCrossValidated, arm: str) -> dict[str, Any]:
    """Return what moving one class's multiplier, or threshold, does to its decisions.

    Args:
        results: The trial.
        arm: The arm whose decisions are explored.

    Returns:
        By class, the rarest first, points `[place, true positives, false positives]`
        from the fewest decisions for it to the most; of multipliers also the share of
        all rows decided rightly and the balanced accuracy. Counts are means over the
        repeats.
    """
    one, rows = results[arm], results.targets.rows
    judged = np.flatnonzero(rows.judged)
    order = judged[np.argsort(rows.positives[judged], kind="stable")][:MOST_CLASSES]
    p = results.task.probability(one.fitted.scores)
    factors: tuple[float, ...] | None = None
    log_values = np.zeros(0)
    if isinstance(one.rule, ClassRule) and not one.rule.floors:
        factors, log_values = one.rule.multipliers, one.rule.values(p)
    classes = []
    for view in order.tolist():
        if factors is None:
            points, chosen = threshold_points(results, one, view, p)
        else:
            points, chosen = multiplier_points(
                log_values, view, rows.y, factors[view], rows.judged
            )
        evaluation = one.by_class[rows.names[view]]
        _set_chosen(points, chosen, evaluation, None if factors is None else one)
        used, truth, _ = rows.view(view)
        classes.append(
            {
                "name": rows.names[view],
                "positives": int(truth.sum()),
                "negatives": int(used.sum() - truth.sum()),
                "chosen": chosen,
                "points": points,
                "estimates": {
                    m: interval_facts(evaluation[m])
                    for m in ("recall", "precision", "f1")
                },
            }
        )
    return {
        "arm": arm,
        "kind": "threshold" if factors is None else "multiplier",
        "classes": classes,
    }


def _set_chosen(
    points: list[list[float | None]],
    at: int,
    evaluation: Evaluation,
    whole: TaskArm | None,
) -> None:
    """Put the trial's own decisions, which are cross-fitted, at the chosen place."""
    cells = evaluation.confusion
    if cells is not None:
        points[at][1:3] = [cells.tp, cells.fp]
    if whole is not None:
        points[at][3:5] = [
            whole.evaluation[m].value for m in ("accuracy", "balanced_accuracy")
        ]


def multiplier_points(
    log_values: FloatArray,
    view: int,
    y: AnyArray,
    factor: float,
    judged: AnyArray,
) -> tuple[list[list[float | None]], int]:
    """Return what decisions become as one class's multiplier moves, the others fixed.

    A row is decided to be of the class if its own value exceeds the best of the
    others by more than the multiplier lacks; else it goes to that best other.

    Args:
        log_values: `[repeats, rows, classes]` log of probability times multiplier.
        view: The class.
        y: `[rows]` class numbers.
        factor: The multiplier that is in `log_values`.
        judged: `[classes]` which have rows.

    Returns:
        Rows [multiplier, true positives, false positives, share right, balanced
        accuracy], from a multiplier of 0 on; and the place of the present one.

    Example:
        >>> values = np.log([[[0.6, 0.4], [0.8, 0.2], [0.3, 0.7]]])
        >>> points, at = multiplier_points(values, 1, np.array([1, 0, 1]), 1.0, [1, 1])
        >>> at, [[round(v, 2) for v in point] for point in points]
        (1, [[0.0, 0.0, 0.0, 0.33, 0.5], [1.0, 1.0, 0.0, 0.67, 0.75], \
[2.45, 2.0, 0.0, 1.0, 1.0], [5.66, 2.0, 1.0, 0.67, 0.5]])
    """
    repeats, count, size = log_values.shape
    others = log_values.copy()
    others[..., view] = -np.inf
    second = others.argmax(axis=2).ravel()
    best = others.max(axis=2).ravel()
    # Above this logarithm a multiplier wins the row.
    needed = best - (log_values[..., view].ravel() - np.log(factor))
    truth = np.tile(np.asarray(y), repeats)
    order = np.argsort(needed, kind="stable")
    needed, second, truth = needed[order], second[order], truth[order]
    of_class, lost = truth == view, truth == second
    sizes = np.bincount(np.asarray(y), minlength=size).astype(np.float64)
    each = np.zeros(size)
    counted = np.asarray(judged, bool) & (sizes > 0)
    each[counted] = 1.0 / (sizes[counted] * counted.sum())
    tp = np.cumsum(of_class) / repeats
    fp = np.cumsum(~of_class) / repeats
    change = of_class.astype(np.float64) - lost
    right = (lost.sum() + np.cumsum(change)) / repeats / count
    balance = (np.sum(lost * each[truth]) + np.cumsum(change * each[truth])) / repeats
    ends = np.flatnonzero(np.append(needed[1:] > needed[:-1], True))
    now = int(np.searchsorted(needed, np.log(factor), side="left")) - 1
    places = _places(tp, fp, ends, [now] if now >= 0 else [])
    points: list[list[float | None]] = [
        [
            0.0,
            0.0,
            0.0,
            _rounded(float(lost.sum()) / repeats / count),
            _rounded(float(np.sum(lost * each[truth])) / repeats),
        ]
    ]
    for at in places:
        after = needed[at + 1] if at + 1 < needed.size else needed[at] + np.log(2)
        between = factor if at == now else float(np.exp((needed[at] + after) / 2))
        points.append(
            [_rounded(v) for v in (between, tp[at], fp[at], right[at], balance[at])]
        )
    return points, 1 + places.index(now) if now >= 0 else 0


def threshold_points(
    results: TaskCrossValidated, arm: TaskArm, view: int, p: FloatArray
) -> tuple[list[list[float | None]], int]:
    """Return what one class's threshold against the rest, or a label's, decides.

    Args:
        results: The trial.
        arm: An arm.
        view: The class or label.
        p: `[repeats, rows, classes]` calibrated probabilities.

    Returns:
        Rows [threshold, true positives, false positives], from none decided on; and
        the place that decides as many rows as the trial's own rule.
    """
    used, truth, _ = results.targets.rows.view(view)
    repeats = len(p)
    score = p[:, used, view].ravel()
    of_class = np.tile(truth, repeats)
    order = np.argsort(-score, kind="stable")
    score, of_class = score[order], of_class[order]
    tp, fp = np.cumsum(of_class) / repeats, np.cumsum(~of_class) / repeats
    ends = np.flatnonzero(np.append(score[1:] < score[:-1], True))
    cells = arm.by_class[results.targets.rows.names[view]].confusion
    flagged = 0.0 if cells is None else cells.tp + cells.fp
    chosen = -1
    if flagged > 0:
        chosen = int(ends[np.argmin(np.abs((tp + fp)[ends] - flagged))])
    places = _places(tp, fp, ends, [chosen] if chosen >= 0 else [])
    points: list[list[float | None]] = [[None, 0.0, 0.0]]
    points += [[_rounded(v) for v in (score[at], tp[at], fp[at])] for at in places]
    return points, 1 + places.index(chosen) if chosen >= 0 else 0


def _places(
    tp: FloatArray, fp: FloatArray, ends: IntArray, extra: list[int]
) -> list[int]:
    """Return at most about POINTS places, even in recall and in log false alarms."""
    if ends.size <= POINTS:
        chosen = ends
    else:
        half = POINTS // 2
        recall = np.searchsorted(tp[ends], np.linspace(tp[0], tp[-1], half))
        grid = np.geomspace(max(fp[0], 0.5), max(fp[-1], 0.5), half)
        alarms = np.searchsorted(fp[ends], grid)
        at = np.unique(np.concatenate([[0, ends.size - 1], recall, alarms]))
        chosen = ends[np.minimum(at.astype(np.int64), ends.size - 1)]
    return [int(i) for i in np.unique(np.concatenate([chosen, extra])).tolist()]


def _rounded(value: float) -> float:
    return float(f"{float(value):.6g}")


def cost_explorer(
    trial: TrialRecord, results: TaskCrossValidated, arm: str
) -> dict[str, Any] | None:
    """Return groups of rows with like probabilities, to decide by any costs.

    Args:
        trial: The trial.
        results: Its results.
        arm: The arm whose probabilities decide.

    Returns:
        For each group the mean probabilities and the rows of each class, means over
        the repeats; with the trial's own confusion matrix and costs. None for labels
        and for more than `COSTED` classes.
    """
    one, rows = results[arm], results.targets.rows
    size = len(results.task.classes)
    cells = one.confusion
    if results.task.kind != "multiclass" or size > COSTED or cells is None:
        return None
    p = results.task.probability(one.fitted.scores)
    means, counts = alike_rows(
        p.reshape(-1, size), np.tile(rows.y, len(p)), size, most=CELLS
    )
    has_costs = isinstance(trial.costs, CostMatrix)
    costs = trial.costs.table if has_costs else 1.0 - np.eye(size)
    return {
        "arm": arm,
        "classes": list(results.task.classes),
        "totals": cells.totals.tolist(),
        "costs": costs.tolist(),
        "given": has_costs,
        "confusion": cells.counts.tolist(),
        "undecided": float(cells.undecided.sum()),
        "groups": [
            [[_rounded(v) for v in mean], [_rounded(v / len(p)) for v in count]]
            for mean, count in zip(means, counts, strict=True)
        ],
    }


def alike_rows(
    probabilities: FloatArray, y: AnyArray, classes: int, *, most: int
) -> tuple[FloatArray, FloatArray]:
    """Put rows with like probabilities into groups, finer where a class is rare.

    The group of the largest spread is halved until there are enough: along the class
    whose log-probability spreads most, at the median of rows that weigh the same in
    every class. So the rows of a rare class are told apart as finely as those of a
    common one.

    Args:
        probabilities: `[rows, classes]`.
        y: `[rows]` class numbers.
        classes: Their number.
        most: At most so many groups.

    Returns:
        `[groups, classes]` mean probabilities, and `[groups, classes]` rows of each
        class.

    Example:
        >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])
        >>> means, counts = alike_rows(p, np.array([0, 0, 1]), 2, most=2)
        >>> means.round(2).tolist(), counts.tolist()
        ([[0.1, 0.9], [0.85, 0.15]], [[0.0, 1.0], [2.0, 0.0]])
    """
    place = np.log(np.maximum(probabilities, LEAST_P))
    sizes = np.maximum(np.bincount(y, minlength=classes), 1)
    weight = 1.0 / sizes[y]
    groups = [np.arange(len(y))]
    spreads = [_spread(place, groups[0], weight)]
    while len(groups) < most and max(gain for gain, _ in spreads) > 0:
        at = int(np.argmax([gain for gain, _ in spreads]))
        rows, along = groups[at], spreads[at][1]
        order = rows[np.argsort(place[rows, along], kind="stable")]
        value, mass = place[order, along], np.cumsum(weight[order])
        cut = int(np.searchsorted(mass, mass[-1] / 2)) + 1
        # Rows of one value stay together.
        low = int(np.searchsorted(value, value[min(cut, value.size) - 1], side="left"))
        cut = low if low else int(np.searchsorted(value, value[0], side="right"))
        groups[at : at + 1] = [order[:cut], order[cut:]]
        spreads[at : at + 1] = [
            _spread(place, part, weight) for part in groups[at : at + 2]
        ]
    means = np.array([probabilities[part].mean(axis=0) for part in groups])
    counts = [np.bincount(y[part], minlength=classes) for part in groups]
    return means, np.array(counts, np.float64)


def _spread(place: FloatArray, rows: IntArray, weight: FloatArray) -> tuple[float, int]:
    """Return how much a group's rows differ, and along which class."""
    mass = weight[rows]
    values = place[rows]
    middle = mass @ values / mass.sum()
    by_class = mass @ (values - middle) ** 2
    apart = values.max(axis=0) > values.min(axis=0)
    by_class = np.where(apart, np.maximum(by_class, 1e-12), 0.0)
    along = int(by_class.argmax())
    return float(by_class[along]), along
