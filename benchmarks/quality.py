# SPDX-License-Identifier: Apache-2.0
"""Average precision of every arm beside its peers, on the peers' own splits.

    python benchmarks/quality.py [TABLE ...] [--arms NAMES | --auto] [--quick]
        [--out FILE] [--minutes M] [--network NAME]

The arm `auto` is the whole of `equipoise.fit` at its defaults: on each training part
alone it makes its own folds, learns its weights and calibrates. `--auto` measures it
alone, as `--arms auto` does, and ends with its mean average precision beside what it
is to reach. `--minutes` gives it another time budget, `--network` the single arms
another network. Names with a plus are boosted trees with a remedy, such as
`lightgbm+class_weight`. With `--out` what the file holds already is not computed
again, each fold of `auto` by itself if its time budget is the same; quality_page.py
makes docs/quality.md of it.

Reads tables and the peers' scores from the folders EQUIPOISE_DATA and
EQUIPOISE_BENCH (by default `shared/data` and `shared/bench` beside the checkout).
Without TABLE: all binary tables under 20,000 rows, the one with the fewest cells
first. Five stratified folds (`StratifiedKFold(5, shuffle=True, random_state=0)`), the
same for everyone; our inner early-stopping split is taken from the training part.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold

from equipoise.comparison.paired import nadeau_bengio
from equipoise.errors import TableWarning
from equipoise.jobs import Job
from equipoise.reading.read import read_table
from equipoise.strategies.catalogue import as_strategies, catalogue
from equipoise.strategies.strategy import Strategy
from equipoise.table.splits import inner_split
from equipoise.table.table import Table
from equipoise.trials.learner_choice import LearnerChoice

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("EQUIPOISE_DATA", ROOT.parent / "shared" / "data"))
BENCH = Path(os.environ.get("EQUIPOISE_BENCH", ROOT.parent / "shared" / "bench"))
FOLDS = 5
MOST_ROWS = 20_000
QUICK = ("ecoli", "spectrometer")
QUICK_ARMS = "logistic,trees,extra_trees,plain,class_weight"
AUTO = "auto"
AUTO_BAR = 0.673
"""What `auto` is to reach on the shared tables: the best peer of each table, chosen
after the fact."""
PAGE = ROOT / "docs" / "quality.md"
REMEDIES: dict[str, dict[str, str]] = {
    "class_weight": {"weights": "balanced"},
    "undersample": {"sampling": "undersample"},
    "oversample": {"sampling": "oversample"},
    "smote": {"sampling": "oversample", "synthesis": "smote"},
}
BOOSTED = {
    f"{learner}+{remedy}": Strategy(f"{learner}+{remedy}", learner=learner, **parts)
    for learner in ("trees", "lightgbm", "xgboost", "catboost")
    for remedy, parts in REMEDIES.items()
}
"""Remedies before boosted trees, which have no name in the catalogue."""
Scored = dict[str, dict]
"""Arm -> {"ap": average precision per fold, "seconds": of all folds}."""
# Only these were scored by the peers at their full set of models.
MULTI = {"multiclass", "multilabel"}


def read(name: str) -> Table:
    """Read a benchmark table with every column it has, as the peers do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        return read_table(DATA / f"{name}.parquet", "target")


def names() -> list[str]:
    """Return the binary tables under the limit of rows, fewest cells first."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    found = []
    for path in sorted(DATA.glob("*.parquet")):
        schema = pq.read_schema(path)
        rows = pq.read_metadata(path).num_rows
        if "target" not in schema.names or rows >= MOST_ROWS:
            continue
        target = pq.read_table(path, columns=["target"])["target"]
        if len(pc.unique(target)) == 2:
            found.append((rows * len(schema), path.stem))
    return [name for _, name in sorted(found)]


def score(
    table: Table,
    arms: list[str],
    minutes: float | None,
    learners: LearnerChoice,
    entry: Scored,
    save: Callable[[], None],
) -> None:
    """Add what every arm reaches to an entry, `auto` among them, and save it.

    Args:
        table: The rows.
        arms: What is missing in the entry, or not yet there for every fold.
        minutes: The budget of `fit`; None for its own.
        learners: Of the single arms.
        entry: What is known of the table.
        save: Writes all entries; after each fold of `auto`.
    """
    single = [arm for arm in arms if arm != AUTO]
    if single:
        entry.update(single_arms(table, single, learners))
        save()
    if AUTO in arms:
        whole_fit(table, minutes, entry, save)


def whole(scores: dict) -> bool:
    """Return whether an arm has been scored on every fold."""
    return len(scores.get("ap", ())) == FOLDS


def of_budget(scores: dict, minutes: float | None) -> bool:
    """Return whether scores of `auto` are those of a time budget."""
    return scores.get("minutes") == minutes


def missing_arms(entry: Scored, arms: list[str], minutes: float | None) -> list[str]:
    """Return the arms that are still to be scored, `auto` also if not of the budget."""
    return [
        arm
        for arm in arms
        if not whole(entry.get(arm, {}))
        or (arm == AUTO and not of_budget(entry[arm], minutes))
    ]


def whole_fit(
    table: Table, minutes: float | None, entry: Scored, save: Callable[[], None]
) -> None:
    """Fit on each training part with nothing but defaults; score its test part."""
    from equipoise.verbs.fit import fit

    budget = {} if minutes is None else {"minutes": minutes}
    if not of_budget(entry.get(AUTO, {}), minutes):
        entry.pop(AUTO, None)
    empty: dict = {"ap": [], "brier": [], "seconds": 0.0, "repeats": []}
    found = entry.setdefault(AUTO, {**empty, "minutes": minutes})
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    splits = list(folds.split(np.zeros(len(table)), table.y))
    for train, test in splits[len(found["ap"]) :]:
        start = time.monotonic()
        model = fit(table.take(train), **budget)
        p = model.predict_proba(table.take(test))[:, 1]
        found["ap"].append(float(average_precision_score(table.y[test], p)))
        found["brier"].append(float(np.mean((p - table.y[test]) ** 2)))
        found["repeats"].append(model.facts["repeats"])
        found["seconds"] += time.monotonic() - start
        save()


def single_arms(table: Table, arms: list[str], learners: LearnerChoice) -> Scored:
    """Return what the arms reach, each fitted once per fold."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    parts = []
    for train, test in folds.split(np.zeros(len(table)), table.y):
        fit, stop = inner_split(table, train, seed=0, duplicates="ignore")
        parts.append((fit, stop, test))
    strategies = as_strategies([BOOSTED.get(arm, arm) for arm in arms])
    by_learner: dict[int, list] = {}
    for strategy in strategies:
        by_learner.setdefault(id(learners(strategy)), []).append(strategy)
    result: Scored = {s.name: {"ap": [], "seconds": 0.0} for s in strategies}
    for members in by_learner.values():
        jobs = [
            Job(strategy, fit, stop, test, seed=part, part=part)
            for strategy in members
            for part, (fit, stop, test) in enumerate(parts)
        ]
        for outcome in learners(members[0]).run(table, jobs):
            y = table.y[outcome.job.scored_rows]
            entry = result[outcome.job.strategy.name]
            entry["ap"].append(float(average_precision_score(y, outcome.log_odds)))
            entry["seconds"] += outcome.seconds
    return result


def show(name: str, entry: Scored, peers: dict) -> None:
    """Print one table: our whole arms, their difference from plain, and the peers."""
    print(f"\n{name}")
    ours = {arm: scores["ap"] for arm, scores in entry.items() if whole(scores)}
    plain = ours.get("plain")
    for arm, scores in sorted(ours.items(), key=lambda kv: -np.mean(kv[1])):
        line = f"  {arm:20s} {np.mean(scores):.4f}"
        if plain is not None and arm != "plain":
            test = nadeau_bengio(np.subtract(scores, plain), 1 / FOLDS)
            line += f"   to plain {test}"
        print(line)
    for peer, scored in sorted(peers.items(), key=lambda kv: -np.mean(kv[1]["ap"])):
        print(f"  ({peer + ')':19s} {np.mean(scored['ap']):.4f}")


def table_arms() -> list[str]:
    """Return the strategies that need no network of one's own."""
    return [name for name, s in catalogue().items() if not s.learner_record.needs_model]


def main() -> None:
    """Score the tables and print the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*")
    parser.add_argument("--arms", default=",".join(table_arms()))
    parser.add_argument("--auto", action="store_const", dest="arms", const=AUTO)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--network", default="default")
    args = parser.parse_args()
    if not DATA.is_dir():
        print("the benchmark tables are absent: set EQUIPOISE_DATA")
        return
    arms = (QUICK_ARMS if args.quick else args.arms).split(",")
    bench = BENCH / "peers.json"
    peers = json.loads(bench.read_text()) if bench.exists() else {}
    tables = args.tables or (list(QUICK) if args.quick else names())
    if arms == [AUTO] and peers and not args.tables:
        tables = [name for name in tables if name in peers]
    known = args.out is not None and args.out.exists()
    everything: dict[str, Scored] = json.loads(args.out.read_text()) if known else {}
    learners = LearnerChoice(args.network)

    def save() -> None:
        if args.out:
            args.out.write_text(json.dumps(everything, indent=1))

    for name in tables:
        entry = everything.setdefault(name, {})
        missing = missing_arms(entry, arms, args.minutes)
        if missing:
            score(read(name), missing, args.minutes, learners, entry, save)
        show(name, entry, peers.get(name, {}).get("scores", {}))
        sys.stdout.flush()
    ours = {n: {a: everything[n][a]["ap"] for a in arms} for n in tables}
    summary(ours, peers)


def summary(ours: dict[str, dict[str, list[float]]], peers: dict) -> None:
    """Print the means over the tables that the peers have in full."""
    shared = [name for name in ours if name in peers]
    if not shared:
        return
    complete = set.intersection(*(set(peers[name]["scores"]) for name in shared))

    def mean(scores_of: dict[str, list[float]]) -> float:
        return float(np.mean([np.mean(scores_of[name]) for name in shared]))

    print(f"\nmean average precision over {len(shared)} tables")
    means = {a: mean({n: ours[n][a] for n in shared}) for a in ours[shared[0]]}
    for arm, value in sorted(means.items(), key=lambda kv: -kv[1]):
        print(f"  {arm:20s} {value:.4f}")
    rivals = {
        p: mean({n: peers[n]["scores"][p]["ap"] for n in shared}) for p in complete
    }
    for peer, value in sorted(rivals.items(), key=lambda kv: -kv[1]):
        print(f"  ({peer + ')':19s} {value:.4f}")
    best_peer = max(rivals.values())
    best_arm = max(means, key=lambda a: means[a])
    print(f"ratio quality_{best_arm} {means[best_arm] / best_peer:.3f} bar 1.0")
    if AUTO in means:
        print(f"ratio quality_auto {means[AUTO] / best_peer:.3f} bar 1.015")
        print(f"ratio auto_mean_ap {means[AUTO]:.4f} bar {AUTO_BAR}")


if __name__ == "__main__":
    main()
