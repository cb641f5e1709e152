# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError, InputTypeError
from equipoise.synthesis import AugmentedModel
from equipoise.synthesis.augmented import class_rates
from equipoise.training import TrainingSettings

X = np.random.default_rng(0).normal(size=(300, 4, 4, 1)).astype("float32")
TWO = (np.arange(300) % 3 == 0).astype("float32")
THREE = np.arange(300) % 3


@keras.saving.register_keras_serializable("equipoise-tests")
class AddTen(keras.layers.Layer):
    """What went through it can be told from what did not."""

    def call(self, x, training=False):
        return x + 10.0 if training else x


def network(outputs=1):
    return keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(outputs)]
    )


def shown(y, rate, outputs=1, **options):
    """Whether each example of one eager step was changed."""
    seen = []

    class Eye(keras.layers.Layer):
        def call(self, x):
            if hasattr(x, "numpy"):
                seen.append(x.numpy())
            return x

    layers = [keras.Input((4, 4, 1)), Eye(), *network(outputs).layers]
    model = AugmentedModel(keras.Sequential(layers), AddTen(), rate, seed=1, **options)
    sparse = outputs > 1 and np.ndim(y) == 1
    kinds = keras.losses.SparseCategoricalCrossentropy, keras.losses.BinaryCrossentropy
    model.compile("sgd", kinds[0 if sparse else 1](from_logits=True), run_eagerly=True)
    model.train_on_batch(X, y)
    changed = seen[-1] - X > 5
    assert (changed.all(axis=(1, 2, 3)) == changed.any(axis=(1, 2, 3))).all()
    np.testing.assert_allclose(np.where(changed, seen[-1] - 10, seen[-1]), X, atol=1e-5)
    return changed.all(axis=(1, 2, 3))


@pytest.mark.parametrize("rate", [{1: 0.7}, {"rare": 0.7, "usual": 0.1}, 0.4])
def test_each_class_has_its_rate(rate):
    changed = shown(TWO, rate, classes=("usual", "rare"))
    if isinstance(rate, float):
        expected = [rate, rate]
    else:
        expected = [rate.get("usual", 0.0), 0.7]
    for label in (0, 1):
        share, count = changed[label == TWO].mean(), (label == TWO).sum()
        spread = np.sqrt(expected[label] * (1 - expected[label]) / count)
        assert abs(share - expected[label]) <= 4.5 * spread


@pytest.mark.parametrize(
    ("rate", "shares"),
    [({0: 1.0}, (1, 0)), ({1: 1.0}, (0, 1)), (1.0, (1, 1))],
)
@pytest.mark.parametrize("column", [False, True])
def test_a_class_of_one_output_without_a_rate_stays(rate, shares, column):
    changed = shown(TWO[:, None] if column else TWO, rate)
    np.testing.assert_array_equal(changed, np.array(shares)[TWO.astype(int)] == 1)


def test_several_classes_one_hot_or_numbers_and_labels():
    for y in (THREE, np.eye(3)[THREE]):
        changed = shown(y, {2: 1.0}, 3)
        np.testing.assert_array_equal(changed, THREE == 2)
    labels = np.stack([THREE == 0, THREE > 0, np.arange(300) % 2], axis=1)
    changed = shown(labels.astype(float), {0: 1.0, 2: 1.0}, 3)
    np.testing.assert_array_equal(changed, labels[:, 0] | labels[:, 2].astype(bool))


def test_it_is_the_model_when_it_does_not_train():
    plain = network()
    model = AugmentedModel(plain, AddTen(), 1.0)
    model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    both = model.predict(X, verbose=0), plain.predict(X, verbose=0)
    np.testing.assert_array_equal(*both)
    plain.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    assert model.evaluate(X, TWO, verbose=0) == pytest.approx(
        plain.evaluate(X, TWO, verbose=0)
    )


# Keras 3.15 turns a tf.Variable into an array in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_graph_equals_eager_and_a_file_brings_it_back(tmp_path):
    keras.utils.set_random_seed(0)
    first = network().get_weights()
    results = []
    for eager in (False, True):
        model = AugmentedModel(
            network(), [AddTen()], {"b": 0.5, 0: 0.2}, ("a", "b"), seed=3
        )
        model.model.set_weights(first)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.01), loss, run_eagerly=eager)
        model.fit(X, TWO, batch_size=50, epochs=2, shuffle=False, verbose=0)
        results.append(model.predict(X, verbose=0))
    np.testing.assert_allclose(*results, atol=1e-4)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), results[1])
    assert again.rates.tolist() == [0.2, 0.5]
    assert isinstance(again.augmentation[0], AddTen)
    again.fit(X, TWO, verbose=0)


def test_in_a_trial_it_is_a_model_like_others():
    def build():
        flip = keras.layers.RandomFlip("horizontal", seed=1)
        return AugmentedModel(network(), flip, {1: 0.8}, seed=2)

    trial = eq.compare(
        (X, TWO.astype(int)),
        strategies=["plain"],
        model=build,
        folds=2,
        repeats=1,
        training=TrainingSettings(epochs=2, patience=1),
    )
    assert 0 <= trial["plain"].evaluation["roc_auc"].value <= 1


def test_what_cannot_be_done_is_said():
    with pytest.raises(InputError, match="Pass classes="):
        class_rates({"rare": 0.5})
    assert class_rates({"rare": 0.5}, ("usual", "rare")).tolist() == [0.0, 0.5]
    with pytest.raises(InputError, match="Did you mean 'rare'"):
        class_rates({"rar": 0.5}, ("usual", "rare"))
    for rate in (1.5, {0: -0.1}):
        with pytest.raises(InputError, match="rate"):
            class_rates(rate)
    with pytest.raises(InputTypeError, match="RandomFlip"):
        AugmentedModel(network(), [])
    AugmentedModel(network(), keras.layers.RandomFlip("horizontal"))
    with pytest.raises(InputTypeError, match=r"a keras\.Model"):
        AugmentedModel(network, AddTen())
    crop = keras.layers.CenterCrop(2, 2)
    for layers in ([crop], [AddTen()]):
        model = AugmentedModel(network(), layers, 1.0)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        model.compile("sgd", loss, run_eagerly=True)
        if crop in layers:
            with pytest.raises(InputError, match="Leave out layers that resize"):
                model.train_on_batch(X, TWO)
        else:
            model.train_on_batch(X, TWO)


@pytest.mark.parametrize(
    ("rate", "classes", "outputs"),
    [
        ({2: 0.5}, (), 1),
        ({7: 0.5}, (), 2),
        ({3: 0.5}, (), 3),
        ({"c": 0.5}, ("a", "b", "c"), 1),
    ],
)
def test_a_rate_of_a_class_that_the_model_has_not_is_no_rate_of_0(
    rate, classes, outputs
):
    with pytest.raises(InputError, match=f"a model whose output is {outputs} wide"):
        AugmentedModel(network(outputs), AddTen(), rate, classes)
    assert AugmentedModel(network(8), AddTen(), rate, classes).rates.max() == 0.5


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_numbers_of_numpy_are_rates_and_classes(tmp_path):
    rates = dict(zip(np.unique(TWO.astype(int)), np.float32([0.25, 0.5]), strict=True))
    for rate in (rates, np.float32(0.5)):
        model = AugmentedModel(network(), AddTen(), rate)
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again.rates, model.rates)
    with pytest.raises(InputError, match="two rates of class 1"):
        class_rates({1: 0.5, "rare": 0.5}, ("usual", "rare"))


def test_layers_that_make_whole_numbers_are_refused():
    """The examples beside them would lose their decimals."""
    whole = keras.layers.Discretization(bin_boundaries=[0.0])
    model = AugmentedModel(network(), whole, 0.5)
    model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    with pytest.raises(InputError, match="from an augmentation of float32"):
        model.train_on_batch(X, TWO)


def test_layers_of_less_precision_leave_the_other_examples_as_they_are():
    class Half(keras.layers.Layer):
        def call(self, x):
            return x + 10

    seen = []

    class Eye(keras.layers.Layer):
        def call(self, x):
            if hasattr(x, "numpy"):
                seen.append(x.numpy())
            return x

    plain = keras.Sequential([keras.Input((4, 4, 1)), Eye(), *network().layers])
    model = AugmentedModel(plain, Half(dtype="float16"), {1: 1.0})
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile("sgd", loss, run_eagerly=True)
    model.train_on_batch(X, TWO)
    np.testing.assert_array_equal(seen[-1][TWO == 0], X[TWO == 0])
    np.testing.assert_allclose(seen[-1][TWO == 1], X[TWO == 1] + 10, atol=0.02)


def test_a_model_of_several_inputs_is_refused():
    inputs = [keras.Input((2,)), keras.Input((3,))]
    output = keras.layers.Dense(1)(keras.layers.Concatenate()(inputs))
    with pytest.raises(InputError, match="a model of 2 inputs"):
        AugmentedModel(keras.Model(inputs, output), AddTen())
