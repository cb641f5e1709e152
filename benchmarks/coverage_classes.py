# SPDX-License-Identifier: Apache-2.0
"""Coverage of the intervals of several classes, level and power of their tests.

Tables are drawn from known distributions of the logits of 4 and of 10 classes, with 8,
20 and 100 rows in the rarest; the other classes grow by a constant factor, to 12 and 30
times as many. The truth is the metric of 200,000 rows, weighted to the table's shares.
`macro_interval` was chosen on "even" and "separated" and amended after "weak rare",
"heavy tails" and "noise"; the other shapes judge it, and two of them ("skewed" and
"rounded") were drawn for the first time once it was settled.

For the tests of each class, two arms score the same rows. Without a difference both
have the same distribution, and a family in which anything is found is an error. With
one, the second arm knows nothing of the rarest class.

    python benchmarks/coverage_classes.py [--tables 1000] [--rarest 8 20] [--quick]

With 1,000 tables it takes about 40 minutes of one core; `--quick` less than one.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from equipoise.metrics import TASK_METRICS
from equipoise.task import Task
from equipoise.uncertainty import (
    macro_interval,
    max_t,
    task_influence,
    view_influences,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Random = np.random.Generator
METRICS = (
    "macro_average_precision",
    "macro_roc_auc",
    "balanced_accuracy",
    "macro_f1",
)
CHOSEN_ON = ("even", "separated", "weak rare", "heavy tails", "noise")
BAR = 0.93
LARGEST = {4: 12, 10: 30}
"""How many times as many rows as the rarest the largest class has."""
RAREST = (8, 20, 100)
POPULATION = 200_000
LEVEL = 0.05
PER_CLASS = ("average_precision", "roc_auc", "recall")


def even(random: Random, y: IntArray, truth: FloatArray) -> FloatArray:
    """Return logits that tell all classes equally well."""
    return random.normal(size=truth.shape) + 2 * truth


def weak_rare(random: Random, y: IntArray, truth: FloatArray) -> FloatArray:
    """Return logits that hardly tell the rarest class."""
    rare = y == truth.shape[1] - 1
    far = np.where(rare, 1.0, 2.5)[:, None]
    return random.normal(size=truth.shape) + far * truth


def half_hidden(random: Random, y: IntArray, truth: FloatArray) -> FloatArray:
    """Return logits of which half of the rarest class look like the largest one."""
    return _hidden(random, y, truth, 0.5, 3.0)


def few_hidden(random: Random, y: IntArray, truth: FloatArray) -> FloatArray:
    """Return the same of which 1 in 20 do, and all others are told well."""
    return _hidden(random, y, truth, 0.05, 5.0)


def _hidden(
    random: Random, y: IntArray, truth: FloatArray, share: float, far: float
) -> FloatArray:
    rare = y == truth.shape[1] - 1
    hidden = rare & (random.random(y.size) < share)
    seen_as = np.where(hidden[:, None], np.eye(truth.shape[1])[0], truth)
    return random.normal(size=truth.shape) + far * seen_as


def separated(random: Random, y: IntArray, truth: FloatArray) -> FloatArray:
    """Return logits that tell nearly all rows."""
    return random.normal(size=truth.shape) + 4.5 * truth


def heavy(random: Random, y: IntArray, truth: FloatArray) -> FloatArray:
    """Return logits with the tails of t with three degrees of freedom."""
    return random.standard_t(3, size=truth.shape) + 3 * truth


def pair(random: Random, y: IntArray, truth: FloatArray) -> FloatArray:
    """Return logits in which the two rarest classes look alike."""
    size = truth.shape[1]
    z = random.normal(size=truth.shape) + 3 * truth
    z[np.ix_(y >= size - 2, [size - 2, size - 1])] += 1.5
    return z


def noise(random: Random, y: IntArray, truth: FloatArray) -> FloatArray:
    """Return logits that tell nothing."""
    return random.normal(size=truth.shape)


def skewed(random: Random, y: IntArray, truth: FloatArray) -> FloatArray:
    """Return logits with exponential noise, of which the rarest class has most."""
    scale = np.linspace(0.7, 1.6, truth.shape[1])[y][:, None]
    return scale * random.standard_exponential(truth.shape) + 2 * truth


def rounded(random: Random, y: IntArray, truth: FloatArray) -> FloatArray:
    """Return logits of few values, many of them tied."""
    return np.round(random.normal(size=truth.shape) + 1.8 * truth)


SHAPES: dict[str, Callable[[Random, IntArray, FloatArray], FloatArray]] = {
    "even": even,
    "weak rare": weak_rare,
    "half hidden": half_hidden,
    "1 in 20 hidden": few_hidden,
    "separated": separated,
    "heavy tails": heavy,
    "confused pair": pair,
    "noise": noise,
    "skewed": skewed,
    "rounded": rounded,
}


def sizes(classes: int, rarest: int) -> IntArray:
    """Return the rows of each class, the largest first."""
    factors = np.geomspace(LARGEST[classes], 1, classes)
    return np.round(rarest * factors).astype(np.int64)


def drawn(
    shape: str, counts: IntArray, shares: FloatArray, random: Random
) -> tuple[IntArray, FloatArray]:
    """Return classes and logits, which hold the shares of the classes."""
    y = np.repeat(np.arange(counts.size), counts)
    z = SHAPES[shape](random, y, np.eye(counts.size)[y])
    return y, z + 0.7 * np.log(shares)


def task_of(classes: int) -> Task:
    """Return a task of so many classes."""
    return Task("multiclass", tuple(f"class {k}" for k in range(classes)))


def predictions(name: str, z: FloatArray) -> FloatArray | IntArray:
    """Return what a metric takes."""
    return z.argmax(axis=1) if TASK_METRICS[name].of_decisions else z


def truths(shape: str, counts: IntArray) -> dict[str, float]:
    """Return the metrics of the population at the shares of the table."""
    classes = counts.size
    even_counts = np.full(classes, POPULATION // classes)
    shares = counts / counts.sum()
    y, z = drawn(shape, even_counts, shares, np.random.default_rng(20261130))
    weights = shares[y]
    task = task_of(classes)
    return {
        name: TASK_METRICS[name](task, y, predictions(name, z), weights)
        for name in METRICS
    }


def coverage(
    shape: str, classes: int, rarest: int, tables: int
) -> dict[str, tuple[float, float, float, float]]:
    """Return, by metric: covered, truth below, truth above, mean width."""
    counts = sizes(classes, rarest)
    shares, true, task = counts / counts.sum(), truths(shape, counts), task_of(classes)
    seed = [1, list(SHAPES).index(shape), classes, rarest]
    random = np.random.default_rng(seed)
    sums = {name: np.zeros(4) for name in METRICS}
    for _ in range(tables):
        y, z = drawn(shape, counts, shares, random)
        for name in METRICS:
            made = macro_interval(task_influence(name, task, y, predictions(name, z)))
            below, above = true[name] < made.low, true[name] > made.high
            sums[name] += (not (below or above), below, above, made.high - made.low)
    means = {name: (each / tables).tolist() for name, each in sums.items()}
    return {name: (each[0], each[1], each[2], each[3]) for name, each in means.items()}


def rejections(
    metric: str, classes: int, rarest: int, tables: int, *, differ: bool
) -> tuple[float, float]:
    """Return how often a family rejects anything, and how often the rarest class.

    Two arms have half of their noise in common. If they differ, the second knows
    nothing of the rarest class.
    """
    counts = sizes(classes, rarest)
    shares, task = counts / counts.sum(), task_of(classes)
    random = np.random.default_rng([2, PER_CLASS.index(metric), classes, rarest])
    any_, last = 0, 0
    for _ in range(tables):
        y = np.repeat(np.arange(classes), counts)
        truth = np.eye(classes)[y]
        shared = random.normal(size=truth.shape)
        views = []
        for arm in range(2):
            own = random.normal(size=truth.shape)
            z = (shared + own) / math.sqrt(2) + 2 * truth
            if differ and arm == 1:
                z[:, -1] = own[:, -1]
            z = z + 0.7 * np.log(shares)
            made = z.argmax(axis=1) if metric == "recall" else z
            views.append(view_influences(metric, task, y, made))
        test = max_t(
            views[0].values - views[1].values,
            views[0].row - views[1].row,
            np.minimum(views[0].units, views[1].units),
            draws=2_000,
        )
        rejected = test.step_down < LEVEL
        any_ += bool(rejected.any())
        last += bool(rejected[-1])
    return any_ / tables, last / tables


def main() -> None:
    """Run the simulation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="8 rows, few tables")
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--rarest", nargs="*", type=int, default=list(RAREST))
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES), choices=SHAPES)
    options = parser.parse_args()
    began = time.perf_counter()
    tables = 30 if options.quick else options.tables
    rarest = RAREST[:1] if options.quick else options.rarest
    lowest = dict.fromkeys(METRICS, 1.0)
    error = math.sqrt(0.95 * 0.05 / tables)
    print(
        f"{tables:,} tables in each cell; a coverage of .95 is known to {error:.3f}.\n"
        "Covered (truth below, truth above), mean width:"
    )
    print("| shape | classes | rarest |", *(f"{name} |" for name in METRICS))
    print("|---|---|---|", "---|" * len(METRICS), sep="")
    for shape in options.shapes:
        for classes in LARGEST:
            for rows in rarest:
                cells = coverage(shape, classes, rows, tables)
                print(
                    f"| {shape} | {classes} | {rows} |",
                    *(
                        f"{c[0]:.3f} ({c[1]:.3f}, {c[2]:.3f}) {c[3]:.3f} |"
                        for c in cells.values()
                    ),
                    flush=True,
                )
                if rows == RAREST[0] and shape not in CHOSEN_ON:
                    for name in METRICS:
                        lowest[name] = min(lowest[name], cells[name][0])
    print("\nFamilies of one test per class: level, and power of the rarest class:")
    print("| metric | classes | rarest | level | power |\n|---|---|---|---|---|")
    levels = []
    for metric in PER_CLASS:
        for classes in LARGEST:
            for rows in rarest:
                level, _ = rejections(metric, classes, rows, tables, differ=False)
                _, power = rejections(metric, classes, rows, tables, differ=True)
                levels.append(level)
                print(
                    f"| {metric} | {classes} | {rows} | {level:.3f} | {power:.3f} |",
                    flush=True,
                )
    print(f"\n{time.perf_counter() - began:.0f} s")
    print(f"ratio highest_level_max_t {max(levels):.3f} bar {LEVEL + 0.02:.2f}")
    for name in METRICS:
        print(f"ratio lowest_coverage_{name} {lowest[name]:.3f} bar {BAR}")


if __name__ == "__main__":
    main()
