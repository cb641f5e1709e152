# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.sampling import HardExamples, KerasRowLosses

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 2)).astype(np.float32)
Y = (np.arange(80) % 8 == 0).astype(int)
LOSS = keras.losses.BinaryCrossentropy(from_logits=True)


def network(outputs=1):
    layer = keras.layers.Dense(outputs, kernel_initializer="zeros")
    return keras.Sequential([keras.Input((2,)), layer])


def cross_entropy(targets, logits):
    return keras.losses.binary_crossentropy(targets, logits, from_logits=True)


def fit(model, sampler, losses, epochs=1):
    data = sampler.over(X, sampler_labels(model), batch=16).dataset()
    model.fit(data, epochs=epochs, shuffle=False, callbacks=[losses], verbose=0)


def sampler_labels(model):
    return Y if model.output_shape[-1] == 1 else np.arange(80) % 3


def test_losses_are_those_of_the_model_after_the_epoch():
    model, sampler = network(), HardExamples(80, part=0.8)
    model.compile(keras.optimizers.SGD(0.5), LOSS)
    fit(model, sampler, KerasRowLosses(sampler, X, Y, cross_entropy), epochs=3)
    logits = model.predict(X, verbose=0)[:, 0].astype(float)
    expected = np.logaddexp(0, np.where(Y == 1, -logits, logits))
    np.testing.assert_allclose(sampler.losses, expected, rtol=1e-5)
    rates = sampler.rates(Y)
    for label in (0, 1):
        order = np.argsort(expected[label == Y])
        assert (np.diff(rates[label == Y][order]) >= -1e-6).all()


def test_the_next_epoch_is_drawn_by_them():
    model, sampler = network(), HardExamples(80, part=0.9)
    model.compile(keras.optimizers.SGD(0.0), LOSS)

    def peak(targets, logits):
        return np.where(np.arange(80) == 5, 50.0, 0.0)

    fit(model, sampler, KerasRowLosses(sampler, X, Y, peak))
    feed = sampler.over(X, Y, batch=80)
    assert (feed.draw(1).index == 5).sum() > 60 * 0.9


def test_several_classes_and_every_other_epoch():
    model, sampler = network(3), HardExamples(80)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    model.compile("sgd", loss)
    told = KerasRowLosses(sampler, X, np.arange(80) % 3, loss, every=2, batch=7)
    fit(model, sampler, told)
    assert np.isnan(sampler.losses).all()
    told.set_model(model)
    told.on_epoch_end(1)
    assert np.isfinite(sampler.losses).all()


def test_a_mean_over_rows_is_refused():
    model, sampler = network(), HardExamples(80)
    model.compile("sgd", LOSS)
    with pytest.raises(InputError, match="Pass a function such as"):
        fit(model, sampler, KerasRowLosses(sampler, X, Y, LOSS))
    right = keras.losses.binary_crossentropy
    fit(model, sampler, KerasRowLosses(sampler, X, Y, right))
    with pytest.raises(InputError, match="every=0"):
        KerasRowLosses(sampler, X, Y, LOSS, every=0)
