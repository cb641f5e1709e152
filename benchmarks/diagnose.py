# SPDX-License-Identifier: Apache-2.0
"""Seconds and memory of `diagnose`, beside reading and describing with pandas.

    python benchmarks/diagnose.py [--quick]

A table of a million rows and 30 columns (20 numbers, 6 texts, 2 yes/no, 2 dates; 3 %
of the cells missing) with 1 % positives is written to a Parquet file and looked at in
a process of its own each: by `read_table` and `diagnose`, and by pandas' `read_parquet`
and `describe`. Memory is the peak of the process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

OURS = """
import json, resource, sys, time
begin = time.perf_counter()
from equipoise.diagnosis import diagnose
from equipoise.reading.read import read_table
imported = time.perf_counter()
table = read_table(sys.argv[1], "target")
read = time.perf_counter()
found = diagnose(table)
done = time.perf_counter()
heavy = sorted({"tensorflow", "sklearn", "pandas"} & set(sys.modules))
print(json.dumps({"import": imported - begin, "read": read - imported,
    "work": done - read, "cpu": time.process_time(), "heavy": heavy,
    "codes": [f.code for f in found.findings],
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
PANDAS = """
import json, resource, sys, time
begin = time.perf_counter()
import pandas
imported = time.perf_counter()
frame = pandas.read_parquet(sys.argv[1])
read = time.perf_counter()
frame.describe(include="all")
frame.groupby("target").size(); frame.isna().sum(); frame.duplicated().sum()
done = time.perf_counter()
print(json.dumps({"import": imported - begin, "read": read - imported,
    "work": done - read, "cpu": time.process_time(),
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def write(path: Path, rows: int) -> None:
    """Write the table: signal in a few columns, gaps everywhere."""
    random = np.random.default_rng(0)
    y = random.random(rows) < 0.01
    columns: dict[str, pa.Array] = {}

    def add(name: str, values: np.ndarray) -> None:
        columns[name] = pa.array(values, mask=random.random(rows) < 0.03)

    for i in range(20):
        add(f"number_{i}", random.normal((i < 4) * y * 0.8))
    for i in range(6):
        words = np.array([f"word {j}" for j in range(10 ** (1 + i // 2))])
        add(f"text_{i}", words[random.integers(0, len(words), rows)])
    for i in range(2):
        add(f"flag_{i}", random.random(rows) < 0.2 + 0.1 * y)
    for i in range(2):
        seconds = random.integers(1_500_000_000, 1_700_000_000, rows)
        add(f"date_{i}", seconds.astype("datetime64[s]").astype("datetime64[us]"))
    columns["target"] = pa.array(y.astype(np.int8))
    pq.write_table(pa.table(columns), path)


def measure(program: str, path: Path) -> dict[str, float]:
    """Run a program in a process of its own and read its figures."""
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Print the figures of both programs and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 rows")
    rows = 100_000 if parser.parse_args().quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        write(path, rows)
        ours, peer = measure(OURS, path), measure(PANDAS, path)
    print(f"{rows:,} rows x 30 columns, 1 % positives")
    for name, run in (("equipoise diagnose", ours), ("pandas describe", peer)):
        print(
            f"{name:20s} import {run['import']:5.2f} s, read {run['read']:5.2f} s, "
            f"work {run['work']:5.2f} s, all {run['cpu']:5.2f} s of CPU, "
            f"peak {run['memory']:6.0f} MB"
        )
    print(f"loaded of TensorFlow, scikit-learn, pandas: {ours['heavy'] or 'none'}")
    print(f"findings: {', '.join(ours['codes'])}")
    total = [sum(run[k] for k in ("import", "read", "work")) for run in (ours, peer)]
    print(f"ratio seconds {total[1] / total[0]:.2f}x pandas (higher is better)")
    print(f"ratio CPU seconds {peer['cpu'] / ours['cpu']:.2f}x pandas")
    print(f"ratio memory {peer['memory'] / ours['memory']:.2f}x pandas")


if __name__ == "__main__":
    main()
