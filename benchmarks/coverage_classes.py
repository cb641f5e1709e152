# SPDX-License-Identifier: Apache-2.0
"""Coverage of the intervals of several classes, level and power of their tests.

Tables are drawn from known distributions of the logits of 4 and of 10 classes, with 8,
20 and 100 rows in the rarest; the other classes grow by a constant factor, to 12 and 30
times as many. The truth is the metric of 200,000 rows, weighted to the table's shares.
`macro_interval` was chosen on "even" and "separated" and amended after "weak rare",
"heavy tails" and "noise"; the other shapes judge it, and two of them ("skewed" and
"rounded") were drawn for the first time once it was settled.

Of labels, rows are drawn from a population in which labels go together, so that the
rows of each label vary too; the most common label has 4 rows in 10.

For the tests of each class, two arms score the same rows. Without a difference both
have the same distribution, and a family in which anything is found is an error. With
one, the second arm knows nothing of the rarest class.

    python benchmarks/coverage_classes.py [--tables 1000] [--rarest 8 20] [--quick]
        [--parts classes labels tests] [--shapes even ...]

With 1,000 tables it takes about 40 minutes of one core; `--quick` less than one.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from equipoise.metrics import TASK_METRICS
from equipoise.task import UNKNOWN_LABEL, Task
from equipoise.uncertainty import (
    macro_interval,
    max_t,
    task_influence,
    view_influences,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Random = np.random.Generator
Cells = dict[str, tuple[float, float, float, float]]
"""By metric: covered, truth below, truth above, mean width."""
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
PARTS = ("classes", "labels", "tests")
LABEL_METRICS = ("macro_average_precision", "macro_roc_auc", "macro_f1")
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


def coverage(shape: str, classes: int, rarest: int, tables: int) -> Cells:
    """Return how often the intervals cover."""
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


def plain_labels(random: Random, y: IntArray, shared: FloatArray) -> FloatArray:
    """Return log-odds of labels with equal, independent noise."""
    return random.normal(size=y.shape) + 2 * y


def common_noise(random: Random, y: IntArray, shared: FloatArray) -> FloatArray:
    """Return log-odds whose noise the labels of a row have in common."""
    return 0.8 * shared + 0.6 * random.normal(size=y.shape) + 2 * y


def weak_label(random: Random, y: IntArray, shared: FloatArray) -> FloatArray:
    """Return log-odds that hardly tell the rarest label."""
    far = np.full(y.shape[1], 2.5)
    far[-1] = 1.0
    return random.normal(size=y.shape) + far * y


def hidden_label(random: Random, y: IntArray, shared: FloatArray) -> FloatArray:
    """Return log-odds that miss half of the rows of the rarest label."""
    seen = y.copy()
    seen[:, -1] *= random.random(len(y)) < 0.5
    return random.normal(size=y.shape) + 3 * seen


def told_labels(random: Random, y: IntArray, shared: FloatArray) -> FloatArray:
    """Return log-odds that tell nearly all."""
    return random.normal(size=y.shape) + 4.5 * y


LABEL_SHAPES: dict[str, Callable[[Random, IntArray, FloatArray], FloatArray]] = {
    "even": plain_labels,
    "common noise": common_noise,
    "weak rare": weak_label,
    "half hidden": hidden_label,
    "separated": told_labels,
    "unknown": plain_labels,
}
UNKNOWN_SHARE = 0.2
MOST_COMMON = 0.4


def drawn_labels(
    shape: str, rows: int, shares: FloatArray, random: Random
) -> tuple[IntArray, FloatArray]:
    """Return a label matrix and log-odds; labels go together within a row."""
    common = random.normal(size=(rows, 1))
    latent = math.sqrt(0.3) * common + math.sqrt(0.7) * random.normal(
        size=(rows, shares.size)
    )
    y = (latent < norm.ppf(shares)).astype(np.int64)
    shared = random.normal(size=(rows, 1))
    z = LABEL_SHAPES[shape](random, y, shared) + 0.7 * np.log(shares / (1 - shares)) - 1
    if shape == "unknown":
        y[random.random(y.shape) < UNKNOWN_SHARE] = UNKNOWN_LABEL
    return y, z


def label_coverage(shape: str, labels: int, rarest: int, tables: int) -> Cells:
    """Return how often the intervals cover."""
    counts = sizes(labels, rarest)
    rows = round(counts[0] / MOST_COMMON)
    shares = counts / rows
    task = Task("multilabel", tuple(f"label {k}" for k in range(labels)))
    y, z = drawn_labels(shape, 2 * POPULATION, shares, np.random.default_rng(20261201))
    true = {
        name: TASK_METRICS[name](task, y, label_predictions(name, z))
        for name in LABEL_METRICS
    }
    random = np.random.default_rng([3, list(LABEL_SHAPES).index(shape), labels, rarest])
    sums = {name: np.zeros(4) for name in LABEL_METRICS}
    for _ in range(tables):
        y, z = drawn_labels(shape, rows, shares, random)
        for name in LABEL_METRICS:
            made = macro_interval(
                task_influence(name, task, y, label_predictions(name, z))
            )
            below, above = true[name] < made.low, true[name] > made.high
            sums[name] += (not (below or above), below, above, made.high - made.low)
    means = {name: (each / tables).tolist() for name, each in sums.items()}
    return {name: (each[0], each[1], each[2], each[3]) for name, each in means.items()}


def label_predictions(name: str, z: FloatArray) -> FloatArray | IntArray:
    """Return what a metric takes."""
    return (z > 0).astype(np.int64) if TASK_METRICS[name].of_decisions else z


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
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=PARTS)
    parser.add_argument("--shapes", nargs="*", default=[*{**SHAPES, **LABEL_SHAPES}])
    options = parser.parse_args()
    began = time.perf_counter()
    tables = 30 if options.quick else options.tables
    rarest = RAREST[:1] if options.quick else options.rarest
    error = math.sqrt(0.95 * 0.05 / tables)
    print(f"{tables:,} tables in each cell; a coverage of .95 is known to {error:.3f}.")
    if "classes" in options.parts:
        judged = [
            cells
            for (shape, _, rows), cells in cells_of(
                coverage, METRICS, SHAPES, options.shapes, rarest, tables
            )
            if rows == RAREST[0] and shape not in CHOSEN_ON
        ]
        lowest = {name: min([1.0, *(c[name][0] for c in judged)]) for name in METRICS}
    if "labels" in options.parts:
        print("\nLabels:")
        label_cells = [
            min(cell[0] for cell in cells.values())
            for _, cells in cells_of(
                label_coverage,
                LABEL_METRICS,
                LABEL_SHAPES,
                options.shapes,
                rarest,
                tables,
            )
        ]
        print(f"ratio lowest_coverage_of_labels {min(label_cells):.3f} bar {BAR}")
    if "tests" in options.parts:
        tests_of_classes(rarest, tables)
    print(f"\n{time.perf_counter() - began:.0f} s")
    for name in METRICS if "classes" in options.parts else ():
        print(f"ratio lowest_coverage_{name} {lowest[name]:.3f} bar {BAR}")


def cells_of(
    measure: Callable[[str, int, int, int], Cells],
    metrics: Sequence[str],
    shapes: Iterable[str],
    chosen: Sequence[str],
    rarest: Sequence[int],
    tables: int,
) -> Iterator[tuple[tuple[str, int, int], Cells]]:
    """Print a line for each shape and size, and yield what it holds."""
    print("Covered (truth below, truth above), mean width:")
    print("| shape | number | rarest |", *(f"{name} |" for name in metrics))
    print("|---|---|---|", "---|" * len(metrics), sep="")
    for shape, number, rows in itertools.product(shapes, LARGEST, rarest):
        if shape not in chosen:
            continue
        cells = measure(shape, number, rows, tables)
        print(
            f"| {shape} | {number} | {rows} |",
            *(
                f"{c[0]:.3f} ({c[1]:.3f}, {c[2]:.3f}) {c[3]:.3f} |"
                for c in cells.values()
            ),
            flush=True,
        )
        yield (shape, number, rows), cells


def tests_of_classes(rarest: Sequence[int], tables: int) -> None:
    """Print the level and the power of the tests of each class."""
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
    print(f"ratio highest_level_max_t {max(levels):.3f} bar {LEVEL + 0.02:.2f}")


if __name__ == "__main__":
    main()
