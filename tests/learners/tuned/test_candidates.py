# SPDX-License-Identifier: Apache-2.0
"""How candidates are judged: recalibrated losses, paired gains, the choice."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_softmax
from sklearn.metrics import average_precision_score, log_loss

from equipoise.learners.tuned.candidates import JudgedRows, choose, survivors
from equipoise.priors import Correction
from equipoise.task import Task

BINARY = Task("binary", ("no", "yes"))
SEVERAL = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("x", "y"))
EXACT = Correction()
RAW = Correction("calibrate", reason="made up")


def binary_rows(rows: int = 400) -> tuple[JudgedRows, np.ndarray]:
    random = np.random.default_rng(3)
    z = random.normal(-2, 1.5, rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-z))).astype(np.int64)
    return JudgedRows(y, BINARY), z[:, None]


def grid_loss(y: np.ndarray, z: np.ndarray) -> float:
    """The least log loss over temperatures, by scikit-learn and two grids."""
    centre = np.log(y.mean() / (1 - y.mean()))

    def best(low: float, high: float) -> tuple[float, float]:
        grid = np.linspace(low, high, 41)
        losses = [log_loss(y, expit(centre + np.exp(a) * (z - centre))) for a in grid]
        return min(zip(losses, grid, strict=True))

    _, near = best(-np.log(8), np.log(8))
    return best(near - 0.06, near + 0.06)[0]


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_a_loss_is_that_of_the_best_temperature(scale: float) -> None:
    rows, z = binary_rows()
    centre = np.log(rows.y.mean() / (1 - rows.y.mean()))
    stretched = centre + scale * (z - centre)
    losses = rows.losses(stretched, EXACT)
    assert losses.shape == rows.y.shape
    least = grid_loss(rows.y, stretched[:, 0])
    assert rows.mean(losses) == pytest.approx(least, abs=1e-5)


def test_several_classes_have_one_temperature() -> None:
    random = np.random.default_rng(4)
    z = random.normal([0, -1, -2], 1.5, (300, 3))
    y = np.array([random.choice(3, p=np.exp(log_softmax(row))) for row in z])
    centre = np.log(np.bincount(y) / len(y))
    centre -= centre[0]
    grid = np.exp(np.linspace(-np.log(8), np.log(8), 2001))
    best = min(
        -log_softmax(centre + a * (z - centre), axis=1)[np.arange(300), y].mean()
        for a in grid
    )
    rows = JudgedRows(y, SEVERAL)
    assert rows.mean(rows.losses(z, EXACT)) == pytest.approx(best, abs=1e-5)


def test_unknown_labels_do_not_count() -> None:
    random = np.random.default_rng(5)
    z = random.normal(0, 1, (200, 2))
    y = (random.random((200, 2)) < 1 / (1 + np.exp(-z))).astype(np.int8)
    half = y.copy()
    half[::2, 1] = -1
    losses = JudgedRows(half, LABELS).losses(z, EXACT)
    changed = z.copy()
    changed[::2, 1] = 99.0
    others = JudgedRows(half, LABELS).losses(changed, EXACT)
    np.testing.assert_array_equal(losses, others)


def test_scores_without_a_correction_are_moved_to_the_share_first() -> None:
    rows, z = binary_rows()
    moved = rows.losses(z + 3.0, RAW)
    np.testing.assert_allclose(moved, rows.losses(z - 1.0, RAW), atol=1e-6)
    assert rows.mean(moved) < rows.mean(rows.losses(z + 3.0, EXACT))


def test_scores_that_are_not_finite_lose_to_all() -> None:
    rows, z = binary_rows()
    z[0] = np.nan
    assert np.isinf(rows.losses(z, EXACT)).all()


def test_a_gain_has_the_error_of_a_paired_mean() -> None:
    rows, _ = binary_rows(50)
    random = np.random.default_rng(0)
    one, other = random.random((2, 50))
    gain, error = rows.gain(one, other)
    difference = one - other
    assert gain == pytest.approx(difference.mean())
    assert error == pytest.approx(difference.std(ddof=1) / np.sqrt(50))


def test_rows_of_one_case_do_not_make_a_gain_surer() -> None:
    """Each row four times, tied: the error is that of the rows once."""
    rows, _ = binary_rows(50)
    random = np.random.default_rng(0)
    one, other = random.random((2, 50))
    often = JudgedRows(np.repeat(rows.y, 4), BINARY, units=np.repeat(np.arange(50), 4))
    np.testing.assert_allclose(
        often.gain(np.repeat(one, 4), np.repeat(other, 4)), rows.gain(one, other)
    )


def test_weight_k_is_k_copies_of_a_case() -> None:
    rows, z = binary_rows(60)
    random = np.random.default_rng(1)
    times = random.integers(1, 4, 60)
    weighted = JudgedRows(rows.y, BINARY, weights=times.astype(np.float64))
    copied = JudgedRows(np.repeat(rows.y, times), BINARY)
    w, c = weighted.losses(z, RAW), copied.losses(np.repeat(z, times, axis=0), RAW)
    assert weighted.mean(w) == pytest.approx(copied.mean(c), rel=1e-6)


def test_ranking_is_the_mean_average_precision() -> None:
    rows, z = binary_rows()
    expected = average_precision_score(rows.y, z[:, 0])
    assert rows.ranking(z) == pytest.approx(expected)


def test_the_strategy_stays_unless_the_gain_exceeds_its_error() -> None:
    rows, z = binary_rows()
    random = np.random.default_rng(2)
    noise = random.normal(0, 1.5, z.shape)
    values = [{"gamma": 1}, {"gamma": 2}]
    corrections = {0: EXACT, 1: EXACT, 2: EXACT}
    better = choose(rows, {0: z + noise, 1: z, 2: noise}, corrections, values)
    assert better.values == {"gamma": 1}
    assert better.gain > better.error > 0
    same = choose(rows, {0: z, 1: z + 0.02 * noise, 2: noise}, corrections, values)
    assert same.values == {}
    assert same.finished == 2


def test_a_tie_is_broken_by_average_precision() -> None:
    """Two candidates of almost one loss: the one that ranks better is taken."""
    rows, z = binary_rows()
    random = np.random.default_rng(6)
    tiny = z + 0.01 * random.normal(0, 1, (2, *z.shape))
    ranked = sorted((1, 2), key=lambda c: rows.ranking(tiny[c - 1]))
    flat = np.full_like(z, z.mean())
    result = choose(
        rows,
        {0: flat, 1: tiny[0], 2: tiny[1]},
        {0: EXACT, 1: EXACT, 2: EXACT},
        [{"gamma": 1}, {"gamma": 2}],
    )
    assert result.values == {"gamma": ranked[-1]}


def test_the_strategy_as_it_is_always_goes_on() -> None:
    assert survivors({0: 9.0, 1: 1.0, 2: 2.0}, 1) == [0, 1]
    assert survivors({0: 0.5, 1: np.inf, 2: 2.0}, 1) == [0, 2]
