# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from equipoise.errors import InputError, InputTypeError
from equipoise.learners.user_model.label_loss import LabelLoss
from equipoise.losses import CrossEntropy, cross_entropy_loss
from equipoise.synthesis import HiddenMixup, HiddenSmote
from equipoise.synthesis.hidden import _folded_quantiles

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(48, 6, 6, 1)).astype("float32")
TWO = (np.arange(48) % 4 == 0).astype("float32")
THREE = np.arange(48) % 3
HOT = np.eye(3, dtype="float32")[THREE]


def network(outputs=1, seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
            keras.layers.GlobalAveragePooling2D(name="pool"),
            keras.layers.Dense(8, "relu", name="dense"),
            keras.layers.Dense(outputs, name="logits"),
        ]
    )


def loss_of(outputs):
    if outputs == 1:
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.CategoricalCrossentropy(from_logits=True)


WRAPS = [
    (HiddenMixup, {"concentration": 0.7}),
    (HiddenSmote, {"neighbours": 3, "rate": 0.8}),
    (HiddenSmote, {"neighbours": 3, "rate": (0.2, 0.9), "memory": 20}),
]


def trained(kind, options, layer="pool", outputs=1, **compiled):
    model = kind(network(outputs), layer, seed=5, **options)
    model.compile(keras.optimizers.SGD(0.1), loss_of(outputs), **compiled)
    y = TWO if outputs == 1 else HOT
    model.fit(IMAGES, y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    return model


@pytest.mark.parametrize(("kind", "options"), WRAPS)
@pytest.mark.parametrize("layer", ["conv", "pool"])
def test_eager_and_graph_agree_xla_runs_and_training_differs(kind, options, layer):
    graph, eager, xla = (
        [v.numpy() for v in trained(kind, options, layer, **how).trainable_variables]
        for how in (
            {"jit_compile": False},
            {"run_eagerly": True},
            {"jit_compile": True},
        )
    )
    for one, other, third in zip(graph, eager, xla, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
        # XLA has random numbers of its own.
        assert np.isfinite(third).all()
    plain = network()
    plain.compile(keras.optimizers.SGD(0.1), loss_of(1))
    plain.fit(IMAGES, TWO, batch_size=16, epochs=3, shuffle=False, verbose=0)
    assert np.abs(plain.get_weights()[-2] - graph[-2]).max() > 1e-4


@pytest.mark.parametrize(("kind", "options"), WRAPS)
def test_it_is_the_model_when_it_does_not_train(kind, options):
    model = trained(kind, options)
    plain = model.model
    np.testing.assert_array_equal(
        model.predict(IMAGES, verbose=0), plain.predict(IMAGES, verbose=0)
    )
    plain.compile(loss=loss_of(1))
    value = model.evaluate(IMAGES, TWO, verbose=0)
    assert value == pytest.approx(plain.evaluate(IMAGES, TWO, verbose=0))
    assert len(model.trainable_weights) == len(plain.trainable_weights)


# Keras 3.15 turns a tf.Variable into an array in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("kind", "options"), WRAPS)
def test_saved_and_loaded_it_goes_on_alike(kind, options, tmp_path):
    model = trained(kind, options)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again) is kind
    mine, theirs = model.get_config(), again.get_config()
    assert mine.pop("model")["class_name"] == theirs.pop("model")["class_name"]
    assert mine == theirs
    np.testing.assert_array_equal(
        model.predict(IMAGES, verbose=0), again.predict(IMAGES, verbose=0)
    )
    # A Keras file holds no state of random numbers: they begin again, as of dropout.
    model._random.state.assign(again._random.state)
    for each in (model, again):
        each.fit(IMAGES, TWO, batch_size=16, shuffle=False, verbose=0)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


class Recorder(keras.layers.Layer):
    """Keeps what passes through it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def call(self, x):
        if hasattr(x, "numpy"):
            self.seen.append(x.numpy())
        return x


def recorded(kind, x, y, **options):
    """What layers behind the cut are shown in one eager step on identity features."""
    recorder = Recorder()
    inputs = keras.Input(x.shape[1:])
    hidden = keras.layers.Identity(name="hidden")(inputs)
    outputs = 1 if y.ndim == 1 else y.shape[1]
    flat = keras.layers.Flatten()(recorder(hidden))
    model = kind(
        keras.Model(inputs, keras.layers.Dense(outputs)(flat)),
        "hidden",
        seed=1,
        **options,
    )
    model.compile("sgd", loss_of(outputs), run_eagerly=True)
    recorder.seen.clear()
    return model, recorder


def test_mixup_blends_features_and_targets_alike():
    """A one-hot feature per row says of which two a blend is made, and how much."""
    x = np.eye(64, dtype="float32")
    y = np.eye(3, dtype="float32")[np.arange(64) % 3]
    model, recorder = recorded(HiddenMixup, x, y, concentration=0.7)
    targets = []
    own = keras.Model.compute_loss

    def compute_loss(self, x, y, y_pred, sample_weight, training):
        targets.append((np.array(y), np.array(sample_weight)))
        return own(self, x, y, y_pred, sample_weight, training)

    weights = RANDOM.random(64).astype("float32")
    shares = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "compute_loss", compute_loss)
        for _ in range(30):
            model.train_on_batch(x, y, sample_weight=weights)
    for made, (target, weight) in zip(recorder.seen, targets, strict=True):
        np.testing.assert_allclose(target, made @ y, atol=1e-6)
        np.testing.assert_allclose(weight, made @ weights, atol=1e-6)
        assert ((made > 0).sum(axis=1) <= 2).all()
        own_share = made[np.arange(64), np.arange(64)]
        assert (own_share >= 0.5).all()
        shares += (1 - own_share[own_share < 1]).tolist()
        assert sorted(np.argsort(made - np.eye(64) * 2, axis=1)[:, -1].tolist())
    folded = stats.beta(0.7, 0.7).cdf
    test = stats.kstest(np.array(shares), lambda t: 2 * folded(t))
    assert test.pvalue > 1e-4


def unknown_some(shape):
    return np.random.default_rng(3).random(shape) < 0.3


def blends_of_labels(y, loss):
    """Who is blended how much, `[batch, batch]`, and the targets of the blends."""
    x = np.eye(len(y), dtype="float32")
    model, recorder = recorded(HiddenMixup, x, y[:, :3])
    model.compile("sgd", loss, run_eagerly=True)
    targets = []
    own = keras.Model.compute_loss

    def compute_loss(self, x, y, y_pred, sample_weight, training):
        value = own(self, x, y, y_pred, sample_weight, training)
        targets.append((np.array(y), np.array(y_pred), float(value)))
        return value

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "compute_loss", compute_loss)
        model.train_on_batch(x, y)
    return recorder.seen[0], *targets[0]


@pytest.mark.parametrize("mark", [-1.0, np.nan])
@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_a_label_that_is_not_known_is_not_blended_as_a_number(mark, dtype):
    labels = (np.random.default_rng(2).random((64, 3)) < 0.4).astype("float32")
    unknown = unknown_some(labels.shape)
    y = np.where(unknown, np.float32(mark), labels)
    if dtype == "int8":
        y = np.where(unknown, -1, labels).astype("int8")
    shares, target, logits, value = blends_of_labels(y, CrossEntropy())
    either = (shares > 0) @ unknown
    np.testing.assert_array_equal(np.isnan(target), either)
    np.testing.assert_allclose(target[~either], (shares @ labels)[~either], atol=1e-6)
    blend = shares @ labels
    each = np.logaddexp(0, logits) - blend * logits
    assert value == pytest.approx((each * ~either).sum(axis=1).mean() / 3, rel=1e-5)


def test_a_label_that_is_not_known_has_no_weight_in_a_trial():
    labels = (np.random.default_rng(2).random((64, 3)) < 0.4).astype("float32")
    unknown = unknown_some(labels.shape)
    weights = np.where(unknown, 0, 1 + labels)
    packed = np.concatenate([np.where(unknown, 0, labels), weights], axis=1)
    loss = LabelLoss("example", cross_entropy_loss, {}, "float32")
    shares, target, logits, value = blends_of_labels(packed.astype("float32"), loss)
    either = (shares > 0) @ unknown
    blend, weight = shares @ labels, (shares @ weights) * ~either
    np.testing.assert_allclose(target[:, :3][~either], blend[~either], atol=1e-6)
    np.testing.assert_allclose(target[:, 3:], weight, atol=1e-5)
    each = np.logaddexp(0, logits) - blend * logits
    assert value == pytest.approx((each * weight).sum(axis=1).mean(), rel=1e-5)


def test_quantiles_are_those_of_the_smaller_share():
    for a in (0.2, 1.0, 4.0):
        table = _folded_quantiles(a)
        middle = stats.beta(a, a).ppf(0.25)
        assert np.median(table) == pytest.approx(middle, rel=1e-3)
        assert table.max() <= 0.5


@pytest.mark.parametrize("kind", ["two", "hot", "numbers"])
@pytest.mark.parametrize("memory", [0, 25])
def test_smote_moves_towards_the_nearest_of_the_class(kind, memory):
    random = np.random.default_rng(2)
    x = random.normal(size=(40, 2)).astype("float32")
    classes = np.arange(40) % 2 if kind == "two" else np.arange(40) % 3
    y = classes.astype("float32") if kind == "two" else np.eye(3)[classes]
    model, recorder = recorded(HiddenSmote, x, y, neighbours=3, rate=1.0, memory=memory)
    if kind == "numbers":
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, run_eagerly=True)
        y = classes
    model.train_on_batch(x, y)
    (made,) = recorder.seen
    counts = np.zeros(3)
    for row in range(40):
        same = np.flatnonzero((classes == classes[row]) & (np.arange(40) != row))
        order = same[np.argsort(np.linalg.norm(x[same] - x[row], axis=1))[:3]]
        way, step = x[order] - x[row], made[row] - x[row]
        share = (way @ step) / (way**2).sum(axis=1)
        gap = np.abs(way * share[:, None] - step).max(axis=1)
        nearest = gap.argmin()
        assert gap[nearest] < 1e-5
        assert 0 <= share[nearest] <= 1
        counts[nearest] += 1
    assert (counts > 3).all()
    if memory:  # the last 25 rows are kept, and found by a batch of few
        kept = np.asarray(model._kept)
        np.testing.assert_allclose(np.sort(kept, 0), np.sort(x[-25:], 0))
        model.train_on_batch(x[:1] + 0.01, y[:1])
        assert (recorder.seen[-1] != x[:1] + 0.01).all()


def test_rates_by_class_and_rows_that_are_alone():
    x = RANDOM.normal(size=(41, 2)).astype("float32")
    y = np.r_[np.zeros(20), np.ones(20), 2].astype(int)
    hot = np.eye(3, dtype="float32")[y]
    model, recorder = recorded(HiddenSmote, x, hot, rate=(0.0, 1.0, 1.0))
    model.train_on_batch(x, hot)
    (made,) = recorder.seen
    np.testing.assert_array_equal(made[y != 1], x[y != 1])
    assert (made[y == 1] != x[y == 1]).all()


def test_several_labels_are_alike_if_all_are():
    x = RANDOM.normal(size=(12, 2)).astype("float32")
    y = np.array([[1, 0], [1, 1], [0, 1]] * 4, "float32")
    model, recorder = recorded(HiddenSmote, x, y, neighbours=1, rate=1.0)
    model.train_on_batch(x, y)
    for row, made in enumerate(recorder.seen[0]):
        same = np.flatnonzero((y == y[row]).all(axis=1) & (np.arange(12) != row))
        other = x[same[np.linalg.norm(x[same] - x[row], axis=1).argmin()]]
        low, high = np.minimum(x[row], other), np.maximum(x[row], other)
        assert ((made >= low - 1e-6) & (made <= high + 1e-6)).all()


def reached(x, y, row, fits):
    """Which rows `row` may be moved towards: the nearest that fits."""
    near = [other for other in range(len(x)) if other != row and fits(y[row], y[other])]
    return min(near, key=lambda other: np.linalg.norm(x[row] - x[other]), default=None)


def alike_if_known(mine, theirs):
    known = mine >= 0
    return known.any() and (mine[known] == theirs[known]).all()


@pytest.mark.parametrize("memory", [0, 40])
@pytest.mark.parametrize("mark", [-1.0, np.nan, "weight 0"])
def test_a_label_that_is_not_known_makes_no_neighbour(mark, memory):
    """Every row is moved on the line to the nearest that shares all it is known for."""
    random = np.random.default_rng(4)
    x = random.normal(size=(40, 3)).astype("float32")
    labels = (random.random((40, 3)) < 0.5).astype("float32")
    labels[unknown_some(labels.shape)] = -1
    labels[7] = -1
    y = np.where(labels < 0, 0, labels) if mark == "weight 0" else labels.copy()
    if mark == "weight 0":
        y = np.concatenate([y, np.where(labels < 0, 0, 2)], axis=1).astype("float32")
    else:
        y[labels < 0] = mark
    model, recorder = recorded(
        HiddenSmote, x, y[:, :3], neighbours=1, rate=1.0, memory=memory
    )
    loss = LabelLoss("example", cross_entropy_loss, {}, "float32")
    loss = loss if mark == "weight 0" else CrossEntropy()
    model.compile("sgd", loss, run_eagerly=True)
    model.train_on_batch(x, y)
    (made,) = recorder.seen
    moved = 0
    for row in range(40):
        other = reached(x, labels, row, alike_if_known)
        step = made[row] - x[row]
        if other is None:
            np.testing.assert_array_equal(step, 0)
            continue
        way = x[other] - x[row]
        share = way @ step / (way @ way)
        np.testing.assert_allclose(step, share * way, atol=1e-5)
        assert 0 < share < 1
        moved += 1
    assert moved > 20
    np.testing.assert_array_equal(made[7], x[7])
    if memory:
        np.testing.assert_array_equal(np.asarray(model._kept_targets), labels)


@pytest.mark.parametrize("outputs", [1, 3])
def test_there_is_a_rate_for_all_or_one_for_each_class(outputs):
    several = max(2, outputs)
    for rate in ((0.5,), [0.5] * (several + 1), [[0.5] * several]):
        with pytest.raises(InputError, match=f"{several} shares"):
            HiddenSmote(network(outputs), "pool", rate=rate)
    for rate in (0.5, [0.5] * several, np.full(several, 0.5)):
        assert HiddenSmote(network(outputs), "pool", rate=rate).rate[0] == 0.5


@pytest.mark.parametrize("rate", [(1.0, 0.0), (0.0, 1.0)])
def test_the_rates_of_one_output_are_those_of_class_0_and_1(rate):
    x = RANDOM.normal(size=(40, 2)).astype("float32")
    y = (np.arange(40) % 2).astype("float32")
    model, recorder = recorded(HiddenSmote, x, y, rate=rate)
    model.train_on_batch(x, y)
    still = (recorder.seen[0] == x).all(axis=1)
    np.testing.assert_array_equal(still, y != rate.index(1.0))


def test_an_example_has_the_largest_rate_of_its_labels():
    x = RANDOM.normal(size=(40, 2)).astype("float32")
    y = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1]] * 10, "float32")
    model, recorder = recorded(HiddenSmote, x, y, rate=(0.0, 1.0, 0.0))
    model.train_on_batch(x, y)
    still = (recorder.seen[0] == x).all(axis=1)
    np.testing.assert_array_equal(still, np.arange(40) % 4 != 1)


def test_mixed_precision_keeps_its_types():
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        for kind, options in WRAPS:
            model = trained(kind, options)
            assert np.isfinite(model.predict(IMAGES, verbose=0)).all()
    finally:
        keras.mixed_precision.set_global_policy("float32")


def test_what_cannot_be_cut_is_said():
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(4, name="hidden")(inputs)
    bypassed = keras.layers.Add(name="joined")([keras.layers.Dense(4)(hidden), inputs])
    model = keras.Model(inputs, keras.layers.Dense(1)(bypassed))
    with pytest.raises(InputError, match="bypass"):
        HiddenMixup(model, "hidden")
    assert HiddenMixup(model, "joined").layer_name == "joined"
    with pytest.raises(InputError, match="Did you mean 'hidden'"):
        HiddenMixup(model, "hiden")
    with pytest.raises(InputError, match="layer=9"):
        HiddenMixup(model, 9)
    unbuilt = keras.Sequential([keras.layers.Dense(1)])
    with pytest.raises(InputTypeError, match=r"keras.Input as its first entry"):
        HiddenMixup(unbuilt, 0)
    dense = [keras.layers.Dense(2), keras.layers.Dense(1)]
    HiddenMixup(keras.Sequential([keras.Input((2,)), *dense]), 0)
    with pytest.raises(InputError, match="the last one"):
        HiddenMixup(network(), "logits")
    long = keras.Sequential(
        [
            keras.Input((None, 2)),
            keras.layers.Conv1D(3, 1, name="conv"),
            keras.layers.GlobalMaxPooling1D(name="pool"),
            keras.layers.Dense(1),
        ]
    )
    with pytest.raises(InputError, match="behind the pooling"):
        HiddenSmote(long, "conv", memory=8)
    for layer, memory in (("conv", 0), ("pool", 8)):
        assert HiddenSmote(long, layer, memory=memory).memory == memory
    assert HiddenMixup(network(), -2).layer_name == "dense"


def test_options_and_targets_are_checked():
    for options in ({"neighbours": 0}, {"rate": 1.5}, {"memory": -1}):
        with pytest.raises(InputError, match=next(iter(options))):
            HiddenSmote(network(), "pool", **options)
    with pytest.raises(InputError, match="concentration=0"):
        HiddenMixup(network(), "pool", concentration=0)
    model = HiddenMixup(network(3), "pool")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, run_eagerly=True)
    with pytest.raises(InputError, match="to_categorical"):
        model.train_on_batch(IMAGES, THREE)
    model.compile("sgd", loss_of(3), run_eagerly=True)
    model.train_on_batch(IMAGES, keras.utils.to_categorical(THREE))


def test_a_dataset_whose_last_batch_is_smaller():
    data = tf.data.Dataset.from_tensor_slices((IMAGES, TWO)).batch(32)
    for kind, options in WRAPS:
        model = kind(network(), "pool", seed=0, **options)
        model.compile("adam", loss_of(1))
        model.fit(data, epochs=2, verbose=0, shuffle=False)


def test_numbers_of_numpy_name_a_layer_and_a_rate_is_a_number():
    assert HiddenMixup(network(), np.int64(1)).layer_name == "pool"
    with pytest.raises(InputTypeError, match="rate that are not numbers"):
        HiddenSmote(network(), "pool", rate="a")
