# SPDX-License-Identifier: Apache-2.0
"""Peak memory of a default trial, against that of TensorFlow alone.

A process that imports TensorFlow and takes one step holds hundreds of megabytes, most
of them pages of its libraries. A trial of one repeat runs in a second process, on a
made file of numbers and categories that it reads, and prints what it holds after each
phase: its private memory and its peak. The ratio is the peak of TensorFlow alone over
that of the trial, so 1 is the most that is possible.

    python benchmarks/memory.py [--rows 48842] [--quick]

Needs Linux, whose /proc says what a process holds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

BAR = 0.75
ROWS, QUICK_ROWS = 48_842, 4_000
NUMBERS, CATEGORIES = 6, 8


def megabytes(name: str) -> float:
    """Return a line of this process' status, for example VmHWM: its peak."""
    # Not getrusage: its figure is inherited from the process that starts this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(name))
    return float(line.split()[1]) / 1024


def reset_peak() -> None:
    """Let VmHWM be what this process holds now, and count from there."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def write_table(path: str, rows: int) -> None:
    """Write numbers, categories and a target, 24 % of it positive."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(0)
    numbers = random.normal(size=(rows, NUMBERS))
    codes = random.integers(0, np.arange(2, 2 + CATEGORIES) * 3, (rows, CATEGORIES))
    score = numbers.sum(1) + (codes % 3 == 0).sum(1) + random.logistic(0, 2, rows)
    columns = {f"number {j}": numbers[:, j] for j in range(NUMBERS)}
    for j in range(CATEGORIES):
        columns[f"category {j}"] = np.char.add("level ", codes[:, j].astype(str))
    positive = score > np.quantile(score, 0.76)
    columns["target"] = np.where(positive, "yes", "no")
    pq.write_table(pa.table(columns), path)


def tensorflow_alone() -> None:
    """Take a step of a network of one layer, and print the peak."""
    import tensorflow as tf

    weights = tf.Variable(tf.ones((8, 1)))

    @tf.function
    def step(x: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sigmoid(x @ weights))
        weights.assign_sub(tape.gradient(loss, weights))

    step(tf.ones((16, 8)))
    print(f"{megabytes('VmHWM'):.1f}")


def trial(path: str) -> None:
    """Run a default trial of one repeat; print each phase, at last the peak."""
    import equipoise as eq

    phases: list[str] = []
    started = time.perf_counter()

    def progress(text: str, share: float) -> None:
        name = "networks" if "epoch" in text else text.split(":")[0].split(",")[0]
        if name not in phases[-1:]:
            phases.append(name)
            show(name)

    def show(name: str) -> None:
        now = time.perf_counter() - started
        print(
            f"  {now:6.0f} s  private {megabytes('RssAnon'):6.0f} MB  peak so far "
            f"{megabytes('VmHWM'):6.0f} MB  {name}"
        )

    eq.compare(path, "target", repeats=1, progress=progress)
    show("end")
    print(f"{megabytes('VmHWM'):.1f}")


def peak_of(*arguments: str) -> float:
    """Run a part of this file in a process of its own; return its peak."""
    command = [sys.executable, "-W", "ignore", __file__, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    *lines, last = done.stdout.splitlines()
    for line in lines:
        print(line, flush=True)
    return float(last)


def main() -> None:
    """Measure both and print their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "tensorflow":
        tensorflow_alone()
        return
    if options.part:
        trial(options.part)
        return
    floor = peak_of("--part", "tensorflow")
    rows = QUICK_ROWS if options.quick else options.rows
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/rows.parquet"
        write_table(path, rows)
        print(f"a trial of {rows:,} rows, {NUMBERS} numbers, {CATEGORIES} categories")
        peak = peak_of("--part", path)
    print(f"peak of TensorFlow alone {floor:.0f} MB, of the trial {peak:.0f} MB")
    print(f"above TensorFlow alone: {peak - floor:.0f} MB")
    print(f"ratio memory_of_a_trial {floor / peak:.3f} bar {BAR}")


if __name__ == "__main__":
    main()
