# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis import neighbours
from equipoise.diagnosis.neighbours import distance_space, neighbourhood

Make = Callable[..., Any]


def test_neighbours_by_brute_force(noise: Make) -> None:
    table = noise(300, 40)
    near = neighbourhood(table)
    points = distance_space(table, np.arange(300)).astype(float)
    apart = ((points[:, None] - points) ** 2).sum(-1)
    np.fill_diagonal(apart, np.inf)
    for row, found in zip(near.rows, near.neighbours, strict=True):
        assert set(found) == set(np.argsort(apart[row])[:5])
    assert np.array_equal(near.positive, table.y[near.neighbours] == 1)
    assert near.prevalence == pytest.approx(39 / 299)


def test_two_different_words_are_at_distance_one(build: Make) -> None:
    table = build([0, 1] * 30, {"w": ["a", "b", "c"] * 20})
    points = distance_space(table, np.arange(60))
    assert np.linalg.norm(points[0] - points[1]) == pytest.approx(1)
    assert np.linalg.norm(points[0] - points[3]) == 0


def test_types_add_up_and_follow_their_definition(build: Make) -> None:
    # Twelve positives in a heap; one alone among the negatives.
    x = np.r_[np.linspace(10, 10.1, 12), 0.5, np.linspace(0, 1, 100)]
    y = np.r_[np.ones(13), np.zeros(100)]
    types = neighbourhood(build(y, {"x": x})).types
    assert sum(types.values()) == pytest.approx(1)
    assert types["safe"] == pytest.approx(12 / 13)
    assert types["outlying"] == pytest.approx(1 / 13)


def test_noise_is_no_purer_than_chance(noise: Make) -> None:
    near = neighbourhood(noise(2000, 300))
    assert near.purity.mean() == pytest.approx(near.prevalence, abs=0.02)


def test_sub_samples_keep_the_mixture(
    noise: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "MOST_ROWS", 500)
    monkeypatch.setattr(neighbours, "MOST_QUERIES", 30)
    near = neighbourhood(noise(2000, 200))
    assert near.rows.shape == (30,)
    assert near.prevalence == pytest.approx(49 / 499)


def test_copies_are_neighbours(build: Make) -> None:
    y = np.r_[np.ones(10), np.zeros(30)]
    x = np.r_[np.zeros(10), np.linspace(1, 2, 30)]
    assert neighbourhood(build(y, {"x": x})).purity.tolist() == [1.0] * 10
