# SPDX-License-Identifier: Apache-2.0
"""Rows of a trial: tables that are not too wide, and arrays with their labels."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from equipoise.diagnosis.diagnosis import diagnose
from equipoise.errors import (
    InputError,
    InputTypeError,
    TableError,
    TableWarning,
    TargetError,
    UnsupportedError,
)
from equipoise.reading.read import read_table
from equipoise.table.generated_tasks import make_classes
from equipoise.table.generators import GeneratedTable
from equipoise.table.splits import outer_splits
from equipoise.training.settings import TrainingSettings
from equipoise.trials.sources import (
    MOST_COLUMNS,
    TrialRows,
    labels_of,
    require_columns,
    split_by,
    with_rare_classes,
)
from equipoise.verbs.compare import compare
from equipoise.verbs.fit import fit


def images() -> tuple[np.ndarray, np.ndarray]:
    """Small pictures; the positives have a bright corner."""
    rng = np.random.default_rng(0)
    y = (np.arange(480) % 4 == 0).astype(int)
    x = rng.normal(size=(480, 6, 6, 1)).astype("float32")
    x[y == 1, :2, :2] += 3.0
    return x, y


def build() -> Any:
    import keras

    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )


@pytest.mark.parametrize(
    ("source", "error", "says"),
    [
        (np.zeros((4, 2)), InputTypeError, r"\(x, y\)"),
        ((np.zeros((4, 2)), [0, 1]), InputError, "as many labels"),
        ((np.zeros(4), [0, 1, 0, 0]), InputError, "shape"),
    ],
)
def test_sources_that_do_not_fit(
    source: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        compare(source, model=build)


@pytest.mark.parametrize(
    "given", [{"test": "later.csv"}, {"target": "y"}, {"drop": ("x",)}]
)
def test_what_is_about_columns_or_files_is_not_served_with_it(
    given: dict[str, Any],
) -> None:
    with pytest.raises(UnsupportedError, match=f"{next(iter(given))}= with model="):
        compare(images(), model=build, **given)


def test_labels_follow_the_rules_of_tables() -> None:
    x, _ = images()
    table, kept = labels_of((x, np.where(np.arange(480) % 8, "no", "yes")))
    assert table.classes == ("no", "yes")
    assert table.positives == 60
    assert table.columns == ()
    assert kept.shape == x.shape


def test_groups_of_arrays_stay_on_one_side() -> None:
    x, y = images()
    patient = np.array([f"p{i // 6}" for i in range(len(y))])
    table, _ = labels_of((x, y), group=patient)
    assert table.groups is not None
    assert len(np.unique(table.groups)) == 80
    trial = compare(
        (x, y),
        model=build,
        group=patient,
        strategies=["prior", "plain"],
        folds=2,
        repeats=1,
        training=TrainingSettings(epochs=1),
    )
    assert trial.protocol.by == "group"
    folds = trial.scores.folds[0].reshape(80, 6)
    assert (folds == folds[:, :1]).all()
    assert trial.training["epochs"] == 1


def test_times_of_arrays_order_the_rows() -> None:
    x, y = images()
    day = np.datetime64("2020-01-01") + np.arange(len(y))[::-1]
    table, _ = labels_of((x, y), time=day)
    assert table.time is not None
    assert (np.diff(table.time) < np.timedelta64(0)).all()


def test_the_positive_class_can_be_named() -> None:
    x, y = images()
    table, _ = labels_of((x, np.where(y == 1, "bad", "good")), positive="good")
    assert table.classes == ("bad", "good")


@pytest.mark.parametrize(
    ("roles", "error", "says"),
    [
        ({"group": "patient"}, InputTypeError, "one value per row"),
        ({"group": np.arange(7)}, InputError, r"shape \(480,\)"),
        ({"time": np.ones((480, 2))}, InputError, r"shape \(480,\)"),
    ],
)
def test_roles_that_do_not_fit(
    roles: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        labels_of(images(), **roles)


@pytest.mark.parametrize(
    ("hole", "says"), [(np.nan, "2 of 480 rows with NaN"), (np.inf, "infinite number")]
)
def test_numbers_that_are_not_finite_are_refused(hole: float, says: str) -> None:
    x, y = images()
    x[[9, 7], 2, 2, 0] = hole
    for verb in (compare, fit):
        with pytest.raises(InputError, match=says) as raised:
            verb((x, y), model=build)
        assert "the first is row 7" in str(raised.value)
    labels_of((np.nan_to_num(x, posinf=0.0), y))  # what the error proposes


def test_several_inputs_are_refused_in_a_sentence() -> None:
    x, y = images()
    for several in ({"a": x, "b": x}, (x, x), [x, x[:, :2]]):
        with pytest.raises(InputTypeError, match="2 arrays"):
            compare((several, y), model=build)


def test_the_advice_for_several_inputs_works() -> None:
    import keras

    x, y = images()
    joined = np.concatenate([x[:, :3, 0, 0], x[:, 3:5, 0, 0]], axis=1)

    def two() -> Any:
        inputs = keras.Input((5,))
        first, second = inputs[:, :3], inputs[:, 3:]
        dense = [keras.layers.Dense(3, "relu")(part) for part in (first, second)]
        output = keras.layers.Dense(1)(keras.layers.Concatenate()(dense))
        return keras.Model(inputs, output)

    arms = ["prior", "plain"]
    short = TrainingSettings(epochs=2)
    trial = compare(
        (joined, y), model=two, strategies=arms, folds=2, repeats=1, training=short
    )
    assert set(trial.names) == set(arms)


def test_copies_among_arrays_are_kept_together_and_count_once() -> None:
    random = np.random.default_rng(0)
    x = np.repeat(random.random((40, 5, 5)), 3, axis=0)
    x[::3] += 1e-8
    y = np.tile([1, 0, 0], 40)  # each image has both labels
    table, _ = labels_of((x, y))
    for split in outer_splits(table):
        assert not set(split.train // 3) & set(split.test // 3)
    found = diagnose(table)
    assert found["EQP024"].evidence["cases"] == 40
    assert found.facts["positive_cases"] == 40
    pairs = np.repeat(x[::3], 2, axis=0), np.tile([1, 0], 40)
    twice, _ = labels_of(pairs, positive=1)
    assert diagnose(twice)["EQP008"].evidence["conflicting_sets"] == 40


def test_rows_without_a_label_are_dropped_from_all_arrays() -> None:
    """What the error about such labels proposes works for arrays, too."""
    x, y = images()
    gone = np.arange(len(y)) % 10 == 0
    patient = np.arange(len(y)) // 6
    labels = np.where(gone, -1, y)
    with pytest.raises(TargetError, match="unlabelled='drop'"):
        labels_of((x, labels), group=patient)
    with pytest.warns(TableWarning):
        table, rows = labels_of((x, labels), group=patient, unlabelled="drop")
    np.testing.assert_array_equal(rows, x[~gone])
    np.testing.assert_array_equal(table.y, y[~gone])
    assert table.groups is not None
    left = np.unique(patient[~gone], return_inverse=True)[1]
    np.testing.assert_array_equal(np.unique(table.groups, return_inverse=True)[1], left)
    short = TrainingSettings(epochs=1)
    with pytest.warns(TableWarning):
        trial = compare(
            (x, labels),
            model=build,
            unlabelled="drop",
            strategies=["prior", "plain"],
            folds=2,
            repeats=1,
            training=short,
        )
    assert trial.facts["rows"] == (~gone).sum()
    with pytest.warns(TableWarning):
        model = fit(
            (x, labels),
            model=build,
            unlabelled="drop",
            folds=2,
            repeats=1,
            training=short,
        )
    assert model.facts["rows"] == (~gone).sum()


def test_a_table_too_wide_to_end_is_refused_with_advice_that_works() -> None:
    random = np.random.default_rng(0)
    names = [f"g{j}" for j in range(MOST_COLUMNS + 1)]
    data = pd.DataFrame(random.normal(size=(40, len(names))), columns=names)
    y = pd.Series(np.arange(40) % 4 // 3, name="y")
    table = read_table((data, y))
    for verb in (compare, fit):
        with pytest.raises(TableError, match=r"10,001 columns for .*nlargest"):
            verb(table)
    fewer = data[data.var(numeric_only=True).nlargest(2000).index]
    require_columns(read_table((fewer, y)), "fit")


def test_rows_are_taken_with_all_that_belongs_to_them() -> None:
    x, y = images()
    table, x = labels_of((x, y))
    rows = TrialRows(table, x, np.arange(480.0))
    few = rows.take(np.array([5, 7]))
    assert len(few) == 2
    np.testing.assert_array_equal(few.x, x[[5, 7]])
    assert few.weights is not None
    assert few.weights.tolist() == [5.0, 7.0]
    assert TrialRows(table).model_input is table


def test_how_a_table_is_split(known: GeneratedTable) -> None:
    table = known.table
    groups = dataclasses.replace(table, groups=np.arange(500))
    time = dataclasses.replace(groups, time=np.arange(500.0))
    assert [split_by(t, None) for t in (table, groups, time)] == [
        "stratified",
        "group",
        "time",
    ]
    assert split_by(time, "group") == "group"
    with pytest.raises(InputError, match="by='random'"):
        split_by(table, "random")


@pytest.mark.parametrize("rare", ["keep", "merge", "drop"])
def test_a_test_table_gets_the_classes_that_the_rows_have_then(rare: str) -> None:
    """Which classes are rare is decided on the rows: the test table has enough."""
    table = make_classes(148, counts=[100, 3, 40, 1, 4]).table
    test = make_classes(90, counts=[20, 20, 20, 20, 10], seed=1).table
    weights = np.arange(148.0)
    names = np.array(test.classes)[test.labels()]
    rows, changed, notes = with_rare_classes(
        TrialRows(table, weights=weights), rare, 5, "auto", test
    )
    assert changed is not None
    assert changed.task == rows.table.task
    if rare == "keep":
        assert (rows.table, changed) == (table, test)
    elif rare == "merge":
        expected = np.where(np.isin(names, ["c0", "c2"]), names, "other (rare)")
        made = np.array(changed.classes)[changed.labels()]
        assert made.tolist() == expected.tolist()
        assert len(rows) == 148
    else:
        assert changed.classes == ("c0", "c2")
        assert np.bincount(changed.labels()).tolist() == [20, 20]
        large = np.isin(table.labels(), [0, 2])
        assert rows.weights.tolist() == weights[large].tolist()
        assert "50 rows of" in notes[-1]
    assert with_rare_classes(TrialRows(table), rare, 5, "auto")[1] is None


def test_a_test_table_of_dropped_classes_alone_is_refused() -> None:
    table = make_classes(148, counts=[100, 3, 40, 1, 4]).table
    with pytest.raises(TargetError, match=r"all of classes that were dropped.*'keep'"):
        with_rare_classes(
            TrialRows(table), "drop", 5, "auto", table.take(table.labels() == 1)
        )


@pytest.mark.parametrize("rare", ["keep", "merge", "drop"])
def test_rare_classes_are_treated_in_a_trial_with_a_test_table(rare: str) -> None:
    table = make_classes(148, counts=[100, 3, 40, 1, 4]).table
    test = make_classes(90, counts=[20, 20, 20, 20, 10], seed=1).table
    trial = compare(
        table,
        test=test,
        rare=rare,
        strategies="prior",
        network="linear",
        folds=5,
        repeats=1,
    )
    judged = {"keep": ["c0", "c2"], "merge": ["c0", "c2", "other (rare)"]}
    evaluation = trial.test["prior"]
    shown = [name for name in evaluation.by_class if name not in evaluation.unjudged]
    assert shown == judged.get(rare, ["c0", "c2"])
    assert evaluation.rows == (90 if rare == "merge" else 40)
