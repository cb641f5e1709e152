# SPDX-License-Identifier: Apache-2.0
"""What a training step costs with each loss, against the cross-entropy.

One network of two hidden layers, one batch, value, gradients and an update of Adam,
compiled by `tf.function`. Losses take turns with the cross-entropy in one run, so that
a busy moment serves both alike; the ratio is the median of the ratios of the turns.

    python benchmarks/loss_step.py [--quick] [--batch 1024] [--turns 15] [--steps 20]

`--quick` takes three turns of eight steps.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from equipoise import losses
from equipoise.losses.records import LOSS_RECORDS

BAR = 1.5
FEATURES, HIDDEN = 30, 256


def step_with(loss: Any, x: tf.Tensor, y: tf.Tensor) -> Callable[[], object]:
    """Return a compiled training step."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(HIDDEN, "relu"),
            keras.layers.Dense(HIDDEN, "relu"),
            keras.layers.Dense(1),
        ]
    )
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        slopes = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(slopes, model.trainable_variables, strict=True))
        return value

    step()
    return step


def seconds(step: Callable[[], object], steps: int) -> float:
    """Return how long so many steps take."""
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return time.perf_counter() - start


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    if options.quick:
        options.turns, options.steps = 3, 8
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(options.batch, FEATURES)).astype("float32"))
    y = tf.constant((random.random((options.batch, 1)) < 0.1).astype("float32"))
    plain = step_with(losses.CrossEntropy(), x, y)
    above = []
    for name, record in LOSS_RECORDS.items():
        told: dict[str, float] = {"prior": 0.1} if record.needs_prior else {}
        told |= {"rows": 10_000.0} if record.needs_rows else {}
        step = step_with(losses.get(name).keras(**told), x, y)
        ratios = []
        for _ in range(options.turns):
            usual = seconds(plain, options.steps)
            ratios.append(seconds(step, options.steps) / usual)
        ratio = statistics.median(ratios)
        above += [name] if ratio > BAR else []
        print(f"ratio {name} {ratio:.2f} bar {BAR}", flush=True)
    print(f"above the bar: {', '.join(above) or 'none'}")


if __name__ == "__main__":
    main()
