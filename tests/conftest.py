# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every test folder shares."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import numpy as np
import pytest

if TYPE_CHECKING:
    from equipoise.table.generators import GeneratedTable
    from equipoise.table.table import Table
    from equipoise.verbs.model import FittedModel
    from equipoise.verbs.trial import Trial

# TensorFlow's start-up lines on stderr drown a failing test's output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# No property is about time, and the first call of one may import a library.
hypothesis.settings.register_profile("equipoise", deadline=None)
hypothesis.settings.load_profile("equipoise")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real benchmark tables; the test skips where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("EQUIPOISE_DATA", default))
    if not folder.is_dir():
        pytest.skip("the benchmark tables are absent: set EQUIPOISE_DATA")
    return folder


@pytest.fixture(scope="session")
def make_trial() -> Callable[..., Trial]:
    """Return a maker of trials whose scores are drawn, so that nothing is trained.

    The scores are the truth of a known table, with noise that differs by arm.
    """
    return _judged


def _judged(
    rows: int = 600,
    positives: int = 60,
    names: Sequence[Any] = ("prior", "logistic", "plain", "focal"),
    *,
    repeats: int = 1,
    later: bool = False,
    objective: str = "f1",
    costs: tuple[float, float] | None = None,
    metric: str = "average_precision",
    **table_fields: Any,
) -> Trial:
    from equipoise.comparison.verdict import judge
    from equipoise.diagnosis.diagnosis import diagnose
    from equipoise.evaluation.cross_validation import cross_validated
    from equipoise.strategies.catalogue import as_strategies
    from equipoise.table.generators import gaussian_shift
    from equipoise.table.splits import SplitKeys
    from equipoise.trials.conclude import exactness
    from equipoise.trials.fold_scores import Scores
    from equipoise.trials.protocol import Protocol, fold_numbers, parts
    from equipoise.trials.test_table import evaluate_test_table
    from equipoise.verbs.trial import Trial

    known = gaussian_shift(rows, positives=positives, auroc=0.92, seed=1)
    table = dataclasses.replace(known.table, **table_fields)
    protocol = Protocol()
    split = parts(SplitKeys.of(table), protocol, range(repeats))
    arms = as_strategies(names)
    random = np.random.default_rng(0)
    flat = float(np.log(positives / (rows - positives)))
    log_odds = {
        arm.name: np.full((repeats, rows), flat)
        if arm.learner == "prior"
        else known.log_odds + 0.3 * k * random.normal(size=(repeats, rows))
        for k, arm in enumerate(arms)
    }
    test = table.take(range(rows // 2)) if later else None
    extra = {
        name: np.tile(z[0, : rows // 2 if later else 0], (len(split), 1))
        for name, z in log_odds.items()
    }
    scores = Scores(
        log_odds,
        fold_numbers(split, rows, repeats),
        extra,
        {arm.name: 1.5 + k for k, arm in enumerate(arms)},
        {arm.name: 100.0 for arm in arms},
        notes=("focal: stopped at the last epoch",),
    )
    results = cross_validated(
        table.y,
        log_odds,
        scores.folds,
        objective=objective,
        costs=costs,
        metric=metric,
        exact=exactness(table, arms),
        replicates=50 if rows < 10_000 else 4,  # intervals are tested elsewhere
    )
    found = diagnose(table, test=test)
    return Trial(
        facts=found.facts,
        protocol=protocol,
        strategies=tuple(arms),
        results=results,
        scores=scores,
        verdict=judge(results, margin=0.01),
        diagnosis=found,
        held_out=None if test is None else evaluate_test_table(test, scores, results),
        objective=objective if costs is None else "cost",
        seconds=12.5,
        notes=scores.notes,
        costs=costs,
    )


@pytest.fixture(scope="session")
def make_task_trial() -> Callable[..., Trial]:
    """Return a maker of trials of several classes or labels, of drawn scores."""
    return _judged_task


def _judged_task(
    counts: Sequence[int] = (300, 120, 60, 20),
    names: Sequence[str] = ("plain", "logistic", "prior"),
    *,
    classes: Sequence[str] | None = None,
    labels: bool = False,
    repeats: int = 2,
    noise: float = 1.0,
    metric: str = "",
    costs: Any = None,
    target: str = "site",
    source: str = "made.csv",
    rows: int = 500,
) -> Trial:
    """Draw scores of one normal feature per class; `counts` are per class or label."""
    from equipoise.diagnosis.diagnosis import Diagnosis
    from equipoise.strategies.catalogue import as_strategies
    from equipoise.table.table import Column, Table
    from equipoise.task import Task
    from equipoise.trials.conclude import Criteria, conclude
    from equipoise.trials.fold_scores import Scores
    from equipoise.trials.plan import TrialPlan
    from equipoise.trials.protocol import Protocol, fold_numbers
    from equipoise.verbs.trial import Trial

    random = np.random.default_rng(0)
    size = len(counts)
    task = Task(
        "multilabel" if labels else "multiclass",
        tuple(classes or (f"c{k}" for k in range(size))),
    )
    if labels:
        y = np.stack([random.permutation(rows) < n for n in counts], 1).astype(np.int8)
        exact = 2.5 * y + random.normal(size=y.shape)
        exact += np.log(np.array(counts) / rows) - 1.0
    else:
        y = random.permutation(np.repeat(np.arange(size), counts))
        rows = len(y)
        exact = random.normal(size=(rows, size)) + np.log(np.array(counts))
        exact[np.arange(rows), y] += 2.5
    column = Column("x", "numeric", exact[:, 0].astype(np.float64))
    table = Table((column,), y, task, target, source=source)
    protocol = Protocol()
    plan = TrialPlan(table, tuple(as_strategies(names)), protocol)
    split = plan.parts(range(repeats))
    arms = as_strategies(names)
    flat = np.log(np.maximum(np.mean(y, 0), 1e-3)) if labels else np.log(counts)
    scores = {
        arm.name: np.tile(flat, (repeats, rows, 1)).astype(np.float64)
        if arm.learner == "prior"
        else exact + noise * (k + 0.5) * random.normal(size=(repeats, rows, size))
        for k, arm in enumerate(arms)
    }
    made = Scores(
        scores,
        fold_numbers(split, rows, repeats),
        {},
        {arm.name: 1.5 + k for k, arm in enumerate(arms)},
        {arm.name: 100.0 for arm in arms},
        notes=("logistic: stopped at the last epoch",),
    )
    sizes = y.sum(axis=0) if labels else np.asarray(counts)
    facts = {
        "source": source,
        "target": target,
        "task": task.kind,
        "rows": rows,
        "classes": [
            {"name": name, "rows": int(n), "share": float(n / rows)}
            for name, n in zip(task.classes, sizes, strict=True)
        ],
        "columns": {"numeric": 1},
    }
    criteria = Criteria(costs=costs, margin=0.01, metric=metric)
    return Trial.of(conclude(plan, arms, made, Diagnosis(facts), criteria, started=0.0))


@pytest.fixture(scope="session")
def known() -> GeneratedTable:
    """A table whose best possible score is known."""
    from equipoise.table.generators import gaussian_shift

    return gaussian_shift(rows=500, positives=60, seed=3)


@pytest.fixture(scope="session")
def later() -> GeneratedTable:
    """A test table of another prevalence."""
    from equipoise.table.generators import gaussian_shift

    return gaussian_shift(rows=300, positives=12, seed=4)


@pytest.fixture(scope="session")
def trial(known: GeneratedTable, later: GeneratedTable) -> Trial:
    """Four arms on three folds, twice."""
    from equipoise.verbs.compare import compare

    arms = ("prior", "logistic", "plain", "class_weight")
    return compare(
        known.table, test=later.table, strategies=arms, folds=3, repeats=2, seed=5
    )


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., Any]:
    """Return a maker of Arrow tables with a column of every kind and a target."""
    import pyarrow as pa

    def make(rows: int = 300, seed: int = 0) -> Any:
        random = np.random.default_rng(seed)
        y = random.random(rows) < 0.2
        amount = random.normal(y * 1.5, 1.0)
        days = random.integers(0, 2_000, rows) + 400 * y
        return pa.table(
            {
                "amount": np.where(random.random(rows) < 0.1, np.nan, amount),
                "city": random.choice(["Bonn", "Lima", "Oslo"], rows),
                "paid": random.random(rows) < 0.4 + 0.3 * y,
                "when": np.datetime64("2020-01-01", "us")
                + days * np.timedelta64(1, "D"),
                "fraud": np.where(y, "yes", "no"),
            }
        )

    return make


@pytest.fixture(scope="session")
def rare_table() -> Table:
    """1,200 rows, about 12% positive, of every kind of column."""
    from equipoise.table.table import Column, Table
    from equipoise.task import Task

    rng = np.random.default_rng(3)
    n = 1_200
    a, b = rng.normal(size=(2, n))
    group = rng.choice(5, n, p=[0.4, 0.3, 0.2, 0.097, 0.003]).astype(np.int32)
    flag = (rng.random(n) < 0.3).astype(np.float64)
    logit = -3.2 + 1.5 * a + 0.8 * b**2 + 0.7 * flag + (group == 2)
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int8)
    a[rng.random(n) < 0.1] = np.nan
    group[rng.random(n) < 0.05] = -1
    moments = (rng.integers(0, 10**15, n)).astype("M8[us]")
    columns = (
        Column("a", "numeric", a),
        Column("b", "numeric", b),
        Column("flag", "boolean", flag),
        Column("group", "categorical", group, ("v", "w", "x", "y", "rare")),
        Column("when", "datetime", moments),
    )
    return Table(columns, y, Task("binary", ("no", "yes")))


def _fitted(rows: Any, strategy: Any) -> FittedModel:
    from equipoise.reading.read import read_table
    from equipoise.verbs.fit import fit

    table = read_table(rows, "fraud")
    return fit(table, strategy=strategy, folds=2, minutes=1e-6, seed=1)


@pytest.fixture(scope="session")
def linear(make_rows: Callable[..., Any]) -> FittedModel:
    """A logistic model on columns of every kind."""
    return _fitted(make_rows(), "logistic")


@pytest.fixture(scope="session")
def trees(make_rows: Callable[..., Any]) -> FittedModel:
    """Boosted trees on columns of every kind."""
    return _fitted(make_rows(), "trees")


@pytest.fixture(scope="session")
def network(make_rows: Callable[..., Any]) -> FittedModel:
    """Networks and a logistic model on columns of every kind."""
    return _fitted(make_rows(), ["plain", "logistic"])


Case = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="session")
def cases() -> Callable[[int], Iterator[Case]]:
    """A function that yields labels, probabilities and weights: ties, skew, zeros."""

    def make(number: int) -> Iterator[Case]:
        for seed in range(number):
            random = np.random.default_rng(seed)
            rows = int(random.integers(5, 200))
            y = (random.random(rows) < random.choice([0.5, 0.1, 0.02])).astype(int)
            y[:2] = (0, 1)
            score = random.random(rows) * 0.6 + 0.3 * y
            if seed % 3 == 0:  # ties
                score = np.round(score, 1)
            weights = random.choice([0.0, 0.5, 1.0, 2.0, 3.5], rows)
            weights[:2] = 1.0
            yield y, score, np.ones(rows) if seed % 2 else weights

    return make


@pytest.fixture(scope="session")
def make_task_table() -> Callable[..., Table]:
    """Return a maker of tables of several classes or labels, with missing values.

    With `unseen`, one category in ten is one that no other such table has.
    """
    return _task_table


def _task_table(
    width: int = 3,
    kind: str = "multiclass",
    rows: int = 400,
    seed: int = 0,
    unseen: bool = False,
) -> Table:
    from equipoise.table.table import Column, Table
    from equipoise.task import Task

    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 3))
    kernel = np.random.default_rng(width).normal(size=(3, width)) * 1.5
    logits = x @ kernel + random.gumbel(size=(rows, width))
    y = logits.argmax(axis=1)
    if kind == "multilabel":
        y = (logits > 1.0).astype(np.int8)
        y[random.random(y.shape) < 0.1] = -1
    holed = np.where(random.random(x.shape) < 0.1, np.nan, x)
    codes = random.integers(0, 3, rows) - (random.random(rows) < 0.1)
    if unseen:
        codes[random.random(rows) < 0.1] = 3
    categories = ("p", "q", "r", "never seen") if unseen else ("p", "q", "r")
    columns = (
        *(Column(f"x{j}", "numeric", holed[:, j]) for j in range(3)),
        Column("few", "categorical", codes.astype(np.int32), categories),
    )
    classes = tuple(f"class {k}" for k in range(width))
    return Table(columns, y, Task(kind, classes))
