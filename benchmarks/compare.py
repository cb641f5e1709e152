# SPDX-License-Identifier: Apache-2.0
"""Seconds and peak memory of a whole `compare`, each in a process of its own.

    python benchmarks/compare.py [TABLE ...] [--network NAME] [--rows N] [--quick]

Reads tables from the folder EQUIPOISE_DATA (by default `shared/data` beside the
checkout); "card" is made here: the shape of the table of card payments that everybody
has, 284,807 rows by 30 numbers, 492 of them positive, or `--rows` of such rows. One
repeat of five folds with the default arms, start of the process and reading of the
file included. Where others share the machine, CPU seconds say more than those of the
clock.

Prints `ratio compare_over_trees VALUE bar 6` for card: the seconds of the call over
those of the trees' own fits in the same run, lower is better. What the others learned
from is printed too; trees learn from all rows.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import equipoise as eq
from equipoise.table.table import Column, Table
from equipoise.task import Task

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("EQUIPOISE_DATA", ROOT.parent / "shared" / "data"))
TABLES = ("mammography", "adult", "kddcup99_r2l_u2r_dedup", "card")
CARD_ROWS, CARD_POSITIVES = 284_807, 492
BAR = 6


def card_table(rows: int = CARD_ROWS, seed: int = 0) -> Table:
    """Return rows like card payments: two days, 28 components and an amount.

    The components have heavy tails and falling variances, as principal components do.
    The positives are of three kinds, each moved along some components by an amount of
    its own, so that many are found and some look like any other row.

    Args:
        rows: How many; the share of positives is that of the whole table, but for at
            least 40 of them.
        seed: Of the random numbers.
    """
    random = np.random.default_rng(seed)
    positives = max(40, round(rows * CARD_POSITIVES / CARD_ROWS))
    y = np.zeros(rows, np.int8)
    y[random.choice(rows, positives, replace=False)] = 1
    tails = random.gamma(4.0, 0.25, (rows, 1)) ** -0.5
    x = random.standard_normal((rows, 28)) * tails
    kinds = random.standard_normal((3, 28)) * (random.random((3, 28)) < 0.35)
    strength = random.gamma(2.0, 0.9, (positives, 1))
    x[y == 1] += strength * kinds[random.integers(0, 3, positives)]
    x *= np.linspace(1.9, 0.35, 28)
    time_of_day = np.sort(random.integers(0, 172_800, rows)).astype(float)
    amount = np.round(np.exp(random.normal(3.1, 1.6, rows) + 0.3 * y), 2)
    columns = (
        Column("time", "numeric", time_of_day),
        *(Column(f"v{j + 1}", "numeric", x[:, j].copy()) for j in range(28)),
        Column("amount", "numeric", amount),
    )
    return Table(columns, y, Task("binary", ("0", "1")), source="card")


def one(source: str, target: str, network: str, rows: int) -> None:
    """Run one trial in this process and print what it took."""
    warnings.simplefilter("ignore")
    card = source == "card"
    table = card_table(rows) if card else eq.read_table(source, target)
    trial = eq.compare(table, network=network, repeats=1, progress=False)
    for name in trial.names:
        estimate = trial[name].evaluation["average_precision"]
        print(f"  {name:14s} AP {estimate}  {trial.scores.seconds[name]:.1f} s")
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"  {len(table):,} rows x {len(table.columns)} columns; "
        f"{used.ru_utime + used.ru_stime:.0f} CPU seconds; peak "
        f"{used.ru_maxrss / 1024:,.0f} MB"
    )
    for note in trial.notes:
        if note.startswith("There are many rows"):
            print(f"  {note}")
    if card:
        ratio = trial.seconds / trial.scores.seconds["trees"]
        print(f"ratio compare_over_trees {ratio:.1f} bar {BAR}")


def measure(source: str, target: str, network: str, rows: int = CARD_ROWS) -> None:
    """Run one trial in a process of its own and print what it took."""
    print(f"{Path(source).stem}, network {network}", flush=True)
    started = time.monotonic()
    asked = ["--one", source, target, network, str(rows)]
    subprocess.run(
        [sys.executable, __file__, *asked],
        check=True,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    print(f"  {time.monotonic() - started:.0f} s in all", flush=True)


def main() -> None:
    """Measure the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*")
    parser.add_argument("--network", default="default")
    parser.add_argument("--rows", type=int, default=CARD_ROWS, help="of card")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one(*args.one[:3], int(args.one[3]))
        return
    if args.quick:
        measure("example:digits", "is_one", "small")
        return
    for name in args.tables or TABLES:
        if name == "card":
            measure("card", "target", args.network, args.rows)
        elif DATA.is_dir():
            measure(str(DATA / f"{name}.parquet"), "target", args.network)
        else:
            print(f"{name} is absent: set EQUIPOISE_DATA")


if __name__ == "__main__":
    main()
