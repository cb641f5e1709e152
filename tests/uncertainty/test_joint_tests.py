# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from equipoise.errors import InputError
from equipoise.task import Task
from equipoise.uncertainty import (
    holm,
    max_t,
    paired_difference,
    task_influence,
    view_influences,
)

TASK = Task("multiclass", ("a", "b", "c"))


def arms(seed: int = 0, rows: int = 150):
    random = np.random.default_rng(seed)
    y = random.choice(3, rows, p=[0.6, 0.3, 0.1])
    y[:4] = 2
    base = random.normal(size=(rows, 3)) + 1.5 * np.eye(3)[y]
    return y, base, base + random.normal(size=(rows, 3))


def test_a_difference_of_means_is_the_paired_t_test_within_classes() -> None:
    y, one, other = arms()
    made = [task_influence("brier", TASK, y, z) for z in (one, other)]
    test = paired_difference(*made)
    losses = [
        np.sum((np.exp(z) / np.exp(z).sum(1, keepdims=True) - np.eye(3)[y]) ** 2, 1) / 2
        for z in (one, other)
    ]
    gap = losses[0] - losses[1]
    n = np.bincount(y)
    variance = sum(
        (n[k] / y.size) ** 2 * gap[y == k].var(ddof=1) / n[k] for k in range(3)
    )
    assert test.value == pytest.approx(gap.mean())
    assert test.se == pytest.approx(math.sqrt(variance))
    reference = 2 * stats.t.sf(abs(test.value) / test.se, test.df)
    assert test.p == pytest.approx(reference)
    half = stats.t.ppf(0.975, test.df) * test.se
    assert (test.low, test.high) == pytest.approx(
        (test.value - half, test.value + half)
    )
    turned = paired_difference(made[1], made[0])
    assert (turned.value, turned.p) == pytest.approx((-test.value, test.p))
    wider = paired_difference(*made, raised=0.25, added=0.01)
    assert wider.se == pytest.approx(math.sqrt(1.25 * variance + 0.01))


def test_two_classes_give_delongs_test() -> None:
    from equipoise.comparison import delong_difference

    random = np.random.default_rng(3)
    y = np.repeat([0, 1], [60, 15])
    scores = random.normal(size=(2, 75)) + y
    task = Task("multiclass", ("no", "yes"))
    made = [
        task_influence("macro_roc_auc", task, y, np.column_stack([-s, s]))
        for s in scores
    ]
    reference = delong_difference(y, *scores)
    test = paired_difference(*made)
    assert (test.value, test.se, test.df, test.p) == pytest.approx(
        (reference.mean, reference.se, reference.df, reference.p)
    )


def test_equal_arms_do_not_differ_and_undefined_ones_say_why() -> None:
    y, one, _ = arms()
    made = task_influence("macro_f1", TASK, y, one.argmax(1))
    test = paired_difference(made, made)
    assert (test.value, test.se, test.p) == (0.0, 0.0, 1.0)
    absent = task_influence("macro_f1", TASK, [0, 0], [0, 1])
    assert paired_difference(absent, absent).reason == "all rows are of one class"
    lone = task_influence("macro_f1", TASK, [0, 0, 1], [0, 1, 1])
    test = paired_difference(lone, lone)
    assert test.value == 0
    assert math.isnan(test.p)
    assert test.reason.startswith("one row of a class")
    with pytest.raises(InputError, match="the same rows"):
        paired_difference(made, lone)
    with pytest.raises(InputError, match="one metric of two arms"):
        paired_difference(made, task_influence("mcc", TASK, y, one.argmax(1)))


def family(correlation: float, tests: int = 6, rows: int = 400, seed: int = 0):
    random = np.random.default_rng(seed)
    shared = random.normal(size=(rows, 1))
    own = random.normal(size=(rows, tests))
    row = math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own
    return (row - row.mean(axis=0)) / rows


def test_independent_tests_take_sidaks_correction() -> None:
    row = family(0.0, rows=40_000)
    value = np.array([0.0, 0.5, 1.0, 2.0, 2.5, 3.0]) * 0.005
    made = max_t(value, row, 40_001, draws=200_000)
    p = 2 * stats.norm.sf(value / made.se)
    assert made.p == pytest.approx(p, rel=1e-3)
    assert made.single_step == pytest.approx(1 - (1 - p) ** 6, abs=0.004)
    order = np.argsort(p)
    left = np.arange(6, 0, -1)
    steps = np.maximum.accumulate(1 - (1 - p[order]) ** left)
    assert made.step_down[order] == pytest.approx(steps, abs=0.004)


def test_equal_tests_need_no_correction_and_holm_asks_for_more() -> None:
    row = np.repeat(family(0.0, 1), 5, axis=1)
    made = max_t(np.full(5, 0.1), row, 400, draws=100_000)
    # The t of 399 degrees of freedom against the normal: next to nothing.
    assert made.single_step == pytest.approx(made.p, rel=0.03)
    dependent = family(0.8)
    value = np.array([0.1, 0.12, 0.14, 0.05, 0.0, -0.1])
    many = max_t(value, dependent, 400)
    assert (many.step_down <= many.single_step).all()
    assert (many.step_down >= many.p).all()
    assert (many.step_down <= holm(many.p) + 1e-12).all()
    assert many.step_down[0] < 0.8 * holm(many.p)[0]


def test_the_draws_are_the_multiplier_bootstrap() -> None:
    """Its smallest p-value, of rows with normal multipliers, has the same quantiles."""
    row = family(0.5, rows=100)
    se = np.sqrt(np.sum(row**2, axis=0))
    multipliers = np.random.default_rng(1).normal(size=(20_000, 100))
    statistics = np.abs(multipliers @ row) / se
    largest = statistics.max(axis=1)
    for share in (0.5, 0.9, 0.95):
        t = np.quantile(largest, share)
        made = max_t(np.append(t * se[0], np.zeros(5)), row, 1e9)
        assert made.single_step[0] == pytest.approx(1 - share, abs=0.012)


def test_intervals_belong_to_the_single_step() -> None:
    row = family(0.3)
    se = np.sqrt(np.sum(row**2, axis=0))
    for times in (2.0, 2.4, 2.6, 2.8, 3.5):
        made = max_t(times * se, row, 30)
        outside = (made.low > 0) | (made.high < 0)
        assert (outside == (made.single_step < 0.05)).all()
    capped = max_t(np.full(6, 0.9), 5 * row, 30, limits=(-1.0, 1.0))
    assert (capped.high <= 1.0).all()


def test_a_small_class_counts_by_its_own_degrees_of_freedom() -> None:
    row = family(0.0)
    se = np.sqrt(np.sum(row**2, axis=0))
    units = np.array([8, 400, 400, 400, 400, 400])
    made = max_t(3.0 * se, row, units)
    assert made.p[0] == pytest.approx(2 * stats.t.sf(3.0, 7))
    assert made.single_step[0] > 3 * made.single_step[1]
    width = (made.high - made.low) / se
    assert width[0] > 1.3 * width[1]


def test_tests_that_cannot_be_made_are_in_no_family() -> None:
    row = family(0.0)
    value = np.full(6, 0.12)
    whole = max_t(value, row, 400)
    value[3:] = np.nan
    part = max_t(value, row, 400)
    assert np.isnan(part.single_step[3:]).all()
    assert np.isnan(part.low[3:]).all()
    assert (part.single_step[:3] < whole.single_step[:3]).all()
    none = max_t(np.full(6, np.nan), row, 400)
    assert np.isnan(none.step_down).all()
    lone = max_t(np.full(6, 0.1), row, np.array([1, 9, 9, 9, 9, 9]))
    assert np.isnan(lone.p[0])


def test_arms_that_decide_all_rows_differently_count_by_signs() -> None:
    y = np.repeat([0, 1, 2], [40, 20, 8])
    right, wrong = y, np.where(y == 2, 0, y)
    recalls = [view_influences("recall", TASK, y, made) for made in (right, wrong)]
    made = max_t(
        recalls[0].values - recalls[1].values,
        recalls[0].row - recalls[1].row,
        recalls[0].units,
    )
    assert made.p.tolist() == [1.0, 1.0, 2 / 2**8]
    assert made.step_down[2] < 0.05


def test_one_seed_gives_one_result_and_clusters_are_added_up() -> None:
    row = family(0.4)
    value = np.full(6, 0.1)
    first, again = (max_t(value, row, 400, seed=3) for _ in range(2))
    assert (first.single_step == again.single_step).all()
    other = max_t(value, row, 400, seed=4)
    assert (first.single_step != other.single_step).any()
    halves = np.concatenate([row, row]) / 2
    pairs = np.tile(np.arange(400), 2)
    joined = max_t(value, halves, 400, clusters=pairs, seed=3)
    assert joined.se == pytest.approx(first.se)
    assert joined.single_step == pytest.approx(first.single_step, abs=1e-3)


def test_the_level_holds_under_no_difference() -> None:
    """Of 400 families without a difference, about 20 have a rejection."""
    rejected = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        y = np.repeat([0, 1, 2], [60, 30, 12])
        base = random.normal(size=(102, 3)) + np.eye(3)[y]
        views = [
            view_influences(
                "roc_auc", TASK, y, base + 0.7 * random.normal(size=(102, 3))
            )
            for _ in range(2)
        ]
        made = max_t(
            views[0].values - views[1].values,
            views[0].row - views[1].row,
            views[0].units,
            draws=2000,
        )
        rejected += bool((made.step_down < 0.05).any())
    assert 4 <= rejected <= 34


def test_shapes_are_checked() -> None:
    with pytest.raises(InputError, match=r"influences .rows, tests."):
        max_t([0.0, 1.0], np.zeros((5, 3)), 5)
    with pytest.raises(InputError, match="draws=10"):
        max_t([0.0], np.zeros((5, 1)), 5, draws=10)
    with pytest.raises(InputError, match="level=2"):
        max_t([0.0], np.zeros((5, 1)), 5, level=2)
