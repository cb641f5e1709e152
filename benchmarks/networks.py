# SPDX-License-Identifier: Apache-2.0
"""Average precision and seconds of candidate networks, on real tables.

    python benchmarks/networks.py [--tables NAME ...] [--only NAME ...] [--quick]
        [--write]

Reads the tables of EQUIPOISE_DATA (by default `shared/data` beside the checkout) and
scores `plain` with each network on five stratified folds, without any tuning per
table. `--write` renews the table in docs/networks.md.
"""

from __future__ import annotations

import argparse
import os
import re
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, train_test_split

from equipoise.errors import TableWarning
from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner
from equipoise.networks.catalogue import network
from equipoise.networks.spec import NetworkSpec
from equipoise.reading.read import read_table
from equipoise.strategies.catalogue import strategy
from equipoise.table.table import Table

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("EQUIPOISE_DATA", ROOT.parent / "shared" / "data"))
PAGE = ROOT / "docs" / "networks.md"
TABLES = (
    "ecoli",
    "wine_quality",
    "sick_euthyroid_raw",
    "stroke",
    "hypothyroid_raw",
    "churn",
    "abalone",
    "solar_flare_m0",
    "car_eval_34",
    "satimage",
    "mammography",
    "polish_bankruptcy_1year",
)


def candidates() -> Iterator[tuple[str, NetworkSpec]]:
    """Yield what was tried: the named networks, then one change at a time."""
    for name in ("linear", "small", "default"):
        yield name, network(name)
    yield "small, 4 copies", NetworkSpec("small", copies=4)
    chosen = network("default").to_dict()
    changes: dict[str, dict[str, object]] = {
        "one copy": {"copies": 1},
        "no embedding of numbers": {"number_width": 0},
        "embedding of 16": {"number_width": 16},
        "dropout 0": {"dropout": 0.0},
        "dropout .2": {"dropout": 0.2},
        "two layers of 256": {"hidden": (256, 256)},
        "one layer of 384": {"hidden": (384,)},
        "step size 1e-3": {"learning_rate": 1e-3},
        "weight decay .1": {"weight_decay": 0.1},
    }
    for name, change in changes.items():
        yield f"default, {name}", NetworkSpec.from_dict({**chosen, **change})


def jobs_for(table: Table) -> list[Job]:
    """Return `plain` on five folds; a fifth of each training part is to stop by."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    jobs = []
    for part, (rest, score) in enumerate(folds.split(np.zeros(len(table)), table.y)):
        train, stop = train_test_split(
            rest, test_size=0.2, stratify=table.y[rest], random_state=part
        )
        jobs.append(
            Job(strategy("plain"), np.sort(train), np.sort(stop), score, part, part)
        )
    return jobs


def read(name: str) -> Table:
    """Read a table with every column it has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        return read_table(DATA / f"{name}.parquet", "target")


def measure(spec: NetworkSpec, tables: dict[str, Table]) -> tuple[float, float]:
    """Return the mean average precision over tables and folds, and CPU seconds."""
    start = time.process_time()
    means = []
    for table in tables.values():
        found = [
            average_precision_score(table.y[outcome.job.scored_rows], outcome.log_odds)
            for outcome in NetworkLearner(spec).run(table, jobs_for(table))
        ]
        means.append(np.mean(found))
    return float(np.mean(means)), time.process_time() - start


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="*", default=list(TABLES))
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--quick", action="store_true", help="small, on two tables")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not DATA.is_dir():
        print("the benchmark tables are absent: set EQUIPOISE_DATA")
        return
    if options.quick:
        options.tables, options.only = ["ecoli", "spectrometer"], ["linear", "small"]
    tables = {name: read(name) for name in options.tables}
    lines = ["| network | mean AP | CPU seconds |", "|---|---|---|"]
    for name, spec in candidates():
        if options.only and name not in options.only:
            continue
        precision, seconds = measure(spec, tables)
        lines.append(f"| {name} | {precision:.4f} | {seconds:.0f} |")
        print(lines[-1], flush=True)
    if options.write:
        text = PAGE.read_text(encoding="utf-8")
        block = "<!-- measured -->\n" + "\n".join(lines) + "\n<!-- end -->"
        text = re.sub(r"(?s)<!-- measured -->.*?<!-- end -->", lambda _: block, text)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
