# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.diagnosis.checks.small_disjuncts import CHECK, clusters
from equipoise.diagnosis.finding import NotApplicable
from equipoise.diagnosis.neighbours import neighbourhood

Make = Callable[..., Any]


def _islands(build: Make, sizes: list[int]) -> Any:
    """Heaps of positives, each far from the others, in a sea of negatives."""
    x = np.concatenate([10 * i + np.linspace(0, 0.01, n) for i, n in enumerate(sizes)])
    sea = np.linspace(-3, 10 * len(sizes), 400)
    sea = sea[np.abs(sea[:, None] - x).min(1) > 0.5]
    y = np.r_[np.ones(len(x)), np.zeros(len(sea))]
    return build(y, {"x": np.r_[x, sea]})


def test_small_islands_fire(build: Make, run: Make) -> None:
    found = run(CHECK, _islands(build, [2, 3, 2, 2, 3, 2]))
    assert found.severity == "info"
    assert found.evidence["share_in_small"] == 1.0


def test_clusters_are_counted(build: Make) -> None:
    sizes = clusters(neighbourhood(_islands(build, [20, 12, 7, 1])))
    assert sizes.tolist() == [20, 12, 7, 1]


def test_silent_on_one_heap(build: Make, run: Make) -> None:
    assert run(CHECK, _islands(build, [40])) is None


def test_not_applicable(noise: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(100, 7)), NotApplicable)
