# SPDX-License-Identifier: Apache-2.0
"""A loss that breaks a contract is found, whichever contract it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import ops

from equipoise import losses
from equipoise.losses.focal import Focal
from equipoise.losses.registry import LossSpec
from equipoise.testing import check_loss

GOOD = losses.get("cross_entropy")
FOCAL = losses.get("focal")
GAMMA = {"gamma": 1.5, "alpha": 0.3}


def changed(change: Callable[[Any, Any, Any], Any]) -> LossSpec:
    """Return the cross-entropy under another name, its values changed."""

    def function(targets: Any, logits: Any) -> Any:
        return change(GOOD.function(targets, logits), targets, logits)

    return dataclasses.replace(GOOD, name="mine", function=function)


def rank(value: Any, t: Any, z: Any) -> Any:
    return value * ops.cast(ops.arange(z.shape[-1]) + 1, value.dtype)


@tf.custom_gradient
def halved(value: Any) -> Any:
    return value, lambda upstream: 0.5 * upstream


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (lambda v, t, z: v / (z * 0 + v), "finite values"),
        (lambda v, t, z: v + 0.1 * z, "at least 0"),
        (lambda v, t, z: ops.mean(v, axis=-1), r"\(10,\), not \(\)"),
        (lambda v, t, z: ops.expand_dims(v, -1), r"not \(10, 1\)"),
        (lambda v, t, z: ops.softplus(z * (2 * t - 1)), "positives that score higher"),
        (lambda v, t, z: ops.abs(v * 0 + 3.0), "positives that score higher"),
        (lambda v, t, z: halved(v), "Not equal to tolerance"),
        (lambda v, t, z: ops.cast(v, "float32"), "the logits' type"),
        (lambda v, t, z: v / ops.mean(v + 1.0), "Not equal to tolerance|slope of"),
    ],
)
def test_a_broken_function_is_found(
    change: Callable[[Any, Any, Any], Any], promise: str
) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_loss(changed(change))


def test_a_loss_that_is_not_the_cross_entropy_where_it_says_so_is_found() -> None:
    def doubled(targets: Any, logits: Any) -> Any:
        return 2 * GOOD.function(targets, logits)

    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_loss(dataclasses.replace(GOOD, function=doubled))


@keras.saving.register_keras_serializable("tests")
class Unweighted(Focal):
    """Does not hear of weights."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return super().__call__(y_true, y_pred)


@keras.saving.register_keras_serializable("tests")
class Forgetful(Focal):
    """Loses an option on its way through a file."""

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gamma": 2.0}


@keras.saving.register_keras_serializable("tests")
class Lenient(Focal):
    """Takes any option."""

    def __init__(self, gamma: Any = 2.0, alpha: Any = None, **more: Any) -> None:
        sound = isinstance(gamma, float) and gamma >= 0
        super().__init__(gamma if sound else 2.0, alpha, **more)


@keras.saving.register_keras_serializable("tests")
class Ordered(Focal):
    """Later examples count more."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return rank(super().call(y_true, y_pred), y_true, y_pred)


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Unweighted, "Not equal to tolerance"),
        (Forgetful, "Mismatch|same config"),
        (Lenient, "a bad argument was accepted"),
        (Ordered, "Not equal to tolerance"),
    ],
)
def test_a_broken_class_is_found(kind: type[Any], promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_loss(dataclasses.replace(FOCAL, keras=kind), **GAMMA)


def test_a_sound_loss_of_one_s_own_passes() -> None:
    """The contracts ask for nothing that only the project's own losses have."""
    check_loss(dataclasses.replace(GOOD, name="mine"))
