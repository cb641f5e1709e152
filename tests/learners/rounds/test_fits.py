# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Generator

import numpy as np
import pytest

from equipoise.learners.rounds.fits import (
    LEAST_WEIGHT,
    Algorithm,
    Fit,
    abreast,
    as_weights,
)


def test_a_subset_has_the_rarest_class_whole_and_as_many_of_the_others(rows_of):
    rows = rows_of([0] * 90 + [1] * 10 + [2] * 30, stop=20, classes=3)
    places = rows.subset(np.random.default_rng(0))
    assert np.bincount(rows.y[places]).tolist() == [10, 10, 10]
    assert set(np.flatnonzero(rows.y == 1)) <= set(places.tolist())
    assert len(np.unique(places)) == len(places)


def test_both_sides_are_drawn_at_one_rate(rows_of):
    y = np.array(([0] * 9 + [1]) * 40)
    rows = rows_of(y, stop=100)
    places = rows.subset(np.random.default_rng(0), ratio=0.5)
    drawn = rows.y[places] == 0
    assert int(drawn.sum()) == 80
    assert int((drawn & ~rows.teaches[places]).sum()) == 20


def test_subsets_are_random(rows_of):
    rows = rows_of([0] * 90 + [1] * 10)
    counts = np.zeros(100)
    for seed in range(400):
        counts[rows.subset(np.random.default_rng(seed))] += 1
    assert (counts[90:] == 400).all()
    # each negative is drawn with probability 1/9: 44 +- 6
    assert abs(counts[:90].mean() - 400 / 9) < 1e-9
    assert counts[:90].std() < 10


def test_weights_have_mean_one_and_are_never_zero():
    weights = as_weights(np.array([0.0, 1.0, 3.0]))
    assert weights is not None
    assert weights.mean() == pytest.approx(1.0)
    assert weights.min() >= LEAST_WEIGHT / 2
    assert as_weights(np.full(3, 0.2)) is None


def test_sequences_advance_together_until_each_ends():
    def run(name: int, rounds: int) -> Generator[Fit, np.ndarray, tuple[int, float]]:
        total = 0.0
        for number in range(rounds):
            said = yield Fit(np.array([name, number]))
            total += float(said[0])
        return name, total

    together = abreast([run(0, 1), run(1, 3), run(2, 0)])
    asked = next(together)
    sizes = []
    try:
        while True:
            sizes.append([int(fit.places[0]) for fit in asked])
            asked = together.send([fit.places.astype(float) + 1 for fit in asked])
    except StopIteration as end:
        results = end.value
    assert sizes == [[0, 1], [1], [1]]
    assert results == [(0, 1.0), (1, 6.0), (2, 0.0)]


def test_an_algorithm_must_say_what_its_rounds_are(rows_of):
    with pytest.raises(TypeError, match="abstract method"):
        Algorithm(rows_of([0, 1]), {}, 0)
