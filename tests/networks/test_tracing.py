# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gc
import weakref
from typing import Any

import tensorflow as tf

from equipoise.networks.tracing import traced


class Factor:
    """Something that a gradient refers to, as it does to the tensors of its graph."""

    value = 3.0


SIGNATURE = [tf.TensorSpec([], tf.float32)]


def _slope(factor: Factor) -> Any:
    def slope(x: tf.Tensor) -> tf.Tensor:
        @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
        def cube(x: tf.Tensor) -> tuple[tf.Tensor, Any]:
            return x**3, lambda upstream: upstream * factor.value * x**2

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = cube(x)
        return tape.gradient(y, x)

    return slope


def test_a_trace_computes_and_is_freed() -> None:
    """Traced by TensorFlow alone, it would be held for good."""
    factors = [Factor(), Factor()]
    alive = [weakref.ref(factor) for factor in factors]
    functions = [traced(_slope(factors[0]), SIGNATURE)]
    plain = tf.function(_slope(factors[1]), input_signature=SIGNATURE)
    functions.append(plain.get_concrete_function())
    for function in functions:
        assert float(function(tf.constant(2.0))) == 12.0
    del factors, functions, function, plain
    gc.collect()
    assert alive[0]() is None
    assert alive[1]() is not None  # if this fails, `traced` is no longer needed


def test_other_gradients_stay() -> None:
    """A network that is differentiated later finds its own."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def double(x: tf.Tensor) -> tuple[tf.Tensor, Any]:
        return 2 * x, lambda upstream: 7.0 * upstream

    later = tf.function(double, input_signature=SIGNATURE)
    later.get_concrete_function()
    traced(_slope(Factor()), SIGNATURE)
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = later(x)
    assert float(tape.gradient(y, x)) == 7.0
