# SPDX-License-Identifier: Apache-2.0
"""Seconds and memory of the verbs as rows, columns and classes grow.

    python benchmarks/growth.py [--quick] [--most 100000] [VERB ...]

Each cell is a process of its own, on a table made there: one axis grows, the others
stay at 10,000 rows, 10 columns and 2 classes. What is counted are the seconds of the
processor, and the peak of memory during the call above what the process held before
it, when the table was made. Prints a table, and lines `ratio NAME VALUE bar BAR` with
the exponent of the growth in rows between the last two sizes: n log n from 10,000 to
100,000 rows is 1.10, from 100,000 to a million 1.08.

`compare` tries prior, logistic, trees and plain with the network "small", one repeat.
`fit` fits trees, one repeat. `predict` scores the rows with a model of 2,000 of them.
Needs Linux, whose /proc says what a process holds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

VERBS = ("diagnose", "fit", "predict", "compare")
ROWS = (10_000, 100_000, 1_000_000)
COLUMNS = (10, 100, 1_000)
CLASSES = (2, 10, 100)
BAR = 1.15
PROGRAM = """
import json, resource, sys, time, warnings
import numpy as np
import equipoise as eq
from equipoise.table.table import Column, Table
from equipoise.task import Task
from memory import megabytes, reset_peak

warnings.simplefilter("ignore")
verb, rows, columns, classes = sys.argv[1], *map(int, sys.argv[2:])
random = np.random.default_rng(0)
shares = np.ones(classes) if classes > 2 else np.array([0.95, 0.05])
y = random.choice(classes, rows, p=shares / shares.sum())
centres = random.normal(size=(classes, columns)) * (np.arange(columns) < 8)
x = random.normal(size=(rows, columns)) + centres[y]
names = tuple(str(k) for k in range(classes))
task = Task("binary" if classes == 2 else "multiclass", names)
y = y.astype(np.int8) if classes == 2 else y
columns = tuple(Column(f"x{j}", "numeric", x[:, j].copy()) for j in range(x.shape[1]))
table = Table(columns, y, task)
del x
model = None
if verb == "predict":
    few = min(rows, max(2_000, 20 * classes))
    model = eq.fit(table.take(np.arange(few)), strategy="trees", repeats=1)


def used():
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


before, held = used(), megabytes("VmRSS")
reset_peak()
started = time.monotonic()
if verb == "diagnose":
    eq.diagnose(table)
elif verb == "fit":
    eq.fit(table, strategy="trees", repeats=1)
elif verb == "predict":
    model.predict_proba(table)
else:
    arms = ["prior", "logistic", "trees", "plain"]
    eq.compare(table, strategies=arms, network="small", repeats=1)
seconds = time.monotonic() - started
print(json.dumps([seconds, used() - before, megabytes("VmHWM") - held]))
"""


def measure(verb: str, rows: int, columns: int, classes: int) -> list[float]:
    """Return seconds, seconds of the processor and MB of one call."""
    asked = [verb, *map(str, (rows, columns, classes))]
    places = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(place for place in places if place)
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *asked],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path},
    )
    if result.returncode:
        raise SystemExit(f"{' '.join(asked)} failed:\n{result.stderr[-2_000:]}")
    measured: list[float] = json.loads(result.stdout.splitlines()[-1])
    return measured


def cells(most: int, quick: bool) -> list[tuple[int, int, int]]:
    """Return rows, columns and classes of each cell, the smallest table once."""
    rows = (2_000, 8_000) if quick else tuple(n for n in ROWS if n <= most)
    columns = (10, 40) if quick else COLUMNS
    classes = (2, 4) if quick else CLASSES
    first = rows[0], columns[0], classes[0]
    axes = [(n, *first[1:]) for n in rows]
    axes += [(first[0], p, first[2]) for p in columns[1:]]
    return axes + [(*first[:2], k) for k in classes[1:]]


def main() -> None:
    """Measure all cells and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verbs", nargs="*", metavar="VERB", help=", ".join(VERBS))
    parser.add_argument("--quick", action="store_true", help="small tables")
    parser.add_argument("--most", type=int, default=ROWS[-1], help="rows at most")
    asked = parser.parse_args()
    print("| verb | rows | columns | classes | seconds | CPU seconds | MB more |")
    print("|---|---:|---:|---:|---:|---:|---:|", flush=True)
    for verb in asked.verbs or VERBS:
        by_rows: list[tuple[int, float]] = []
        for rows, columns, classes in cells(asked.most, asked.quick):
            seconds, cpu, memory = measure(verb, rows, columns, classes)
            print(
                f"| {verb} | {rows:,} | {columns:,} | {classes} | {seconds:.1f} | "
                f"{cpu:.1f} | {memory:,.0f} |",
                flush=True,
            )
            if (columns, classes) == (10, 2):
                by_rows.append((rows, cpu))
        if len(by_rows) > 1:
            (few, less), (many, more) = by_rows[-2:]
            exponent = math.log(more / less) / math.log(many / few)
            print(f"ratio growth_{verb} {exponent:.2f} bar {BAR}", flush=True)


if __name__ == "__main__":
    main()
