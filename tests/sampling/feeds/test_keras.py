# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.sampling import Balanced, HardExamples
from equipoise.synthesis import Mixup, Smote

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(200, 3)).astype(np.float32)
Y = np.array([0] * 180 + [1] * 20)
W = RANDOM.random(200).astype(np.float32)


@pytest.mark.parametrize("synthesis", [None, Smote(neighbours=4), Mixup()])
def test_both_faces_give_the_same_batches(synthesis):
    feed = Balanced().over(X, Y, weights=W, batch=16, seed=2, synthesis=synthesis)
    sequence, dataset = feed.sequence(first_epoch=1), feed.dataset(first_epoch=1)
    for _ in range(2):
        for step, batch in enumerate(dataset):
            for one, other in zip(sequence[step], batch, strict=True):
                np.testing.assert_allclose(one, other.numpy(), atol=1e-6)
        assert step + 1 == len(sequence)
        sequence.on_epoch_end()


def test_an_epoch_is_another_draw():
    sequence = Balanced().over(X, Y, batch=16).sequence()
    first = sequence[0][0]
    sequence.on_epoch_end()
    assert not np.array_equal(first, sequence[0][0])


def test_features_by_name():
    feed = Balanced().over({"a": X, "b": W}, Y, batch=16)
    batch, _ = feed.sequence()[3]
    np.testing.assert_array_equal(batch["b"], W[feed.draw(0).index[3]])


CLASSES = np.array([0] * 150 + [1] * 35 + [2] * 15)
LABELS = np.stack([Y, np.arange(200) % 9 == 0], axis=1).astype(np.float32)


@pytest.mark.parametrize("synthesis", [None, Smote(neighbours=4), Mixup()])
@pytest.mark.parametrize("labels", [CLASSES, LABELS], ids=["classes", "labels"])
def test_both_faces_give_the_same_classes_and_labels(synthesis, labels):
    if labels.ndim == 2 and isinstance(synthesis, Smote):
        synthesis = None
    feed = Balanced().over(X, labels, weights=W, batch=16, seed=2, synthesis=synthesis)
    sequence, dataset = feed.sequence(), feed.dataset()
    draw = feed.draw(0)
    several = isinstance(synthesis, Mixup) and labels.ndim == 1
    targets = draw.targets(labels, classes=3 if several else None)
    for step, batch in enumerate(dataset):
        for one, other in zip(sequence[step], batch, strict=True):
            np.testing.assert_allclose(one, other.numpy(), atol=1e-6)
        np.testing.assert_allclose(sequence[step][1], targets[step], atol=1e-6)
    assert step + 1 == feed.steps


def test_a_model_of_three_classes_is_fitted():
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    feed = Balanced().over(X, CLASSES, batch=20)
    history = model.fit(feed.dataset(), verbose=0, shuffle=False)
    assert np.isfinite(history.history["loss"]).all()


@pytest.mark.parametrize("first_step", [0, 3])
def test_losses_of_the_end_of_an_epoch_are_in_the_next_one(first_step):
    """Keras ends the epoch of a sequence before it calls the callbacks."""
    import keras

    numbered = np.arange(200, dtype=np.float32)[:, None]
    rows = []

    def losses_after(epoch):
        return (np.arange(200) % 4 == epoch).astype(float)

    class Update(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            sampler.update(np.arange(200), losses_after(epoch))

    class Seen(keras.Model):
        def __init__(self):
            super().__init__()
            self.score = keras.layers.Dense(1, kernel_initializer="zeros")

        def call(self, x):
            return self.score(x)

        def train_step(self, data):
            rows.append(data[0].numpy()[:, 0])
            return super().train_step(data)

    def hard_feed():
        sampler = HardExamples(200, part=0.9)
        return sampler, sampler.over(numbered, Y, batch=20, steps=10, seed=4)

    sampler, feed = hard_feed()
    model = Seen()
    model.compile("sgd", "mse", run_eagerly=True)
    data = feed.sequence(first_step=first_step)
    model.fit(data, epochs=3, shuffle=False, verbose=0, callbacks=[Update()])

    sampler, feed = hard_feed()
    draws, expected = {}, []
    for epoch in range(3):
        for place in range(10 * epoch + first_step, 10 * (epoch + 1) + first_step):
            number, step = divmod(place, 10)
            if number not in draws:  # by the losses of this moment
                draws[number] = feed.draw(number).index
            expected.append(draws[number][step])
        sampler.update(np.arange(200), losses_after(epoch))
    np.testing.assert_array_equal(rows, expected)
    rows.clear()
    model.fit(data, epochs=2, shuffle=False, verbose=0)  # goes on
    after = [feed.draw(epoch).index for epoch in range(3, 6)]
    if first_step:
        after[0] = draws[3]  # it had begun
    after = np.concatenate(after)[first_step : first_step + 20]
    np.testing.assert_array_equal(rows, after)
    late = feed.draw(2).index % 4 == 2
    assert late.mean() > 0.7  # the losses matter: 0.25 without them
