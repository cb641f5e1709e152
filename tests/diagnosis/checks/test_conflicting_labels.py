# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from equipoise.diagnosis.checks.conflicting_labels import CHECK, best_average_precision
from equipoise.diagnosis.finding import NotApplicable
from equipoise.diagnosis.repeats import equal_rows

Make = Callable[..., Any]


def test_equal_rows_with_both_labels_fire(build: Make, run: Make) -> None:
    found = run(CHECK, build([0, 1, 0, 1], {"x": [1.0, 1.0, 2.0, 3.0]}))
    assert found.evidence["conflicting_rows"] == 2
    assert found.evidence["best_accuracy"] == 0.75
    # Ranked 3, then 1 (twice): 1/2 * 1 + 1/2 * 2/3.
    assert found.evidence["best_average_precision"] == pytest.approx(5 / 6)


def test_a_bound_within_the_noise_is_an_info_beyond_it_a_warning(
    build: Make, run: Make
) -> None:
    y = np.tile([0, 0, 0, 1], 500)
    x = np.repeat(np.arange(1000), 2).astype(float)
    assert run(CHECK, build(y, {"x": x})).severity == "warning"
    x[20:] = np.arange(len(x) - 20) + 5000.0
    assert run(CHECK, build(y, {"x": x})) is None


def test_the_bound_is_the_best_score_by_brute_force() -> None:
    random = np.random.default_rng(0)
    hashes = random.integers(0, 30, 300).astype(np.uint64)
    y = (random.random(300) < hashes / 40).astype(int)
    rates = {h: y[hashes == h].mean() for h in np.unique(hashes)}
    best = average_precision_score(y, [rates[h] for h in hashes])
    assert best_average_precision(equal_rows(hashes, y)) == pytest.approx(best)


def test_silent_and_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert run(CHECK, noise(300, 30)) is None
    assert isinstance(run(CHECK, build([0, 1])), NotApplicable)
