# SPDX-License-Identifier: Apache-2.0
"""What a loss promises."""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise._core.options import Number, Options
from equipoise._core.types import FloatArray
from equipoise.losses.records import LOSS_RECORDS
from equipoise.testing.promises import refuses, require

if TYPE_CHECKING:
    from equipoise.losses.registry import LossSpec


def check_loss(spec: LossSpec, **options: Number) -> None:
    """Check a loss against every loss contract.

    Args:
        spec: The loss, as `equipoise.losses.get` returns it.
        **options: Options other than the defaults, so that a round trip has
            something to lose; with `prior` and `rows` if the loss needs them.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> from equipoise import losses
        >>> check_loss(losses.get("focal"), gamma=1.5, alpha=0.3)
    """
    for check in LOSS_CHECKS:
        check(spec, options)


def loss_is_finite(spec: LossSpec, options: Options) -> None:
    """Value and gradient are finite at logits of 0 to 100, in three types."""
    logits = np.array([0.0, 1, -1, 10, -10, 40, -40, 100, -100] * 2)
    targets = np.repeat([0.0, 1.0], 9)
    for dtype in ("float32", "bfloat16", "float16"):
        value, slope = _value_and_slope(spec, options, targets, logits, dtype)
        require(np.isfinite(value).all(), f"{spec.name}: finite values, {dtype}")
        require(np.isfinite(slope).all(), f"{spec.name}: finite slopes, {dtype}")
        require((value >= 0).all(), f"{spec.name}: values of at least 0, {dtype}")


def loss_keeps_its_digits(spec: LossSpec, options: Options) -> None:
    """At logits of 0 to 100 each type gives what float64 gives, to its own digits."""
    sizes = np.array([0.0, 1, 10, 40, 100])
    logits = np.concatenate([sizes, -sizes, sizes / 2, -sizes / 2])
    targets = (np.arange(20) % 2).astype(float)
    exact = _value_and_slope(spec, options, targets, logits, "float64")
    for dtype, digits in (("float32", 1e-5), ("bfloat16", 0.05), ("float16", 0.02)):
        rounded = _value_and_slope(spec, options, targets, logits, dtype)
        for what, one, other in zip(("value", "slope"), rounded, exact, strict=True):
            size = np.abs(other).max()
            near = np.abs(one - other) <= digits * (np.abs(other) + 0.1 * size)
            require(near.all(), f"{spec.name}: the {what} of float64, {dtype}")


def loss_gradient_is_right(spec: LossSpec, options: Options) -> None:
    """The gradient is the central difference of the value, in float64."""
    targets, logits = _example_batch(12)
    _, slope = _value_and_slope(spec, options, targets, logits, "float64")
    step = 1e-5
    for place in range(len(logits)):
        shift = np.zeros(len(logits))
        shift[place] = step
        up, _ = _value_and_slope(spec, options, targets, logits + shift, "float64")
        down, _ = _value_and_slope(spec, options, targets, logits - shift, "float64")
        difference = (up.sum() - down.sum()) / (2 * step)
        np.testing.assert_allclose(slope[place], difference, rtol=1e-6, atol=1e-8)


def loss_prefers_the_right_order(spec: LossSpec, options: Options) -> None:
    """Scores that tell the classes apart cost less than the same ones negated."""
    targets, logits = _example_batch(30)
    right = 4 * (targets - 0.5) + 0.2 * logits
    low, _ = _value_and_slope(spec, options, targets, right, "float64")
    high, _ = _value_and_slope(spec, options, targets, -right, "float64")
    holds = low.sum() < high.sum()
    require(holds, f"{spec.name}: a smaller loss for positives that score higher")


def loss_has_its_shape(spec: LossSpec, options: Options) -> None:
    """An example loss gives one value per example, a set loss one per batch."""
    targets, logits = _example_batch(10)
    for axes in ((), (3,), (2, 3)):
        t, z = (np.broadcast_to(one, (*axes, 10)) for one in (targets, logits))
        value, _ = _value_and_slope(spec, options, t, z, "float32")
        shape = (*axes, 10) if spec.kind == "example" else axes
        require(
            value.shape == shape,
            f"{spec.name}: values of shape {shape}, not {value.shape}",
        )


def loss_is_one_program(spec: LossSpec, options: Options) -> None:
    """Eager, graph and XLA give the same value and gradient, also at |z| = 40."""
    import tensorflow as tf

    targets, logits = _example_batch(16)
    logits[:4] = [40.0, -40.0, 40.0, -40.0]
    eager = _value_and_slope(spec, options, targets, logits, "float32")
    for compiled in (False, True):
        run = tf.function(_taped(spec, options), jit_compile=compiled)
        graph = run(tf.constant(targets, tf.float32), tf.constant(logits, tf.float32))
        for one, other in zip(eager, graph, strict=True):
            np.testing.assert_allclose(one, other.numpy(), rtol=2e-5, atol=1e-7)


def loss_takes_leading_axes(spec: LossSpec, options: Options) -> None:
    """A stack of batches gives what each batch gives alone."""
    batches = [_example_batch(10, seed) for seed in range(6)]
    targets = np.stack([t for t, _ in batches]).reshape(2, 3, 10)
    logits = np.stack([z for _, z in batches]).reshape(2, 3, 10)
    value, slope = _value_and_slope(spec, options, targets, logits, "float64")
    for i in range(2):
        for j in range(3):
            one, its_slope = _value_and_slope(
                spec, options, targets[i, j], logits[i, j], "float64"
            )
            np.testing.assert_allclose(value[i, j], one, rtol=1e-12)
            np.testing.assert_allclose(slope[i, j], its_slope, rtol=1e-9, atol=1e-14)


def loss_ignores_order(spec: LossSpec, options: Options) -> None:
    """The loss of a batch does not depend on the order of its examples."""
    targets, logits = _example_batch(20)
    order = np.random.default_rng(1).permutation(20)
    loss = spec.keras(**options, dtype="float64")
    np.testing.assert_allclose(
        float(loss(targets, logits)), float(loss(targets[order], logits[order]))
    )


def loss_takes_weights(spec: LossSpec, options: Options) -> None:
    """Weights of 1 are no weights; an example of weight k is k examples."""
    targets, logits = _example_batch(15)
    loss = spec.keras(**options, dtype="float64")
    plain = float(loss(targets, logits))
    ones = float(loss(targets, logits, sample_weight=np.ones(15)))
    np.testing.assert_allclose(plain, ones)
    copies = np.arange(15) % 4  # 0 leaves an example out
    weighted = float(loss(targets, logits, sample_weight=copies.astype(float)))
    repeated = float(loss(np.repeat(targets, copies), np.repeat(logits, copies)))
    np.testing.assert_allclose(weighted, repeated)
    scaled = float(loss(targets, logits, sample_weight=np.full(15, 7.0)))
    np.testing.assert_allclose(plain, scaled)


def loss_is_cross_entropy_when_neutral(spec: LossSpec, options: Options) -> None:
    """At the settings that it declares neutral it is the cross-entropy."""
    declared = LOSS_RECORDS[spec.name].neutral if spec.name in LOSS_RECORDS else None
    if declared is None:
        return
    facts = {name: options[name] for name in ("prior", "rows") if name in options}
    neutral = {**declared, **facts}
    targets, logits = _example_batch(10)
    value, _ = _value_and_slope(spec, neutral, targets, logits, "float64")
    expected = np.logaddexp(0, logits) - targets * logits
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def loss_survives_one_class(spec: LossSpec, options: Options) -> None:
    """A batch of one class is finite; over pairs it gives exactly 0."""
    _, logits = _example_batch(8)
    for target in (0.0, 1.0):
        targets = np.full(8, target)
        value, slope = _value_and_slope(spec, options, targets, logits, "float32")
        require(np.isfinite(slope).all(), f"{spec.name}: finite on one class")
        if spec.kind == "set":
            zero = not value.any() and not slope.any()
            require(zero, f"{spec.name}: 0 on a batch of one class")


def loss_survives_saving(spec: LossSpec, options: Options) -> None:
    """A model saved with it and loaded gives the same value, gradient and type."""
    import keras

    loss = spec.keras(**options, name="renamed", dtype="float64")
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile(loss=loss)
    model.optimizer.build(model.trainable_variables)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # Keras reads TensorFlow's variables in a way that NumPy 2 deprecates.
        warnings.filterwarnings("ignore", "__array__ impl", DeprecationWarning)
        path = Path(folder) / "model.keras"
        model.save(path)
        again = keras.models.load_model(path).loss
    require(type(again) is type(loss), f"{spec.name}: the same class after loading")
    require(again.get_config() == loss.get_config(), f"{spec.name}: the same config")
    require(again.dtype == "float64", f"{spec.name}: the same type after loading")
    targets, logits = _example_batch(12)
    one, other = (_slope_of(each, targets, logits) for each in (loss, again))
    for before, after in zip(one, other, strict=True):
        np.testing.assert_array_equal(before, after)


def loss_refuses_bad_arguments(spec: LossSpec, options: Options) -> None:
    """A string, a number out of range, or shapes that differ are refused."""
    for name in spec.options:
        for bad in ("2", -1.0, math.nan):
            wrong = {**options, name: bad}
            refuses(spec.keras, **wrong)
            refuses(spec.function, [1.0, 0.0], [0.0, 0.0], **wrong)
    refuses(spec.function, [1.0, 0.0], [[0.0], [1.0]], **options)
    refuses(spec.function, [1, 0], [0, 0], **options)


LOSS_CHECKS: tuple[Callable[[Any, Options], None], ...] = (
    loss_has_its_shape,
    loss_is_finite,
    loss_keeps_its_digits,
    loss_gradient_is_right,
    loss_prefers_the_right_order,
    loss_takes_leading_axes,
    loss_ignores_order,
    loss_takes_weights,
    loss_is_cross_entropy_when_neutral,
    loss_survives_one_class,
    loss_refuses_bad_arguments,
    loss_is_one_program,
    loss_survives_saving,
)
"""The contracts of a loss, each to be called alone: `check(spec, options)`."""


def _example_batch(size: int, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    random = np.random.default_rng(seed)
    targets = (np.arange(size) % 3 == 0).astype(float)
    return targets, 2 * random.normal(size=size)


def _taped(spec: LossSpec, options: Options) -> Callable[..., tuple[Any, Any]]:
    import tensorflow as tf

    def run(targets: Any, logits: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = spec.function(targets, logits, **options)
        return value, tape.gradient(value, logits)

    return run


def _value_and_slope(
    spec: LossSpec,
    options: Options,
    targets: FloatArray,
    logits: FloatArray,
    dtype: str,
) -> tuple[FloatArray, FloatArray]:
    import tensorflow as tf

    value, slope = _taped(spec, options)(
        tf.constant(targets, dtype), tf.constant(logits, dtype)
    )
    require(value.dtype == dtype, f"{spec.name}: values of the logits' type")
    return np.asarray(value, np.float64), np.asarray(slope, np.float64)


def _slope_of(
    loss: Callable[..., Any], targets: FloatArray, logits: FloatArray
) -> tuple[FloatArray, FloatArray]:
    import tensorflow as tf

    z = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = loss(targets, z)
    return np.asarray(value), np.asarray(tape.gradient(value, z))
