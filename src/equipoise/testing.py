# SPDX-License-Identifier: Apache-2.0
"""Contract checks for what you add: a loss, a sampler, a weighting scheme.

The project's own objects pass the same checks; its tests run each of them on every
name in the registries. A check returns nothing, or raises `AssertionError` with what
was promised and what was found.
"""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from equipoise.errors import EquipoiseError
from equipoise.sampling.sampler import Sampler
from equipoise.strategies.objectives import OBJECTIVES
from equipoise.strategies.settings import Number
from equipoise.strategies.strategy import Strategy
from equipoise.weights.schemes import SCHEMES, class_weights

if TYPE_CHECKING:
    from equipoise.losses.registry import LossSpec

__all__ = [
    "LOSS_CHECKS",
    "SAMPLER_CHECKS",
    "SCHEME_CHECKS",
    "STRATEGY_CHECKS",
    "check_loss",
    "check_sampler",
    "check_scheme",
    "check_strategy",
]

FloatArray = npt.NDArray[np.float64]
Options = Mapping[str, Number]


def check_loss(spec: LossSpec, **options: Number) -> None:
    """Hold a loss against every loss contract.

    Args:
        spec: The loss, as `equipoise.losses.get` returns it.
        **options: Options other than the defaults, so that a round trip has
            something to lose; with `prior` where the loss needs it.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> from equipoise import losses
        >>> check_loss(losses.get("focal"), gamma=1.5, alpha=0.3)
    """
    for check in LOSS_CHECKS:
        check(spec, options)


def check_sampler(sampler: Sampler) -> None:
    """Hold a sampler against every sampler contract.

    Args:
        sampler: The sampler, its options set.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> from equipoise.sampling import Rate
        >>> check_sampler(Rate(0.3))
    """
    for check in SAMPLER_CHECKS:
        check(sampler)


def check_scheme(name: str, **options: float) -> None:
    """Hold a weighting scheme against every contract.

    Args:
        name: One of `equipoise.weights.scheme_names()`.
        **options: Options other than the defaults.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> check_scheme("capped", cap=5.0)
    """
    for check in SCHEME_CHECKS:
        check(name, options)


def check_strategy(strategy: Strategy) -> None:
    """Hold a strategy's record against every contract; nothing is trained.

    Args:
        strategy: The record to check.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> check_strategy(Strategy(weights="sqrt", loss="focal"))
    """
    for check in STRATEGY_CHECKS:
        check(strategy)


def _require(holds: bool | np.bool_, promise: str) -> None:
    if not holds:
        raise AssertionError(promise)


# ---- losses


def loss_is_finite(spec: LossSpec, options: Options) -> None:
    """Value and gradient are finite at logits of 0 to 100, in two types."""
    logits = np.array([0.0, 1, -1, 10, -10, 40, -40, 100, -100] * 2)
    targets = np.repeat([0.0, 1.0], 9)
    for dtype in ("float32", "bfloat16"):
        value, slope = _value_and_slope(spec, options, targets, logits, dtype)
        _require(np.isfinite(value).all(), f"{spec.name}: finite values, {dtype}")
        _require(np.isfinite(slope).all(), f"{spec.name}: finite slopes, {dtype}")
        _require((value >= 0).all(), f"{spec.name}: values of at least 0, {dtype}")


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
        found = (up.sum() - down.sum()) / (2 * step)
        np.testing.assert_allclose(slope[place], found, rtol=1e-6, atol=1e-8)


def loss_is_one_program(spec: LossSpec, options: Options) -> None:
    """Eager, graph and XLA give the same value and gradient, also at |z| = 40."""
    import tensorflow as tf

    targets, logits = _example_batch(16)
    logits[:4] = [40.0, -40.0, 40.0, -40.0]
    eager = _value_and_slope(spec, options, targets, logits, "float32")
    for compiled in (False, True):
        run = tf.function(_taped(spec, options), jit_compile=compiled)
        found = run(tf.constant(targets, tf.float32), tf.constant(logits, tf.float32))
        for one, other in zip(eager, found, strict=True):
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
    declared = OBJECTIVES[spec.name].neutral if spec.name in OBJECTIVES else None
    if declared is None:
        return
    neutral = {**declared, **({"prior": 0.3} if "prior" in options else {})}
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
        _require(np.isfinite(slope).all(), f"{spec.name}: finite on one class")
        if spec.kind == "set":
            zero = not value.any() and not slope.any()
            _require(zero, f"{spec.name}: 0 on a batch of one class")


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
    _require(type(again) is type(loss), f"{spec.name}: the same class after loading")
    _require(again.get_config() == loss.get_config(), f"{spec.name}: the same config")
    _require(again.dtype == "float64", f"{spec.name}: the same type after loading")
    targets, logits = _example_batch(12)
    one, other = (_slope_of(each, targets, logits) for each in (loss, again))
    for before, after in zip(one, other, strict=True):
        np.testing.assert_array_equal(before, after)


def loss_refuses_bad_arguments(spec: LossSpec, options: Options) -> None:
    """A text, a number out of range, or shapes that differ give our own error."""
    given = dict(options)
    for name in spec.options:
        for bad in ("2", -1.0, math.nan):
            wrong = {**given, name: bad}
            _refuses(spec.keras, **wrong)
            _refuses(spec.function, [1.0, 0.0], [0.0, 0.0], **wrong)
    _refuses(spec.function, [1.0, 0.0], [[0.0], [1.0]], **given)
    _refuses(spec.function, [1, 0], [0, 0], **given)


LOSS_CHECKS: tuple[Callable[[Any, Options], None], ...] = (
    loss_is_finite,
    loss_gradient_is_right,
    loss_is_one_program,
    loss_takes_leading_axes,
    loss_ignores_order,
    loss_takes_weights,
    loss_is_cross_entropy_when_neutral,
    loss_survives_one_class,
    loss_survives_saving,
    loss_refuses_bad_arguments,
)


def _refuses(call: Callable[..., object], *args: Any, **options: Any) -> None:
    try:
        call(*args, **options)
    except EquipoiseError as error:
        text = str(error)
        _require(
            "Received" in text and "Accepted" in text,
            f"an error that says what was received and what is accepted, not: {text}",
        )
    else:
        raise AssertionError("a bad argument was accepted")


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
    _require(value.dtype == dtype, f"{spec.name}: values of the logits' type")
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


# ---- samplers

_TABLES = ((180, 20), (97, 3), (5, 40))
_BATCH = 7  # odd, and a divisor of nothing above


def sampler_is_pure(sampler: Sampler) -> None:
    """The same arguments give the same draw; another seed or epoch another."""
    labels = _labels(180, 20)
    one, again = (_drawn(sampler, labels, seed=3, epoch=2) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    for other in ({"seed": 4, "epoch": 2}, {"seed": 3, "epoch": 1}):
        differs = (one != _drawn(sampler, labels, **other)).any()
        _require(differs, f"{sampler}: another draw for {other}")


def sampler_gives_positions(sampler: Sampler) -> None:
    """A draw is `[steps, batch]` int32 within the labels, nothing else."""
    for negatives, positives in _TABLES:
        labels = _labels(negatives, positives)
        draw = sampler.draw(labels, batch=_BATCH, steps=11, seed=0, epoch=0)
        _require(draw.index.shape == (11, _BATCH), f"{sampler}: [steps, batch]")
        _require(draw.index.dtype == np.int32, f"{sampler}: int32")
        within = draw.index.min() >= 0 and draw.index.max() < len(labels)
        _require(within, f"{sampler}: positions within the labels")


def sampler_keeps_its_prior(sampler: Sampler) -> None:
    """Positives come at the declared share, within the binomial bound."""
    for negatives, positives in _TABLES:
        labels = _labels(negatives, positives)
        index = _drawn(sampler, labels, steps=2000)
        share = sampler.prior(negatives, positives)
        found = labels[index].mean()
        bound = 4.5 * math.sqrt(share * (1 - share) / index.size)
        _require(
            abs(found - share) <= bound,
            f"{sampler}: a share of {share:.4f} at {negatives}:{positives}, "
            f"not {found:.4f}",
        )


def sampler_reaches_every_row(sampler: Sampler) -> None:
    """Every row is drawn in time, each row of a class about equally often."""
    for negatives, positives in _TABLES:
        labels = _labels(negatives, positives)
        index = [_drawn(sampler, labels, steps=500, epoch=e).ravel() for e in range(3)]
        counts = np.bincount(np.concatenate(index), minlength=len(labels))
        if sampler.left_out():
            return
        for label in (0, 1):
            ours = counts[labels == label]
            _require(ours.min() > 0, f"{sampler}: every row at {positives} positives")
            bound = 5 * math.sqrt(ours.mean()) + 1
            even = (np.abs(ours - ours.mean()) <= bound).all()
            _require(even, f"{sampler}: each row of a class equally often")


def sampler_refuses_bad_arguments(sampler: Sampler) -> None:
    """Sizes below 1, labels other than 0 and 1, give our own error."""
    good: dict[str, Any] = {"batch": 2, "steps": 2, "seed": 0, "epoch": 0}
    for name, bad in (("batch", 0), ("steps", 0), ("epoch", -1), ("batch", 2.5)):
        wrong = {**good, name: bad}
        _refuses(sampler.draw, [0, 1], **wrong)
    for labels in ([], [0, 2], [[0, 1]]):
        _refuses(sampler.draw, labels, **good)


SAMPLER_CHECKS: tuple[Callable[[Sampler], None], ...] = (
    sampler_is_pure,
    sampler_gives_positions,
    sampler_keeps_its_prior,
    sampler_reaches_every_row,
    sampler_refuses_bad_arguments,
)


def _labels(negatives: int, positives: int) -> npt.NDArray[np.int8]:
    labels = np.repeat(np.array([0, 1], np.int8), [negatives, positives])
    return np.random.default_rng(0).permutation(labels)


def _drawn(
    sampler: Sampler,
    labels: npt.NDArray[np.int8],
    *,
    steps: int = 29,
    seed: int = 0,
    epoch: int = 0,
) -> npt.NDArray[np.int32]:
    draw = sampler.draw(labels, batch=_BATCH, steps=steps, seed=seed, epoch=epoch)
    return draw.index


# ---- weighting schemes


def scheme_has_mean_one(name: str, options: Mapping[str, float]) -> None:
    """The mean weight over the training rows is 1, and both are above 0."""
    for n0, n1 in ((9_900, 100), (50, 50), (10_000_000, 1), (3, 400)):
        w0, w1 = class_weights(name, n0, n1, **options)
        _require(w0 > 0 and w1 > 0, f"{name}: weights above 0")
        np.testing.assert_allclose((n0 * w0 + n1 * w1) / (n0 + n1), 1, rtol=1e-12)


def scheme_is_monotone(name: str, options: Mapping[str, float]) -> None:
    """The rarer a class, the more it counts, or at least not less."""
    ratios = []
    for positives in (500, 250, 100, 20, 3, 1):
        w0, w1 = class_weights(name, 1000 - positives, positives, **options)
        ratios.append(w1 / w0)
    rising = np.all(np.diff(ratios) >= -1e-12)
    _require(rising, f"{name}: rarer counts more: {ratios}")


def scheme_refuses_bad_arguments(name: str, options: Mapping[str, float]) -> None:
    """An empty class, an unknown option, a text, give our own error."""
    _refuses(class_weights, name, 0, 5, **options)
    _refuses(class_weights, name, 5, 0, **options)
    _refuses(class_weights, name, 5, 5, unheard_of=1.0)
    for option in SCHEMES[name].options:
        for bad in ("2", -1.0, math.nan):
            wrong: Any = {**options, option: bad}
            _refuses(class_weights, name, 5, 5, **wrong)


SCHEME_CHECKS: tuple[Callable[[str, Mapping[str, float]], None], ...] = (
    scheme_has_mean_one,
    scheme_is_monotone,
    scheme_refuses_bad_arguments,
)


# ---- strategies


def strategy_is_a_record(strategy: Strategy) -> None:
    """It is hashable, equal to its copy from plain data, and prints itself."""
    copy = Strategy.from_dict(strategy.to_dict())
    _require(copy == strategy, f"{strategy.name}: equal after a round trip")
    _require(hash(copy) == hash(strategy), f"{strategy.name}: one hash")
    _require(repr(strategy.name) in repr(strategy), f"{strategy.name}: its own name")


def strategy_explains_itself(strategy: Strategy) -> None:
    """It says in one sentence what it does, with and without numbers."""
    for text in (strategy.describe(), strategy.describe(8_982, 380)):
        whole = text.endswith(".") and text[0].isupper() and "{" not in text
        _require(whole and "\n" not in text, f"{strategy.name}: one sentence: {text}")


def strategy_declares_its_correction(strategy: Strategy) -> None:
    """Its correction is finite, and goes up with the score."""
    for counts in ((8_982, 380), (50, 50), (999, 1)):
        found = strategy.correction(*counts)
        scores = found.apply(np.linspace(-40, 40, 81))
        _require(np.isfinite(scores).all(), f"{strategy.name}: finite log-odds")
        _require((np.diff(scores) > 0).all(), f"{strategy.name}: keeps the order")
        _require(bool(found.reason), f"{strategy.name}: says why")


STRATEGY_CHECKS: tuple[Callable[[Strategy], None], ...] = (
    strategy_is_a_record,
    strategy_explains_itself,
    strategy_declares_its_correction,
)
