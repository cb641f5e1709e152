# SPDX-License-Identifier: Apache-2.0
"""Seconds and peak memory of each arm, each in a process of its own.

    python benchmarks/arm_costs.py [TABLE] [--arms NAMES] [--network NAME] [--quick]
        [--out FILE]

An arm is trained once, on the first of the five training parts of quality.py (four
fifths of the rows), and scores the test part. `auto` is one `fit` on that part with
`--minutes 0.02`, so with one repeat of its own five folds. Seconds are of the training
and the scoring alone; the peak is that of the process, the libraries and the table that
it has read included. The first line is a process that reads the table and trains the
prior. Seconds of the processor say more than those of the clock if others share the
machine; with several threads they are the sum over the threads.

Prints a table in Markdown. With `--out` what the file holds is not measured again.
Reads TABLE (adult by default) from the folder EQUIPOISE_DATA. Needs Linux, whose /proc
says what a process has held at most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from memory import megabytes

ARMS = (
    "prior,logistic,piecewise,trees,extra_trees,deep_trees,lightgbm,xgboost,catboost,"
    "plain,class_weight,smote,self_paced,balance_cascade,easy_ensemble,rusboost,"
    "smoteboost,adaboost,isolation_forest,autoencoder,deep_sad,dev_net,auto"
)
QUICK_TABLE, QUICK_ARMS = "ecoli", "prior,logistic,lightgbm"
MINUTES = 0.02
FIELDS = ("seconds", "cpu", "peak", "ap")
Cost = dict[str, float]


def measure(table_name: str, arm: str, network: str) -> Cost:
    """Train one arm on the first training part, in this process.

    Returns:
        Seconds of the clock and of the processor, the peak in MB, and the average
        precision on the test part.
    """
    import numpy as np
    from sklearn.metrics import average_precision_score
    from sklearn.model_selection import StratifiedKFold

    from equipoise.jobs import Job
    from equipoise.strategies.catalogue import as_strategies
    from equipoise.table.splits import inner_split
    from equipoise.trials.learner_choice import LearnerChoice
    from quality import AUTO, BOOSTED, FOLDS, read

    table = read(table_name)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    train, test = next(folds.split(np.zeros(len(table)), table.y))
    if arm == AUTO:
        from equipoise.verbs.fit import fit

        part, held = table.take(train), table.take(test)
        start, used = time.monotonic(), time.process_time()
        scores = fit(part, minutes=MINUTES).predict_proba(held)[:, 1]
    else:
        rows, stop = inner_split(table, train, seed=0, duplicates="ignore")
        strategy = as_strategies([BOOSTED.get(arm, arm)])[0]
        learner = LearnerChoice(network)(strategy)
        job = Job(strategy, rows, stop, test, seed=0, part=0)
        start, used = time.monotonic(), time.process_time()
        scores = next(iter(learner.run(table, [job]))).log_odds
    return {
        "seconds": time.monotonic() - start,
        "cpu": time.process_time() - used,
        "peak": megabytes("VmHWM"),
        "ap": float(average_precision_score(table.y[test], scores)),
    }


def in_a_process(table: str, arm: str, network: str) -> Cost:
    """Return what one arm costs in a process of its own."""
    command = [sys.executable, "-W", "ignore", __file__, table]
    command += ["--part", arm, "--network", network]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    cost: Cost = json.loads(done.stdout.splitlines()[-1])
    return cost


def row(arm: str, cost: Cost) -> str:
    """Return an arm's row of the table."""
    seconds, cpu, peak, ap = (cost[field] for field in FIELDS)
    return f"| `{arm}` | {seconds:.1f} | {cpu:.1f} | {peak:,.0f} | {ap:.3f} |"


def main() -> None:
    """Measure the arms asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="?", default="adult")
    parser.add_argument("--arms", default=ARMS)
    parser.add_argument("--network", default="default")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    args = parser.parse_args()
    table, arms = args.table, args.arms.split(",")
    if args.quick:
        table, arms = QUICK_TABLE, QUICK_ARMS.split(",")
    if args.part:
        print(json.dumps(measure(table, args.part, args.network)))
        return
    from quality import DATA

    if not DATA.is_dir():
        print("the benchmark tables are absent: set EQUIPOISE_DATA")
        return
    holds = args.out is not None and args.out.exists()
    costs: dict[str, Cost] = json.loads(args.out.read_text()) if holds else {}
    print(f"{table}\n\n| arm | seconds | of the processor | peak, MB | AP |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for arm in arms:
        if arm not in costs:
            costs[arm] = in_a_process(table, arm, args.network)
        print(row(arm, costs[arm]), flush=True)
        if args.out:
            args.out.write_text(json.dumps(costs, indent=1))


if __name__ == "__main__":
    main()
