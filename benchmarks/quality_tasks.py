# SPDX-License-Identifier: Apache-2.0
"""Macro average precision of `auto` for several classes and labels, beside its peers.

    python benchmarks/quality_tasks.py [--tables NAME ...] [--network NAME] [--quick]
        [--whole] [--out FILE]

Nine tables of several classes and five of several labels, from the folder
EQUIPOISE_DATA (by default `shared/data` beside the checkout), the one with the fewest
cells first. `--quick` takes two generated tables, so it needs no data.

All models are scored on the same five folds in the same run, those of `compare`: copies
of a row stay together, labels are spread by iterative stratification, and classes with
fewer rows than folds are trained on and not scored. `auto` and `plain` are arms of one
trial; a fold's calibration, weights in the average and rule come from the other folds.
With `--whole` `auto` makes folds of its own within each training part and scores the
test part with the average of these models, as `fit` does: five trials in place of one.

Peers are at their defaults, except that forests have 300 trees: LightGBM and XGBoost
(skipped if not installed), a random forest, a multinomial logistic regression on
standardised and one-hot columns, and imbalanced-learn's balanced forest. For labels
each is fitted once per label; a random forest takes all labels at once. They decide for
the most probable class, and for a label from .5; `auto` and `plain` by their own rule,
which is chosen for the macro F1.

Log loss of several labels is the mean over the labels, balanced accuracy the mean of
recall and specificity. Each number is the mean over the folds, then over the tables.
With --out, what the file holds is not measured again.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import equipoise as eq
from equipoise.errors import EquipoiseWarning
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.table.rare_classes import rare_classes
from equipoise.table.splits import outer_splits
from equipoise.table.table import Table
from equipoise.table.units import tied_rows
from equipoise.task import UNKNOWN_LABEL

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("EQUIPOISE_DATA", ROOT.parent / "shared" / "data"))
CLASSES = (
    "glass",
    "yeast",
    "car",
    "wine_quality_white",
    "page_blocks",
    "nursery",
    "ann_thyroid",
    "krkopt",
    "shuttle",
)
LABELS = ("emotions", "birds", "yeast_multilabel", "scene_multilabel", "enron")
TABLES = (*CLASSES, *LABELS)
FOLDS = 5
TREES = 300
BAR = 1.015
OURS = ("auto", "plain")
MEASURES = ("macro AP", "log loss", "balanced accuracy")
Array = npt.NDArray[Any]
Predict = Callable[[Array, Array], tuple[Array, Array]]
"""Training and scored rows to the latter's probabilities and decisions."""
Entry = dict[str, list[list[float]]]
"""Model -> by measure, its value in each fold."""


def read(name: str) -> Table:
    """Read a benchmark table; labels that are constant are left out."""
    target = {"targets": "label_*"} if name in LABELS else {"target": "target"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EquipoiseWarning)
        return eq.read_table(DATA / f"{name}.parquet", **target)


def generated() -> dict[str, Table]:
    """Return a small table of several classes, and one of several labels."""
    return {
        "generated classes": make_classes(
            600, counts=[370, 140, 60, 30], categories=4, seed=1
        ).table,
        "generated labels": make_labels(500, shares=[0.4, 0.15, 0.05], seed=1).table,
    }


def columns_of(table: Table) -> tuple[Array, list[int]]:
    """Return the features as numbers, and which columns are categories."""
    values = [np.asarray(c.values, np.float64) for c in table.columns]
    codes = [k for k, c in enumerate(table.columns) if c.kind == "categorical"]
    return np.stack(values, axis=1), codes


def peers(categorical: list[int]) -> Iterator[tuple[str, Any]]:
    """Yield the models that are installed, and say which are not."""
    one_hot = OneHotEncoder(
        handle_unknown="ignore", min_frequency=5, sparse_output=False
    )
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
    )
    dense = make_column_transformer((one_hot, categorical), remainder=numbers)
    median = SimpleImputer(strategy="median")
    forest = RandomForestClassifier(TREES, random_state=0)
    yield "random forest", make_pipeline(median, forest)
    yield "logistic", make_pipeline(dense, LogisticRegression(max_iter=2000))
    options = {
        ("lightgbm", "LGBMClassifier"): {"verbose": -1, "n_jobs": 1},
        ("xgboost", "XGBClassifier"): {"n_jobs": 1},
        ("imblearn.ensemble", "BalancedRandomForestClassifier"): {
            "n_estimators": TREES,
            "random_state": 0,
        },
    }
    for (module, name), chosen in options.items():
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            continue
        model = getattr(importlib.import_module(module), name)(**chosen)
        forest = "Forest" in name
        yield (
            "balanced forest" if forest else module,
            make_pipeline(median, model) if forest else model,
        )


def absent() -> list[str]:
    """Return the peers that are not installed."""
    needed = ("lightgbm", "xgboost", "imblearn")
    return [name for name in needed if importlib.util.find_spec(name) is None]


def of_classes(model: Any, x: Array, y: Array, classes: int) -> Predict:
    """Return how a peer is fitted and asked, for several classes."""

    def predict(train: Array, test: Array) -> tuple[Array, Array]:
        present, codes = np.unique(y[train], return_inverse=True)
        fitted = clone(model).fit(x[train], codes)
        p = np.zeros((len(test), classes))
        p[:, present] = fitted.predict_proba(x[test])
        return p, p.argmax(axis=1)

    return predict


def of_labels(model: Any, x: Array, y: Array) -> Predict:
    """Return how a peer is fitted and asked, for several labels."""

    def one(train: Array, test: Array, label: int) -> Array:
        chosen = train[y[train, label] != UNKNOWN_LABEL]
        both = len(np.unique(y[chosen, label])) == 2
        fitted = clone(model) if both else DummyClassifier()
        fitted.fit(x[chosen], y[chosen, label])
        present = list(fitted.classes_)
        p = fitted.predict_proba(x[test])
        return p[:, present.index(1)] if 1 in present else np.zeros(len(test))

    def predict(train: Array, test: Array) -> tuple[Array, Array]:
        last = model[-1] if hasattr(model, "steps") else model
        if type(last) is RandomForestClassifier and (y[train] >= 0).all():
            fitted = clone(model).fit(x[train], y[train])
            chances = zip(
                fitted.predict_proba(x[test]), fitted[-1].classes_, strict=True
            )
            p = [q[:, list(c).index(1)] if 1 in c else q[:, 0] * 0 for q, c in chances]
        else:
            p = [one(train, test, label) for label in range(y.shape[1])]
        chance = np.stack(p, axis=1)
        return chance, (chance >= 0.5).astype(np.int64)

    return predict


def measures(y: Array, p: Array, decided: Array, judged: list[int]) -> list[float]:
    """Return macro average precision, log loss and balanced accuracy of a fold.

    Args:
        y: `[rows]` class numbers, or `[rows, labels]` 0, 1, and -1 if unknown.
        p: `[rows, classes]` probabilities.
        decided: What was decided, of the shape of `y`.
        judged: Classes, or labels, that are scored.
    """
    tiny = np.finfo(np.float64).eps
    precisions, losses, accuracies = [], [], []
    for k in judged:
        known = np.ones(len(y), np.bool_) if y.ndim == 1 else y[:, k] >= 0
        truth = (y if y.ndim == 1 else y[:, k])[known] == (k if y.ndim == 1 else 1)
        flagged = (decided == k if y.ndim == 1 else decided[:, k] == 1)[known]
        if truth.all() or not truth.any():
            continue  # copies that stay together may take a class out of a fold
        precisions.append(average_precision_score(truth, p[known, k]))
        recall, specificity = flagged[truth].mean(), 1 - flagged[~truth].mean()
        accuracies.append(recall if y.ndim == 1 else (recall + specificity) / 2)
        if y.ndim == 2:
            right = np.where(truth, p[known, k], 1 - p[known, k])
            losses.append(-np.log(np.clip(right, tiny, 1)).mean())
    if y.ndim == 1:
        losses = [-np.log(np.clip(p[np.arange(len(y)), y], tiny, 1)).mean()]
    return [float(np.mean(v)) for v in (precisions, losses, accuracies)]


def trial_of(table: Table, network: str, names: tuple[str, ...], **more: Any) -> Any:
    """Return a trial of one repeat."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EquipoiseWarning)
        return eq.compare(
            table, strategies=names, network=network, folds=FOLDS, repeats=1, **more
        )


def in_one_trial(table: Table, network: str, folds: Array) -> dict[str, Predict]:
    """Return what the arms of one trial on these folds say of each."""
    trial = trial_of(table, network, OURS)
    scored = folds >= 0
    if (trial.scores.folds[0] != folds)[scored].any():
        raise RuntimeError("the trial's folds are not those of the peers")
    place = np.cumsum(trial_rows(table)) - 1

    def predictor(arm: Any) -> Predict:
        p = table.task.probability(arm.fitted.scores[0])
        return lambda _, test: (p[place[test]], arm.decisions[0][place[test]])

    return {name: predictor(trial[name]) for name in OURS}


def trial_rows(table: Table) -> npt.NDArray[np.bool_]:
    """Return which rows a trial scores: all but those of classes that are too rare."""
    if table.task.kind == "multilabel":
        return np.ones(len(table), np.bool_)
    return ~np.isin(table.labels(), unjudged(table))


def unjudged(table: Table) -> tuple[int, ...]:
    """Return the classes, or labels, with fewer cases than folds."""
    return rare_classes(table, FOLDS, units=tied_rows(table, "auto"))


def whole(table: Table, network: str, name: str) -> Predict:
    """Return an arm that makes folds of its own within each training part."""

    def predict(train: Array, test: Array) -> tuple[Array, Array]:
        part = table.take(train)
        trial = trial_of(part, network, (name,), test=table.take(test))
        task, rule = table.task, trial[name].rule
        chance = task.probability(trial.scores.extra[name]).mean(axis=0)
        z = np.log(np.clip(chance, 1e-15, 1))
        if task.kind == "multilabel":
            z -= np.log(np.clip(1 - chance, 1e-15, 1))
        return task.probability(rule.calibrator.apply(z)), rule.decide_scores(z)

    return predict


def measure(table: Table, network: str, *, nested: bool) -> Entry:
    """Return every model's measures on the folds of a table."""
    y = table.labels().astype(np.int64)
    rows, judged = trial_rows(table), unjudged(table)
    folds = np.full(len(table), -1)
    for number, split in enumerate(outer_splits(table, folds=FOLDS, seed=0)):
        folds[split.test] = number
    folds[~rows] = -1
    x, categorical = columns_of(table)
    if nested:
        models = {name: whole(table, network, name) for name in OURS}
    else:
        start = time.monotonic()
        models = in_one_trial(table, network, folds)
        print(f"  the trial took {time.monotonic() - start:.0f} s", flush=True)
    several = table.task.kind == "multilabel"
    for name, model in peers(categorical):
        models[name] = (
            of_labels(model, x, y)
            if several
            else of_classes(model, x, y, len(table.classes))
        )
    scored = [k for k in range(len(table.classes)) if k not in judged]
    entry: Entry = {}
    for name, predict in models.items():
        start, values = time.monotonic(), []
        for fold in range(FOLDS):
            test = np.flatnonzero(folds == fold)
            p, decided = predict(np.flatnonzero(folds != fold), test)
            values.append(measures(y[test], p, decided, scored))
        entry[name] = np.transpose(values).tolist()
        means = " ".join(f"{np.mean(v):9.4f}" for v in entry[name])
        print(f"  {name:16s}{means} {time.monotonic() - start:8.1f} s", flush=True)
    return entry


def summary(entries: Mapping[str, Entry]) -> None:
    """Print the means over the tables, and `auto` against the best single peer."""
    names = list(next(iter(entries.values())))
    print(f"\nmean over {len(entries)} tables")
    print("  " + " " * 16 + " ".join(f"{m:>17s}" for m in MEASURES))
    means = {
        name: [
            float(np.mean([np.mean(entry[name][place]) for entry in entries.values()]))
            for place in range(len(MEASURES))
        ]
        for name in names
    }
    for name, values in sorted(means.items(), key=lambda item: -item[1][0]):
        print(f"  {name:16s}" + " ".join(f"{v:17.4f}" for v in values))
    rival = max((n for n in names if n not in OURS), key=lambda n: means[n][0])
    for table, entry in entries.items():
        behind = np.mean(entry["auto"][0]) - np.mean(entry[rival][0])
        print(f"  auto - {rival} on {table}: {behind:+.4f}")
    print(f"ratio auto_macro_ap {means['auto'][0] / means[rival][0]:.3f} bar {BAR}")


def main() -> None:
    """Measure the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="*", default=list(TABLES))
    parser.add_argument("--network", default="default")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if not args.quick and not DATA.is_dir():
        print("the benchmark tables are absent: set EQUIPOISE_DATA")
        return
    for name in absent():
        print(f"not installed, so not measured: {name}")
    quick = generated() if args.quick else {}
    network = "small" if args.quick else args.network
    entries: dict[str, Entry] = {}
    if args.out is not None and args.out.exists():
        entries = json.loads(args.out.read_text("utf-8"))
    for name in quick or args.tables:
        print(f"\n{name}: {', '.join(MEASURES)}", flush=True)
        if name not in entries:
            table = quick[name] if quick else read(name)
            entries[name] = measure(table, network, nested=args.whole)
        sys.stdout.flush()
        if args.out is not None:
            args.out.write_text(json.dumps(entries, indent=1), "utf-8")
    summary({name: entries[name] for name in quick or args.tables})


if __name__ == "__main__":
    main()
