# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from equipoise.learners.anomaly.program import (
    DetectorSignature,
    detector_program,
    losses_and_slopes,
)

RANDOM = np.random.default_rng(0)
TARGETS = np.array([[0, 1, 0, 1, 1], [1, 0, 0, 0, 1]], float)

CASES: dict[str, tuple[tuple[int, int, int], dict[str, Any]]] = {
    "reconstruction": (
        (2, 5, 4),
        {"mask": np.array([[1.0, 1, 1, 1], [1, 0, 1, 0]]), "columns": [4.0, 2.0]},
    ),
    "distance": (
        (2, 5, 3),
        {"centre": RANDOM.normal(size=(2, 3)), "eta": [1.0, 2.5]},
    ),
    "deviation": (
        (2, 5, 1),
        {"mean": [0.1, -0.2], "deviation": [1.1, 0.9], "margin": [5.0, 0.5]},
    ),
}


def formula(kind: str, out: Any, x: Any, y: float, extras: Any, member: int) -> float:
    """The loss of one row, as the papers write it."""
    at = {name: np.asarray(value)[member] for name, value in extras.items()}
    if kind == "reconstruction":
        real = at["mask"] > 0
        return float(np.mean((out[real] - x[real]) ** 2))
    if kind == "distance":
        d = np.linalg.norm(out - at["centre"]) ** 2
        return float(at["eta"] / (d + 1e-6) if y else d)
    z = (out[0] - at["mean"]) / at["deviation"]
    return float((1 - y) * abs(z) + y * max(0.0, at["margin"] - z))


@pytest.mark.parametrize("kind", CASES)
def test_losses_and_slopes(kind: Any) -> None:
    """Losses are those of the papers, slopes their finite differences."""
    shape, extras = CASES[kind]
    out, x = 2 * RANDOM.normal(size=shape), RANDOM.normal(size=shape)
    tensors = {name: tf.constant(value, tf.float64) for name, value in extras.items()}
    loss, slopes = losses_and_slopes(
        kind, tf.constant(out), tf.constant(x), tf.constant(TARGETS), tensors
    )
    for member, row in np.ndindex(2, 5):
        y = TARGETS[member, row]
        here, entry = out[member, row], x[member, row]
        expected = formula(kind, here, entry, y, extras, member)
        assert loss[member, row].numpy() == pytest.approx(expected, rel=1e-12)
        for column in range(shape[2]):
            step = np.zeros(shape[2])
            step[column] = 1e-6
            ends = [
                formula(kind, here + way * step, entry, y, extras, member)
                for way in (1, -1)
            ]
            slope = (ends[0] - ends[1]) / 2e-6
            assert slopes[member, row, column].numpy() == pytest.approx(slope, abs=1e-5)


def test_an_epoch_is_that_of_keras() -> None:
    """Adam on the mean weighted loss with the penalty, by Keras' own optimiser."""
    import keras

    signature = DetectorSignature("deviation", (3, 4, 1), 3, (), "uint8", 0.01)
    program = detector_program(signature)
    rows, steps, batch = 20, 7, 6
    x = RANDOM.normal(size=(rows, 3)).astype("float32")
    first = {
        name: RANDOM.normal(size=(1, *shape)).astype("float32")
        for name, shape in signature.shapes.items()
    }
    draws = {
        "index": RANDOM.integers(0, rows, (steps, 1, batch)).astype("int32"),
        "targets": RANDOM.integers(0, 2, (steps, 1, batch)).astype("float32"),
        "weights": RANDOM.uniform(0.5, 2, (steps, 1, batch)).astype("float32"),
    }
    from equipoise.training.adam import rates

    rate = {"rates": (0.01 * rates(0, steps))[:, None].astype("float32")}
    extras = {"mean": [0.1], "deviation": [1.2], "margin": [5.0]}
    tensors = {n: tf.constant(v, tf.float32) for n, v in extras.items()}
    data = {"numbers": tf.constant(x), "codes": tf.zeros((rows, 0), tf.uint8)}
    zeros = {name: tf.zeros_like(value) for name, value in first.items()}
    start = {n: tf.constant(v) for n, v in first.items()}
    end = program.epoch(
        {"parameters": start, "m": zeros, "v": zeros}, data, draws | rate, tensors
    )

    variables = {name: tf.Variable(value[0]) for name, value in first.items()}
    optimizer = keras.optimizers.Adam(0.01, epsilon=1e-7)
    for step in range(steps):
        index = draws["index"][step, 0]
        y, w = draws["targets"][step, 0], draws["weights"][step, 0]
        with tf.GradientTape() as tape:
            h = tf.nn.relu(x[index] @ variables["kernel_0"] + variables["bias_0"])
            s = (h @ variables["kernel_1"] + variables["bias_1"])[:, 0]
            z = (s - 0.1) / 1.2
            each = (1 - y) * tf.abs(z) + y * tf.maximum(0.0, 5.0 - z)
            loss = tf.reduce_mean(w * each)
            loss += 0.01 * tf.reduce_sum(variables["kernel_0"] ** 2)
        names = list(variables)
        gradients = tape.gradient(loss, [variables[n] for n in names])
        optimizer.apply(gradients, [variables[n] for n in names])
    for name, variable in variables.items():
        np.testing.assert_allclose(
            end["parameters"][name][0], variable, rtol=2e-4, atol=2e-5
        )
