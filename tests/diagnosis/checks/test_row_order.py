# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.row_order import CHECK, runs_of_kinds, runs_test
from equipoise.diagnosis.finding import Finding, NotApplicable
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes, make_labels

Make = Callable[..., Any]


def test_sorted_by_class_is_an_info(build: Make, run: Make) -> None:
    found = run(CHECK, build(np.repeat([0, 1], [900, 100])))
    assert found.severity == "info"
    assert found.evidence["runs"] == 2
    blocks = run(CHECK, build(np.tile(np.repeat([0, 1], [90, 40]), 10)))
    assert "20 blocks" in blocks.message


def test_a_trend_and_clusters_are_warnings(build: Make, run: Make) -> None:
    random = np.random.default_rng(0)
    trend = random.random(4000) < np.linspace(0.02, 0.3, 4000)
    clusters = np.repeat(random.random(1000) < 0.1, 2)
    assert "first fifth" in run(CHECK, build(trend)).message
    assert "stand together" in run(CHECK, build(clusters)).message


def test_silent_on_a_random_order(noise: Make, run: Make) -> None:
    fired = sum(run(CHECK, noise(600, 60, seed=seed)) is not None for seed in range(50))
    assert fired == 0


def test_runs_test_by_permutation() -> None:
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], [60, 20])
    runs = [runs_test(random.permutation(y))[0] for _ in range(4000)]
    _, expected, z = runs_test(y)
    assert expected == pytest.approx(np.mean(runs), rel=0.01)
    assert (2 - expected) / z == pytest.approx(np.std(runs), rel=0.05)


def test_not_applicable(noise: Make, build: Make, run: Make) -> None:
    assert isinstance(run(CHECK, noise(90, 8)), NotApplicable)
    timed = build([0, 1] * 50, time=np.arange(100.0))
    assert "EQP013" in run(CHECK, timed).reason


@pytest.mark.parametrize("seed", range(5))
def test_runs_of_two_kinds_are_those_of_two_classes(seed: int) -> None:
    y = np.random.default_rng(seed).integers(0, 2, 80)
    assert runs_of_kinds(y) == pytest.approx(runs_test(y))


def test_runs_of_kinds_have_that_mean_and_variance() -> None:
    random = np.random.default_rng(0)
    kinds = np.repeat([0, 1, 2, 3], [40, 12, 5, 3])
    draws = [runs_of_kinds(random.permutation(kinds)) for _ in range(20_000)]
    z = np.array([z for *_, z in draws])
    assert abs(z.mean()) < 4 / np.sqrt(20_000)
    assert z.var() == pytest.approx(1, abs=0.05)


def test_the_order_of_classes() -> None:
    table = make_classes(600, counts=[400, 150, 50], seed=1).table
    random = np.random.default_rng(0)
    shuffled = table.take(random.permutation(600))
    assert CHECK.run(Subject(shuffled)) is None
    by_class = table.take(np.argsort(table.labels(), kind="stable"))
    finding = CHECK.run(Subject(by_class))
    assert isinstance(finding, Finding)
    assert "sorted by class, in 3 blocks" in finding.message
    late = np.argsort(random.random(600) + (table.labels() == 2), kind="stable")
    drifting = CHECK.run(Subject(table.take(late)))
    assert isinstance(drifting, Finding)
    assert drifting.severity == "warning"
    assert "share of rows of 'c2' follows" in drifting.message
    labels = make_labels(600, shares=[0.4, 0.2], seed=1).table
    assert CHECK.run(Subject(labels)) is None
    order = np.lexsort(labels.labels().T)
    by_set = CHECK.run(Subject(labels.take(order)))
    assert isinstance(by_set, Finding)
    assert "sorted by set of labels, in 4 blocks" in by_set.message


def test_a_column_of_dates_in_order_is_named(build: Make, run: Make) -> None:
    y = np.random.default_rng(0).random(600) < np.linspace(0.05, 0.5, 600)
    day = np.datetime64("2020-01-01") + np.arange(600)
    for days in (day, day[::-1], np.repeat(day[::2], 2)):
        table = build(y, {"x": np.zeros(600), "day": days})
        assert "pass time='day' to split by time" in run(CHECK, table).advice
    for days in (np.roll(day, 3), np.repeat(day[:1], 600)):
        table = build(y, {"x": np.zeros(600), "day": days})
        assert "name the time column (time=)" in run(CHECK, table).advice
