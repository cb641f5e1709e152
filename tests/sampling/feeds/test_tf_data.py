# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest

from equipoise.sampling import Balanced, sampler_names
from equipoise.sampling.feeds.tf_data import batches_at_once
from equipoise.sampling.samplers import make_sampler
from equipoise.synthesis import Mixup, Smote

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 3)).astype(np.float32)
Y = np.array([0] * 280 + [1] * 20)
W = RANDOM.random(300).astype(np.float32)


def stacked(dataset) -> list[np.ndarray]:
    batches = [tuple(part.numpy() for part in batch) for batch in dataset]
    return [np.stack(parts) for parts in zip(*batches, strict=True)]


@pytest.mark.parametrize("name", sampler_names())
def test_it_gives_the_drawn_rows(name):
    feed = make_sampler(name).over(X, Y, weights=W, batch=32, seed=5)
    dataset = feed.dataset()
    assert len(dataset) == feed.steps == 10
    for epoch in range(2):
        features, targets, weights = stacked(dataset)
        index = feed.draw(epoch).index
        np.testing.assert_array_equal(features, X[index])
        np.testing.assert_array_equal(targets, Y[index])
        np.testing.assert_array_equal(weights, W[index])


def test_blocks_leave_no_seam(monkeypatch):
    # 3 batches of 32 rows of 4 numbers, of 10 batches in an epoch
    monkeypatch.setattr("equipoise.sampling.feeds.tf_data.GATHERED_BYTES", 3 * 32 * 16)
    feed = Balanced().over(X, Y, batch=32)
    features, _ = stacked(feed.dataset())
    np.testing.assert_array_equal(features, X[feed.draw(0).index])


def test_images_are_gathered_batch_by_batch():
    """A block of many batches would hold as much memory as the table itself."""
    images = np.zeros((300, 64, 64, 3), np.float32)
    assert batches_at_once(Balanced().over({"a": images, "b": W}, Y, batch=64)) == 1
    # a row is 3 numbers, a target and a weight
    table = Balanced().over(X, Y, weights=W, batch=64)
    assert batches_at_once(table) == 2**21 // (64 * 20)


def test_it_starts_where_told():
    feed = Balanced().over(X, Y, batch=32)
    _, later = list(feed.dataset()), stacked(feed.dataset(first_epoch=4))
    np.testing.assert_array_equal(later[0], X[feed.draw(4).index])


@pytest.mark.parametrize("synthesis", [Smote(neighbours=4), Mixup(concentration=0.4)])
def test_mixed_rows_lie_between_their_ends(synthesis):
    feed = Balanced().over(X, Y, batch=32, synthesis=synthesis, seed=1)
    features, targets = stacked(feed.dataset())
    draw = feed.draw(0)
    mix = draw.mix[..., None].astype(np.float64)
    expected = X[draw.index] + mix * (X[draw.partner].astype(float) - X[draw.index])
    np.testing.assert_allclose(features, expected, atol=1e-6)
    np.testing.assert_allclose(targets, draw.targets(Y), atol=1e-6)


def test_a_synthesis_without_neighbours_repeats_the_rows():
    labels = np.array([0] * 299 + [1])
    feed = Balanced().over(X, labels, batch=30, synthesis=Smote())
    features, _ = stacked(feed.dataset())
    np.testing.assert_array_equal(features, X[feed.draw(0).index])


def test_features_by_name_and_of_any_shape():
    images = RANDOM.normal(size=(300, 4, 4, 1)).astype(np.float32)
    feed = Balanced().over({"image": images, "size": X[:, 0]}, Y, batch=16)
    batch, _ = next(iter(feed.dataset()))
    assert batch["image"].shape == (16, 4, 4, 1)
    np.testing.assert_array_equal(batch["size"], X[feed.draw(0).index[0], 0])


@pytest.mark.parametrize("face", ["dataset", "sequence"])
def test_fit_takes_it(face):
    network = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    network.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    feed = Balanced().over(X, Y, weights=W, batch=32)
    data = getattr(feed, face)()
    history = network.fit(data, epochs=2, verbose=0, shuffle=False).history
    assert np.isfinite(history["loss"]).all()
    assert int(network.optimizer.iterations) == 2 * feed.steps
