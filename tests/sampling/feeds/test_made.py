# SPDX-License-Identifier: Apache-2.0
"""Feeds give the examples that a draw describes, whatever the synthesis does."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from equipoise.sampling import Natural, Oversample
from equipoise.sampling.feeds.made import blended, needs_more
from equipoise.synthesis import (
    Adasyn,
    BorderlineSmote2,
    Jitter,
    LabelSmote,
    Remix,
    Smote,
)

RANDOM = np.random.default_rng(0)
ROWS = 200
X = RANDOM.normal(size=(ROWS, 3)).astype(np.float32)
TWO = (np.arange(ROWS) % 8 == 0).astype(np.int8)
THREE = np.where(np.arange(ROWS) % 16 == 1, 2, TWO)
LABELS = (RANDOM.random((ROWS, 3)) < [0.6, 0.3, 0.06]).astype(np.float32)
LABELS[::17, 1] = np.nan
CASES = [
    (Oversample(), Adasyn(), TWO),
    (Oversample(), BorderlineSmote2(), TWO),
    (Oversample(), BorderlineSmote2(), THREE),
    (Oversample(), Jitter(), TWO),
    (Oversample(), Jitter(), THREE),
    (Oversample(), Jitter(), LABELS),
    (Oversample(), LabelSmote(), LABELS),
    (Natural(), Remix(), TWO),
    (Natural(), Remix(), THREE),
]


def expected_batches(feed, y):
    """What the attributes of `Draw` say, in plain NumPy."""
    draw = feed.draw(0)
    one, other, mix = X[draw.index], X[draw.partner], draw.mix[..., None]
    x = one + mix * (other - one)
    if draw.noise is not None:
        scale = draw.noise.deviations(X)[draw.noise.of[draw.index]]
        normal = draw.noise.normals(np.arange(draw.index.size), 3)
        x = x + mix * normal.reshape(x.shape) * scale
    soft = feed.mixing.soft and y is THREE
    targets = draw.targets(y, classes=3 if soft else None)
    if y is THREE and not soft:
        targets = y[draw.index]
    return x, targets


@pytest.mark.parametrize(("sampler", "synthesis", "y"), CASES)
def test_datasets_and_sequences_equal_the_draw(sampler, synthesis, y):
    feed = sampler.over(X, y, batch=20, steps=7, seed=3, synthesis=synthesis)
    x, targets = expected_batches(feed, y)
    weight = sampler.importance(y) if y is LABELS else None
    for batches in (list(feed.dataset()), [feed.sequence()[i] for i in range(7)]):
        assert len(batches) == 7
        for step, batch in enumerate(batches):
            np.testing.assert_allclose(batch[0], x[step], atol=1e-5)
            np.testing.assert_allclose(batch[1], targets[step], atol=1e-6)
            assert len(batch) == (2 if weight is None else 3)
    changed = (x != X[feed.draw(0).index]).any(axis=-1)
    assert changed.mean() > 0.1


@pytest.mark.parametrize(("sampler", "synthesis", "y"), CASES[3:8:2])
def test_the_next_epoch_is_another(sampler, synthesis, y):
    feed = sampler.over(X, y, batch=20, steps=3, synthesis=synthesis)
    dataset = feed.dataset()
    first, second = ([b[0].numpy() for b in dataset] for _ in range(2))
    assert not np.array_equal(first[0], second[0])


def test_needs_more_is_what_the_synthesis_declares():
    for synthesis, more in ((Smote(), False), (Remix(), True), (Jitter(), True)):
        feed = Oversample().over(X, TWO, batch=20, synthesis=synthesis)
        assert needs_more(feed) is more
    assert not needs_more(Natural().over(X, TWO))


def test_blended_rows_of_any_shape():
    values = tf.reshape(tf.range(24.0), (4, 3, 2))
    index, partner = tf.constant([[0, 1]]), tf.constant([[2, 1]])
    made = blended(values, index, partner, tf.constant([[0.25, 0.5]]))
    assert made.shape == (1, 2, 3, 2)
    np.testing.assert_allclose(made[0, 0], values[0] + 3.0)
    np.testing.assert_allclose(made[0, 1], values[1])
