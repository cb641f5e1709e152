# SPDX-License-Identifier: Apache-2.0
"""Seconds and peak memory of a whole `compare`, each in a process of its own.

    python benchmarks/compare.py [TABLE ...] [--network NAME] [--quick]

Reads tables from the folder EQUIPOISE_DATA (by default `shared/data` beside the
checkout). One repeat of five folds with the default arms, start of the process and
reading of the file included. Where others share the machine, CPU seconds say more
than those of the clock.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("EQUIPOISE_DATA", ROOT.parent / "shared" / "data"))
TABLES = ("mammography", "adult", "kddcup99_r2l_u2r_dedup")
PROGRAM = """
import resource, sys, warnings
warnings.simplefilter("ignore")
import equipoise as eq
table = eq.read_table(sys.argv[1], sys.argv[2])
trial = eq.compare(table, network=sys.argv[3], repeats=1)
for name in trial.names:
    e = trial[name].evaluation["average_precision"]
    print(f"  {name:14s} AP {e}  {trial.scores.seconds[name]:.1f} s")
used = resource.getrusage(resource.RUSAGE_SELF)
cpu = used.ru_utime + used.ru_stime
print(f"  {len(table):,} rows x {len(table.columns)} columns; {cpu:.0f} CPU seconds; "
      f"peak {used.ru_maxrss / 1024:,.0f} MB")
"""


def measure(source: str, target: str, network: str) -> None:
    """Run one trial in a process of its own and print what it took."""
    print(f"{Path(source).stem}, network {network}", flush=True)
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", PROGRAM, source, target, network],
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
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    if args.quick:
        measure("example:digits", "is_one", "small")
        return
    if not DATA.is_dir():
        print("the benchmark tables are absent: set EQUIPOISE_DATA")
        return
    for name in args.tables or TABLES:
        measure(str(DATA / f"{name}.parquet"), "target", args.network)


if __name__ == "__main__":
    main()
