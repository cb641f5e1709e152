# SPDX-License-Identifier: Apache-2.0
"""Paired decisions: McNemar's exact test, and its form for sums."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import binomtest

from equipoise.comparison import paired_decisions, sign_flip_test
from equipoise.errors import InputError
from equipoise.evaluation.task_cross_validation import cross_validated_task
from equipoise.task import Task
from equipoise.uncertainty.multiplicity import holm


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (5, 1), (9, 9), (0, 12), (700, 610)])
def test_of_ones_it_is_mcnemar_s_exact_test(won: int, lost: int) -> None:
    differences = np.repeat([1, -1, 0], [won, lost, 7])
    expected = binomtest(won, won + lost).pvalue if won + lost else 1.0
    assert sign_flip_test(differences) == pytest.approx(expected, rel=1e-9)


def test_of_sums_it_counts_all_signs() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        drawn = random.integers(-4, 5, size=9)
        far = abs(drawn.sum())
        sums = [
            abs(sum(s * d for s, d in zip(signs, drawn, strict=True))) >= far
            for signs in itertools.product((1, -1), repeat=9)
        ]
        assert sign_flip_test(drawn) == pytest.approx(np.mean(sums), abs=1e-12)


def test_long_lists_are_near_the_normal_distribution() -> None:
    random = np.random.default_rng(1)
    drawn = random.integers(-3, 4, size=4000)
    drawn[:100] = 3
    from scipy.stats import norm

    z = (abs(drawn.sum()) - 0.5) / np.sqrt((drawn**2).sum())
    assert sign_flip_test(drawn) == pytest.approx(2 * norm.sf(z), rel=0.02)


@pytest.mark.parametrize("bad", [[0.5], [[1]], ["a"], [np.nan]])
def test_what_is_no_list_of_whole_numbers_is_refused(bad: object) -> None:
    with pytest.raises(InputError, match="whole numbers"):
        sign_flip_test(bad)  # type: ignore[arg-type]  # what is refused


def results_of(kind: str, *, repeats: int = 1, weights=None, clusters=None):
    random = np.random.default_rng(5)
    rows = 120
    if kind == "multiclass":
        y = np.repeat([0, 1, 2], [70, 35, 15])
        truth = np.eye(3)[y]
    else:
        y = (random.random((rows, 3)) < [0.5, 0.3, 0.2]).astype(np.int8)
        truth = y.copy()
        y[random.random(y.shape) < 0.1] = -1
    folds = np.stack([random.permutation(rows) % 4 for _ in range(repeats)])
    noise = random.normal(size=(2, repeats, rows, 3))
    scores = {"plain": noise[0] + truth, "far": noise[1] + 3 * truth}
    scores = {name: z - (kind == "multilabel") for name, z in scores.items()}
    task = Task(kind, ("a", "b", "c"))
    return cross_validated_task(
        task, y, scores, folds, weights=weights, clusters=clusters
    )


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_counts_and_p_values_by_hand(kind: str) -> None:
    results = results_of(kind)
    made = paired_decisions(results)
    assert list(made) == ["far"]
    y, far, plain = (
        results.y,
        results["far"].decisions[0],
        results["plain"].decisions[0],
    )
    tests, counts = [], []
    for view in range(3):
        if kind == "multiclass":
            there, known, one, other = y == view, y >= 0, far == view, plain == view
        else:
            there, known = y[:, view] == 1, y[:, view] >= 0
            one, other = far[:, view] == 1, plain[:, view] == 1
        for here in (there, known & ~there):
            more, less = (here & one & ~other).sum(), (here & other & ~one).sum()
            counts.append((more, less))
            tests.append(binomtest(more, more + less).pvalue if more + less else 1.0)
    adjusted = holm(tests)
    for view, one in enumerate(made["far"].values()):
        assert (one.gained, one.lost) == counts[2 * view]
        assert (one.false_lost, one.false_gained) == counts[2 * view + 1]
        assert one.p == pytest.approx(adjusted[2 * view])
        assert one.false_p == pytest.approx(adjusted[2 * view + 1])
    assert made["far"]["a"].as_dict()["gained"] == counts[0][0]


def test_repeats_and_groups_are_one_toss_each() -> None:
    results = results_of("multiclass", repeats=3, clusters=np.arange(120) // 4)
    made = paired_decisions(results)["far"]
    change = (results["far"].decisions == 1).astype(int) - (
        results["plain"].decisions == 1
    )
    there = results.y == 1
    sums = np.bincount(np.arange(120) // 4, np.where(there, change.sum(axis=0), 0))
    each = []
    for view in range(3):
        moved = (results["far"].decisions == view).astype(int) - (
            results["plain"].decisions == view
        )
        for here in (results.y == view, results.y != view):
            total = np.where(here, moved.sum(axis=0), 0)
            each.append(sign_flip_test(np.bincount(np.arange(120) // 4, total)))
    assert made["b"].p == pytest.approx(holm(each)[2])
    assert each[2] == sign_flip_test(sums)
    assert made["b"].gained == pytest.approx((change[:, there] == 1).sum() / 3)


def test_weighted_rows_have_no_exact_test() -> None:
    weights = np.linspace(0.5, 2, 120)
    assert paired_decisions(results_of("multiclass", weights=weights)) == {}
