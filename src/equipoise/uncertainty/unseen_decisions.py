# SPDX-License-Identifier: Apache-2.0
"""The variance of metrics of decisions from kinds of decisions that no row shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from equipoise._core.types import BoolArray, FloatArray
from equipoise.metrics.class_confusion import ClassConfusion
from equipoise.metrics.confusion import Counts
from equipoise.metrics.task_definitions import OfClassCounts, OfLabelCounts

HALF_A_ROW = 0.5
"""How many further rows of each class, decided wrongly and rightly, the variance of a
metric of decisions allows for, as for two classes: with none wrong among eight, or none
right, a sample says little of how many are."""


def unseen_class_decisions(
    definition: OfClassCounts,
    cells: ClassConfusion,
    units: Mapping[int, float],
    options: Mapping[str, Any],
) -> float:
    """Return what half a further wrong and right decision add to the variance.

    In each class; the wrong ones are spread as those of the other classes are.

    Args:
        definition: The metric.
        cells: The mean counts of decisions.
        units: By class that has rows, its independent units.
        options: What the metric takes.
    """
    every = np.column_stack([cells.counts, cells.undecided])
    size = len(every)
    wrong = every.copy()
    wrong[np.arange(size), np.arange(size)] = 0.0
    spread = wrong.sum(axis=0) + every.sum() / sum(units.values()) / size
    if not cells.undecided.any():
        spread[size] = 0.0
    moved = every.copy()
    for k in units:
        one = every[k].sum() / units[k]
        where = spread.copy()
        where[k] = 0.0
        where /= max(where.sum(), 1e-300)
        where[k] = 1.0
        moved[k] += HALF_A_ROW * one * where
        # The class keeps its weight.
        moved[k] *= every[k].sum() / moved[k].sum()
    at = definition.function(
        ClassConfusion(cells.classes, moved[:, :size], moved[:, size]),
        **options,
    )
    before = definition.function(cells, **options)
    added = 0.0
    for k in units:
        n, total = units[k], every[k].sum()
        spreads = []
        for counts, function in ((every, before), (moved, at)):
            p = counts[k] / total
            slope = total * function.gradient[k]
            spreads.append(float(p @ slope**2 - (p @ slope) ** 2) / n)
        added += max(0.0, spreads[1] - spreads[0])
    return added


def unseen_label_decisions(
    definition: OfLabelCounts,
    cells: Counts,
    units: FloatArray,
    judged: BoolArray,
    options: Mapping[str, Any],
) -> float:
    """Return what half a further wrong and right decision add to the variance.

    Args:
        definition: The metric.
        cells: The mean counts of each label.
        units: `[labels, 2]` independent units without and with each label.
        judged: `[labels]` whether a label can be judged.
        options: What the metric takes.
    """
    every = np.stack([cells.tp, cells.fp, cells.fn, cells.tn], axis=1)
    moved = every.copy()
    pairs = {1: (0, 2), 0: (3, 1)}  # right and wrong, with and without the label
    for label in np.flatnonzero(judged).tolist():
        for stratum, (right, wrong) in pairs.items():
            n = units[label, stratum]
            total = every[label, right] + every[label, wrong]
            moved[label, [right, wrong]] += HALF_A_ROW * total / n
            scale = total / (moved[label, right] + moved[label, wrong])
            moved[label, [right, wrong]] *= scale
    slopes = [
        definition.function(Counts(*counts.T), judged, **options).gradient
        for counts in (every, moved)
    ]
    added = 0.0
    for label in np.flatnonzero(judged).tolist():
        for stratum, (right, wrong) in pairs.items():
            total = every[label, right] + every[label, wrong]
            spreads = []
            for counts, slope in zip((every, moved), slopes, strict=True):
                p = counts[label, right] / total
                gap = total * (slope[label, right] - slope[label, wrong])
                spreads.append(p * (1 - p) * gap**2 / units[label, stratum])
            added += max(0.0, spreads[1] - spreads[0])
    return float(added)
