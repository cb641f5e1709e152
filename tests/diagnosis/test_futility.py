# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from equipoise._core.files import to_json
from equipoise.diagnosis.futility import (
    FEWEST,
    MOST_NEGATIVES,
    learning_curve,
    smooth_average_precision,
)
from equipoise.errors import InputError, UnsupportedError
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Table
from equipoise.table.units import tied_rows
from equipoise.task import Task

Make = Callable[..., Any]


def means(table: Table, train: np.ndarray, score: np.ndarray, seed: int) -> Any:
    """A learner without trees: the direction between the class means."""
    x = np.column_stack([column.values for column in table.columns])
    y = table.y[train]
    direction = x[train][y == 1].mean(0) - x[train][y == 0].mean(0)
    return x[score] @ direction


def known(positives: int, seed: int = 0) -> Table:
    return gaussian_shift(
        10 * positives, positives=positives, features=20, auroc=0.85, seed=seed
    ).table


def truth(positives: int, times: int = 20) -> float:
    """The average precision of `means`, trained on fresh tables, on a large one."""
    large = gaussian_shift(20_000, positives=2000, features=20, auroc=0.85, seed=9)
    values = []
    for seed in range(times):
        table = known(positives, 100 + seed)
        x = np.column_stack([column.values for column in table.columns])
        direction = x[table.y == 1].mean(0) - x[table.y == 0].mean(0)
        held = np.column_stack([column.values for column in large.table.columns])
        values.append(average_precision_score(large.table.y, held @ direction))
    return float(np.mean(values))


def test_the_bands_cover_a_known_truth() -> None:
    now, then = truth(60), truth(240)
    hits = []
    for seed in range(12):
        curve = learning_curve(known(60, seed), learner=means, seed=seed)
        if not curve.refused:
            hits.append(curve.then.low <= then <= curve.then.high)
            hits.append(curve.now.low <= now <= curve.now.high)
    assert len(hits) >= 16
    assert np.mean(hits) >= 0.9


def test_a_curve_that_rises_and_one_that_cannot(noise: Make) -> None:
    rising = learning_curve(known(200), learner=means)
    assert rising.then.value > rising.now.value
    assert rising.gain.value == pytest.approx(
        rising.then.value - rising.now.value, abs=1e-9
    )
    assert 0 <= rising.gain.low <= rising.gain.value <= rising.gain.high
    flat = learning_curve(noise(1000, 100), learner=means)
    assert flat.refused or flat.then.low < 0.13 < flat.then.high


def test_it_is_said_in_words_and_in_plain_data() -> None:
    curve = learning_curve(known(100), learner=means, factor=2)
    assert str(curve).startswith("2x the positives (200): average precision 0.")
    data = json.loads(to_json(curve.to_dict()))
    assert len(data["sizes"]) == len(data["scores"]) == 5
    assert data["sizes"][-1] == 80
    assert data["then"]["low"] < data["then"]["value"] < data["then"]["high"]


def test_a_bend_is_refused() -> None:
    def fails_below(table: Table, train: Any, score: Any, seed: int) -> Any:
        scores = means(table, train, score, seed)
        enough = int(table.y[train].sum()) >= 150
        jitter = np.random.default_rng(seed).normal(size=len(scores))
        return scores if enough else jitter

    curve = learning_curve(known(200), learner=fails_below)
    assert "the curve bends" in curve.refused
    assert str(curve).startswith("No learning curve, because the curve bends")
    assert not curve.then.defined


def test_too_few_and_too_many_are_refused(noise: Make, build: Make) -> None:
    assert "fewer than 30" in learning_curve(noise(300, FEWEST - 1)).refused
    many = build(np.arange(12_000) % 2, {"x": np.arange(12_000.0)})
    assert "6,000 positives" in learning_curve(many).refused
    assert "no feature columns" in learning_curve(build([0, 1] * 40)).refused


def test_bad_arguments(noise: Make, build: Make) -> None:
    table = noise(300, 40)
    with pytest.raises(InputError, match="factor=5"):
        learning_curve(table, factor=5)
    with pytest.raises(InputError, match="folds=1"):
        learning_curve(table, folds=1)
    with pytest.raises(UnsupportedError):
        learning_curve(
            build(
                [0, 1, 2], {"x": [0.0, 1, 2]}, task=Task("multiclass", ("a", "b", "c"))
            )
        )


def test_whole_strata_are_drawn(noise: Make) -> None:
    seen = []

    def spy(table: Table, train: Any, score: Any, seed: int) -> Any:
        assert not set(train) & set(score)
        seen.append((int(table.y[train].sum()), len(train)))
        return means(table, train, score, seed)

    learning_curve(noise(1000, 100), learner=spy)
    for positives, rows in seen:
        assert rows / positives == pytest.approx(10, rel=0.05)
    seen.clear()
    learning_curve(noise(4000, 40), learner=spy)
    for positives, rows in seen:
        assert rows == positives * (1 + MOST_NEGATIVES)


def test_one_seed_gives_one_curve() -> None:
    first, second = (learning_curve(known(50), learner=means, seed=4) for _ in "ab")
    assert first == second


def test_smooth_precision_is_less_optimistic_on_few_positives() -> None:
    random = np.random.default_rng(0)
    y = np.repeat([1, 0], [8, 72])
    usual, smooth = [], []
    for _ in range(600):
        score = random.normal(size=80)
        usual.append(average_precision_score(y, score))
        smooth.append(smooth_average_precision(y, score))
    assert np.mean(usual) > 0.14
    assert abs(np.mean(smooth) - 0.1) < 0.6 * abs(np.mean(usual) - 0.1)


def test_smooth_precision_agrees_with_many_positives_and_knows_the_ends() -> None:
    random = np.random.default_rng(0)
    y = random.random(20_000) < 0.2
    score = random.normal(y * 1.0)
    assert smooth_average_precision(y, score) == pytest.approx(
        average_precision_score(y, score), abs=1e-3
    )
    assert smooth_average_precision([0, 1], [0.0, 1.0]) == 1
    assert smooth_average_precision([0, 0, 0, 1], [0.0] * 4) == pytest.approx(0.25)


def test_copies_buy_nothing_and_hold_nothing_out() -> None:
    table = gaussian_shift(400, positives=60, auroc=0.8, seed=3).table
    copied = table.take(np.repeat(np.arange(400), np.where(table.y == 1, 6, 1)))
    units = tied_rows(copied)
    found = learning_curve(copied, units=units)
    assert found.positives == 60
    # Held-out copies would score near 1.
    leaking = learning_curve(copied)
    assert max(leaking.scores) > max(found.scores) + 0.03
