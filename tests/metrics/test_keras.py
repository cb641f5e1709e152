# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

import equipoise.metrics as batch
from equipoise.errors import InputError
from equipoise.priors import probability

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from equipoise.metrics import keras as streaming  # noqa: E402 (after the skip)

TWINS = {
    "AveragePrecision": (streaming.AveragePrecision, {}, batch.average_precision, {}),
    "AUROC": (streaming.AUROC, {}, batch.roc_auc, {}),
    "RecallAtPrecision": (
        streaming.RecallAtPrecision,
        {"precision": 0.3},
        batch.recall_at_precision,
        {"precision": 0.3},
    ),
    "PrecisionAtRecall": (
        streaming.PrecisionAtRecall,
        {"recall": 0.4},
        batch.precision_at_recall,
        {"recall": 0.4},
    ),
    "Recall": (streaming.Recall, {}, batch.recall, {}),
    "Precision": (streaming.Precision, {}, batch.precision, {}),
    "Specificity": (streaming.Specificity, {}, batch.specificity, {}),
    "BalancedAccuracy": (streaming.BalancedAccuracy, {}, batch.balanced_accuracy, {}),
    "GMean": (streaming.GMean, {}, batch.g_mean, {}),
    "MCC": (streaming.MCC, {}, batch.mcc, {}),
    "FBeta": (streaming.FBeta, {"beta": 2.0}, batch.f_beta, {"beta": 2.0}),
}


def rare(rows: int = 200_000, share: float = 0.0005, seed: int = 0):
    """Calibrated log-odds of a rare class: binormal with AUROC about .96."""
    random = np.random.default_rng(seed)
    y = np.zeros(rows, np.float32)
    y[: int(rows * share)] = 1
    random.shuffle(y)
    x = random.normal(size=rows) + 2.5 * y
    z = 2.5 * x - 2.5**2 / 2 + math.log(share / (1 - share))
    return y, z.astype(np.float32)


def fed(metric, y, score, weights=None, size: int = 4096):
    for start in range(0, len(y), size):
        part = slice(start, start + size)
        w = None if weights is None else weights[part]
        metric.update_state(y[part], score[part], w)
    return float(metric.result())


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_streaming_equals_batch_at_a_tiny_prevalence(
    name, from_logits, weighted
) -> None:
    y, z = rare()
    score = z if from_logits else probability(z).astype(np.float32)
    random = np.random.default_rng(1)
    weights = random.choice([0.0, 1.0, 2.5], len(y)) if weighted else None
    make, options, reference, more = TWINS[name]
    if hasattr(make(**options), "threshold"):
        options = {**options, "threshold": 0.02}
        cut = math.log(0.02 / 0.98) if from_logits else 0.02
        more = {**more, "threshold": np.float32(cut)}
    value = fed(make(from_logits=from_logits, **options), y, score, weights)
    assert value == pytest.approx(reference(y, score, weights, **more), abs=1e-3)


def test_keras_own_is_off_where_ours_is_not() -> None:
    y, z = rare()
    p = probability(z).astype(np.float32)
    exact = batch.roc_auc(y, z)
    assert abs(fed(keras.metrics.AUC(), y, p) - exact) > 0.05
    assert fed(streaming.AUROC(from_logits=False), y, p) == pytest.approx(
        exact, abs=1e-3
    )


@pytest.mark.parametrize("name", TWINS)
def test_undefined_is_nan(name) -> None:
    make, options, _, _ = TWINS[name]
    metric = make(**options)
    assert math.isnan(float(metric.result()))
    metric.update_state(np.ones(4), np.full(4, 1.0))
    if name in ("AUROC", "Specificity", "BalancedAccuracy", "GMean", "MCC"):
        assert math.isnan(float(metric.result()))
    metric.reset_state()
    metric.update_state(np.zeros(4), np.full(4, -1.0))
    if name != "Specificity":
        assert math.isnan(float(metric.result()))


@pytest.mark.parametrize("name", TWINS)
def test_serialises_with_non_default_settings(name) -> None:
    make, options, _, _ = TWINS[name]
    own = {"threshold": 0.2} if hasattr(make(**options), "threshold") else {"bins": 64}
    metric = make(from_logits=False, name="mine", **options, **own)
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(metric)
    )
    assert type(again) is make
    assert again.get_config() == metric.get_config()
    y, p = np.array([0, 1, 1, 0, 1]), np.array([0.1, 0.3, 0.25, 0.22, 0.05])
    assert fed(again, y, p) == pytest.approx(fed(metric, y, p), nan_ok=True)


def test_ties_extremes_and_lost_values() -> None:
    metric = streaming.AUROC()
    metric.update_state([0, 1, 1, 0], [-np.inf, np.inf, 1e30, -1e30])
    assert float(metric.result()) == 1.0
    metric = streaming.AUROC(from_logits=False)
    metric.update_state([0, 1, 0, 1], [0.0, 1.0, 0.5, 0.5])
    assert float(metric.result()) == 0.875
    constant = streaming.AveragePrecision()
    constant.update_state([0, 1, 0, 0], np.zeros(4))
    assert float(constant.result()) == 0.25
    for make in (streaming.AUROC, streaming.AveragePrecision):
        lost = make()
        lost.update_state([0, 1, 1], [0.0, 1.0, np.nan])
        assert math.isnan(float(lost.result()))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_within_tf_function(jit_compile) -> None:
    y, z = rare(20_000, 0.01)
    metrics = [streaming.AveragePrecision(), streaming.AUROC(), streaming.MCC()]

    @tf.function(jit_compile=jit_compile)
    def step(truth, score):
        for metric in metrics:
            metric.update_state(truth, score)

    for start in range(0, len(y), 5000):
        step(y[start : start + 5000], z[start : start + 5000])
    assert float(metrics[0].result()) == pytest.approx(
        batch.average_precision(y, z), abs=1e-3
    )
    assert float(metrics[1].result()) == pytest.approx(batch.roc_auc(y, z), abs=1e-3)


# Keras' own saving meets TensorFlow's arrays, which predate NumPy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_in_compile_and_fit_with_weights(tmp_path) -> None:
    random = np.random.default_rng(0)
    y = (random.random(2000) < 0.05).astype(np.float32)
    x = (random.normal(size=(2000, 3)) + y[:, None]).astype(np.float32)
    weights = random.choice([1.0, 3.0], 2000).astype(np.float32)
    start = keras.initializers.Constant(1.0)  # scores spread over many bins
    layer = keras.layers.Dense(1, kernel_initializer=start)
    model = keras.Sequential([keras.layers.Input((3,)), layer])
    own = [streaming.AveragePrecision(name="ap"), streaming.FBeta(name="f1")]
    model.compile("adam", keras.losses.BinaryCrossentropy(True), weighted_metrics=own)
    model.fit(x, y, sample_weight=weights, epochs=1, batch_size=256, verbose=0)
    logs = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    z = model.predict(x, verbose=0)[:, 0]
    assert logs["ap"] == pytest.approx(batch.average_precision(y, z, weights), abs=1e-3)
    expected = batch.f1(y, z, weights, threshold=0.0)
    assert logs["f1"] == pytest.approx(expected, abs=1e-3, nan_ok=True)
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.saving.load_model(path)
    loaded = again.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    assert loaded["ap"] == pytest.approx(logs["ap"], abs=1e-6)


def test_several_labels_are_pooled_and_weights_broadcast() -> None:
    random = np.random.default_rng(3)
    y, z = random.integers(0, 2, (50, 4)), random.normal(size=(50, 4))
    weights = random.random(50)
    metric = streaming.AUROC()
    metric.update_state(y, z, weights)
    expected = batch.roc_auc(y.ravel(), z.ravel(), np.repeat(weights, 4))
    assert float(metric.result()) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: streaming.AUROC(bins=1),
        lambda: streaming.Recall(threshold=0.0),
        lambda: streaming.FBeta(-1.0),
        lambda: streaming.RecallAtPrecision(1.5),
    ],
)
def test_options_are_checked(call) -> None:
    with pytest.raises(InputError):
        call()


@pytest.mark.parametrize("shift", [2.0, 3.0, 4.0])
def test_many_rows_of_a_rare_class_are_told_apart(shift) -> None:
    # The more rows, the more of them share a bin: 400,000 with 200 positives.
    random = np.random.default_rng(0)
    y = (random.random(400_000) < 0.0005).astype(np.float32)
    z = random.normal(-7.6 + shift * y).astype(np.float32)
    metric = streaming.AveragePrecision()
    metric.update_state(y, z)
    expected = batch.average_precision(y, z)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_logits_of_half_precision_are_counted_in_their_own_bins(dtype) -> None:
    y, z = rare(50_000)
    half = keras.ops.cast(z, dtype)
    full = keras.ops.convert_to_numpy(keras.ops.cast(half, "float32"))
    for make, reference in (
        (streaming.AveragePrecision, batch.average_precision),
        (streaming.AUROC, batch.roc_auc),
    ):
        metric = make()
        metric.update_state(y, half)
        assert float(metric.result()) == pytest.approx(reference(y, full), abs=1e-3)


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("labels", [(-1, 1), (1, 2), (0, np.nan), (0, 255)])
def test_labels_other_than_0_and_1_are_refused(name, labels) -> None:
    make, options, _, _ = TWINS[name]
    y, z = np.array(labels)[[0, 1, 0, 0, 1]], np.arange(5.0)
    with pytest.raises(InputError, match=f"labels for {name}"):
        make(**options).update_state(y, z)
    weight = [0.0, 0.0, 0.0, 0.0, 0.0]
    metric = make(**options)
    metric.update_state(y, z, weight)
    metric.update_state([0, 1, 1], [-1.0, 1.0, 2.0])
    assert not math.isnan(float(metric.result()))


@pytest.mark.parametrize("name", ["AveragePrecision", "FBeta"])
def test_where_nothing_can_be_raised_the_result_is_nan(name) -> None:
    make, options, _, _ = TWINS[name]
    metric = make(**options)
    step = tf.function(metric.update_state, jit_compile=True)
    step(tf.constant([0.0, 1.0, 1.0]), tf.constant([-1.0, 1.0, 2.0]))
    assert float(metric.result()) > 0
    step(tf.constant([-1.0, 1.0, 1.0]), tf.constant([-1.0, 1.0, 2.0]))
    assert math.isnan(float(metric.result()))
    metric.reset_state()
    step(tf.constant([0.0, 1.0, 1.0]), tf.constant([-1.0, 1.0, 2.0]))
    assert float(metric.result()) > 0


@pytest.mark.parametrize("name", TWINS)
def test_a_score_that_is_no_number_is_not_a_negative(name) -> None:
    make, options, _, _ = TWINS[name]
    metric = make(**options)
    metric.update_state([0, 1, 1], [-1.0, 1.0, np.nan])
    assert math.isnan(float(metric.result()))


def test_odd_weights_and_shapes_are_refused() -> None:
    metric = streaming.AUROC()
    for weights in ([1.0, -1.0], [1.0, np.nan], [np.inf, 1.0]):
        with pytest.raises(InputError, match="weights for AUROC"):
            metric.update_state([0, 1], [0.0, 1.0], weights)
    with pytest.raises(InputError, match=r"labels of shape \(2,\) and scores of"):
        metric.update_state([0, 1], np.zeros((2, 2)))
    with pytest.raises(InputError, match="from_logits=False"):
        streaming.Recall(from_logits=False).update_state([0, 1], [0.5, 3.0])
    metric.update_state([0, 1], [[0.0], [1.0]], [[1.0], [2.0]])
    metric.update_state([[0], [1]], [0.0, 1.0], [[1.0], [2.0]])
    assert float(metric.result()) == 1.0


@pytest.mark.parametrize("centre", [0.0, 12.0, -40.0, 1e4, 1e-30])
@pytest.mark.parametrize("width", [1e-6, 1e-3, 1.0, 1e6])
def test_the_scale_of_the_logits_does_not_matter(centre, width) -> None:
    random = np.random.default_rng(3)
    y = random.random(2_000) < 0.1
    z = centre + width * (random.normal(size=2_000) + y)
    for make, exact in (
        (streaming.AUROC, batch.roc_auc),
        (streaming.AveragePrecision, batch.average_precision),
    ):
        assert fed(make(), y, z, size=512) == pytest.approx(exact(y, z), abs=1e-6)


SHAPES = {
    "band": lambda z, random: 12 + 1e-3 * z,
    "float32": lambda z, random: (12 + 1e-3 * z).astype("float32"),
    "outliers": lambda z, random: np.where(random.random(len(z)) < 0.01, 1e30, z),
    "heavy tails": lambda z, random: z + random.standard_cauchy(len(z)) ** 3,
    "ties": lambda z, random: np.round(z, 1),
    "sorted": lambda z, random: z,
    "drifting": lambda z, random: z + np.linspace(0, 30, len(z)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_more_scores_than_are_kept(shape) -> None:
    random = np.random.default_rng(4)
    y = random.random(120_000) < 0.02
    z = SHAPES[shape](random.normal(size=len(y)) + 1.5 * y, random)
    if shape == "sorted":
        order = np.argsort(z)
        y, z = y[order], z[order]
    weights = random.exponential(size=len(y)) * (random.random(len(y)) < 0.9)
    metrics = [streaming.AUROC(), streaming.AveragePrecision()]

    @tf.function(reduce_retracing=True)
    def step(*rows):
        for metric in metrics:
            metric.update_state(*rows)

    for start in range(0, len(y), 10_000):
        part = slice(start, start + 10_000)
        step(tf.constant(y[part]), tf.constant(z[part]), tf.constant(weights[part]))
    area, precision = (float(metric.result()) for metric in metrics)
    assert area == pytest.approx(batch.roc_auc(y, z, weights), abs=5e-4)
    exact = batch.average_precision(y, z, weights)
    assert precision == pytest.approx(exact, abs=5e-4)
