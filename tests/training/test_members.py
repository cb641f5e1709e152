# SPDX-License-Identifier: Apache-2.0
"""Members: seeds, draws and dropout of their own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from equipoise.priors import log_odds
from equipoise.training.population import Population


@pytest.fixture(scope="module")
def population(table, population_of) -> Population:
    arms = ["plain", "class_weight", "oversample", "smote", "bagging", "focal"]
    return population_of(table, arms)


def rows(population: Population, place: int) -> np.ndarray:
    return population.members[place].rows(0, 2, population.batch, population.steps)


def test_each_draws_training_rows_of_its_part(population) -> None:
    for member in population.members:
        drawn = member.draw(member.rows(0, 1, population.batch, population.steps)[0], 0)
        assert np.isin(drawn.index, member.part.train).all()
        if drawn.partner is not None:
            assert np.isin(drawn.partner, member.part.train).all()


def test_copies_and_parts_draw_apart_and_strategies_alike(population) -> None:
    """Arms of one sampler meet the same rows: their differences are paired."""
    by_name = {}
    for place, member in enumerate(population.members):
        by_name[member.strategy.name, member.part.number, member.copy] = place
    plain, weighted = (by_name[name, 0, 0] for name in ("plain", "class_weight"))
    np.testing.assert_array_equal(rows(population, plain), rows(population, weighted))
    bagged = [place for key, place in by_name.items() if key[:2] == ("bagging", 0)]
    assert len(bagged) == 10
    drawn = [rows(population, place) for place in bagged]
    assert all(
        not np.array_equal(one, other)
        for one, other in itertools.combinations(drawn, 2)
    )
    seeds = {population.members[place].seed for place in bagged}
    assert len(seeds) == 10


def test_epochs_drawn_together_are_those_drawn_apart(population) -> None:
    member = population.members[0]
    together = member.rows(0, 3, population.batch, population.steps)
    assert together.shape == (3, population.steps, population.batch)
    later = member.rows(3, 3, population.batch, population.steps)
    assert not np.array_equal(together, later)
    # Three passes of the natural sampler hold each row as often as its length says.
    held = np.bincount(together.ravel(), minlength=len(member.part.train))
    assert held.min() >= together.size // len(member.part.train)


def test_the_output_starts_at_what_the_loss_is_shown(population) -> None:
    """A bias of the prior's log-odds, less the correction."""
    for member in population.members:
        weights = member.first_weights(population.spec, population.common)
        last = weights[f"bias_{len(population.spec.hidden)}"]
        negatives, positives = member.part.counts()
        prior = float(log_odds(positives / (negatives + positives)))
        assert float(last.item()) == pytest.approx(prior - member.correction.shift)


def test_synthesis_sees_the_training_part_alone(population) -> None:
    for member in population.members:
        if member.neighbours is None:
            continue
        draw = member.draw(rows(population, 0)[0], 0)
        assert draw.partner is not None
        assert not np.isin(draw.partner, member.part.score).any()
        assert not np.isin(draw.partner, member.part.stop).any()


def test_dropout_is_each_member_s_own(population) -> None:
    """A share of zeros within a binomial bound; other for each seed, alike for one."""
    program, share = population._program, population.spec.dropout
    seeds = [member.seed for member in population.members]
    columns = population._columns(population.now.active)
    targets = tf.zeros((len(seeds), population.batch))
    ones = tf.ones((len(seeds), population.batch, 64))
    masks = []
    for update in range(20):
        mask = program._dropout(tf.constant(update), targets, columns)
        masks.append(np.stack([mask(ones, layer).numpy() for layer in range(2)]))
    found = np.stack(masks)
    assert set(np.unique(found)) == {0.0, np.float32(1.0) / np.float32(1.0 - share)}
    cells = found[:, :, 0].size
    for place in range(len(seeds)):
        dropped = np.mean(found[:, :, place] == 0)
        assert abs(dropped - share) < 4.5 * np.sqrt(share * (1 - share) / cells)
    for one, other in itertools.combinations(range(len(seeds)), 2):
        alike = np.array_equal(found[:, :, one], found[:, :, other])
        assert alike == (seeds[one] == seeds[other])
    assert not np.array_equal(found[0], found[1])
    assert not np.array_equal(found[:, 0], found[:, 1])
