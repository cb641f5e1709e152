# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.sampling import HardExamples

Y = np.array([0] * 40 + [1] * 10)
LOSSES = np.random.default_rng(0).exponential(size=50)
DRAWS = {"batch": 50, "seed": 1}


def expected_rates(part, power):
    rates = np.empty(50)
    for label in (0, 1):
        rows = label == Y
        raised = LOSSES[rows] ** power
        rates[rows] = 1 - part + part * raised / raised.mean()
    return rates


@pytest.mark.parametrize(("part", "power"), [(0.5, 1.0), (0.9, 0.5), (0.3, 2.0)])
def test_rates_and_draws(part, power):
    sampler = HardExamples(50, part, power)
    sampler.update(np.arange(50), LOSSES)
    expected = expected_rates(part, power)
    np.testing.assert_allclose(sampler.rates(Y), expected)
    index = sampler.draw(Y, steps=4000, epoch=0, **DRAWS).index
    drawn = np.bincount(index.ravel(), minlength=50) / 4000
    np.testing.assert_allclose(drawn, expected, atol=0.03)
    np.testing.assert_array_equal(Y[index].sum(axis=1), 10)


def test_a_pass_holds_each_row_floor_or_ceil_times():
    sampler = HardExamples(50)
    sampler.update(np.arange(50), LOSSES)
    for rows in sampler.draw(Y, steps=30, epoch=2, **DRAWS).index:
        counts = np.bincount(rows, minlength=50)
        rates = sampler.rates(Y)
        assert (counts >= np.floor(rates) - (rates % 1 == 0)).all()
        assert (counts <= np.ceil(rates) + (rates % 1 == 0)).all()


def test_without_losses_rows_are_drawn_alike():
    sampler = HardExamples(50, part=0.9)
    index = sampler.draw(Y, steps=4, epoch=0, **DRAWS).index
    np.testing.assert_array_equal(np.sort(index, axis=1), [np.arange(50)] * 4)
    sampler.update(np.arange(50), np.zeros(50))
    np.testing.assert_array_equal(sampler.rates(Y), 1)


def test_losses_that_are_not_known_count_as_the_mean():
    sampler = HardExamples(50, part=0.5)
    sampler.update([0, 1], [1.0, 3.0])
    rates = sampler.rates(Y)
    np.testing.assert_allclose(rates[:3], [0.75, 1.25, 1.0])
    np.testing.assert_array_equal(rates[40:], 1)


def test_huge_and_tiny_losses_do_no_harm():
    sampler = HardExamples(3, power=4.0)
    sampler.update([0, 1, 2], [1e300, 1e-300, 1e300])
    assert sampler.rates([0, 0, 1]).tolist() == [1.5, 0.5, 1.0]


def test_later_draws_follow_the_losses():
    sampler = HardExamples(50, part=0.9)
    before = sampler.draw(Y, steps=1, epoch=0, **DRAWS).index
    sampler.update([3], [5.0])
    sampler.update(np.arange(4, 40), np.zeros(36))
    after = sampler.draw(Y, steps=1, epoch=0, **DRAWS).index
    assert (before == 3).sum() == 1
    assert (after == 3).sum() > 5
    assert sampler.losses[3] == 5
    assert sampler.correction(Y).kind == "calibrate"


def test_losses_are_taken_back_as_they_were():
    sampler = HardExamples(4)
    sampler.update([1, 2], [3.0, 0.0])
    before, draws = sampler.losses, {"batch": 4, "steps": 9, "seed": 1, "epoch": 2}
    first = sampler.draw([0, 0, 0, 1], **draws).index
    sampler.update([0, 1], [9.0, 9.0])
    assert (sampler.draw([0, 0, 0, 1], **draws).index != first).any()
    sampler.restore(before)
    np.testing.assert_array_equal(sampler.losses, before)
    np.testing.assert_array_equal(sampler.draw([0, 0, 0, 1], **draws).index, first)
    for wrong in ([1.0], [1.0, -1.0, 2.0, 3.0], [np.inf, 1.0, 1.0, 1.0]):
        with pytest.raises(InputError):
            sampler.restore(wrong)
        np.testing.assert_array_equal(sampler.losses, before)


def test_importance_gives_back_the_mean_over_all_rows():
    sampler = HardExamples(50, part=0.8)
    sampler.update(np.arange(50), LOSSES)
    index = sampler.draw(Y, steps=4000, epoch=0, **DRAWS).index.ravel()
    weights = sampler.importance(Y)[index]
    assert (weights * LOSSES[index]).mean() == pytest.approx(LOSSES.mean(), rel=0.01)


@pytest.mark.parametrize(
    ("rows", "losses", "words"),
    [
        ([0, 1], [1.0], "one loss for each row"),
        ([50], [1.0], "whole numbers from 0 to 49"),
        ([-1], [1.0], "whole numbers from 0 to 49"),
        ([0.5], [1.0], "whole numbers from 0 to 49"),
        ([0], [-1.0], "negative or not finite"),
        ([0], [np.nan], "negative or not finite"),
    ],
)
def test_losses_that_are_refused(rows, losses, words):
    with pytest.raises(InputError, match=words):
        HardExamples(50).update(rows, losses)


def test_options_that_are_refused():
    for options in ({"rows": 0}, {"part": 1.0}, {"part": -0.1}, {"power": -1}):
        with pytest.raises(InputError):
            HardExamples(**{"rows": 5, **options})
    with pytest.raises(InputError, match="49 labels for rows=50"):
        HardExamples(50).rates(Y[1:])
