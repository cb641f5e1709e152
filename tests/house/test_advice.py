# SPDX-License-Identifier: Apache-2.0
"""Advice works: what an error proposes is done, and succeeds.

Every advice in the source is collected. It is one of three: a near name, which is
tested where it is made; an explanation, which proposes nothing to do; or a proposal.
For a proposal a case below meets the error and then does what it says, or a test
elsewhere does so and is named.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import gzip
import importlib.util
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, SMOTENC
from sklearn.ensemble import VotingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

import equipoise as eq
from equipoise import (
    decision,
    losses,
    metrics,
    networks,
    priors,
    sampling,
    strategies,
    uncertainty,
    weights,
)
from equipoise.decision.class_floors import choose_floors
from equipoise.decision.costs import row_thresholds
from equipoise.diagnosis.futility import learning_curve
from equipoise.encoding.encoding import learn_encoding
from equipoise.errors import EquipoiseError
from equipoise.evaluation import evaluate as of_arrays
from equipoise.losses.plain import keras_class
from equipoise.strategies.blended import Blend
from equipoise.strategies.by_task import require_task
from equipoise.strategies.tuned import tuned_strategies
from equipoise.synthesis import LabelSmote, Smote
from equipoise.table.generated_tasks import make_classes
from equipoise.table.splits import outer_splits
from equipoise.table.table import Table
from equipoise.task import Task, label_matrix
from equipoise.training.settings import TrainingSettings, require_float32
from equipoise.training.stopping import stop_value
from equipoise.trials.kinds import find_kinds
from equipoise.trials.unseen import kind_split_by
from equipoise.verbs.model import FittedModel

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location(
    "collected_advice", HERE / "collected_advice.py"
)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
collected: Callable[[], dict[str, list[str]]] = _module.collected

RANDOM = np.random.default_rng(0)
Y = (np.arange(200) % 8 == 0).astype(int)
Z = RANDOM.normal(size=200) - 2 + 1.5 * Y
P = priors.probability(Z)
X = np.stack([Z + RANDOM.normal(size=200), RANDOM.normal(size=200)], axis=1)
A_B_C = Task("multiclass", ("a", "b", "c"))
COLUMNS = {"a": X[:, 0], "b": X[:, 1], "y": Y}
SHORT: dict[str, Any] = {"strategy": "logistic", "repeats": 1, "folds": 2}


@dataclasses.dataclass(frozen=True)
class Case:
    """An error with its advice, and the same done as it says.

    Attributes:
        wrong: What raises the error.
        right: What its advice says.
        says: What the error holds, a regular expression; by default the advice as it
            stands in the source.
    """

    wrong: Callable[[Path], Any]
    right: Callable[[Path], Any]
    says: str | None = None


def user_loss(**more: Any) -> type[Any]:
    """A loss from outside the package, for Keras."""
    return keras_class("mine", "example", losses.cross_entropy_loss, {}, **more)


@functools.cache
def model() -> FittedModel:
    """A model of two columns."""
    return eq.fit(COLUMNS, "y", **SHORT)


def _grown() -> FittedModel:
    """A model of trees whose leaves hold shares."""
    return eq.fit(COLUMNS, "y", **{**SHORT, "strategy": "extra_trees"})


def long_text_model() -> FittedModel:
    """A model of a number and a category, one text of which has 5,000 characters."""
    texts = np.where(np.asarray(WORDS) == WORDS[0], "w" * 5_000, WORDS)
    return eq.fit({**COLUMNS, "b": texts}, "y", **SHORT)


def kinds_of(*names: str) -> Table:
    """Rows with columns of two kinds, or of one value in all positives."""
    values = {
        "kind": np.where(np.arange(200) % 16 == 0, "up", "down"),
        "one": np.where(Y == 1, "one", "other"),
        "two": np.where(Y == 1, "two", "other"),
    }
    return eq.read_table({**{name: values[name] for name in names}, "y": Y}, "y")


def drawn_by(table: Table, *of: Any, **options: Any) -> Any:
    """A strategy that draws the rows of a table by groups."""
    return eq.Strategy(sampling=sampling.ByGroup(*of, **options)).with_table(table)


def _kinds(drop: tuple[str, ...] = (), **more: Any) -> Table:
    values = np.where(np.arange(200) % 16 == 0, "up", "down").astype(object)
    values = more.pop("values", values)
    columns = {"kind": values, "x": X[:, 0], "who": np.arange(200) // 4, "y": Y}
    return eq.read_table(columns, "y", drop=drop, **more)


def _holed() -> Any:
    return np.where(np.arange(200) % 16 == 0, None, "down")


def _many_kinds(classes: str) -> Any:
    random = np.random.default_rng(0)
    y, groups = random.integers(0, 20, 20_000), random.integers(0, 2_000, 20_000)
    return sampling.GroupBalanced(groups, classes, {1: 0.1}).rates(y)


PICTURES = RANDOM.normal(size=(200, 3, 3)).astype("float32")
WORDS = np.where(X[:, 1] > 0, "up", "down")


THREE_CLASSES = Task("multiclass", ("a", "b", "c"))
Y3 = np.arange(200) % 3
P3 = priors.softmax(np.eye(3)[Y3] + np.random.default_rng(1).normal(size=(200, 3)))
TURNED = decision.CostMatrix(("c", "b", "a"), 1 - np.eye(3))
FLOORED = (P3.argmax(axis=1), P3, Y3, THREE_CLASSES.classes, {"a": {"recall": 0.5}})


def _class_rule(objective: str, p: Any = P3, **options: Any) -> Any:
    return decision.fit_class_rule(objective, THREE_CLASSES, p, Y3, **options)


def _label_rule(objective: Any, **options: Any) -> Any:
    task = Task("multilabel", ("a", "b"))
    p, y = np.stack([P, P], axis=1), np.stack([Y, Y], axis=1)
    return decision.fit_label_rule(objective, task, p, y, **options)


def network(*, end: Any = None, units: int = 1, compiled: bool = False) -> Any:
    """Return a network of nine pixels."""
    import keras

    layers = [keras.layers.Flatten(), keras.layers.Dense(units, end)]
    built = keras.Sequential([keras.Input((3, 3)), *layers])
    if compiled:
        built.compile("adam", "binary_crossentropy")
    return built


def check(build: Any, x: Any = PICTURES) -> None:
    from equipoise.learners.user_model.model import check_build

    check_build(build, x)


def text_of(rows: int = 20, line: str = "{i},{p}") -> str:
    lines = (line.format(i=i * 7 % 19, p=i % 4 // 3) for i in range(rows))
    return "\n".join(["x,y", *lines])


def write(place: Path, name: str, text: str | bytes) -> Path:
    path = place / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def table(**columns: Any) -> Any:
    return eq.read_table({**COLUMNS, **columns}, "y")


SHORT_TRIAL: dict[str, Any] = {
    "strategies": ["prior"],
    "network": "small",
    "repeats": 1,
    "folds": 2,
}


def _rare() -> Any:
    """Rows of three classes, the last of which has a single row."""
    rows = make_classes(61, counts=[40, 20, 1]).table
    return rows.take(np.argsort(rows.y, kind="stable"))


HOLED = np.where(np.arange(200) < 3, np.nan, Y.astype(float))
CHOSEN = ~np.isnan(HOLED)
MASKED = np.ma.array(Y, mask=np.arange(200) < 3)
TWO = np.ones((4, 2), "float32")
THREE = np.arange(200) % 3
LABELS = np.stack([Y, Y[::-1], np.roll(Y, 3)], axis=1)
MANY_LABELS = np.random.default_rng(1).integers(0, 2, (200, 1001))
FAR = np.where(np.arange(200) < 3, np.inf, Y.astype(float))


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-200])
    return path


def _mixed(x: Any) -> None:
    """Ask for a blend of examples from a network of one's own."""
    from equipoise.jobs import Job
    from equipoise.learners.user_model.model import UserModelLearner

    rows = np.arange(200)
    mixup = eq.Strategy("mixup", sampling="balanced", synthesis="mixup")
    job = Job(mixup, rows[:100], rows[100:150], rows[150:], 0)
    settings = TrainingSettings(epochs=1)
    list(UserModelLearner(network, x, settings).run(table(), [job]))


def _resampled(sampler: Any, **reading: Any) -> None:
    from equipoise.learners.resampled.sampler_columns import categories_of

    rows = eq.read_table({**COLUMNS, "gone": WORDS}, "y", **reading)
    categories_of(sampler, rows)


def _percent() -> Any:
    return eq.read_table({**COLUMNS, "a": [f"{v:.2f}%" for v in X[:, 0]]}, "y")


def _commas(place: Path) -> Path:
    return write(place, "commas.csv", 'a,b\n"1,5",3\n"2,25",4\n')


def _points(place: Path) -> Any:
    """Return a table whose file proves the decimal point."""
    lines = (
        f"{a:.2f},{i * 7 % 19},{y}" for i, (a, y) in enumerate(zip(Z, Y, strict=True))
    )
    return eq.read_table(write(place, "points.csv", "\n".join(["a,b,y", *lines])), "y")


def _parquet(place: Path) -> Path:
    path = place / "good.parquet"
    pd.DataFrame(COLUMNS).to_parquet(path)
    return path


def _twice(place: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = place / "twice.parquet"
    pq.write_table(pa.table([pa.array(Y), pa.array(Y)], names=["y", "y"]), path)
    return path


def _days(form: str) -> list[str]:
    return [f"{pd.Timestamp(2020, 1 + i % 12, 1 + i % 11):{form}}" for i in range(200)]


def _spans() -> Any:
    return pd.DataFrame({"a": X[:, 0], "t": [(i % 3, 1) for i in range(200)]})


@functools.cache
def _of(strategy: str) -> FittedModel:
    return eq.fit(COLUMNS, "y", **{**SHORT, "strategy": strategy})


def _new(place: Path) -> Path:
    return write(place, "new.csv", "a,b\n1.5,2\n2.5,3\n")


def _focal(weights: str | None = None, **options: float) -> eq.Strategy:
    return eq.Strategy(loss="focal", weights=weights, options=options)


PLAIN = eq.Strategy("plain")
ROWS_OF_STREAM = list(zip(X, Y, strict=True))


def feed() -> Any:
    """Half of every batch positive."""
    return sampling.Balanced().over(X, Y)


def stream(source: Any = ROWS_OF_STREAM, **options: Any) -> Any:
    """The same from a stream."""
    return sampling.StreamFeed(source, **options)


def read_twice(one: Any) -> None:
    """Read two epochs."""
    for _ in range(2):
        list(one.batches())


def _blend(**parts: Any) -> Blend:
    one, two = eq.Strategy("one", **parts), eq.Strategy("two", loss="focal")
    return Blend("both", blended=(one, two), shares=(1, 1))


def _three() -> Any:
    return table(y=THREE)


def _twenty(name: Callable[[int], str]) -> Any:
    columns = {key: values[:20] for key, values in COLUMNS.items()}
    return eq.read_table({**columns, "y": [name(k) for k in range(20)]}, "y")


def _classifier(**options: Any) -> eq.EquipoiseClassifier:
    return eq.EquipoiseClassifier("logistic", folds=2, **options)


def _three_of_c() -> Any:
    """Labels of three classes, of one of which there are three rows."""
    return np.array(["a", "b", "c"])[np.where(np.arange(200) < 3, 2, Y)]


def _floor_of_c() -> eq.Goal:
    return eq.Goal(floors={"c": {"recall": 0.5}})


def compared(y: Any = Y, **options: Any) -> Any:
    """A trial of the cheapest arms."""
    arms = ["prior", "logistic"]
    return eq.compare(
        X, y, strategies=arms, network="linear", folds=2, repeats=1, **options
    )


def _wide() -> Any:
    from scipy.sparse import csr_matrix, hstack

    return csr_matrix(hstack([_sparse(X), csr_matrix((200, 6_000_000))]))


def _json(*, lines: bool) -> str:
    rows = [
        {"a": a, "b": b, "y": y}
        for a, b, y in zip(*(map(float, c) for c in COLUMNS.values()), strict=True)
    ]
    return "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows)


def _arff(values: str) -> str:
    head = f"@relation r\n@attribute a {values}\n@attribute y {{0,1}}\n@data\n"
    return head + "u,0\n'5 %',1\nu,1\n" * 20


def _dataset(*arrays: Any) -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(arrays)


def _archive(place: Path) -> Path:
    with zipfile.ZipFile(place / "a.zip", "w") as archive:
        archive.writestr("a.csv", text_of())
        archive.writestr("b.csv", text_of())
    return place / "a.zip"


def _sparse(x: Any) -> Any:
    from scipy import sparse

    return sparse.csr_matrix(x)


def _sick(patients: int) -> dict[str, Any]:
    """Return rows of 40 patients; all rows of the first few are positive."""
    who = np.repeat(np.arange(40), 5)
    y = (who < patients).astype(int)
    return {"a": X[:, 0] + y, "b": X[:, 1], "who": [f"p{i}" for i in who], "y": y}


def _floor(certify: float | None) -> eq.Goal:
    return eq.Goal(recall_floor=0.5, certify=certify)


def _tensorboard_at(place: Path) -> None:
    pytest.importorskip("tensorboard")
    from equipoise.report.tracking.tensorboard import require_tensorboard

    require_tensorboard(place)


CASES: dict[str, Case] = {
    "models/goal.py: Put it into the goal: equipoise.Goal(objective=...) or "
    "equipoise.Goal(costs=...).": Case(
        lambda _: compared(goal="f1", objective="mcc"),
        lambda _: (
            compared(goal=eq.Goal(objective="mcc")),
            compared(goal=eq.Goal(costs=(1, 9))),
        ),
    ),
    "models/goal.py: Leave certify out here, and pass it to fit.": Case(
        lambda _: compared(goal=eq.Goal(recall_floor=0.4, certify=0.5)),
        lambda _: (
            compared(goal=eq.Goal(recall_floor=0.4)),
            eq.fit(X, Y, goal=eq.Goal(recall_floor=0.4, certify=0.5), **SHORT),
        ),
    ),
    "models/goal.py: Pass them to fit.": Case(
        lambda _: compared(Y3, goal=eq.Goal(floors={"2": {"recall": 0.5}})),
        lambda _: eq.fit(X, Y3, goal=eq.Goal(floors={"2": {"recall": 0.5}}), **SHORT),
    ),
    "models/other_goal.py: Pass goal=equipoise.Goal(costs=...) here, or the goal to "
    "equipoise.fit, which chooses the rule on rows.": Case(
        lambda _: model().decide({"a": X[:, 0], "b": X[:, 1]}, goal="mcc"),
        lambda _: (
            model().decide({"a": X[:, 0], "b": X[:, 1]}, goal=eq.Goal(costs=(1, 9))),
            eq.fit(X, Y, goal="mcc", **SHORT),
        ),
    ),
    "reading/arff.py: <remedy>": Case(
        lambda place: eq.read_table(write(place, "a.arff", _arff("{u,5 %}")), "y"),
        lambda place: eq.read_table(write(place, "a.arff", _arff("{u,'5 %'}")), "y"),
        "Put a value that holds a space, %, comma or brace into quotes",
    ),
    "reading/json_lines.py: <remedy>": Case(
        lambda place: eq.read_table(write(place, "a.jsonl", _json(lines=False)), "y"),
        lambda place: eq.read_table(write(place, "a.jsonl", _json(lines=True)), "y"),
        r"becomes JSON lines with: jq -c '\.\[\]' FILE",
    ),
    "reading/pairs.py: Leave weights out: dataset.map(lambda x, y, w: (x, y)), and "
    "pass them as weights=.": Case(
        lambda _: eq.fit(_dataset(X, Y, Y + 1.0), **SHORT),
        lambda _: eq.fit(
            _dataset(X, Y, Y + 1.0).map(lambda x, y, w: (x, y)), weights=Y + 1, **SHORT
        ),
    ),
    "reading/pairs.py: Leave out repeat(), or cut it: dataset.take(steps).": Case(
        lambda _: eq.read_table(_dataset(X, Y).repeat()),
        lambda _: (
            eq.read_table(_dataset(X, Y)),
            eq.read_table(_dataset(X, Y).repeat().take(200)),
        ),
    ),
    "reading/zipped.py: Unpack it, and pass the path of one file.": Case(
        lambda place: eq.read_table(_archive(place), "y"),
        lambda place: eq.read_table(
            Path(zipfile.ZipFile(_archive(place)).extract("a.csv", place)), "y"
        ),
    ),
    "verbs/evaluate_arrays.py: Pass positive={} if the probabilities are of that "
    "class.": Case(
        lambda _: eq.evaluate(np.where(Y == 1, "yes", "no"), P),
        lambda _: eq.evaluate(np.where(Y == 1, "yes", "no"), P, positive="yes"),
    ),
    "verbs/evaluate_arrays.py: Pass classes=[first, second] in the order of the "
    "columns.": Case(
        lambda _: eq.evaluate(Y * 0 + 3, np.stack([1 - P, P], axis=1)),
        lambda _: eq.evaluate(Y + 3, np.stack([1 - P, P], axis=1), classes=[3, 4]),
    ),
    "verbs/evaluate_arrays.py: For two labels that do not exclude each other pass y "
    "as a matrix.": Case(
        lambda _: eq.evaluate(Y, np.stack([P, P], axis=1)),
        lambda _: eq.evaluate(np.stack([Y, Y], axis=1), np.stack([P, P], axis=1)),
    ),
    "task.py: Make one column of each class that a number stands for.": Case(
        lambda _: label_matrix([[0], [1], [2]]),
        lambda _: label_matrix([[0, 0], [1, 0], [0, 1]]),
    ),
    "decision/calibration.py: Use method='auto', which leaves such scores alone.": Case(
        lambda _: decision.fit_calibrator(Z, 0 * Y, method="platt"),
        lambda _: decision.fit_calibrator(Z, 0 * Y, method="auto"),
    ),
    "decision/class_rows.py: For logits use task.probability(scores) first.": Case(
        lambda _: _class_rule("accuracy", np.log(P3)),
        lambda _: _class_rule("accuracy", THREE_CLASSES.probability(np.log(P3))),
    ),
    "decision/class_rule.py: Pass Costs.matrix(classes, costs), which puts them in "
    "order.": Case(
        lambda _: decision.ClassRule(THREE_CLASSES.classes, costs=TURNED),
        lambda _: decision.ClassRule(
            THREE_CLASSES.classes,
            costs=decision.Costs.matrix(THREE_CLASSES.classes, TURNED),
        ),
    ),
    "decision/class_rule_making.py: Pass Costs.matrix(classes, costs), which puts them "
    "in order.": Case(
        lambda _: _class_rule("cost", costs=TURNED),
        lambda _: _class_rule(
            "cost", costs=decision.Costs.matrix(THREE_CLASSES.classes, TURNED)
        ),
    ),
    "decision/class_rule_making.py: Pass costs=Costs.matrix(classes, matrix).": Case(
        lambda _: _class_rule("cost"),
        lambda _: _class_rule(
            "cost", costs=decision.Costs.matrix(THREE_CLASSES.classes, 1 - np.eye(3))
        ),
    ),
    "decision/class_rule_making.py: Leave out one of them.": Case(
        lambda _: _class_rule("accuracy", costs=TURNED),
        lambda _: _class_rule("accuracy"),
    ),
    "decision/class_rows.py: Use {} instead.": Case(
        lambda _: decision.fit_label_rule("f1", Task("binary", ("n", "y")), P, Y),
        lambda _: decision.make_rule(Z, Y, objective="f1"),
    ),
    "decision/label_rule_making.py: Pass objective='cost' and costs=Costs(fp=..., "
    "fn=...).": Case(
        lambda _: _label_rule("cost"),
        lambda _: _label_rule("cost", costs=decision.Costs(fp=1, fn=3)),
    ),
    "decision/label_rule_making.py: Pass objective('cost', costs=...) for a label that "
    "has costs.": Case(
        lambda _: _label_rule({"a": "f1"}, costs=decision.Costs(fp=1, fn=3)),
        lambda _: _label_rule(
            {"a": decision.objective("cost", costs=decision.Costs(fp=1, fn=3))}
        ),
    ),
    "decision/label_rule_making.py: Ask for a lower floor.": Case(
        lambda _: _label_rule("f1", floors={"a": {"recall": 0.99, "precision": 0.99}}),
        lambda _: _label_rule("f1", floors={"a": {"recall": 0.99, "precision": 0.05}}),
    ),
    "decision/class_floors.py: Ask for a lower floor.": Case(
        lambda _: _class_rule(
            "accuracy", np.full((200, 3), 1 / 3), floors={"a": {"precision": 0.6}}
        ),
        lambda _: _class_rule(
            "accuracy", np.full((200, 3), 1 / 3), floors={"a": {"precision": 0.3}}
        ),
    ),
    "decision/class_floors.py: Ask for a lower floor, or for fewer classes with "
    "floors.": Case(
        lambda _: _class_rule(
            "accuracy", floors={"a": {"recall": 0.01}, "c": {"recall": 0.99}}
        ),
        lambda _: _class_rule("accuracy", floors={"c": {"recall": 0.99}}),
    ),
    "decision/class_floors.py: Exact tests count rows: leave the weights out.": Case(
        lambda _: choose_floors(*FLOORED, level=0.9, weights=np.ones(200)),
        lambda _: choose_floors(*FLOORED, level=0.9),
    ),
    "decision/prevalence.py: Set it with dataclasses.replace(rule, prevalence=...).": (
        Case(
            lambda _: decision.at_prevalence(decision.DecisionRule(0.0), 0.1),
            lambda _: decision.at_prevalence(
                dataclasses.replace(
                    decision.DecisionRule(0.0, objective="recall"), prevalence=0.5
                ),
                0.1,
            ),
        )
    ),
    "decision/prevalence.py: Choose it again with make_rule(..., prevalence=...), or "
    "certify on rows of the new population.": Case(
        lambda _: decision.at_prevalence(decision.make_rule(Z, Y), 0.1),
        lambda _: decision.make_rule(Z, Y, prevalence=0.1),
    ),
    "decision/rule_making.py: Compare calibrated log-odds with row_thresholds(fp, fn) "
    "instead.": Case(
        lambda _: decision.make_rule(
            Z, Y, objective="cost", fp=np.ones(200), fn=np.full(200, 9.0)
        ),
        lambda _: row_thresholds(np.ones(200), np.full(200, 9.0)) <= Z,
    ),
    "metrics/inputs.py: <_column(values.shape, shape, what)>": Case(
        lambda _: of_arrays(Y, np.stack([1 - P, P], axis=1)),
        lambda _: of_arrays(Y, np.stack([1 - P, P], axis=1)[:, 1]),
        r"Pass the positive class' column, probability\[:, 1\]",
    ),
    "metrics/inputs.py: <remedy or 'Leave out these rows, of all arrays.'>": Case(
        lambda _: metrics.roc_auc(Y, np.where(CHOSEN, P, np.nan)),
        lambda _: metrics.roc_auc(Y[CHOSEN], P[CHOSEN]),
        "Leave out these rows, of all arrays",
    ),
    "weights/scheme.py: If they are sums of weights, divide these by the largest.": (
        Case(
            lambda _: eq.weights.class_weights("balanced", np.array([9e60, 1e60])),
            lambda _: eq.weights.class_weights(
                "balanced", np.array([9e60, 1e60]) / 9e60
            ),
        )
    ),
    "metrics/inputs.py: If they are percentages, divide them by 100.": Case(
        lambda _: eq.evaluate(Y, 100 * P), lambda _: eq.evaluate(Y, 100 * P / 100)
    ),
    "metrics/inputs.py: Pass y[:, 0].": Case(
        lambda _: of_arrays(Y[:, None], P), lambda _: of_arrays(Y[:, None][:, 0], P)
    ),
    "evaluation/fixed_model.py: They look swapped: pass evaluate(labels, "
    "probabilities).": (Case(lambda _: eq.evaluate(P, Y), lambda _: eq.evaluate(Y, P))),
    "_core/arrays.py: Leave these rows out of every array, for example with keep = "
    "~numpy.ma.getmaskarray(values).": Case(
        lambda _: eq.evaluate(MASKED, P),
        lambda _: eq.evaluate(
            MASKED[~np.ma.getmaskarray(MASKED)], P[~np.ma.getmaskarray(MASKED)]
        ),
    ),
    "_core/arrays.py: Give a row that belongs to no other a name of its own, or leave "
    "it out.": Case(
        lambda _: eq.evaluate(Y, P, clusters=[None, *["a", "b"] * 99, "c"]),
        lambda _: eq.evaluate(Y, P, clusters=["alone", *["a", "b"] * 99, "c"]),
    ),
    "losses/base.py: Give targets and outputs a last axis of size 1 to weight each.": (
        Case(
            lambda _: losses.CrossEntropy()(TWO, TWO, sample_weight=TWO),
            lambda _: losses.CrossEntropy()(
                TWO[..., None], TWO[..., None], sample_weight=TWO
            ),
        )
    ),
    "metrics/inputs.py: Leave out the rows that have no label.": Case(
        lambda _: metrics.average_precision(HOLED, P),
        lambda _: metrics.average_precision(HOLED[CHOSEN], P[CHOSEN]),
    ),
    "metrics/inputs.py: <_recode(values)>": Case(
        lambda _: metrics.average_precision(2 * Y - 1, P),
        lambda _: metrics.average_precision(2 * Y - 1 == 1, P),
        "pass y == 1",
    ),
    "metrics/keras_inputs.py: <remedy>": Case(
        lambda _: metrics.keras.AUROC(from_logits=False).update_state(Y, Z),
        lambda _: metrics.keras.AUROC().update_state(Y, Z),
        "Leave from_logits=False out for logits",
    ),
    "metrics/keras_inputs.py: If there is one score per class, pass that of the "
    "positive class alone.": Case(
        lambda _: metrics.keras.AUROC().update_state(Y, np.stack([-Z, Z], 1)),
        lambda _: metrics.keras.AUROC().update_state(Y, np.stack([-Z, Z], 1)[:, 1]),
    ),
    "losses/base.py: Drop a trailing axis of size 1 from one of them.": Case(
        lambda _: losses.get("cross_entropy").function(
            Y[:, None].astype("float32"), Z.astype("float32")
        ),
        lambda _: losses.get("cross_entropy").function(
            Y.astype("float32"), Z.astype("float32")
        ),
    ),
    "losses/base.py: Leave link='softmax' out for one logit per row.": Case(
        lambda _: losses.CrossEntropy(link="softmax")(Y, Z[:, None]),
        lambda _: losses.CrossEntropy()(Y, Z[:, None]),
    ),
    "losses/classes.py: Leave link='softmax' out for one logit per row.": Case(
        lambda _: losses.softmax_cross_entropy_loss(Y, Z),
        lambda _: losses.cross_entropy_loss(Y, Z),
    ),
    "losses/base.py: Register it with softmax= if you have the formula.": Case(
        lambda _: user_loss()(link="softmax"),
        lambda _: user_loss(softmax=losses.softmax_cross_entropy_loss)(link="softmax"),
    ),
    "trials/kinds.py: Pass positive=CLASS to set one class against all others.": Case(
        lambda _: find_kinds(eq.read_table((X, THREE)), "auto"),
        lambda _: find_kinds(eq.read_table((X, THREE), positive=2), "auto"),
    ),
    "trials/kinds.py: Pass unseen='auto'.": Case(
        lambda _: find_kinds(kinds_of("kind"), "kind"),
        lambda _: find_kinds(kinds_of("kind"), "auto", "ignore"),
    ),
    "trials/kinds.py: Name another column, or pass unseen='auto'.": Case(
        lambda _: find_kinds(kinds_of("kind", "one"), "one", "ignore"),
        lambda _: find_kinds(kinds_of("kind", "one"), "kind", "ignore"),
    ),
    "trials/kinds.py: Collect more positives, or name a column of kinds.": Case(
        lambda _: find_kinds(kinds_of("one", "two"), "auto", "ignore"),
        lambda _: find_kinds(kinds_of("kind", "two"), "kind", "ignore"),
    ),
    "trials/unseen.py: Pass by='stratified' if the order in time does not matter.": (
        Case(
            lambda _: kind_split_by(eq.read_table(COLUMNS, "y", time="a"), None),
            lambda _: kind_split_by(
                eq.read_table(COLUMNS, "y", time="a"), "stratified"
            ),
        )
    ),
    "strategies/by_task.py: <_as_two_classes(task)>": Case(
        lambda _: eq.fit((X, THREE), strategy="isolation_forest", repeats=1, folds=2),
        lambda _: eq.fit(
            (X, THREE), strategy="isolation_forest", positive=2, repeats=1, folds=2
        ),
        says="Pass positive=CLASS to set one class against all others.",
    ),
    "strategies/by_task.py: Use weights= for weights of the classes.": Case(
        lambda _: require_task(
            strategies.Strategy(loss="focal", options={"alpha": 0.3}), A_B_C
        ),
        lambda _: require_task(
            strategies.Strategy(loss="focal", weights="balanced"), A_B_C
        ),
    ),
    "uncertainty/metric_interval.py: Leave the threshold out.": Case(
        lambda _: uncertainty.interval("roc_auc", Y, P, threshold=0.5),
        lambda _: uncertainty.interval("roc_auc", Y, P),
    ),
    "metrics/inputs.py: Use averaged(...) for multi-class and multi-label targets.": (
        Case(
            lambda _: metrics.roc_auc(np.stack([Y, 1 - Y], 1), np.stack([P, 1 - P], 1)),
            lambda _: metrics.averaged(
                "roc_auc", np.stack([Y, 1 - Y], 1), np.stack([P, 1 - P], 1)
            ),
        )
    ),
    "metrics/inputs.py: For log-odds use equipoise.priors.probability(z) first.": Case(
        lambda _: metrics.brier(Y, Z),
        lambda _: metrics.brier(Y, priors.probability(Z)),
    ),
    "metrics/averages.py: Leave `decide` out.": Case(
        lambda _: metrics.averaged(
            "roc_auc", Y, np.stack([1 - P, P], 1), decide="largest"
        ),
        lambda _: metrics.averaged("roc_auc", Y, np.stack([1 - P, P], 1)),
    ),
    "networks/spec.py: Try (64, 64).": Case(
        lambda _: networks.NetworkSpec("mine", hidden=64),  # type: ignore[arg-type]
        lambda _: networks.NetworkSpec("mine", hidden=(64, 64)),
    ),
    "sampling/feeds/arrays.py: Encode the features first, or leave the synthesis "
    "out.": Case(
        lambda _: sampling.Oversample().over({"a": X}, Y, batch=8, synthesis=Smote()),
        lambda _: (
            sampling.Oversample().over(X, Y, batch=8, synthesis=Smote()),
            sampling.Oversample().over({"a": X}, Y, batch=8),
        ),
    ),
    "strategies/catalogue.py: See equipoise.catalogue().": Case(
        lambda _: strategies.as_strategies([]),
        lambda _: strategies.as_strategies(list(eq.catalogue())),
    ),
    "strategies/catalogue.py: Pass Strategy(name=...), or (name, classifier).": Case(
        lambda _: strategies.as_strategies([GaussianNB(), GaussianNB()]),
        lambda _: strategies.as_strategies([GaussianNB(), ("two", GaussianNB())]),
    ),
    "strategies/classifier_object.py: Write {}().": Case(
        lambda _: eq.classified(GaussianNB),
        lambda _: eq.classified(GaussianNB()),
    ),
    "strategies/classifier_object.py: Set its voting='soft', if it is a hard vote; "
    "else use another classifier.": Case(
        lambda _: eq.classified(VotingClassifier([("one", GaussianNB())])),
        lambda _: eq.classified(
            VotingClassifier([("one", GaussianNB())], voting="soft")
        ),
    ),
    "strategies/classifier_object.py: Use sampling='undersample' of classified(), "
    "which needs no weights.": Case(
        lambda _: eq.classified(KNeighborsClassifier(), weights="sqrt"),
        lambda _: eq.classified(KNeighborsClassifier(), sampling="undersample"),
    ),
    "strategies/validation.py: It learns from rows of one class each, and a blend has "
    "two: use learner='network' for it.": Case(
        lambda _: eq.Strategy(learner="trees", synthesis="mixup"),
        lambda _: eq.Strategy(learner="network", synthesis="mixup"),
    ),
    "strategies/validation.py: Its shares change from pass to pass, and this learner "
    "takes its rows at once: use learner='network' for it.": Case(
        lambda _: eq.Strategy(learner="trees", sampling="progressive"),
        lambda _: eq.Strategy(learner="network", sampling="progressive"),
    ),
    "sampling/feeds/arrays.py: Make the feed as it was, or start without the "
    "state.": Case(
        lambda _: sampling.Balanced().over(X, Y, seed=1).from_state(feed().state()),
        lambda _: feed().from_state(feed().state()),
    ),
    "sampling/feeds/stream.py: Make the feed as it was, or start without the "
    "state.": Case(
        lambda _: stream(batch=8).from_state(stream().state()),
        lambda _: stream().from_state(stream().state()),
    ),
    "sampling/feeds/stream.py: Pass population=, or read the stream first.": Case(
        lambda _: stream().correction(),
        lambda _: stream().correction(population=[0.9, 0.1]),
    ),
    "sampling/feeds/stream.py: Pass a function that returns the generator.": Case(
        lambda _: read_twice(stream(iter(ROWS_OF_STREAM))),
        lambda _: read_twice(stream(lambda: iter(ROWS_OF_STREAM))),
    ),
    "sampling/feeds/stream_rows.py: Batches of several labels are drawn from arrays: "
    "see Quotas.": Case(
        lambda _: list(stream(list(zip(X, LABELS, strict=True))).batches()),
        lambda _: sampling.Quotas().over(X, LABELS),
    ),
    "sampling/feeds/resume.py: Pass steps= to the StreamFeed.": Case(
        lambda _: sampling.KerasResumeFeed(stream(), "f.json"),
        lambda _: sampling.KerasResumeFeed(stream(steps=3), "f.json"),
    ),
    "sampling/proportions.py: Pass classes=table.task.classes.": Case(
        lambda _: sampling.Proportions({"c": 0.5}),
        lambda _: sampling.Proportions({"c": 0.5}, classes=A_B_C.classes),
    ),
    "sampling/rejection.py: Pass classes=2 for two classes.": Case(
        lambda _: sampling.Rejection("balanced"),
        lambda _: sampling.Rejection("balanced", classes=2),
    ),
    "sampling/proportions.py: Divide them by their sum.": Case(
        lambda _: sampling.Proportions([0.9, 0.9]),
        lambda _: sampling.Proportions([0.5, 0.5]),
    ),
    "sampling/proportions.py: Name all classes and divide the shares by their "
    "sum.": Case(
        lambda _: sampling.Proportions([0.2, 0.2]).prior([90, 10]),
        lambda _: sampling.Proportions([0.5, 0.5]).prior([90, 10]),
    ),
    "sampling/proportions.py: Divide them by twice their sum, for half of every "
    "batch.": Case(
        lambda _: sampling.Proportions([0.2, 0.3, 0.5]).rates(LABELS),
        lambda _: sampling.Proportions([0.1, 0.15, 0.25]).rates(LABELS),
    ),
    "strategies/validation.py: Use learner='network' for it.": Case(
        lambda _: eq.Strategy(loss="focal", learner="trees"),
        lambda _: eq.Strategy(loss="focal", learner="network"),
    ),
    "strategies/validation.py: It is {}: use learner={} for it.": (
        Case(
            lambda _: eq.Strategy(learner="logistic", options={"learning_rate": 0.1}),
            lambda _: eq.Strategy(learner="network", options={"learning_rate": 0.1}),
        )
    ),
    "strategies/tuned.py: Try strategy='plain' or strategy='trees'.": Case(
        lambda _: tuned_strategies(eq.as_strategies("prior"), 4),
        lambda _: tuned_strategies(eq.as_strategies("plain"), 4),
    ),
    "strategies/tuned.py: <advice>": Case(
        lambda _: eq.Tuned(eq.catalogue()["auto"]),
        lambda _: [eq.Tuned("trees"), eq.Tuned("plain")],
        says="Tune the strategies that it averages",
    ),
    "strategies/tuned.py: Pass space= with one, or leave the strategy as it is.": Case(
        lambda _: eq.Tuned("plain", space={"depth": [1, 2]}).design(without=("depth",)),
        lambda _: eq.Tuned("plain", space={"dropout": (0.0, 0.5)}).design(
            without=("depth",)
        ),
    ),
    "strategies/tuned.py: Pass space= with what is to be tried.": Case(
        lambda _: eq.Tuned("logistic"),
        lambda _: eq.Tuned("logistic", space={"weights": [None, "balanced"]}),
    ),
    "strategies/blended.py: Set it in the strategies that are averaged.": Case(
        lambda _: dataclasses.replace(_blend(), weights="sqrt"),
        lambda _: _blend(weights="sqrt"),
    ),
    "strategies/blended.py: List the strategies that it averages.": Case(
        lambda _: Blend("more", blended=(_blend(), PLAIN), shares=(1, 1)),
        lambda _: Blend("more", blended=(*_blend().blended, PLAIN), shares=(1, 1, 1)),
    ),
    "reading/arrays.py: Remove {} from X, or a model reads the answer from it.": Case(
        lambda _: eq.read_table((pd.DataFrame(COLUMNS), pd.Series(Y, name="y"))),
        lambda _: eq.read_table(
            (pd.DataFrame(COLUMNS).drop(columns="y"), pd.Series(Y, name="y"))
        ),
    ),
    "reading/arrays.py: Choose columns, for example the ones that are not 0 most "
    "often, without the target.": Case(
        lambda _: eq.read_table((_wide(), Y)),
        lambda _: eq.read_table(
            (_wide()[:, np.argsort(-_wide().getnnz(axis=0))[:2]], Y)
        ),
    ),
    "reading/arrays.py: <remedy>": Case(
        lambda _: eq.read_table((X[:, 0], Y)),
        lambda _: (
            eq.read_table((X[:, 0].reshape(-1, 1), Y)),
            eq.read_table((X.reshape(len(X), -1), Y)),
        ),
        r"X\.reshape\(-1, 1\)",
    ),
    "reading/arrays.py: Remove {} from X, or a model reads the answer from there.": (
        Case(
            lambda _: eq.read_table(
                (pd.DataFrame(COLUMNS), pd.DataFrame({"y": Y, "z": Y[::-1]}))
            ),
            lambda _: eq.read_table(
                (
                    pd.DataFrame(COLUMNS).drop(columns="y"),
                    pd.DataFrame({"y": Y, "z": Y[::-1]}),
                )
            ),
        )
    ),
    "reading/label_columns.py: Name one target column for a binary or multi-class "
    "task.": Case(
        lambda _: eq.read_table(COLUMNS, ["a", "y"], task="binary"),
        lambda _: eq.read_table(COLUMNS, "y", task="binary"),
    ),
    "reading/label_columns.py: Write 1 with a label and 0 without it: -1 and empty "
    "cells stand for labels that are not known.": Case(
        lambda _: eq.read_table((X, 2 * LABELS - 1)),
        lambda _: eq.read_table((X, LABELS)),
    ),
    "reading/label_columns.py: Choose the labels that matter most, for example the "
    "commonest.": Case(
        lambda _: eq.read_table((X, MANY_LABELS)),
        lambda _: eq.read_table(
            (X, MANY_LABELS[:, np.argsort(-MANY_LABELS.sum(axis=0))[:1000]])
        ),
    ),
    "reading/label_columns.py: If the values of {} are classes, pass it alone as "
    "target=, or make a column of 0 and 1 for each.": Case(
        lambda _: eq.read_table({**COLUMNS, "z": THREE}, targets=["y", "z"]),
        lambda _: (
            eq.read_table({**COLUMNS, "z": THREE}, target="z"),
            eq.read_table((X, np.stack([Y, *np.eye(3, dtype=int)[:, THREE]], axis=1))),
        ),
    ),
    "reading/matching.py: Leave these rows out: nothing that is learned from the first "
    "table can find a class that it does not have.": Case(
        lambda _: eq.read_table({**COLUMNS, "y": THREE + 1}, "y", like=_three()),
        lambda _: eq.read_table(
            {n: c[THREE < 2] for n, c in {**COLUMNS, "y": THREE + 1}.items()},
            "y",
            like=_three(),
        ),
    ),
    "reading/target_columns.py: Pass target= for one column, targets= for several "
    "labels.": Case(
        lambda _: eq.read_table(COLUMNS, "y", targets=["a", "y"]),
        lambda _: (
            eq.read_table(COLUMNS, "y"),
            eq.read_table({**COLUMNS, "z": Y[::-1]}, targets=["y", "z"]),
        ),
    ),
    "reading/target.py: Make fewer classes of it, for example one of all rare ones.": (
        Case(
            lambda _: _twenty(lambda k: f"c{min(k, 14)}"),
            lambda _: _twenty(lambda k: "c14" if k > 13 else "rare"),
        )
    ),
    "reading/csv.py: <remedy>": Case(
        lambda place: eq.read_table(
            write(place, "a.csv", "a,b,y\n" + "1,2,0\n" * 5 + "1,2,3,1\n" * 2), "y"
        ),
        lambda place: eq.read_table(
            write(
                place,
                "b.csv",
                "a,b,y\n"
                + "".join(f'{i * 7 % 9},"{i},5",{i % 3 // 2}\n' for i in range(9)),
            ),
            "y",
        ),
        "quote fields that hold the delimiter",
    ),
    "reading/csv.py: Is it separated by something else?": Case(
        lambda place: eq.read_table(
            write(place, "a.csv", text_of().replace(",", "#")), "y"
        ),
        lambda place: eq.read_table(write(place, "b.csv", text_of()), "y"),
    ),
    "reading/csv.py: Close the quote on line {}, or double it if it belongs to the "
    "text.": (
        Case(
            lambda place: eq.read_table(
                write(place, "a.csv", text_of(line='"t{i},{p}')), "y"
            ),
            lambda place: eq.read_table(
                write(place, "b.csv", text_of(line='"{i}",{p}')), "y"
            ),
        )
    ),
    "reading/packed.py: Copy or write it again.": Case(
        lambda place: eq.read_table(
            write(place, "a.csv.gz", gzip.compress(text_of(99).encode())[:40]), "y"
        ),
        lambda place: eq.read_table(
            write(place, "b.csv.gz", gzip.compress(text_of(99).encode())), "y"
        ),
    ),
    "encoding/encoding.py: Read the file with like=TRAINING_TABLE.": Case(
        lambda _: learn_encoding(table(), range(200)).transform(
            table(a=np.where(Y, "1", "x"))
        ),
        lambda _: learn_encoding(table(), range(200)).transform(
            eq.read_features(
                {"a": [str(v) for v in X[:, 0]], "b": X[:, 1]}, like=table()
            )
        ),
    ),
    "reading/frames.py: If the rows do correspond, pass y.to_numpy().": Case(
        lambda _: eq.read_table(
            (pd.DataFrame({"a": X[:, 0]}), pd.Series(Y, index=range(500, 700)))
        ),
        lambda _: eq.read_table(
            (
                pd.DataFrame({"a": X[:, 0]}),
                pd.Series(Y, index=range(500, 700)).to_numpy(),
            )
        ),
    ),
    "reading/options.py: Pass [{}].": Case(
        lambda _: eq.read_table(COLUMNS, "y", drop="a"),
        lambda _: eq.read_table(COLUMNS, "y", drop=["a"]),
    ),
    "reading/openers.py: Pass pandas.DataFrame(rows) or polars.DataFrame(rows).": Case(
        lambda _: eq.read_table([{"a": 1, "y": 0}], "y"),
        lambda _: eq.read_table(
            pd.DataFrame([{"a": i, "y": i % 3 // 2} for i in range(9)]), "y"
        ),
    ),
    "reading/options.py: <_PASS_VALUES.get(role, '')>": Case(
        lambda _: eq.read_table(COLUMNS, 1.5),
        lambda _: eq.read_table(X, Y),
        r"\(X, y\)",
    ),
    "reading/target_columns.py: <' '.join([raw.hint, 'Pass target=COLUMN.'])"
    ".strip()>": Case(
        lambda _: eq.read_table(COLUMNS),
        lambda _: eq.read_table(COLUMNS, target="y"),
        "Pass target=COLUMN",
    ),
    "reading/read.py: Pass these when reading it from its source.": Case(
        lambda _: eq.read_table(table(), positive="0"),
        lambda _: eq.read_table(COLUMNS, "y", positive="0"),
    ),
    "reading/read.py: Read it from its source with like=.": Case(
        lambda _: eq.read_table(table(c=X[:, 1] ** 2), like=table()),
        lambda _: eq.read_table({**COLUMNS, "c": X[:, 1] ** 2}, like=table()),
    ),
    "reading/target.py: Pass unlabelled='drop' to leave these rows out, or fill in "
    "their "
    "targets.": Case(
        lambda _: table(y=HOLED),
        lambda _: (
            eq.read_table({**COLUMNS, "y": HOLED}, "y", unlabelled="drop"),
            table(y=np.where(CHOSEN, HOLED, 0.0)),
        ),
    ),
    "reading/target.py: Pass unlabelled='drop' to leave these rows out, or "
    "unlabelled='keep' if {} is a class like the others.": Case(
        lambda _: table(y=np.where(CHOSEN, Y, -1)),
        lambda _: [
            eq.read_table({**COLUMNS, "y": np.where(CHOSEN, Y, -1)}, "y", unlabelled=u)
            for u in ("drop", "keep")
        ],
    ),
    "reading/target.py: Remove these rows, or correct their targets.": Case(
        lambda _: table(y=FAR), lambda _: table(y=np.where(np.isinf(FAR), 0.0, FAR))
    ),
    "reading/target.py: This looks like a regression, which is not served. Pass "
    "task='multiclass' if each number names a class; or make classes of it first, for "
    "example by a threshold.": Case(
        lambda _: table(y=THREE / 2),
        lambda _: (
            eq.read_table({**COLUMNS, "y": THREE / 2}, "y", task="multiclass"),
            table(y=THREE / 2 > 0.5),
        ),
    ),
    "task.py: <remedy>": Case(
        lambda _: learning_curve(table(y=np.arange(200) % 3)),
        lambda _: learning_curve(
            eq.read_table(
                {**COLUMNS, "y": np.arange(200) % 3}, target="y", positive="2"
            )
        ),
        "positive=CLASS: '0', '1', '2'",
    ),
    "training/settings.py: Leave one of them out.": Case(
        lambda _: TrainingSettings(dtype="float64", precision="bfloat16"),
        lambda _: TrainingSettings(precision="bfloat16"),
        "dtype='float64'",
    ),
    "training/settings.py: Leave precision out.": Case(
        lambda _: require_float32(TrainingSettings(precision="bfloat16"), "heads"),
        lambda _: require_float32(TrainingSettings(), "heads"),
        "with heads",
    ),
    "training/settings.py: Try batch={}.": Case(
        lambda _: TrainingSettings(batch=100),
        lambda _: TrainingSettings(batch=112),
        "Try batch=112",
    ),
    "training/stopping.py: Try metric='log_loss'.": Case(
        lambda _: stop_value("roc_auc", 0 * Y, Z, priors.Correction("offset")),
        lambda _: stop_value("log_loss", 0 * Y, Z, priors.Correction("offset")),
    ),
    "models/fit_rows.py: Leave certify= out: the floor is then estimated, not "
    "certified.": Case(
        lambda _: eq.fit(_sick(1), "y", group="who", goal=_floor(0.9), **SHORT),
        lambda _: eq.fit(_sick(6), "y", group="who", goal=_floor(None), **SHORT),
    ),
    "models/explaining.py: Pass labelled rows that were not in the training.": Case(
        lambda _: dataclasses.replace(model(), tested=None).importance(COLUMNS),
        lambda _: dataclasses.replace(model(), tested=None).importance(
            {**COLUMNS, "a": X[:, 0] + 1.0}, permutations=2
        ),
    ),
    "explanations/reasons.py: Pass rows to compare with, such as those of the "
    "training, as background=.": Case(
        lambda _: model().explain({"a": [0.5], "b": [0.5]}),
        lambda _: model().explain({"a": [0.5], "b": [0.5]}, background=COLUMNS),
    ),
    "explanations/reasons.py: Pass method='sampled'.": Case(
        lambda _: _grown().explain(COLUMNS, method="exact"),
        lambda _: _grown().explain(COLUMNS, method="sampled", draws=2),
    ),
    "models/fit_rows.py: Give some of these rows a weight above 0.": Case(
        lambda _: eq.fit(COLUMNS, "y", weights=1.0 - Y, **SHORT),
        lambda _: eq.fit(COLUMNS, "y", weights=np.arange(200) % 3 / 2, **SHORT),
    ),
    "models/fit_rows.py: Pass fewer folds, leave the floor out, or collect more such "
    "rows.": Case(
        lambda _: eq.fit(X, _three_of_c(), goal=_floor_of_c(), **SHORT | {"folds": 5}),
        lambda _: (
            eq.fit(X, _three_of_c(), goal=_floor_of_c(), **SHORT),
            eq.fit(X, _three_of_c(), **SHORT | {"folds": 5}),
        ),
    ),
    "models/goal.py: For example equipoise.Goal(precision_floor=0.5).": Case(
        lambda _: eq.fit(COLUMNS, "y", goal=0.5, **SHORT),  # type: ignore[arg-type]
        lambda _: eq.fit(COLUMNS, "y", goal=eq.Goal(precision_floor=0.5), **SHORT),
    ),
    "report/tracking/tensorboard.py: Try {}.": Case(
        lambda place: _tensorboard_at(write(place, "x", "y").parent),
        lambda place: _tensorboard_at(place / "trial-2"),
        "trial-2",
    ),
    "models/container.py: Is it another kind of file, or was it cut off?": Case(
        lambda place: eq.load(write(place, "m.equipoise", "x" * 99)),
        lambda place: eq.load(model().save(place / "n.equipoise")),
    ),
    "models/container.py: Copy it again from its source.": Case(
        lambda place: eq.load(_cut(model().save(place / "m.equipoise"))),
        lambda place: eq.load(model().save(place / "m.equipoise")),
    ),
    "weights/scheme.py: Use another scheme, such as weights='balanced'.": Case(
        lambda _: eq.Strategy(weights="fixed").class_weights([7, 2, 1]),
        lambda _: eq.Strategy(weights="balanced").class_weights([7, 2, 1]),
    ),
    "weights/fixed.py: Pass by_class={CLASS: WEIGHT, ...}.": Case(
        lambda _: weights.class_weights("fixed", {"a": 5, "b": 3, "c": 2}),
        lambda _: weights.class_weights(
            "fixed", {"a": 5, "b": 3, "c": 2}, by_class={"b": 2.0, "c": 9.0}
        ),
    ),
    "weights/row_classes.py: <_RENUMBER>": Case(
        lambda _: weights.example_weights([0, 3, 1], "balanced"),
        lambda _: weights.example_weights(
            np.unique([0, 3, 1], return_inverse=True)[1], "balanced"
        ),
        "return_inverse=True",
    ),
    "weights/schemes.py: Leave out the rows that have no label.": Case(
        lambda _: weights.example_weights(["a", "b", None], "balanced"),
        lambda _: weights.example_weights(["a", "b"], "balanced"),
    ),
    "synthesis/label_smote.py: Use synthesis='smote' for them.": Case(
        lambda _: sampling.Oversample().over(X, Y, synthesis=LabelSmote()),
        lambda _: sampling.Oversample().over(X, Y, synthesis=Smote()),
    ),
    "strategies/corrections.py: Use weights=... for a weight of each class.": Case(
        lambda _: _focal(alpha=0.25).correction([7, 2, 1]),
        lambda _: _focal(weights="balanced").correction([7, 2, 1]),
    ),
    "decision/thresholds.py: A rule that leaves rows undecided has two thresholds: "
    "make_rule.": Case(
        lambda _: decision.choose_threshold(
            Z, Y, objective="cost", fp=1, fn=9, abstain=0.3
        ),
        lambda _: decision.make_rule(Z, Y, objective="cost", fp=1, fn=9, abstain=0.3),
    ),
    "decision/thresholds.py: Use method='empirical', or costs.row_thresholds for costs "
    "by row.": Case(
        lambda _: decision.choose_threshold(Z, Y, objective="f1", method="analytic"),
        lambda _: decision.choose_threshold(Z, Y, objective="f1", method="empirical"),
    ),
    "learners/user_model/model.py: Try model=lambda: your_model().": Case(
        lambda _: check(network()), lambda _: check(lambda: network())
    ),
    "learners/user_model/model.py: Make the layers inside the function: each fit "
    "needs its "
    "own.": Case(lambda _: check(functools.cache(network)), lambda _: check(network)),
    "learners/user_model/model.py: Leave compile() out: strategies bring losses and "
    "weights.": (
        Case(lambda _: check(lambda: network(compiled=True)), lambda _: check(network))
    ),
    "learners/user_model/model.py: End it with Dense({}).": Case(
        lambda _: check(lambda: network(units=2)), lambda _: check(network)
    ),
    "learners/user_model/model.py: End it with Dense({}): the trial makes "
    "probabilities of "
    "logits.": Case(
        lambda _: check(lambda: network(end="sigmoid")), lambda _: check(network)
    ),
    "learners/user_model/model.py: Convert pixels with x.astype('float32') / "
    "255.": Case(
        lambda _: _mixed(PICTURES.astype("uint8")),
        lambda _: _mixed(PICTURES.astype("uint8").astype("float32") / 255),
    ),
    "learners/resampled/sampler_columns.py: Use a sampler for numbers, such as "
    "SMOTE.": Case(
        lambda _: _resampled(SMOTENC(["gone"]), drop=["gone"]),
        lambda _: _resampled(SMOTE(), drop=["gone"]),
    ),
    "uncertainty/metric_interval.py: Its value alone is METRICS[name](y, score): no "
    "interval of "
    "known coverage exists.": Case(
        lambda _: uncertainty.interval("calibration_error", Y, P),
        lambda _: metrics.METRICS["calibration_error"](Y, P),
    ),
    "reading/matching.py: <_WITH_SIGN>": Case(
        lambda place: eq.read_features({**COLUMNS, "a": X[:, 0]}, like=_percent()),
        lambda place: eq.read_features(
            {**COLUMNS, "a": ["", *(f"{v:.2f}%" for v in X[1:, 0])]}, like=_percent()
        ),
        "such as '12%', and leave missing ones empty",
    ),
    "reading/matching.py: <_MEND>": Case(
        lambda _: eq.read_features({**COLUMNS, "a": WORDS}, like=table()),
        lambda _: eq.read_features({**COLUMNS, "a": X[:, 0]}, like=table()),
        "first table",
    ),
    "reading/matching.py: <remedy>": Case(
        lambda place: eq.read_features(_commas(place), like=_points(place)),
        lambda place: (
            eq.read_features(_new(place), like=_points(place)),
            eq.read_features(
                pd.DataFrame({"a": [1.5], "b": [2.0]}), like=_points(place)
            ),
        ),
        "Write the values as the first table has them, or pass a Parquet file or a "
        "data frame",
    ),
    "reading/parquet.py: Rename or remove columns.": Case(
        lambda place: eq.read_table(_twice(place), "y"),
        lambda place: eq.read_table(pd.DataFrame(COLUMNS), "y"),
    ),
    "reading/parquet.py: Copy or write it again.": Case(
        lambda place: eq.read_table(write(place, "a.parquet", b"PAR1xxxxPAR"), "y"),
        lambda place: eq.read_table(_parquet(place), "y"),
    ),
    "reading/target_columns.py: <_what_to_do(target, raw)>": Case(
        lambda _: eq.read_table({**COLUMNS, "y2": 1 - Y}, "y*"),
        lambda _: eq.read_table({**COLUMNS, "y2": 1 - Y}, targets="y*"),
        r"Pass targets='y\*'",
    ),
    "reading/roles.py: Pass day_first=True if this is {}, or day_first=False if it is "
    "{}; or write dates as YYYY-MM-DD.": Case(
        lambda _: eq.read_table({**COLUMNS, "day": _days("%d/%m/%Y")}, "y", time="day"),
        lambda _: (
            eq.read_table(
                {**COLUMNS, "day": _days("%d/%m/%Y")}, "y", time="day", day_first=True
            ),
            eq.read_table(
                {**COLUMNS, "day": _days("%d/%m/%Y")}, "y", time="day", day_first=False
            ),
            eq.read_table({**COLUMNS, "day": _days("%Y-%m-%d")}, "y", time="day"),
        ),
    ),
    "table/splits.py: <advice>": Case(
        lambda _: outer_splits(table(y=(np.arange(200) < 3).astype(int)), folds=5),
        lambda _: outer_splits(table(y=(np.arange(200) < 3).astype(int)), folds=3),
        "Pass folds=3 or fewer",
    ),
    "trials/trial.py: Pass one of its classes as positive=CLASS, or one of its labels "
    "as the target.": Case(
        lambda _: eq.compare(_rare(), **SHORT_TRIAL).of_two_classes,
        lambda _: (
            eq.compare(
                {**COLUMNS, "y": THREE}, "y", positive="2", **SHORT_TRIAL
            ).of_two_classes
        ),
        "positive=",
    ),
    "table/table.py: Check whether a filter removed the others.": Case(
        lambda _: eq.compare(_rare().take(np.arange(40)), **SHORT_TRIAL),
        lambda _: eq.compare(_rare(), **SHORT_TRIAL),
    ),
    "trials/sources.py: Put the test rows into (x, y), or score them with your "
    "model.": (
        Case(
            lambda _: eq.compare((PICTURES, Y), model=network, test=(PICTURES, Y)),
            lambda _: network()(PICTURES),
        )
    ),
    "verbs/estimator_input.py: Pass it as strings, for example by astype(str).": Case(
        lambda _: eq.EquipoiseClassifier(strategy="logistic").fit(_spans(), Y),
        lambda _: eq.EquipoiseClassifier(strategy="logistic", folds=2).fit(
            _spans().astype(str), Y
        ),
    ),
    "verbs/estimator_target.py: For one class against all others pass y == CLASS.": (
        Case(
            lambda _: _classifier(positive=2).fit(X, THREE),
            lambda _: _classifier().fit(X, THREE == 2),
        )
    ),
    "verbs/estimator_target.py: Pass y.toarray().": Case(
        lambda _: _classifier().fit(X, _sparse(LABELS)),
        lambda _: _classifier().fit(X, _sparse(LABELS).toarray()),
    ),
    "verbs/estimator_target.py: Leave such columns out of y.": Case(
        lambda _: _classifier().fit(X, np.c_[LABELS, np.full(200, -1)]),
        lambda _: _classifier().fit(X, LABELS),
    ),
    "verbs/estimator_target.py: Rename the columns of y, if they are not the same as "
    "those of X.": Case(
        lambda _: _classifier().fit(
            pd.DataFrame(X, columns=["a", "b"]),
            pd.DataFrame(LABELS[:, :2]).add_prefix("a").rename(columns={"a0": "a"}),
        ),
        lambda _: _classifier().fit(
            pd.DataFrame(X, columns=["a", "b"]),
            pd.DataFrame(LABELS[:, :2]).add_prefix("label "),
        ),
    ),
    "weights/named.py: Call strategy.with_classes(table.task).": Case(
        lambda _: eq.Strategy(weights={"b": 2}).class_weights([5, 3, 2]),
        lambda _: (
            eq.Strategy(weights={"b": 2}).with_classes(A_B_C).class_weights([5, 3, 2])
        ),
    ),
    "sampling/named.py: Call strategy.with_classes(table.task).": Case(
        lambda _: eq.Strategy(sampling={"b": 0.2}).sampler(),
        lambda _: eq.Strategy(sampling={"b": 0.2}).with_classes(A_B_C).sampler(),
    ),
    "sampling/named.py: Pass sampling={name: share}.": Case(
        lambda _: eq.Strategy(sampling=sampling.Proportions([0.2, 0.8])),
        lambda _: eq.Strategy(sampling={"a": 0.2, "b": 0.8}),
    ),
    "sampling/named.py: Divide them by their sum.": Case(
        lambda _: eq.Strategy(sampling={"a": 0.3, "b": 0.9}),
        lambda _: eq.Strategy(sampling={"a": 0.25, "b": 0.75}),
    ),
    "sampling/by_group.py: Use sampling.GroupBalanced(groups).": Case(
        lambda _: drawn_by(_kinds(), "kind").sampler().rates(Y),
        lambda _: sampling.GroupBalanced(np.arange(200) // 4).rates(Y),
    ),
    "sampling/by_group.py: Pass the source itself to compare or fit, with group=.": (
        Case(
            lambda _: drawn_by(
                dataclasses.replace(_kinds(group="who"), beside=()), shares={"3": 0.1}
            ),
            lambda _: drawn_by(_kinds(group="who"), shares={"3": 0.1}),
        )
    ),
    "sampling/group_cells.py: Use classes='own', and shares of few groups; "
    "weights='balanced' weighs the classes.": Case(
        lambda _: _many_kinds("natural"), lambda _: _many_kinds("own")
    ),
    "sampling/groups.py: Divide them by their sum.": Case(
        lambda _: sampling.ByGroup(shares={"a": 0.3, "b": 0.9}),
        lambda _: sampling.ByGroup(shares={"a": 0.25, "b": 0.75}),
    ),
    "strategies/loss_object.py: <_in_place_of(loss, kind.__name__)>": Case(
        lambda _: eq.Strategy(loss=losses.Focal(gamma=3.0)),  # type: ignore[arg-type]  # refused: an object
        lambda _: eq.Strategy(loss="focal", options={"gamma": 3.0}),
        "Pass loss='focal', options={'gamma': 3.0}",
    ),
    "table/row_groups.py: Pass group= when the rows are read, or ByGroup(column).": (
        Case(
            lambda _: drawn_by(_kinds()),
            lambda _: (drawn_by(_kinds(group="who")), drawn_by(_kinds(), "kind")),
        )
    ),
    "table/row_groups.py: Read the table with it, and name it in drop= of the trial: "
    "there it is not a feature, and rows are drawn by it.": Case(
        lambda _: drawn_by(_kinds(drop=("kind",)), "kind"),
        lambda _: eq.compare(
            _kinds(),
            drop=["kind"],
            strategies=["groups_kind"],
            network="linear",
            folds=2,
            repeats=1,
            progress=False,
        ),
    ),
    "table/row_groups.py: Write a name where it is missing, such as 'unknown', or "
    "leave these rows out.": Case(
        lambda _: drawn_by(_kinds(values=_holed()), "kind"),
        lambda _: (
            drawn_by(
                _kinds(values=np.where(_holed() == "down", "down", "unknown")), "kind"
            ),
            drawn_by(_kinds().take(np.arange(200) % 16 > 0), "kind"),
        ),
    ),
    "export/keras.py: Leave it out of the strategies to export the model; predict "
    "and predict_file serve every model.": Case(
        lambda place: _of("prior").export(place / "served"),
        lambda place: (
            model().export(place / "served"),
            _of("prior").predict_proba(COLUMNS),
        ),
    ),
    "export/saved_model.py: Try {}; keras_model() gives a model that Keras can save in "
    "its own formats.": Case(
        lambda place: model().export(place / "served.keras"),
        lambda place: (
            model().export(place / "served"),
            model().keras_model.save(place / "m.keras"),
        ),
    ),
    "export/onnx.py: Try {}.": Case(
        lambda place: model().export(place / "m.pb", format="onnx"),
        lambda place: model().export(place / "m.onnx", format="onnx"),
    ),
    "export/onnx_texts.py: Export it with format='saved_model', which has no limit; or "
    "shorten the column's texts before fit.": Case(
        lambda place: long_text_model().export(place / "m.onnx"),
        lambda place: long_text_model().export(place / "served", format="saved_model"),
    ),
    "_core/outputs.py: Try {}.": Case(
        lambda place: model().predict_file(_new(place), place / "scores.txt"),
        lambda place: model().predict_file(_new(place), place / "scores.csv"),
    ),
    "models/storage.py: Try {}.": Case(
        lambda place: model().save(place / "model.h5"),
        lambda place: model().save(place / "model.equipoise"),
    ),
    "strategies/validation.py: Try weights='effective_number', whose start it puts "
    "off.": Case(
        lambda _: eq.Strategy(learner="head", options={"deferred": 0.8}),
        lambda _: eq.Strategy(
            learner="head", weights="effective_number", options={"deferred": 0.8}
        ),
    ),
    "_core/checks.py: <nearest(value, names)>": Case(
        lambda _: eq.Strategy(loss="focl"),
        lambda _: eq.Strategy(loss="focal"),
        "Did you mean 'focal'",
    ),
}

# Tests elsewhere that meet the error and do what it says.
ELSEWHERE = {
    "_core/checks.py: Only their ratios matter: divide all of them by the largest.": (
        "tests/metrics/test_inputs.py",
        "test_weights_of_training_are_read_at_32_bits",
    ),
    "metrics/inputs.py: Pass 0 for a row that is not to count, or divide all weights "
    "by the largest.": (
        "tests/metrics/test_inputs.py",
        "test_weights_whose_squares_would_vanish_are_refused",
    ),
    "decision/cost_files.py: Write {}, or {}.": (
        "tests/decision/test_cost_files.py",
        "test_a_number_that_can_be_read_in_two_ways",
    ),
    "decision/cost_matrix.py: Only ratios of costs matter: another unit gives the "
    "same decisions.": (
        "tests/decision/test_cost_matrix.py",
        "test_costs_that_would_overflow_in_another_unit",
    ),
    "decision/objectives.py: <_IN_A_GOAL['capacity']>": (
        "tests/models/test_goal.py",
        "test_what_an_objective_without_its_numbers_proposes_is_a_goal",
    ),
    "decision/objectives.py: <_IN_A_GOAL.get(name, '')>": (
        "tests/models/test_goal.py",
        "test_what_an_objective_without_its_numbers_proposes_is_a_goal",
    ),
    "decision/objectives.py: <_IN_A_GOAL['cost']>": (
        "tests/models/test_goal.py",
        "test_what_an_objective_without_its_numbers_proposes_is_a_goal",
    ),
    "verbs/evaluate_task.py: Pass decisions=, for example (probability > 0."
    "3).astype(int) of labels; or evaluate one class: y == 'a' and its column.": (
        "tests/verbs/test_evaluate_task.py",
        "test_the_advice_about_arrays_of_several_classes_works",
    ),
    "verbs/evaluate_task.py: Pass Costs.matrix(classes, ...), with the classes {}.": (
        "tests/verbs/test_evaluate_task.py",
        "test_the_advice_about_arrays_of_several_classes_works",
    ),
    "verbs/evaluate_task.py: Pass classes=[{}] if the columns are in this order.": (
        "tests/verbs/test_evaluate_task.py",
        "test_the_advice_about_arrays_of_several_classes_works",
    ),
    "verbs/evaluate_task.py: Evaluate each label alone, y[:, j] and probabi"
    "lity[:, j], with costs=.": (
        "tests/verbs/test_evaluate_task.py",
        "test_the_advice_about_arrays_of_several_classes_works",
    ),
    "verbs/named_columns.py: Pass classes=[...] with the names of the colum"
    "ns, or the values alone in the order of the classes.": (
        "tests/verbs/test_evaluate_task.py",
        "test_the_advice_about_arrays_of_several_classes_works",
    ),
    "heads/splitting.py: Pass x: the arrays of two rows, in the form that the model "
    "takes.": (
        "tests/heads/test_splitting.py",
        "test_several_inputs",
    ),
    "metrics/keras_streaming.py: Make it within `with strategy.scope():`.": (
        "tests/metrics/test_keras_streaming.py",
        "test_a_metric_has_a_line_for_each_replica",
    ),
    "synthesis/synthesis.py: <remedy>": (
        "tests/synthesis/test_synthesis.py",
        "test_a_synthesis_of_classes_refuses_labels_with_advice_that_works",
    ),
    "sampling/feeds/arrays.py: Pass several inputs as a tuple or a dictionary of "
    "arrays.": (
        "tests/sampling/feeds/test_arrays.py",
        "test_several_inputs_are_no_list",
    ),
    "sampling/feeds/stream.py: If the source is a function, it must return a new "
    "iterator each time.": (
        "tests/sampling/feeds/test_stream.py",
        "test_a_pass_without_rows_is_an_error_and_no_endless_search",
    ),
    "sampling/feeds/stream_rows.py: <remedy>": (
        "tests/sampling/feeds/test_stream_rows.py",
        "test_single_rows_need_no_batched",
    ),
    "sampling/feeds/stream_rows.py: Give rows without a weight the weight 1.": (
        "tests/sampling/feeds/test_stream_rows.py",
        "test_every_row_has_a_weight_or_none_has",
    ),
    "sampling/feeds/stream_rows.py: Pass sequences=True if they differ in the first "
    "axis only: they are then padded to the longest of a batch.": (
        "tests/sampling/feeds/test_stream_rows.py",
        "test_shapes_differ_only_if_that_is_said",
    ),
    "sampling/feeds/stream_rows.py: Make every row numpy.asarray(features, "
    "numpy.float32), or another type that holds all values.": (
        "tests/sampling/feeds/test_stream_rows.py",
        "test_a_data_set_cuts_no_decimals_off",
    ),
    "sampling/rejection.py: Leave classes= out: the shares say how many there are.": (
        "tests/sampling/test_rejection.py",
        "test_classes_that_contradict_the_shares",
    ),
    "sampling/feeds/resume.py: Delete {} to go on without the losses.": (
        "tests/sampling/feeds/test_resume.py",
        "test_losses_are_kept_of_three_epochs",
    ),
    "synthesis/rows.py: Number the categories: numpy.unique(column, "
    "return_inverse=True)[1].": (
        "tests/synthesis/test_rows.py",
        "test_notes_and_what_is_no_table",
    ),
    "synthesis/augmented.py: <_NAMES>": (
        "tests/synthesis/test_augmented.py",
        "test_what_cannot_be_done_is_said",
    ),
    "synthesis/augmented.py: Try keras.layers.RandomFlip('horizontal').": (
        "tests/synthesis/test_augmented.py",
        "test_what_cannot_be_done_is_said",
    ),
    "synthesis/augmented.py: Leave out layers that resize, crop or encode.": (
        "tests/synthesis/test_augmented.py",
        "test_what_cannot_be_done_is_said",
    ),
    "evaluation/evaluation.py: Pass threshold= to equipoise.evaluate.": (
        "tests/report/test_plots.py",
        "test_evaluations_and_diagnoses",
    ),
    'report/plots.py: Look at trial["ARM"].by_class.': (
        "tests/report/test_plots.py",
        "test_several_classes_and_labels",
    ),
    "report/plots.py: Measure it on the rows: equipoise.learning_curve(table).": (
        "tests/report/test_plots.py",
        "test_what_cannot_be_drawn",
    ),
    "_core/memory.py: Pass memory='2GB', for example.": (
        "tests/_core/test_memory.py",
        "test_amounts_of_memory",
    ),
    "diagnosis/diagnosis.py: Leave {}= out, or memory= if the rows fit into memory.": (
        "tests/verbs/test_stored_trial.py",
        "test_what_rows_on_disk_do_not_serve_is_refused",
    ),
    "learners/kept_shares.py: Leave it out of strategies=, or raise memory= until all "
    "rows fit.": (
        "tests/trials/test_stored_rows.py",
        "test_if_all_rows_fit_they_are_judged_as_they_are",
    ),
    "reading/into_store.py: Copy or write it again, and run the same again: what is "
    "done is kept.": (
        "tests/reading/test_into_store.py",
        "test_a_damaged_row_group_is_named_and_a_rerun_goes_on",
    ),
    "reading/into_store.py: What is in memory already needs no store: leave memory= "
    "out.": ("tests/verbs/test_stored_fit.py", "test_what_is_not_served_is_named"),
    "stores/stored_batches.py: Read the files with one of the label columns as "
    "target=.": (
        "tests/verbs/test_stored_labels.py",
        "test_a_store_of_labels_is_the_table_of_memory",
    ),
    "reading/into_store.py: Write it again, or leave the columns out with drop=.": (
        "tests/reading/test_into_store.py",
        "test_a_type_that_changes_is_named",
    ),
    "reading/into_store.py: Write the column with one type in all files, or leave it "
    "out with drop=.": (
        "tests/reading/test_into_store.py",
        "test_a_type_that_changes_is_named",
    ),
    "reading/into_store.py: Make classes of it first, for example y > threshold.": (
        "tests/reading/test_into_store.py",
        "test_too_many_labels_are_a_measurement",
    ),
    "reading/into_store.py: Put it back, or delete {} to begin without it.": (
        "tests/reading/test_into_store.py",
        "test_a_missing_file_is_named",
    ),
    "reading/openers.py: Pass the path of the files: a fitted model reads them block "
    "by block. Or take some rows: stored.take(range(1000)).": (
        "tests/verbs/test_stored_fit.py",
        "test_a_fitted_model_takes_files_or_some_rows",
    ),
    "trials/stored_kinds.py: Raise memory= until they fit.": (
        "tests/trials/test_stored_kinds.py",
        "test_all_positives_must_be_there",
    ),
    "trials/arm_importance.py: Name it in strategies= again.": (
        "tests/trials/test_arm_importance.py",
        "test_an_object_of_an_earlier_call_is_named_again",
    ),
    "reading/read.py: Pass these to read_table(..., memory=), which reads the files.": (
        "tests/verbs/test_stored_trial.py",
        "test_what_rows_on_disk_do_not_serve_is_refused",
    ),
    "reading/new_rows.py: Fit a model, and evaluate it on the file: eq.evaluate reads "
    "it block by block.": (
        "tests/verbs/test_stored_fit.py",
        "test_a_fitted_model_takes_files_or_some_rows",
    ),
    "reading/read.py: Pass memory='2GB' for rows that stay on disk.": (
        "tests/reading/test_into_store.py",
        "test_the_store_may_lie_elsewhere",
    ),
    "reading/read.py: New rows need no store: a fitted model reads files block by "
    "block.": (
        "tests/verbs/test_stored_fit.py",
        "test_a_fitted_model_takes_files_or_some_rows",
    ),
    "reading/shards.py: Pass a pattern that takes some of them, such as "
    "'claims/*.parquet'.": (
        "tests/reading/test_shards.py",
        "test_two_formats_are_refused",
    ),
    "reading/shards.py: Folders within a folder are not searched: pass a pattern such "
    "as 'claims/*/*.parquet'.": (
        "tests/reading/test_shards.py",
        "test_a_folder_without_tables_says_what_to_do",
    ),
    "reading/shards.py: Copy the missing files there, or rename the others.": (
        "tests/reading/test_shards.py",
        "test_a_missing_shard_is_named",
    ),
    "reading/store_journal.py: Pass another one as store=.": (
        "tests/reading/test_into_store.py",
        "test_the_store_may_lie_elsewhere",
    ),
    "stores/stored_table.py: Delete the folder {}: it is made again from the files.": (
        "tests/stores/test_stored_table.py",
        "test_a_damaged_store_is_named",
    ),
    "trials/basis.py: Give it a name of its own: Strategy({}, ...).": (
        "tests/trials/test_basis.py",
        "test_what_cannot_be_added",
    ),
    "trials/basis.py: Pass them as they were given to compare: trial.add(arms, "
    "source, target), with test= if there was one.": (
        "tests/trials/test_basis.py",
        "test_the_rows_are_passed_as_they_were_given_to_compare",
    ),
    "verbs/trial_again.py: Pass them as they were given to compare: trial.add(arms, "
    "source, target), with test= if there was one.": (
        "tests/trials/test_basis.py",
        "test_the_rows_are_passed_as_they_were_given_to_compare",
    ),
    "verbs/earlier.py: Choose another folder, or replace it with force=True.": (
        "tests/trials/test_basis.py",
        "test_the_same_folder_is_the_same_trial",
    ),
    "verbs/model.py: Pass the folder that --out named, or Trial.write.": (
        "tests/trials/test_basis.py",
        "test_a_trial_that_is_read_says_the_same",
    ),
    "synthesis/hidden.py: A sequential model needs a keras.Input as its first entry.": (
        "tests/synthesis/test_hidden.py",
        "test_what_cannot_be_cut_is_said",
    ),
    "synthesis/hidden.py: Name one where the branches of the model have come "
    "together.": (
        "tests/synthesis/test_hidden.py",
        "test_what_cannot_be_cut_is_said",
    ),
    "synthesis/hidden.py: Use a layer behind the pooling, or memory=0.": (
        "tests/synthesis/test_hidden.py",
        "test_what_cannot_be_cut_is_said",
    ),
    "synthesis/hidden.py: Use keras.utils.to_categorical(y) and a loss such as "
    "CategoricalCrossentropy.": (
        "tests/synthesis/test_hidden.py",
        "test_options_and_targets_are_checked",
    ),
    "reading/workbook.py: Save the sheet with the rows as CSV.": (
        "tests/reading/test_excel.py",
        "test_what_is_no_table",
    ),
    "reading/workbook.py: Unhide the sheet in Excel and save the file, or save it as "
    "CSV.": (
        "tests/reading/test_excel.py",
        "test_a_hidden_sheet_is_not_read",
    ),
    "reading/workbook.py: Open it in Excel and save it as .xlsx without a password.": (
        "tests/reading/test_excel.py",
        "test_a_workbook_with_a_password",
    ),
    "reading/workbook.py: Open it in Excel and save it again, or save the sheet as "
    "CSV.": (
        "tests/reading/test_excel.py",
        "test_a_damaged_workbook",
    ),
    "reading/excel.py: Name the column, or delete what does not belong to the table, "
    "such as notes beside it or a title in row {}.": (
        "tests/reading/test_excel.py",
        "test_what_stands_beside_the_table_is_named_or_deleted",
    ),
    "reading/excel.py: Open it in Excel or LibreOffice and save it, which computes "
    "them.": (
        "tests/reading/test_excel.py",
        "test_a_formula_has_the_value_that_was_saved",
    ),
    "reading/excel.py: Open it in Excel or LibreOffice and save it, which computes "
    "them; or leave these columns out with drop=.": (
        "tests/reading/test_excel.py",
        "test_a_formula_without_its_value_is_refused",
    ),
    "heads/splitting.py: {}; or pass features=NAME, the name of the layer "
    "that makes them, to split_at_features.": (
        "tests/heads/test_splitting.py",
        "test_features_by_name",
    ),
    "heads/splitting.py: Call your function first: split_at_features(build()).": (
        "tests/heads/test_splitting.py",
        "test_what_is_no_model_or_has_no_graph",
    ),
    "heads/splitting.py: {}; features=None then finds it.": (
        "tests/heads/test_splitting.py",
        "test_what_is_no_model_or_has_no_graph",
    ),
    "heads/splitting.py: Pass x: split_at_features(model, x[:2]).": (
        "tests/heads/test_splitting.py",
        "test_what_is_no_model_or_has_no_graph",
    ),
    "heads/splitting.py: Name a layer after Flatten or GlobalAveragePooling.": (
        "tests/heads/test_splitting.py",
        "test_what_is_no_model_or_has_no_graph",
    ),
    "heads/splitting.py: {}, after Flatten or GlobalAveragePooling.": (
        "tests/heads/test_splitting.py",
        "test_other_ends_are_refused",
    ),
    "heads/train.py: Write Strategy(learner='head') with the same loss=, "
    "sampling= and weights=.": (
        "tests/heads/test_train.py",
        "test_what_is_a_head",
    ),
    "heads/train.py: Pass last=(split.kernel, split.bias).": (
        "tests/heads/test_train.py",
        "test_a_head_of_the_last_layer_needs_one",
    ),
    "heads/train.py: Use split_at_features(model, x).features(x).": (
        "tests/heads/test_train.py",
        "test_the_features_of_a_network",
    ),
    "heads/train.py: Number the classes: numpy.unique(y, return_inverse=True)[1].": (
        "tests/heads/test_train.py",
        "test_the_features_of_a_network",
    ),
    "learners/user_model/heads.py: Pass equipoise.compare((x, y), "
    "model=build), with arrays x and y.": (
        "tests/learners/user_model/test_heads.py",
        "test_the_whole_way",
    ),
    "sampling/feeds/resume.py: Leave gradient_accumulation_steps out, or train in "
    "bfloat16.": (
        "tests/sampling/feeds/test_resume.py",
        "test_what_it_cannot_follow",
    ),
    "sampling/feeds/row_losses.py: Pass a function such as "
    "keras.losses.binary_crossentropy.": (
        "tests/sampling/feeds/test_row_losses.py",
        "test_a_mean_over_rows_is_refused",
    ),
    "sampling/feeds/resume.py: Delete {} to start afresh.": (
        "tests/sampling/feeds/test_resume.py",
        "test_a_model_that_is_not_that_of_the_file",
    ),
    "learners/tuned/inner.py: Pass Tuned(..., folds=2), or leave the strategy as it "
    "is.": (
        "tests/learners/tuned/test_inner.py",
        "test_too_few_rows_for_inner_folds_name_what_works",
    ),
    "learners/user_model/model.py: Set them where your function makes the layers.": (
        "tests/learners/user_model/test_model.py",
        "test_the_recipe_of_a_network_is_refused_with_a_model_of_your_own",
    ),
    "learners/classifier/kept.py: Use compare(...), which serves every classifier.": (
        "tests/learners/classifier/test_kept.py",
        "test_what_fit_cannot_keep_compare_serves",
    ),
    "reading/target_columns.py: Name them in the order of the first table; or leave "
    "out targets=, if they have the same names.": (
        "tests/reading/test_target_columns.py",
        "test_label_columns_take_the_earlier_names_in_order",
    ),
    "table/rare_classes.py: Pass rare='keep' or rare='merge'.": (
        "tests/table/test_rare_classes.py",
        "test_other_rows_get_the_same_classes",
    ),
    "table/rare_classes.py: Pass rare='drop' to leave rare labels out.": (
        "tests/table/test_rare_classes.py",
        "test_labels",
    ),
    "table/rare_classes.py: Pass rare='keep' with fewer folds, or collect more rows.": (
        "tests/table/test_rare_classes.py",
        "test_refused",
    ),
    "_core/arrays.py: <remedy>": (
        "tests/metrics/test_inputs.py",
        "test_labels_that_are_words_are_told_how_to_become_numbers",
    ),
    "trials/conclude.py: <_how_priced(task)>": (
        "tests/trials/test_conclude.py",
        "test_cost_needs_costs_of_classes_or_labels",
    ),
    "decision/task_objectives.py: <_instead(task, name)>": (
        "tests/decision/test_task_objectives.py",
        "test_the_advice_is_taken",
    ),
    "models/storage.py: Import the code that defines it, and call "
    "equipoise.register(...) before load.": (
        "tests/house/test_register.py",
        "test_a_bundle_says_which_piece_is_missing",
    ),
    "metrics/class_confusion.py: Use label_counts for the counts of each label.": (
        "tests/metrics/test_class_confusion.py",
        "test_bad_counts",
    ),
    "metrics/class_decisions.py: Pass abstain=COST.": (
        "tests/metrics/test_class_decisions.py",
        "test_costs_are_checked",
    ),
    "metrics/task_registry.py: Pass metric={}.": (
        "tests/metrics/test_task_registry.py",
        "test_the_advice_names_a_metric_that_is_served",
    ),
    "metrics/task_rows.py: If a class is impossible, pass probabilities with "
    "probabilities=True.": (
        "tests/metrics/test_task_rows.py",
        "test_predictions_are_checked",
    ),
    "metrics/task_rows.py: Divide each row by its sum.": (
        "tests/metrics/test_task_rows.py",
        "test_predictions_are_checked",
    ),
    "metrics/task_rows.py: If these are scores, decide first: for example "
    "scores.argmax(axis=1).": (
        "tests/metrics/test_task_rows.py",
        "test_decisions_are_checked",
    ),
    "metrics/task_rows.py: If each row holds a 1 in the column of its class, pass "
    "y.argmax(axis=1).": (
        "tests/metrics/test_task_rows.py",
        "test_targets_are_checked",
    ),
    "metrics/task_rows.py: <remedy>": (
        "tests/metrics/test_task_rows.py",
        "test_names_of_classes_are_told_how_to_become_numbers",
    ),
    "uncertainty/class_shares.py: Use interval for each label.": (
        "tests/uncertainty/test_class_shares.py",
        "test_labels_are_refused_with_advice_that_works",
    ),
    "metrics/keras_inputs.py: <self.remedy>": (
        "tests/losses/test_base.py",
        "test_a_sigmoid_before_the_loss_is_named_once",
    ),
    "trials/sources.py: Choose columns without the target, for example those of the "
    "largest variance: data[data.var(numeric_only=True).nlargest(2000).index]. A "
    "choice by the target would have to be made again in each fold.": (
        "tests/trials/test_sources.py",
        "test_a_table_too_wide_to_end_is_refused_with_advice_that_works",
    ),
    "reading/matching.py: <_how_to_name(raw, first, absent, familiar)>": (
        "tests/reading/test_matching.py",
        "test_a_file_without_a_header_gets_one",
    ),
    "reading/packed.py: If it is sound, unpack it first, for example with gunzip, and "
    "read the file that it holds.": (
        "tests/reading/test_packed.py",
        "test_one_out_of_proportion_is_refused",
    ),
    "reading/foreign.py: <foreign.advice>": (
        "tests/reading/test_foreign.py",
        "test_what_the_advice_loads_is_taken",
    ),
    "reading/paths.py: <_ONE_FILE>": (
        "tests/reading/test_paths.py",
        "test_a_folder_and_a_pattern_are_read_with_memory",
    ),
    "reading/paths.py: Pass {}.": (
        "tests/reading/test_paths.py",
        "test_a_home_folder",
    ),
    "reading/paths.py: Write the text into a file and pass its path; or pass a data "
    "frame, for example pandas.read_csv(io.StringIO(TEXT)).": (
        "tests/reading/test_paths.py",
        "test_the_text_of_a_table_is_no_path",
    ),
    "reading/paths.py: <_how_to_get(scheme, address, text)>": (
        "tests/reading/test_paths.py",
        "test_the_path_of_an_address_is_taken",
    ),
    "reading/zipped.py: If it is sound, unpack it first, and read the file that it "
    "holds.": (
        "tests/reading/test_zipped.py",
        "test_an_archive_out_of_proportion_is_refused",
    ),
    "_core/outputs.py: Choose another folder.": (
        "tests/_core/test_outputs.py",
        "test_a_folder_that_takes_no_file_is_refused",
    ),
    "verbs/predict.py: Keep another column, or write a .parquet file.": (
        "tests/verbs/test_predict.py",
        "test_every_type_is_kept_or_named",
    ),
    "training/checkpoints.py: <_REMEDY>": (
        "tests/training/test_checkpoints.py",
        "test_a_damaged_file_makes_room",
    ),
    "verbs/predict.py: Give the array that it takes to predict_proba.": (
        "tests/learners/user_model/test_input.py",
        "test_files_and_tables_are_refused",
    ),
    "trials/protocol.py: <_advice(keys, protocol)>": (
        "tests/trials/test_protocol.py",
        "test_the_number_of_folds_that_an_error_names_works",
    ),
    "learners/user_model/images.py: Pass the folder that holds the images.": (
        "tests/learners/user_model/test_images.py",
        "test_folders_without_classes_or_images",
    ),
    "learners/user_model/images.py: Put the images of each class into a folder "
    "of its name, or pass their labels: (folder, labels).": (
        "tests/learners/user_model/test_images.py",
        "test_labels_may_be_passed",
    ),
    "learners/user_model/images.py: Pass a smaller size=(height, width).": (
        "tests/learners/user_model/test_images.py",
        "test_too_many_to_be_held",
    ),
    "learners/user_model/images.py: Pass size=(height, width) to read_images, "
    "which resizes them.": (
        "tests/learners/user_model/test_images.py",
        "test_images_of_different_sizes_are_named_and_can_be_resized",
    ),
    "learners/user_model/images.py: Remove it, or copy it again from where it came.": (
        "tests/learners/user_model/test_images.py",
        "test_a_file_that_cannot_be_read_is_named",
    ),
    "learners/user_model/images.py: Save it with 8 bits.": (
        "tests/learners/user_model/test_images.py",
        "test_other_numbers_are_refused",
    ),
    "learners/user_model/images.py: Read other arrays with numpy.load, and pass "
    "(images, labels).": (
        "tests/learners/user_model/test_images.py",
        "test_volumes_are_refused_and_can_be_passed_as_arrays",
    ),
    "learners/user_model/images.py: If the memory is enough, read them with "
    "numpy.load and pass (images, labels).": (
        "tests/learners/user_model/test_images.py",
        "test_arrays_that_are_too_large_are_not_unpacked",
    ),
    "learners/user_model/images.py: Pass split= with a part that it has.": (
        "tests/learners/user_model/test_images.py",
        "test_medmnist_files",
    ),
    "report/tracking/mlflow.py: Pass a file, such as sqlite:///mlflow.db.": (
        "tests/report/tracking/test_mlflow.py",
        "test_a_database_needs_no_server",
    ),
    "report/tracking/mlflow.py: <remedy>": (
        "tests/report/tracking/test_mlflow.py",
        "test_a_database_needs_no_server",
    ),
    "learners/resampled/learner.py: <_advice(sampler, positives, str(error))>": (
        "tests/learners/resampled/test_learner.py",
        "test_the_advice_about_neighbours_works",
    ),
    "learners/resampled/sampler_columns.py: <BY_NAME>": (
        "tests/learners/resampled/test_sampler_columns.py",
        "test_a_target_that_stands_first_moves_no_number_unseen",
    ),
    "trials/sources.py: Join them, for example numpy.concatenate([a, b], "
    "axis=1), and "
    "let the model take them apart: inputs = keras.Input((5,)); first = "
    "inputs[:, :3]; second = inputs[:, 3:].": (
        "tests/trials/test_sources.py",
        "test_the_advice_for_several_inputs_works",
    ),
    "learners/user_model/input.py: Replace them, for example numpy.nan_to_num(x), "
    "in new "
    "rows as in these; where a gap means something, add a channel that says where it "
    "is.": (
        "tests/trials/test_sources.py",
        "test_numbers_that_are_not_finite_are_refused",
    ),
    "workers/loop.py: Start it with: equipoise compare ... --workers 0 --out {}": (
        "tests/cli/test_work.py",
        "test_a_worker_helps_a_trial_that_waits_for_one",
    ),
    "workers/plain.py: Leave runner= out: the fits are then done in this process.": (
        "tests/workers/test_plain.py",
        "test_own_networks_are_not_kept_and_arrays_of_objects_not_sent",
    ),
    "workers/plain.py: Turn it into numbers first, or leave runner= out.": (
        "tests/workers/test_plain.py",
        "test_own_networks_are_not_kept_and_arrays_of_objects_not_sent",
    ),
    "workers/plain.py: Move it to a file of its own, such as networks.py, import it "
    "from there, and make the workers find the file, for example by PYTHONPATH.": (
        "tests/workers/test_plain.py",
        "test_a_function_of_a_module_is_sent_by_its_place",
    ),
    "workers/plain.py: Put its folder on PYTHONPATH.": (
        "tests/workers/test_plain.py",
        "test_a_function_of_a_module_is_sent_by_its_place",
    ),
    "workers/plain.py: Make the file the same everywhere, then start compare and the "
    "workers again.": (
        "tests/workers/test_plain.py",
        "test_a_worker_with_other_code_of_a_network_is_refused",
    ),
    "workers/reservation.py: Wait until that trial has ended, or choose another "
    "folder.": (
        "tests/workers/test_processes.py",
        "test_a_second_trial_in_a_folder_leaves_the_first_alone",
    ),
    "workers/processes.py: Pass count=2, or folder=FOLDER and start: equipoise work "
    "FOLDER": (
        "tests/workers/test_processes.py",
        "test_killed_workers_lose_nothing",
    ),
    "workers/processes.py: What was done is kept if there is a folder. Correct what "
    "is said, and run the same command again.": (
        "tests/workers/test_processes.py",
        "test_what_is_done_is_kept_for_the_next_run",
    ),
    "workers/stored.py: Run the same command again: what is done is kept.": (
        "tests/workers/test_processes.py",
        "test_what_is_done_is_kept_for_the_next_run",
    ),
}

# They say why, or what to look at; nothing in them can be done in code.
EXPLAINS = {
    "trials/arm_importance.py: Leave importance= out.",
    "models/explaining.py: <OWN_NETWORK>",
    "heads/closed_forms.py: Train the network longer, or use another head.",
    "workers/environment.py: Install the same versions in the worker's environment.",
    "workers/processes.py: Give each worker more memory, or use fewer workers on a "
    "machine.",
    "workers/queue.py: Choose another folder, or make room; what is done is kept.",
    "workers/queue.py: Start compare and the workers with the same version of "
    "Equipoise.",
    "workers/ray_tasks.py: Install the same versions on all machines of the cluster.",
    "workers/ray_tasks.py: Give each worker more memory, and run it again.",
    "workers/ray_tasks.py: Start one with: ray start --head",
    "trials/basis.py: Compare all arms again.",
    "verbs/trial_again.py: Compare all arms again.",
    "verbs/trial_again.py: Compare all arms again, in a new folder.",
    "verbs/trial_again.py: Call compare with the same arguments, more strategies and "
    "folder=.",
    "verbs/model.py: An earlier version wrote it: compare again to write one.",
    "learners/classifier/learner.py: Try it alone: its fit(X, y) takes numbers, and "
    "class numbers from 0.",
    "extending.py: Taken are {}.",
    '_core/extras.py: Run: pip install "equipoise[{}]"',
    "_core/frames.py: Run: pip install {}",
    "models/container.py: Fit it with fewer repeats, folds or strategies.",
    "models/container.py: Load it with the version of Equipoise that wrote it, or a "
    "later one.",
    "models/container.py: `save` writes no file of that size. Is it a model?",
    "models/keras_file.py: <remedy>",
    "models/state.py: Leave columns of long strings out with drop=, or shorten them.",
    "decision/costs.py: Otherwise the same decision is the cheapest for every row.",
    "decision/class_rows.py: Look for missing values in the features or a diverged "
    "model.",
    "decision/floors.py: If the true precision were {} as here, {} flagged cases, "
    "about {} rows, would certify the floor four times in five.",
    "decision/floors.py: The precision here is below the floor.",
    "decision/floors.py: No number of rows can show a precision that is not there.",
    "decision/floors.py: {}{}.",
    "decision/floors.py: <_recall_remedy(positive.size, delta)>",
    "diagnosis/subject.py: Let the check apply only if `subject.test` is not None.",
    "table/table.py: Check whether a filter removed one of the classes.",
    "evaluation/trial_arms.py: Every row needs a fold in every repeat.",
    # A row that no fold scores has no score: every row needs a fold.
    "learners/user_model/keras_fit.py: Use NetworkLearner.",
    "learners/user_model/keras_fit.py: Try a smaller learning rate, or milder weights.",
    "table/kind_splits.py: Collect more negatives.",
    "table/kind_splits.py: Groups of rows hold positives of several kinds.",
    "trials/unseen.py: Kinds follow from columns, and arrays have none.",
    "learners/anomaly/learner.py: Try a smaller learning_rate.",
    "learners/network.py: Check the split: a part lacks a class, or rows to stop by.",
    "strategies/by_task.py: Check the split: a part of the rows has nothing to tell "
    "apart.",
    "losses/posterior.py: This one compares examples; its scores need a calibrator.",
    "losses/combined.py: This one compares examples; its scores need a calibrator.",
    "losses/expected_cost.py: This one is least at a decision; its scores need a "
    "calibrator.",
    "learners/resampled/learner.py: Use sampling= of a Strategy, which draws rows by "
    "their labels.",
    "learners/user_model/model.py: It learns from columns; compare it on a table.",
    "learners/user_model/model.py: A sampler object works on the columns of a table.",
    "learners/user_model/model.py: Put a layer such as keras.layers.GaussianNoise into "
    "the model: how wide its noise may be is for you to say.",
    "learners/user_model/model.py: Nearest neighbours of raw arrays, as of pixels, "
    "mean "
    "little.",
    "learners/user_model/model.py: Keras says: {}",
    "networks/layout.py: Rename the column.",
    "sampling/named.py: <_WHY.get(type(sampler), 'Register its class: "
    "equipoise.register.')>",
    "synthesis/hidden.py: The first is that of class 0.",
    "sampling/classes.py: Check the split: a class is absent from these rows.",
    "sampling/classes.py: Check the split: the other classes are absent from these "
    "rows.",
    "strategies/validation.py: It compares positives with negatives, so class "
    "weights cancel.",
    "strategies/validation.py: The log-odds of a prior of one half are 0: it would "
    "adjust nothing.",
    "strategies/validation.py: The plan itself says which negatives each member sees.",
    "strategies/validation.py: The plan itself says how much each row counts.",
    "strategies/validation.py: The plan itself says which rows its models learn from.",
    "strategies/validation.py: Its rounds need to know how sure a model is.",
    "learners/rounds/learner.py: Nearest neighbours of raw arrays, as of pixels, mean "
    "little.",
    "learners/rounds/learner.py: compare() serves it; fit() keeps what can be saved.",
    "strategies/validation.py: It replaces repeated positives, and this sampling "
    "repeats none.",
    "strategies/validation.py: A blend is neither positive nor negative, so it forms "
    "no pair.",
    "reading/blocks.py: Is a quote on line {} not closed?",
    "reading/blocks.py: Copy or write it again.",
    "reading/csv_bytes.py: The file is damaged or not a text file; write it again.",
    "reading/csv_bytes.py: The file is damaged or cut off; write it again.",
    "reading/feature_columns.py: <' '.join((f'{d.name!r} was left out: {d.reason}.' "
    "for d in useless_ones[:5]))>",
    "reading/target.py: Nothing can be learned from one class; is this the right "
    "column?",
    "reading/target.py: This looks like an identifier or free text.",
    "training/encoded_store.py: Replace infinities in the source.",
    "training/population.py: Try a smaller learning rate, or milder weights.",
    "weights/scheme.py: Check the split: a class is absent from the training rows.",
    "trials/sources.py: Arrays (x, y) have no columns to name.",
    "verbs/compare.py: The others need columns, and your own network takes none.",
    "export/check.py: Please report it; the model itself is sound and was "
    "not exported.",
    "export/onnx.py: Please report it; the model itself is sound and was not exported.",
    "verbs/fit.py: Fit it on a table of columns.",
    "verbs/fit_parts.py: fit averages what it is given, and this is an average itself.",
    "models/fit_rows.py: Exact binomial bounds count rows.",
    "models/goal.py: The other is then as high as the first allows.",
    "verbs/predict.py: Keep another column.",
    "models/storage.py: export() writes a SavedModel, which holds any layer.",
    "models/goal.py: The positive class is {}.",
    "models/goal.py: For example Goal({}).",
    "models/goal.py: Pass Goal(costs=Costs.matrix(classes, costs)).",
    "models/model.py: <f'Fit one: pass one of its {noun} as ' + ('target.' if noun == "
    "'labels' else 'positive=CLASS.')>",
    "verbs/evaluate_task.py: For labels that do not exclude each other pass y as a "
    "matrix, [rows, labels]; for logits use task.probability(scores).",
}


# What was done to a table is told as a warning, which is no matter here; and Keras
# asks NumPy for a copy in the way of NumPy 1 when it saves.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
@pytest.mark.parametrize("advice", CASES, ids=lambda text: text[:60])
def test_the_advice_works(advice: str, tmp_path: Path) -> None:
    case = CASES[advice]
    with pytest.raises(EquipoiseError) as raised:
        case.wrong(tmp_path)
    literal = re.escape(advice.partition(": ")[2]).replace(r"\{\}", ".+")
    assert re.search(case.says or literal, str(raised.value))
    case.right(tmp_path)


@pytest.mark.parametrize("advice", ELSEWHERE, ids=lambda text: text[:60])
def test_the_test_that_takes_it_exists(advice: str) -> None:
    path, name = ELSEWHERE[advice]
    text = (HERE.parents[1] / path).read_text(encoding="utf-8")
    assert f"def {name}(" in text


def test_no_advice_is_left_out() -> None:
    """An advice that is new has to be taken by a test, or be called an explanation."""
    places = collected()
    judged = CASES.keys() | ELSEWHERE.keys() | EXPLAINS
    new = {t: where for t, where in places.items() if t not in judged}
    assert not {t: where for t, where in new.items() if "<nearest(" not in t}
    assert not judged - places.keys()  # advice that is gone
    assert len(judged) == len(CASES) + len(ELSEWHERE) + len(EXPLAINS)


def test_every_option_that_a_message_names_exists() -> None:
    """A text that says --option names one of a verb, or of the tool it names."""
    from typer.main import get_command

    from equipoise.cli.app import app

    known = {"--help", "--version", "--logdir"}  # the last is TensorBoard's
    known |= {"--head"}  # Ray's
    for command in get_command(app).commands.values():  # type: ignore[attr-defined]
        for option in command.params:
            known |= {*option.opts, *option.secondary_opts}
    named: dict[str, str] = {}
    for path in sorted((HERE.parents[1] / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                options = re.findall(r"(?<![\w-])--[a-z][a-z-]+", node.value)
                named |= dict.fromkeys(options, path.name)
    assert named
    assert not {option: where for option, where in named.items() if option not in known}
