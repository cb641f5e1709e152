# SPDX-License-Identifier: Apache-2.0
"""Plots: axes in, the same axes out, and their numbers are those of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, confusion_matrix, roc_curve

import equipoise as eq
from equipoise.errors import InputError, UnsupportedError
from equipoise.report.plots import PLOTS, learning_rows, plot_rows
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.table.generators import gaussian_shift
from equipoise.verbs.trial import Trial

SHORT: dict[str, Any] = {
    "strategies": ["logistic", "prior"],
    "network": "linear",
    "folds": 2,
    "repeats": 1,
}


@pytest.fixture(autouse=True)
def _headless() -> Iterator[None]:
    before = mpl.get_backend()
    mpl.use("agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")
    mpl.use(before)


@pytest.fixture(scope="module")
def two() -> Trial:
    return eq.compare(gaussian_shift(240, positives=60, seed=1).table, **SHORT)


@pytest.fixture(scope="module")
def classes() -> Trial:
    table = make_classes(240, counts=[140, 60, 40], seed=1).table
    return eq.compare(table, **SHORT)


@pytest.fixture(scope="module")
def labels() -> Trial:
    return eq.compare(make_labels(240, shares=[0.4, 0.2], seed=1).table, **SHORT)


@pytest.mark.parametrize("kind", PLOTS)
def test_axes_in_axes_out(two: Trial, kind: str) -> None:
    ax = Figure().subplots()
    assert two.plot(kind, ax=ax) is ax
    assert ax.lines or ax.images or ax.texts
    new = two.plot(kind)
    assert new.figure is not ax.figure
    assert len(two.plot_frame(kind, library="pandas")) > 0


@pytest.mark.parametrize("name", ["classes", "labels"])
def test_several_classes_and_labels(name: str, request: pytest.FixtureRequest) -> None:
    trial: Trial = request.getfixturevalue(name)
    for kind in ("precision_recall", "roc", "calibration", "differences"):
        trial.plot(kind, ax=Figure().subplots())
    for of in trial.task.classes:
        rows = plot_rows(trial, "roc", "logistic", of)
        assert rows[-1]["recall"] == pytest.approx(1.0)
    with pytest.raises(InputError):
        trial.plot("roc", of="nobody")
    if name == "labels":
        with pytest.raises(UnsupportedError):
            trial.plot("confusion")
        with pytest.raises(InputError):
            trial["plain"].evaluation.plot("confusion")
        return
    cells = trial.plot_frame("confusion", arms="logistic", library="pandas")
    assert cells["count"].sum() == pytest.approx(240)
    evaluation = trial["plain"].evaluation
    for kind in ("metrics", "classes", "confusion"):
        evaluation.plot(kind, ax=Figure().subplots())


def test_the_numbers_are_those_of_scikit_learn(two: Trial) -> None:
    arm, y = two.of_two_classes["logistic"], two.of_two_classes.y
    rows = plot_rows(two, "precision_recall", "logistic")
    recall = np.array([0.0, *(row["recall"] for row in rows)])
    precision = np.array([row["precision"] for row in rows])
    area = float((np.diff(recall) * precision).sum())
    expected = average_precision_score(y, arm.aligned[0])
    assert area == pytest.approx(expected, abs=0.02)
    fpr, tpr, _ = roc_curve(y, arm.aligned[0], drop_intermediate=False)
    rows = plot_rows(two, "roc", "logistic")
    for row in rows:
        near = np.abs(fpr - row["false_positive_rate"]) + np.abs(tpr - row["recall"])
        assert near.min() < 1e-9
    cells = {
        (row["true"], row["decided"]): row["count"]
        for row in plot_rows(two, "confusion", "logistic")
    }
    flags = arm.probability[0] >= arm.evaluation.threshold
    (tn, fp), (fn, tp) = confusion_matrix(y, flags)
    assert list(cells.values()) == [tn, fp, fn, tp]
    (row,) = [r for r in plot_rows(two, "differences") if r["strategy"] == "logistic"]
    assert row["value"] == two.verdict.arms["logistic"].difference.value


def test_what_cannot_be_drawn(two: Trial, tmp_path: Any) -> None:
    for wrong in (
        {"kind": "pie"},
        {"kind": "roc", "arms": "nobody"},
        {"kind": "roc", "of": "1"},
    ):
        with pytest.raises(InputError):
            two.plot(**wrong)
    two.write(tmp_path)
    with pytest.raises(UnsupportedError, match="learning_curve"):
        eq.load(tmp_path).plot("learning_curve")
    from equipoise.diagnosis.futility import LearningCurve

    with pytest.raises(UnsupportedError, match="too few"):
        learning_rows(LearningCurve(3, 4.0, refused="too few positives"))


def test_evaluations_and_diagnoses(two: Trial, classes: Trial) -> None:
    evaluation = two["plain"].evaluation
    for kind in ("metrics", "confusion"):
        ax = Figure().subplots()
        assert evaluation.plot(kind, ax=ax) is ax
    assert evaluation.plot_rows("confusion")[3]["count"] == evaluation.confusion.tp
    with pytest.raises(InputError, match="threshold="):
        eq.evaluate([0, 1] * 20, [0.2, 0.6] * 20).plot("confusion")
    for shown in (evaluation.plot, evaluation.plot_rows):
        with pytest.raises(InputError, match="kind='roc'"):
            shown("roc")
    with pytest.raises(InputError, match="kind='classes'"):
        evaluation.plot("classes")
    for one, kinds in (
        (evaluation, ("metrics", "confusion")),
        (classes["plain"].evaluation, ("metrics", "classes", "confusion")),
    ):
        assert one.plots == kinds
        for kind in kinds:
            label = {"metrics": "metric", "classes": "class", "confusion": "true"}
            assert next(iter(one.plot_rows(kind)[0])) == label[kind]
    for trial in (two, classes):
        of_arm = plot_rows(trial, "confusion", "plain")
        rows = trial["plain"].evaluation.plot_rows("confusion")
        numbers = [(row["count"], row["share"]) for row in rows]
        assert numbers == [(row["count"], row["share"]) for row in of_arm]
        assert sum(row["share"] for row in rows) == pytest.approx(
            len({row["true"] for row in rows})
        )
    for trial, sizes in ((two, [180, 60]), (classes, [140, 60, 40])):
        for kind in ("classes", "columns"):
            trial.diagnosis.plot(kind, ax=Figure().subplots())
        assert [row["rows"] for row in trial.diagnosis.plot_rows()] == sizes
        with pytest.raises(InputError):
            trial.diagnosis.plot("pie")
