# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.task import Task
from equipoise.uncertainty import task_influence


def test_half_a_wrong_decision_more_is_a_variance() -> None:
    y = np.repeat([0, 1, 2], [30, 20, 8])
    task = Task("multiclass", ("a", "b", "c"))
    right = task_influence("balanced_accuracy", task, y, y)
    assert right.value == 1.0
    assert right.variance == 0.0
    sizes = np.array([30, 20, 8])
    p = 0.5 / (sizes + 1)
    assert right.unseen == pytest.approx(np.sum(p * (1 - p) / sizes) / 9)
    labels = (np.arange(58)[:, None] < [30, 20, 8]).astype(int)
    several = Task("multilabel", ("a", "b", "c"))
    all_right = task_influence("balanced_accuracy", several, labels, labels)
    both = np.stack([sizes, 58 - sizes])
    p = 0.5 / (both + 1)
    assert all_right.unseen == pytest.approx(np.sum(p * (1 - p) / both) / 36)


@pytest.mark.parametrize("copies", [2, 5])
def test_it_counts_independent_units(copies: int) -> None:
    """Copies of rows that form one cluster each add what the rows alone do."""
    task = Task("multiclass", ("a", "b", "c"))
    y = np.repeat([0, 1, 2], [9, 6, 4])
    decided = np.where(np.arange(y.size) % 5 == 2, (y + 1) % 3, y)
    alone = task_influence("macro_f1", task, y, decided)
    cluster = np.repeat(np.arange(y.size), copies)
    several = task_influence(
        "macro_f1", task, y[cluster], decided[cluster], clusters=cluster
    )
    assert alone.unseen > 0
    assert several.unseen == pytest.approx(alone.unseen)
