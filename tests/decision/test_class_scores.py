# SPDX-License-Identifier: Apache-2.0
"""Counts of scores by class: the cells, the likelihood and the record."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from equipoise.decision.class_scores import ClassScores
from equipoise.errors import InputError


def sample(seed: int = 0, rows: int = 400):
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.3).astype(int)
    return rng.normal(1.5 * y), y


def test_every_row_is_counted_once() -> None:
    z, y = sample()
    got = ClassScores.of(z, y)
    assert sum(got.positives) == y.sum()
    assert sum(got.negatives) == (1 - y).sum()
    np.testing.assert_array_equal(got.counts(z), np.add(got.positives, got.negatives))
    heavy = ClassScores.of(z, y, np.full(y.size, 3.0))
    assert sum(heavy.positives) == 3 * y.sum()
    assert heavy.edges == got.edges


def test_the_profile_is_the_maximum_over_both_distributions() -> None:
    counts = ClassScores((0.0, 1.0), (2.0, 5.0, 13.0), (30.0, 9.0, 3.0))
    new = np.array([40.0, 15.0, 12.0])

    def loss(free, share) -> float:
        one, zero = (np.exp(part) / np.exp(part).sum() for part in np.split(free, 2))
        mixed = share * one + (1 - share) * zero
        return -float(
            counts.positives @ np.log(one)
            + counts.negatives @ np.log(zero)
            + new @ np.log(mixed)
        )

    for share in (0.05, 0.3, 0.6):
        found = minimize(loss, np.zeros(6), args=(share,), tol=1e-10)
        got = counts.profile(new, np.array([share]))[0]
        assert got == pytest.approx(-found.fun, abs=1e-4)
    # A saturated model fits at least as well.
    assert counts.most(new) >= counts.profile(new, np.linspace(0, 1, 50)).max()


def test_round_trip_and_odd_records() -> None:
    got = ClassScores.of(*sample())
    assert ClassScores.from_dict(got.to_dict()) == got
    for change in ({"edges": [1.0, 0.0]}, {"positives": [0.0]}, {"negatives": [-1]}):
        with pytest.raises(InputError, match="Accepted"):
            ClassScores.from_dict({**got.to_dict(), **change})
    with pytest.raises(InputError, match="both classes"):
        ClassScores.of([0.0, 1.0], [1, 1])
