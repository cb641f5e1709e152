# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from equipoise.sampling import Draw, make_sampler
from equipoise.synthesis import Neighbours
from equipoise.synthesis.repeats import repeats, restarted, towards

Y = np.repeat([0, 1, 2], [200, 40, 10])
EPOCH = {"batch": 60, "steps": 50, "seed": 0, "epoch": 0}


def test_as_many_rows_stay_real_as_natural_frequency_draws():
    """Counted: of each class its share of the rows, beside those of the largest."""
    for y in (np.minimum(Y, 1), Y):
        draw = make_sampler("balanced").draw(y, **EPOCH)
        totals, count = np.bincount(y), int(y.max()) + 1
        steps = np.linspace(0, 1, 400, endpoint=False)
        stay = np.zeros(count)
        for number in steps:
            every = np.full(draw.index.shape, number)
            replaced = repeats(draw, y, count, every)
            for label in range(count):
                stay[label] += (~replaced & (y[draw.index] == label)).sum() / len(steps)
        held = np.bincount(y[draw.index].ravel())
        expected = totals / totals[0] * held[0]
        np.testing.assert_allclose(stay, expected, atol=held.max() / len(steps))


def test_restarts_stay_in_the_class_and_follow_the_weights():
    starts = np.zeros(250)
    starts[[200, 201, 240]] = 3, 1, 2
    draw = make_sampler("balanced").draw(Y, **EPOCH)
    every = np.ones(draw.index.shape, bool)
    index, made = restarted(draw, Y, starts, every, np.random.default_rng(0))
    np.testing.assert_array_equal(Y[index], Y[draw.index])
    np.testing.assert_array_equal(made, Y[draw.index] > 0)
    np.testing.assert_array_equal(index[~made], draw.index[~made])
    share = (index[Y[index] == 1] == 200).mean()
    assert abs(share - 0.75) < 0.06
    assert (index[Y[index] == 2] == 240).all()


def test_towards_takes_each_line_s_own_neighbours():
    near = Neighbours(
        np.array([-1, 0, 1], np.int32),
        np.array([[2, 2], [1, 0]], np.int32),
        counts=np.array([1, 2], np.int32),
    )
    index = np.tile(np.arange(3, dtype=np.int32), (200, 1))
    made = np.ones((200, 3), bool)
    draw = towards(near, index, made, np.random.default_rng(0))
    assert (draw.partner[:, 0] == 0).all()
    assert (draw.mix[:, 0] == 0).all()
    assert (draw.partner[:, 1] == 2).all()
    assert set(draw.partner[:, 2].tolist()) == {0, 1}
    lines = np.array([[0], [0]], np.int32)
    other = towards(near, index, made, np.random.default_rng(0), lines)
    assert (other.partner == 0).all()
    assert isinstance(other, Draw)
