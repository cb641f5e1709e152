# SPDX-License-Identifier: Apache-2.0
"""Ensembles for rare classes beside imbalanced-learn's and scikit-learn's.

    python benchmarks/ensembles.py --quick
    python benchmarks/ensembles.py [TABLE ...] [--repeats 3] [--networks]

The same trees, numbers of models and rounds, on the same folds and the same matrix of
numbers. Each line is a pair: the mean average precision of both, their difference with
the interval of Nadeau and Bengio over folds and repeats, and the seconds of both.
Generated tables need nothing; another TABLE is a file in the folder EQUIPOISE_DATA.
With `--networks` also ensembles of networks, without a peer.

It prints `ratio NAME V bar BAR`: our mean average precision over theirs, over all
tables. They are random ensembles: a ratio near 1 is what is expected.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from imblearn.ensemble import (
    BalancedBaggingClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)
from sklearn.ensemble import AdaBoostClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from equipoise.comparison.paired import nadeau_bengio
from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import ordinal_matrix
from equipoise.errors import TableWarning
from equipoise.jobs import Job
from equipoise.learners.registry import learner_for
from equipoise.reading.read import read_table
from equipoise.strategies.strategy import Strategy
from equipoise.table.generators import checkerboard, gaussian_shift, small_disjuncts
from equipoise.table.splits import inner_split
from equipoise.table.table import Table

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("EQUIPOISE_DATA", ROOT.parent / "shared" / "data"))
FOLDS = 5
BAR = 0.97
"""Ratios of mean average precision vary by two or three percent with the seed."""

OURS = {
    "under_bagging": Strategy("under_bagging", plan="under_bagging", learner="tree"),
    "easy_ensemble": Strategy(
        "easy_ensemble",
        plan="easy_ensemble",
        learner="tree",
        options={"depth": 1, "members": 10, "rounds": 50},
    ),
    "rusboost": Strategy(
        "rusboost", plan="rusboost", learner="tree", options={"depth": 3, "rounds": 50}
    ),
    "adaboost": Strategy(
        "adaboost", plan="adaboost", learner="tree", options={"depth": 3, "rounds": 50}
    ),
}
ALONE = {
    "balance_cascade": Strategy(
        "balance_cascade", plan="balance_cascade", learner="tree", options={"depth": 3}
    ),
    "self_paced": Strategy("self_paced", plan="self_paced", learner="tree"),
    "smoteboost": Strategy(
        "smoteboost",
        plan="smoteboost",
        learner="tree",
        options={"depth": 3, "rounds": 50},
    ),
}
NETWORKS = {
    "plain": Strategy(),
    "rusboost of networks": Strategy(plan="rusboost", options={"rounds": 10}),
    "self_paced of networks": Strategy(plan="self_paced", options={"members": 10}),
}


def peer(name: str, seed: int) -> Any:
    """Return the peer of one of ours, with the same numbers."""
    return {
        "under_bagging": lambda: BalancedBaggingClassifier(
            DecisionTreeClassifier(),
            n_estimators=10,
            bootstrap=False,
            random_state=seed,
        ),
        "easy_ensemble": lambda: EasyEnsembleClassifier(
            10,
            AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), n_estimators=50),
            random_state=seed,
        ),
        "rusboost": lambda: RUSBoostClassifier(
            DecisionTreeClassifier(max_depth=3), n_estimators=50, random_state=seed
        ),
        "adaboost": lambda: AdaBoostClassifier(
            DecisionTreeClassifier(max_depth=3), n_estimators=50, random_state=seed
        ),
    }[name]()


def generated() -> dict[str, Table]:
    """Return the tables that need no file."""
    return {
        "gaussian_shift": gaussian_shift(2000, positives=120, seed=1).table,
        "checkerboard": checkerboard(2000, positives=150, seed=1).table,
        "small_disjuncts": small_disjuncts(2000, positives=150, seed=1).table,
    }


def read(name: str) -> Table:
    """Read a table of the folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        return read_table(DATA / f"{name}.parquet", "target")


def jobs(table: Table, arms: list[Strategy], repeats: int) -> list[Job]:
    """Return the jobs of all arms on all parts, arm by arm."""
    parts = []
    for repeat in range(repeats):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=repeat)
        for train, test in folds.split(np.zeros(len(table)), table.y):
            fit, stop = inner_split(table, train, seed=0, duplicates="ignore")
            parts.append((fit, stop, test))
    return [
        Job(arm, fit, stop, test, seed=number, part=number)
        for arm in arms
        for number, (fit, stop, test) in enumerate(parts)
    ]


def ours(table: Table, arm: Strategy, repeats: int) -> tuple[list[float], float]:
    """Return our average precision on each part, and the seconds."""
    start = time.monotonic()
    outcomes = list(learner_for(arm).run(table, jobs(table, [arm], repeats)))
    seconds = time.monotonic() - start
    return [
        float(average_precision_score(table.y[o.job.scored_rows], o.log_odds[:, 0]))
        for o in outcomes
    ], seconds


def theirs(table: Table, name: str, repeats: int) -> tuple[list[float], float]:
    """Return the peer's on the same parts and the same matrix, and the seconds.

    A part on which it cannot be fitted counts as a constant score.
    """
    values, seconds = [], 0.0
    for job in jobs(table, [OURS[name]], repeats):
        rows = np.concatenate([job.train_rows, job.stop_rows])
        encoding = learn_encoding(table, job.train_rows)
        x = ordinal_matrix(table, encoding).astype(np.float32)
        start = time.monotonic()
        try:
            model = peer(name, job.part).fit(x[rows], table.y[rows])
        except ValueError:  # "worse than random, ensemble can not be fit"
            values.append(float(table.y[job.scored_rows].mean()))
            continue
        if hasattr(model, "decision_function"):
            scores = model.decision_function(x[job.scored_rows])
        else:
            scores = model.predict_proba(x[job.scored_rows])[:, 1]
        seconds += time.monotonic() - start
        values.append(float(average_precision_score(table.y[job.scored_rows], scores)))
    return values, seconds


def main() -> None:
    """Print a line for each pair on each table, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--networks", action="store_true")
    options = parser.parse_args()
    repeats = 1 if options.quick else options.repeats
    made = generated()
    tables = {
        name: made[name] if name in made else read(name) for name in options.tables
    } or made
    means: dict[str, list[tuple[float, float]]] = {name: [] for name in OURS}
    for title, table in tables.items():
        print(f"\n{title}: {int(table.y.sum())} of {len(table)} rows are positive")
        for name, arm in OURS.items():
            one, ours_seconds = ours(table, arm, repeats)
            other, peer_seconds = theirs(table, name, repeats)
            means[name].append((float(np.mean(one)), float(np.mean(other))))
            gap = nadeau_bengio(np.subtract(one, other), 1 / FOLDS)
            print(
                f"  {name:16s} {np.mean(one):.4f}  peer {np.mean(other):.4f}  "
                f"{gap}  {ours_seconds:.1f} s  peer {peer_seconds:.1f} s",
                flush=True,
            )
        for name, arm in {**ALONE, **(NETWORKS if options.networks else {})}.items():
            one, seconds = ours(table, arm, repeats)
            print(f"  {name:16s} {np.mean(one):.4f}  {seconds:.1f} s", flush=True)
    print()
    for name, pairs in means.items():
        one, other = np.mean(pairs, axis=0)
        print(f"ratio {name} {one / other:.3f} bar {BAR}")


if __name__ == "__main__":
    main()
