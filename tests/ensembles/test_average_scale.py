# SPDX-License-Identifier: Apache-2.0
"""What the average of all models says, from scores of single ones."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.decision import calibration_test, fit_calibrator
from equipoise.ensembles.average_scale import (
    average_scores,
    crossed_array,
    crossed_table,
    score_pairs,
)
from equipoise.ensembles.blend import mean_log_odds
from equipoise.metrics import roc_auc
from equipoise.priors import log_odds
from equipoise.table.generators import gaussian_shift

MODELS = 5


def scores(rows: int, seed: int, noise: float, share: float = 0.08):
    """Labels, `[models, rows]` noisy log-odds around the right ones."""
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < share).astype(int)
    truth = 1.8 * rng.normal(1.8 * y, 1.0) - 1.8**2 / 2 + log_odds(share)
    # The lower a score, the noisier: as with networks.
    spread = noise * (1 + 0.2 * np.maximum(-truth, 0))
    return y, truth + spread * rng.normal(size=(MODELS, rows))


def as_trained(y, z, noise: float, seed: int):
    """Out-of-fold scores of a sample as the average's, by rows without labels."""
    fold = np.arange(y.size) % MODELS
    single = z[fold, np.arange(y.size)]
    _, other = scores(3_000, seed + 1, noise)
    pairs = score_pairs({"a": other}, {"a": 1.0}, 1, 0)
    return single, average_scores(single, y, *pairs)


@pytest.mark.parametrize("noise", [0.3, 0.6])
def test_a_calibrator_on_them_is_right_for_the_average(noise) -> None:
    y, z = scores(6_000, 0, noise)
    fresh, many = scores(40_000, 7, noise)
    single, averaged = as_trained(y, z, noise, 3)
    handed_over = mean_log_odds(many)

    def slope(used) -> float:
        fitted = fit_calibrator(used, y, method="platt")
        return calibration_test(fitted.apply(handed_over), fresh).slope.value

    # As right as if all models had scored the rows out of fold.
    right = slope(mean_log_odds(z))
    assert slope(averaged) == pytest.approx(right, abs=0.12)
    assert slope(single) > right + 0.15 * noise
    for label in (0, 1):
        assert averaged[y == label].std() == pytest.approx(
            handed_over[fresh == label].std(), rel=0.12
        )


def test_noise_is_not_taken_for_a_difference_of_the_classes() -> None:
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat([1, 0], [60, 1_940]))
    single = rng.normal(-3, 1.5, 2_000)
    average = rng.normal(-3, 0.6, 12_000)
    noisy = average + rng.normal(0, 1.4, 12_000)
    averaged = average_scores(single, y, noisy, average)
    gap = averaged[y == 1].mean() - averaged[y == 0].mean()
    assert abs(gap) < 0.5
    p = fit_calibrator(averaged, y).probability(average)
    base = y.mean()
    lost = np.mean(-base * np.log(p / base) - (1 - base) * np.log((1 - p) / (1 - base)))
    assert lost * y.size < 4


def test_ranks_within_a_class_stay_and_weights_are_copies() -> None:
    y, z = scores(800, 1, 0.5)
    single, averaged = as_trained(y, z, 0.5, 2)
    for label in (0, 1):
        order = np.argsort(single[y == label], kind="stable")
        assert (np.diff(averaged[y == label][order]) >= 0).all()
    _, other = scores(2_000, 3, 0.5)
    pairs = score_pairs({"a": other}, {"a": 1.0}, 1, 0)
    twice = average_scores(np.tile(single, 2), np.tile(y, 2), *pairs)
    heavy = average_scores(single, y, *pairs, np.full(800, 2.0))
    low, high = np.sort(twice)[::2], np.sort(twice)[1::2]
    np.testing.assert_allclose(np.sort(heavy), (low + high) / 2, atol=0.3)


def test_scores_without_noise_or_spread_stay() -> None:
    y, z = scores(2_000, 1, 0.0)
    pairs = score_pairs({"a": z}, {"a": 1.0}, 1, 0)
    kept = average_scores(z[0], y, *pairs)
    assert np.abs(kept - z[0]).max() < 0.2
    assert roc_auc(y, kept) == pytest.approx(roc_auc(y, z[0]), abs=0.01)
    flat = np.full(50, -2.0)
    assert average_scores(flat, np.arange(50) % 2, flat, flat).tolist() == flat.tolist()
    wild = np.append(z[0], 500.0)
    assert np.isfinite(average_scores(wild, np.append(y, 1), *pairs)).all()


def test_pairs_are_of_one_model_per_repeat_and_of_all() -> None:
    rng = np.random.default_rng(0)
    z = {"a": rng.normal(size=(6, 50)), "b": rng.normal(size=(6, 50))}
    single, average = score_pairs(z, {"a": 0.25, "b": 0.75}, 2, 5)
    assert single.shape == average.shape
    expected = 0.25 * mean_log_odds(z["a"]) + 0.75 * mean_log_odds(z["b"])
    np.testing.assert_allclose(average[:50], expected)
    # Two repeats of three models: each pair of one of each.
    possible = np.array(
        [
            mean_log_odds([0.25 * z["a"][i] + 0.75 * z["b"][i] for i in (first, last)])
            for first in (0, 1, 2)
            for last in (3, 4, 5)
        ]
    )
    nearest = np.abs(possible - single[:50]).min(axis=0)
    assert nearest.max() < 1e-9


def test_made_rows_are_of_two_parents_each() -> None:
    table = gaussian_shift(200, positives=20, seed=1).table
    made = crossed_table(table, table.y, 3)
    assert len(made.columns) == len(table.columns)
    for column, old in zip(made.columns, table.columns, strict=True):
        assert np.isin(column.values, old.values).all()
    first = np.stack([c.values for c in table.columns], axis=1)
    rows = np.stack([c.values for c in made.columns], axis=1)
    seen = {row.tobytes() for row in first}
    assert np.mean([row.tobytes() in seen for row in rows]) < 0.15
    x = np.arange(400.0).reshape(200, 2)
    assert crossed_array(x, table.y, 0).shape[1:] == (2,)
    images = np.ones((200, 4, 4), np.float32)
    assert crossed_array(images, table.y, 0).dtype == np.float32
    assert crossed_array(images.astype(np.int64), table.y, 0).dtype == np.int64
