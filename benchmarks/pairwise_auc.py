# SPDX-License-Identifier: Apache-2.0
"""The exact losses over all pairs against the pairwise matrix.

Value and gradient of each loss that is defined by pairs, and of its matrix, both
compiled by `tf.function`. They take turns in one run: one call of the matrix, then as
many of ours as last about as long, so that a busy moment or a warm cache serves both
alike. The ratio is that of the medians over the turns. Before that the peak memory of
our form at growing batches, each in a process of its own, to see that it is linear.

    python benchmarks/pairwise_auc.py [--loss NAME] [--positives 10000]
        [--negatives 10000] [--turns 31] [--quick]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from equipoise.losses import get

BAR = 50
SIZES = (100_000, 400_000, 1_600_000)


def pairwise_matrix(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the mean over the matrix of all pairs."""
    positive = tf.boolean_mask(logits, targets > 0)
    negative = tf.boolean_mask(logits, targets < 1)
    pairs = tf.nn.relu(1.0 - (positive[:, None] - negative[None, :]))
    return tf.reduce_mean(pairs * pairs)


def gaps(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return z_i - z_j of every positive i and negative j."""
    positive = tf.boolean_mask(logits, targets > 0)
    negative = tf.boolean_mask(logits, targets < 1)
    return positive[:, None] - negative[None, :]


def hinge_matrix(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the mean of the hinge over all pairs."""
    return tf.reduce_mean(tf.nn.relu(1.0 - gaps(targets, logits)))


def logistic_matrix(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the mean of the logistic loss over all pairs."""
    return tf.reduce_mean(tf.nn.softplus(-gaps(targets, logits)))


def partial_matrix(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the mean of squares over each positive's hardest tenth of negatives."""
    pairs = tf.nn.relu(1.0 - gaps(targets, logits)) ** 2
    hard = tf.sort(pairs, axis=1, direction="DESCENDING")
    return tf.reduce_mean(hard[:, : tf.shape(pairs)[1] // 10])


def precision_matrix(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the smooth average precision over all pairs."""
    positive = tf.boolean_mask(logits, targets > 0)
    squares = tf.nn.relu(1.0 - (positive[:, None] - logits[None, :])) ** 2
    each = tf.reduce_sum(squares * targets, 1) / tf.reduce_sum(squares, 1)
    return 1 - tf.reduce_mean(each)


MATRICES: dict[str, Callable[..., tf.Tensor]] = {
    "pairwise_auc": pairwise_matrix,
    "pairwise_hinge": hinge_matrix,
    "pairwise_logistic": logistic_matrix,
    "partial_auc": partial_matrix,
    "average_precision": precision_matrix,
}


def value_and_gradient(loss: Callable[..., tf.Tensor]) -> Callable[..., tuple]:
    """Return a compiled function that gives both."""

    @tf.function
    def run(targets: tf.Tensor, logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = loss(targets, logits)
        return value, tape.gradient(value, logits)

    return run


def batch(positives: int, negatives: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return targets and overlapping scores."""
    random = np.random.default_rng(0)
    targets = np.repeat([1.0, 0.0], [positives, negatives]).astype(np.float32)
    logits = (random.normal(size=len(targets)) + targets).astype(np.float32)
    order = random.permutation(len(targets))
    return tf.constant(targets[order]), tf.constant(logits[order])


def seconds(run: Callable[[], object], calls: int = 1) -> float:
    """Return how long one of so many calls takes."""
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls


def in_turn(
    fast: Callable[[], object], slow: Callable[[], object], turns: int
) -> list[tuple[float, float]]:
    """Return the seconds of a call of both, by turn."""
    fast(), slow()  # the first calls compile
    calls = max(1, round(seconds(slow) / seconds(fast, 20)))
    return [(seconds(fast, calls), seconds(slow)) for _ in range(turns)]


def peak_megabytes() -> float:
    """Return the largest memory that this process has held."""
    # Not getrusage: its figure is inherited from the process that starts this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return float(line.split()[1]) / 1024


def compare(name: str, positives: int, negatives: int, turns: int) -> None:
    """Print the times of both, their ratio, and how far they differ."""
    data = batch(positives, negatives)
    ours = value_and_gradient(get(name).function)
    theirs = value_and_gradient(MATRICES[name])
    (v1, g1), (v2, g2) = ours(*data), theirs(*data)
    apart = np.max(np.abs(g1.numpy() - g2.numpy())) / np.max(np.abs(g2.numpy()))
    times = in_turn(lambda: ours(*data), lambda: theirs(*data), turns)
    fast, slow = np.median(times, axis=0)
    low, high = np.quantile([m / s for s, m in times], [0.25, 0.75])
    pairs = f"{positives:,} x {negatives:,} pairs"
    print(f"{name}, {pairs}, value and gradient, float32")
    print(f"  sorted  {fast * 1e3:9.2f} ms   value {float(v1):.6f}")
    print(f"  matrix  {slow * 1e3:9.2f} ms   value {float(v2):.6f}")
    print(f"  ratio by turn, middle half of {turns} turns: {low:.1f} to {high:.1f}")
    print(f"  largest difference of gradients, relative: {apart:.1e}")
    print(f"ratio {name} {slow / fast:.1f} bar {BAR}", flush=True)


def memory(name: str) -> None:
    """Print the peak memory at growing batches."""
    print(f"{name}: peak memory above the smallest batch, sorted form")
    first = None
    for size in (1_000, *SIZES):
        command = [sys.executable, __file__, "--memory-of", str(size), "--loss", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        used = float(done.stdout)
        first = used if first is None else first
        print(f"  {size:9,} examples: {used - first:8.1f} MB")


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positives", type=int, default=10_000)
    parser.add_argument("--negatives", type=int, default=10_000)
    parser.add_argument("--loss", help="one of the losses; all by default")
    parser.add_argument("--turns", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="without the memory")
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        run = value_and_gradient(get(options.loss).function)
        run(*batch(options.memory_of // 2, options.memory_of // 2))
        print(peak_megabytes())
        return
    turns = options.turns or (9 if options.quick else 31)
    for name in [options.loss] if options.loss else MATRICES:
        if not options.quick:
            memory(name)
        compare(name, options.positives, options.negatives, turns)


if __name__ == "__main__":
    main()
