# SPDX-License-Identifier: Apache-2.0
"""Greedy weights against the rule written out with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_softmax
from sklearn.metrics import average_precision_score

from equipoise.ensembles.blend import LEAST_WEIGHT, blend
from equipoise.ensembles.selection import (
    FEW_POSITIVES,
    STEPS,
    WIDE_DEVIATION,
    blend_weights,
    select,
)
from equipoise.task import Task

Arms = dict[str, np.ndarray]


def drawn(rows: int = 400, seed: int = 0) -> tuple[Arms, np.ndarray]:
    """Three arms, each of which sees the truth through noise of its own."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=rows)
    y = (random.random(rows) < expit(2 * truth - 2.5)).astype(np.int8)
    noise = random.normal(size=(3, 1, rows))
    arms = zip("abc", (0.6, 0.9, 2.5), noise, strict=True)
    return {name: 2 * truth - 2.5 + size * z for name, size, z in arms}, y


def greedy(values, arms: int, shares: np.ndarray) -> np.ndarray:
    """The rule written out; `values(counts)` is what a choice is judged by."""
    counts = np.zeros(arms)
    for _ in range(STEPS):
        each = [values(counts + np.eye(arms)[arm]) for arm in range(arms)]
        equal = [arm for arm in range(arms) if each[arm] > max(each) - 1e-9]
        counts[min(equal, key=lambda arm: (counts[arm] + 1) / shares[arm])] += 1
    return counts / STEPS


def mixed(chosen: np.ndarray, base: dict, positives: float) -> np.ndarray:
    """The mean of greedy weights and those of `blend`."""
    trust = positives / (positives + FEW_POSITIVES)
    weights = trust * chosen + (1 - trust) * np.array([base.get(n, 0) for n in "abc"])
    weights[weights < LEAST_WEIGHT] = 0
    return weights / weights.sum()


@pytest.mark.parametrize("shares", [None, {"a": 1, "b": 3, "c": 2}])
@pytest.mark.parametrize("rows", [60, 400])
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_equal_the_rule_written_out(rows, shares, weighted) -> None:
    arms, y = drawn(rows)
    z = np.stack([one[0] for one in arms.values()])
    prior = np.ones(3) if shares is None else np.array([1.0, 3, 2])
    each = np.linspace(0.2, 3, rows) if weighted else np.ones(rows)

    def value(counts: np.ndarray) -> float:
        return average_precision_score(y, counts @ z, sample_weight=each)

    positives = each[y == 1].sum() ** 2 / (each[y == 1] ** 2).sum()
    how = {"shares": shares, "rows": each if weighted else None}
    base = blend(arms, y, deviation=WIDE_DEVIATION, **how)
    expected = mixed(greedy(value, 3, prior), base, positives)
    weights = select(arms, y, **how)
    assert [weights.get(name, 0.0) for name in arms] == pytest.approx(list(expected))


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_weights_of_several_views_equal_the_rule_written_out(kind: str) -> None:
    """The mean over classes or labels; unknown labels and absent ones have no say."""
    random = np.random.default_rng(3)
    truth = random.normal(size=(250, 4)) - np.arange(4)
    truth[:, 3] -= 100
    y = np.argmax(2 * truth + random.gumbel(size=truth.shape), axis=1)
    if kind == "multilabel":
        y = (truth + 0.3 * random.normal(size=truth.shape) > 0).astype(np.int8)
        y[random.random(y.shape) < 0.2] = -1
    sizes = {"a": 0.7, "b": 1.0, "c": 3.0}
    arms = {
        n: (truth + s * random.normal(size=truth.shape))[None] for n, s in sizes.items()
    }
    task = Task(kind, tuple("pqrs"))  # type: ignore[arg-type]
    z = np.stack([one[0] for one in arms.values()])
    if kind == "multiclass":
        z = log_softmax(z, axis=-1)
    judged = [0, 1, 2]

    def labels(j: int) -> tuple[np.ndarray, np.ndarray]:
        if kind == "multiclass":
            return np.ones(250, bool), y == j
        return y[:, j] >= 0, y[:, j] == 1

    def value(counts: np.ndarray) -> float:
        pooled = np.tensordot(counts / counts.sum(), z, 1)
        if kind == "multiclass":
            pooled = log_softmax(pooled, axis=-1)
        known = [labels(j) for j in judged]
        return np.mean(
            [
                average_precision_score(of[rows], pooled[rows, j])
                for j, (rows, of) in zip(judged, known, strict=True)
            ]
        )

    counts = [labels(j)[1][labels(j)[0]].sum() for j in judged]
    positives = len(judged) ** 2 / sum(1 / n for n in counts)
    base = blend(arms, y, deviation=WIDE_DEVIATION, task=task)
    expected = mixed(greedy(value, 3, np.ones(3)), base, positives)
    weights = select(arms, y, task=task)
    assert [weights.get(name, 0.0) for name in arms] == pytest.approx(list(expected))


def test_it_follows_an_arm_that_ranks_far_better_and_log_loss_does_not() -> None:
    random = np.random.default_rng(1)
    truth = random.normal(size=4_000)
    y = (random.random(4_000) < expit(4 * truth - 9)).astype(np.int8)
    timid = (-3 + 0.2 * truth)[None]
    bold = (-3 + random.normal(size=4_000))[None]
    chosen = select({"timid": timid, "bold": bold}, y)
    assert chosen["timid"] > 0.8 > blend({"timid": timid, "bold": bold}, y)["timid"]


def test_few_positives_leave_the_least_log_loss_and_many_do_not() -> None:
    shares = {"a": 1, "b": 1, "c": 2}
    few, y_few = drawn(40)
    many, y_many = drawn(20_000)
    assert y_few.sum() < 20 < 2_000 < y_many.sum()
    away = select(few, y_few, shares=shares)
    base = blend(few, y_few, shares=shares, deviation=WIDE_DEVIATION)
    assert away["c"] == pytest.approx(base["c"], abs=20 / 120)
    assert select(many, y_many, shares=shares).get("c", 0.0) < 0.1


def test_arms_that_rank_without_error_are_added_by_their_shares() -> None:
    y = np.arange(1_000) % 4 == 0
    arms = {
        name: (8.0 * y + np.sin(np.arange(1_000) + k))[None]
        for k, name in enumerate("abc")
    }
    weights = select(arms, y, shares={"a": 1, "b": 2, "c": 1})
    assert weights == pytest.approx({"a": 0.25, "b": 0.5, "c": 0.25}, abs=0.02)


def test_repeats_ties_and_what_has_nothing_to_judge_by() -> None:
    arms, y = drawn(200)
    several = {name: np.repeat(z, 3, axis=0) for name, z in arms.items()}
    assert select(several, y) == pytest.approx(select(arms, y))
    assert select({"a": arms["a"]}, y) == {"a": 1.0}
    none = np.zeros(200, int)
    assert select(arms, none, shares={"a": 1, "b": 1, "c": 2}) == pytest.approx(
        {"a": 0.25, "b": 0.25, "c": 0.5}
    )
    constant = {name: np.zeros((1, 200)) for name in "ab"}
    assert select(constant, y) == pytest.approx({"a": 0.5, "b": 0.5})
    infinite = {"a": np.where(y == 1, np.inf, -np.inf)[None], "b": arms["b"]}
    assert np.isfinite(list(select(infinite, y).values())).all()
    # Two classes as several: the same order, so the same choice.
    gaps = np.stack([np.zeros_like(arms["a"]), arms["a"]], axis=-1)
    others = np.stack([np.zeros_like(arms["b"]), arms["b"]], axis=-1)
    two = select({"a": gaps, "b": others}, y, task=Task("multiclass", ("n", "y")))
    assert sum(two.values()) == pytest.approx(1)


def test_a_rule_is_one_of_two() -> None:
    arms, y = drawn(200)
    shares = {"a": 1, "b": 3, "c": 2}
    assert blend_weights(arms, y, "log_loss", shares=shares) == blend(
        arms, y, shares=shares
    )
    assert blend_weights(arms, y, "average_precision", shares=shares) == select(
        arms, y, shares=shares
    )
