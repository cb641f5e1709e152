# SPDX-License-Identifier: Apache-2.0
"""When a detector is worth its place: known positives, ten of them, unseen kinds.

    python benchmarks/detectors.py [TABLE ...] [--quick] [--out FILE] [--output PAGE]

Three questions per table, each on held-out rows: average precision with all labels;
with ten labelled positives, the others called negative in training alone; and on kinds
of positives that were left out of training, one at a time. Tables of several classes
have the commonest class as negatives and the others as kinds; in the other tables the
kinds are clusters of the positives. Writes docs/detectors.md (--output elsewhere) of
what FILE holds, in which finished tables are kept; without FILE of this run.

Reads tables from the folder EQUIPOISE_DATA (by default `shared/data` beside the
checkout). `--quick` takes the smallest table, and prints only.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pyarrow.parquet as pq
from sklearn.metrics import average_precision_score, roc_auc_score

from equipoise._core.seeds import derive, generator
from equipoise.errors import TableWarning
from equipoise.jobs import Job
from equipoise.learners.registry import learner_for
from equipoise.reading.read import read_table
from equipoise.strategies.catalogue import strategy
from equipoise.table.splits import SplitKeys
from equipoise.table.table import Table
from equipoise.trials.kinds import Kinds, find_kinds
from equipoise.trials.protocol import Part, Protocol, parts

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("EQUIPOISE_DATA", ROOT.parent / "shared" / "data"))
TABLES = (
    "ecoli",
    "wine_quality",
    "stroke",
    "sick_euthyroid",
    "mammography",
    "page_blocks",
)
SUPERVISED = ("logistic", "trees")
LABELLED = ("deep_sad", "dev_net")
ONE_CLASS = ("isolation_forest", "autoencoder")
ARMS = (*SUPERVISED, *LABELLED, *ONE_CLASS)
FEW = 10
QUESTIONS = {"known": "all labels", "few": "ten labels", "unseen": "unseen kinds"}


def load(name: str) -> tuple[Table, Kinds]:
    """Return the rows of a table of two classes, and the kinds of its positives."""
    data = pq.read_table(DATA / f"{name}.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        classes = data["target"].to_numpy(zero_copy_only=False)
        values, counts = np.unique(classes, return_counts=True)
        if len(values) == 2:
            table = read_table(data, "target")
            return find_kinds(table, "auto")
        common = values[counts.argmax()]
        columns = {
            **{
                column: data[column].to_numpy(zero_copy_only=False)
                for column in data.column_names
                if column != "target"
            },
            "kind": np.array([str(value) for value in classes]),
            "positive": (classes != common).astype(int),
        }
        table = read_table(columns, "positive", positive=1, keep=["kind"])
    return find_kinds(table, "kind")


def scores_of(arm: str, table: Table, split: list[Part]) -> list[Any]:
    """Return an arm's scores of the test rows of each part."""
    jobs = [
        Job(strategy(arm), p.train, p.stop, p.test, derive(p.seed, arm), p.number)
        for p in split
    ]
    learner = learner_for(strategy(arm))
    return [outcome.log_odds[:, 0] for outcome in learner.run(table, jobs)]


def few_labels(table: Table, part: Part) -> tuple[Table, Part]:
    """Return the rows with ten known positives in training, and the part for them."""
    y = table.labels().copy()
    taught = np.concatenate([part.train, part.stop])
    positives = taught[y[taught] == 1]
    order = generator(part.seed, "few labels").permutation(positives)
    y[order[FEW:]] = 0
    # Two of the ten decide when to stop.
    ten = order[:FEW]
    rest = np.setdiff1d(taught, ten)
    stop = np.sort(np.concatenate([np.intersect1d(rest, part.stop), ten[:2]]))
    train = np.setdiff1d(taught, stop)
    return dataclasses.replace(table, y=y), dataclasses.replace(
        part, train=train, stop=stop
    )


def measure(name: str) -> dict[str, Any]:
    """Return every arm's numbers on one table."""
    table, kinds = load(name)
    y = table.labels()
    keys = SplitKeys.of(table)
    usual = parts(keys, Protocol(folds=5), [0])
    left_out = parts(keys, Protocol(folds=len(kinds)), [0], kinds.of_rows)
    result: dict[str, Any] = {
        "rows": len(table),
        "positives": int(y.sum()),
        "kinds": dict(
            zip(kinds.names, np.bincount(kinds.of_rows[y == 1]).tolist(), strict=True)
        ),
        "by": kinds.source,
        "arms": {},
    }
    for arm in ARMS:
        start = time.perf_counter()
        known = scores_of(arm, table, usual)
        few = [
            scores_of(arm, *(rows, [part]))[0]
            for rows, part in (few_labels(table, part) for part in usual)
        ]
        unseen = scores_of(arm, table, left_out)
        result["arms"][arm] = {
            "known": ranking(known, usual, y),
            "few": ranking(few, usual, y),
            "unseen": ranking(unseen, left_out, y),
            "seen": of_kinds(known, usual, kinds, y),
            "seconds": time.perf_counter() - start,
        }
        print(f"  {arm}: {result['arms'][arm]}", flush=True)
    return result


def ranking(scores: list[Any], split: list[Part], y: Any) -> list[float]:
    """Return the mean average precision and AUROC over the parts."""
    each = [
        (
            average_precision_score(y[part.test], score),
            roc_auc_score(y[part.test], score),
        )
        for part, score in zip(split, scores, strict=True)
    ]
    return np.mean(each, axis=0).tolist()


def of_kinds(scores: list[Any], split: list[Part], kinds: Kinds, y: Any) -> list[float]:
    """Return the means over the kinds, each against the negatives of its parts."""
    each = []
    for number in range(len(kinds)):
        values = []
        for part, score in zip(split, scores, strict=True):
            rows = (kinds.of_rows[part.test] == number) | (y[part.test] == 0)
            labels = y[part.test][rows]
            if labels.any():
                values.append(
                    (
                        average_precision_score(labels, score[rows]),
                        roc_auc_score(labels, score[rows]),
                    )
                )
        each.append(np.mean(values, axis=0))
    return np.mean(each, axis=0).tolist()


def figure(value: float) -> str:
    """Return three decimals without the zero."""
    return f"{value:.3f}".removeprefix("0")


def table_of(results: dict[str, Any], question: str, place: int) -> list[str]:
    """Return a Markdown table: one row per table, the best arm in bold."""
    lines = [f"| table | {' | '.join(f'`{arm}`' for arm in ARMS)} |"]
    lines.append("|---|" + "---:|" * len(ARMS))
    for name, result in results.items():
        values = [result["arms"][arm][question][place] for arm in ARMS]
        cells = [f"**{figure(v)}**" if v == max(values) else figure(v) for v in values]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    means = means_of(results, question, place)
    cells = [figure(means[arm]) for arm in ARMS]
    return [*lines, f"| mean | {' | '.join(cells)} |"]


def means_of(results: dict[str, Any], question: str, place: int) -> dict[str, float]:
    """Return each arm's mean over the tables."""
    return {
        arm: float(np.mean([r["arms"][arm][question][place] for r in results.values()]))
        for arm in ARMS
    }


def ratios(results: dict[str, Any]) -> list[str]:
    """Return how the best detector stands to the best supervised arm, by question."""
    lines = []
    for question in QUESTIONS:
        means = means_of(results, question, 0)
        detectors = max(means[arm] for arm in (*LABELLED, *ONE_CLASS))
        supervised = max(means[arm] for arm in SUPERVISED)
        lines.append(
            f"ratio detectors_to_supervised_{question} {detectors / supervised:.3f}"
        )
    return lines


def page(results: dict[str, Any]) -> str:
    """Return docs/detectors.md."""
    template = (ROOT / "benchmarks" / "detectors_page.md").read_text(encoding="utf-8")
    facts = [
        f"| {name} | {r['rows']:,} | {r['positives']:,} | "
        + (
            f"{len(r['kinds'])} clusters"
            if r["by"] == "auto"
            else f"{len(r['kinds'])} classes"
        )
        + " |"
        for name, r in results.items()
    ]
    head = ["| table | rows | positives | kinds |", "|---|---:|---:|---|"]
    few = [
        {arm: one["few"][0] for arm, one in r["arms"].items()} for r in results.values()
    ]
    filled = {
        "FEW_WINS": str(sum(max(each, key=each.get) == "dev_net" for each in few)),
        "COUNT": str(len(few)),
        "TABLES": "\n".join([*head, *facts]),
        "KNOWN": "\n".join(table_of(results, "known", 0)),
        "FEW": "\n".join(table_of(results, "few", 0)),
        "UNSEEN": "\n".join(table_of(results, "unseen", 0)),
        "SEEN_AUROC": "\n".join(table_of(results, "seen", 1)),
        "UNSEEN_AUROC": "\n".join(table_of(results, "unseen", 1)),
    }
    for key, text in filled.items():
        template = template.replace("{" + key + "}", text)
    return template


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "detectors.md")
    options = parser.parse_args()
    names = options.tables or (TABLES[:1] if options.quick else TABLES)
    results: dict[str, Any] = {}
    if options.out is not None and options.out.exists():
        results = json.loads(options.out.read_text(encoding="utf-8"))
    for name in names:
        if name not in results:
            print(name, flush=True)
            results[name] = measure(name)
            if options.out is not None:
                options.out.write_text(json.dumps(results, indent=1), encoding="utf-8")
    for line in ratios(results):
        print(line)
    if not options.quick:
        options.output.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
