# SPDX-License-Identifier: Apache-2.0
"""Which classes, or labels, an arm helps and which it costs.

Only arms whose average differs are looked at (the average is tested first, and opens
the way to its parts), and all their classes are one family: the smallest p-values are
held against the joint distribution of the statistics (`uncertainty.max_t`), because
classes that share rows are correlated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from equipoise._core.numerals import estimate
from equipoise._core.types import FloatArray
from equipoise.evaluation.task_cross_validation import TaskArm, TaskCrossValidated
from equipoise.evaluation.task_intervals import cv_factors
from equipoise.metrics import Estimate
from equipoise.uncertainty.differences import UNIT
from equipoise.uncertainty.joint_tests import max_t
from equipoise.uncertainty.strata import unit_sums

OF_EACH = {
    "macro_average_precision": "average_precision",
    "macro_normalised_average_precision": "normalised_average_precision",
    "macro_roc_auc": "roc_auc",
    "macro_f1": "f1",
    "balanced_accuracy": "recall",
}
"""By metric of the verdict, the metric of each class that is compared; there is none if
the metric is no mean over the classes."""
METHOD = "influence of the rows, max-t over classes and arms"
MOST_NAMED = 3


@dataclass(frozen=True)
class ClassDifference:
    """One class, or label, of an arm against the baseline.

    Attributes:
        name: The class or label.
        outcome: "better" or "worse": the difference is real at the level of the
            family. "cannot tell": it may be none.
        difference: In the metric of the class against the rest, arm minus baseline,
            with the interval that holds for all classes and arms together.
        p: P-value, adjusted for all classes and arms; NaN without a test.
    """

    name: str
    outcome: Literal["better", "worse", "cannot tell"]
    difference: Estimate
    p: float

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)


def class_differences(
    results: TaskCrossValidated,
    arms: Sequence[str],
    metric: str,
    *,
    level: float,
    seed: int = 0,
) -> dict[str, dict[str, ClassDifference]]:
    """Compare each class of some arms with the baseline's, as one family.

    Args:
        results: What `cross_validated_task` gave.
        arms: Those whose average was found to differ.
        metric: Of each class, a value of `OF_EACH`.
        level: One minus the probability of any false "better" or "worse".
        seed: Of the draws from the joint distribution.

    Returns:
        By arm, by class or label that can be judged.
    """
    base = results[results.baseline]
    judged = np.flatnonzero(~np.isnan(base.values.views[metric].values)).tolist()
    names = results.targets.rows.names
    tests = [(arm, view) for arm in arms for view in judged]
    if not tests:
        return {}
    values, rows = zip(
        *(_difference(metric, results[arm], base, view) for arm, view in tests),
        strict=True,
    )
    units = np.array([base.values.views[metric].units[view] for _, view in tests])
    joint = max_t(
        np.array(values),
        np.stack(rows, axis=1),
        units,
        clusters=results.targets.unit,
        level=level,
        limits=UNIT,
        seed=seed,
    )
    made: dict[str, dict[str, ClassDifference]] = {arm: {} for arm in arms}
    for k, (arm, view) in enumerate(tests):
        p, value = float(joint.single_step[k]), float(values[k])
        low, high = float(joint.low[k]), float(joint.high[k])
        outcome: Literal["better", "worse", "cannot tell"] = "cannot tell"
        if p <= 1 - level:
            outcome = "better" if value > 0 else "worse"
        made[arm][names[view]] = ClassDifference(
            names[view],
            outcome,
            Estimate(value, low, high, METHOD, level=level),
            p,
        )
    return made


def _difference(
    metric: str, arm: TaskArm, base: TaskArm, view: int
) -> tuple[float, FloatArray]:
    """Return a view's difference, and the independent terms of its error."""
    one, other = (each.values.views[metric] for each in (arm, base))
    row = one.row[:, view] - other.row[:, view]
    value = float(one.values[view] - other.values[view])
    seen = float(np.sum(unit_sums(row, one.unit) ** 2))
    if math.isnan(value) or not seen > 0:
        return value, row
    moved = one.repeated[:, view] - other.repeated[:, view]
    between = float(moved.var(ddof=1)) if moved.size > 1 else None
    raised, added = cv_factors(metric, between)
    return value, row * math.sqrt(1 + raised + added / seen)


def class_sentence(differences: Mapping[str, ClassDifference], metric: str) -> str:
    """Say which classes an arm helps and which it costs; "" if none can be told.

    Args:
        differences: Of one arm, by class or label.
        metric: What was compared of each, in words.

    Example:
        >>> one = ClassDifference("pox", "better", Estimate(0.2, 0.1, 0.3), 0.01)
        >>> two = ClassDifference("cyt", "worse", Estimate(-0.1, -0.15, -0.05), 0.02)
        >>> print(class_sentence({"pox": one, "cyt": two}, "recall"))
        It helps pox (+0.200 [+0.100, +0.300] in recall) and costs cyt (-0.100 [-0.150,
        -0.050] in recall).
    """
    parts = []
    for outcome, verb in (("better", "helps"), ("worse", "costs")):
        shown = [d for d in differences.values() if d.outcome == outcome]
        if not shown:
            continue
        shown.sort(key=lambda d: -abs(d.difference.value))
        each = [
            f"{d.name} ({estimate(*_ends(d.difference), signed=True)} in {metric})"
            for d in shown[:MOST_NAMED]
        ]
        rest = len(shown) - MOST_NAMED
        joined = f"{', '.join(each)} and {rest} more" if rest > 0 else _joined(each)
        parts.append(f"{verb} {joined}")
    return f"It {' and '.join(parts)}." if parts else ""


def _ends(difference: Estimate) -> tuple[float, float, float]:
    return difference.value, difference.low, difference.high


def _joined(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
