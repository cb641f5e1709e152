# SPDX-License-Identifier: Apache-2.0
"""A trial follows from its basis: from a file, with other arms, by other goals."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_score, recall_score
from sklearn.naive_bayes import GaussianNB

import equipoise as eq
from equipoise._core.files import to_json
from equipoise.errors import BundleError, InputError, UnsupportedError
from equipoise.strategies.blended import Blend
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.classifier_object import Classified
from equipoise.strategies.tuned import Tuned
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.table.generators import gaussian_shift
from equipoise.training.settings import TrainingSettings
from equipoise.trials import basis
from equipoise.verbs.trial import Trial

QUICK = TrainingSettings(epochs=5, patience=2)
SHORT: dict[str, Any] = {"network": "linear", "folds": 3, "repeats": 2}


def two_classes() -> Any:
    return gaussian_shift(400, positives=60, auroc=0.85, seed=1).table


def several_classes() -> Any:
    return make_classes(300, counts=[150, 90, 57, 3], seed=1).table


def several_labels() -> Any:
    return make_labels(300, shares=[0.4, 0.2, 0.1], seed=1).table


def with_test() -> Any:
    return {"test": gaussian_shift(200, positives=40, auroc=0.85, seed=2).table}


def odd_blend() -> Blend:
    """Return an average of a search, a classifier object and a plain strategy."""
    search = Tuned("plain", trials=2, folds=2, space={"learning_rate": [1e-3, 1e-2]})
    bayes = Classified("bayes", classifier=GaussianNB())
    return Blend("odd", blended=(search, bayes, strategy("logistic")), shares=(1, 1, 2))


TABLES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "binary": (two_classes, {"strategies": ["prior", "logistic", "trees"]}),
    "binary with a test file": (
        two_classes,
        {"strategies": ["logistic"], "costs": (1, 9), **with_test()},
    ),
    "groups": (
        lambda: dataclasses.replace(two_classes(), groups=np.arange(400) // 2),
        {"strategies": ["logistic"], "goal": eq.Goal(recall_floor=0.7)},
    ),
    "an average": (
        two_classes,
        {"strategies": ["prior", "auto"], "folds": 2, "repeats": 1},
    ),
    "an average of odd members": (
        two_classes,
        {"strategies": [odd_blend()], "folds": 2, "repeats": 1, "training": QUICK},
    ),
    "classes": (several_classes, {"strategies": ["prior", "logistic"]}),
    "labels": (several_labels, {"strategies": ["logistic"]}),
}
READ = list(TABLES)


@pytest.fixture(scope="module")
def trials() -> dict[str, Trial]:
    made: dict[str, Trial] = {}
    for name in READ:
        table, options = TABLES[name]
        made[name] = eq.compare(table(), **{**SHORT, **options})
    return made


@pytest.mark.parametrize("name", READ)
def test_a_trial_that_is_read_says_the_same(
    trials: dict[str, Trial], name: str, tmp_path: Path
) -> None:
    trial = trials[name]
    written = trial.write(tmp_path / "trial")
    assert [path.name for path in written] == [
        "comparison.json",
        "report.html",
        "trial.equipoise",
    ]
    again = eq.load(tmp_path / "trial")
    assert isinstance(again, Trial)
    assert to_json(again.to_dict()) == to_json(trial.to_dict())
    assert again.report() == trial.report()
    assert str(again) == str(trial)
    for arm in trial.names:
        np.testing.assert_array_equal(
            again.scores.log_odds[arm], trial.scores.log_odds[arm]
        )
    second = again.write(tmp_path / "second")
    for one, two in zip(written, second, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_the_file_holds_no_column(trials: dict[str, Trial], tmp_path: Path) -> None:
    trials["binary"].write(tmp_path)
    again = eq.load(tmp_path / "trial.equipoise")
    assert again.basis.plan.table.columns == ()
    column = two_classes().columns[0].values
    assert column[:4].tobytes() not in (tmp_path / "trial.equipoise").read_bytes()


def test_every_byte_is_checked(trials: dict[str, Trial], tmp_path: Path) -> None:
    trials["binary"].write(tmp_path)
    path = tmp_path / "trial.equipoise"
    data = path.read_bytes()
    for place in np.linspace(0, len(data) - 1, 25).astype(int):
        path.write_bytes(data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :])
        with pytest.raises(BundleError):
            eq.load(path)
    path.unlink()
    with pytest.raises(BundleError, match="compare again"):
        eq.load(tmp_path)
    (tmp_path / "new").mkdir()
    with pytest.raises(BundleError, match="folder of a finished trial"):
        eq.load(tmp_path / "new")


def test_an_arm_that_is_added_is_as_if_it_had_been_there(tmp_path: Path) -> None:
    table = two_classes()
    whole = eq.compare(table, strategies=["logistic", "trees"], **SHORT)
    part = eq.compare(table, strategies=["logistic"], **SHORT)
    calls: list[str] = []
    more = part.add("trees", progress=lambda text, share: calls.append(text))
    assert calls
    assert not any("logistic" in text for text in calls)
    for name in whole.names:
        np.testing.assert_array_equal(
            more.scores.log_odds[name], whole.scores.log_odds[name]
        )
        assert (
            more[name].evaluation["average_precision"]
            == (whole[name].evaluation["average_precision"])
        )
        assert more.verdict.arms.get(name) == whole.verdict.arms.get(name)
    part.write(tmp_path)
    loaded = eq.load(tmp_path).add("trees", table)
    assert loaded.verdict.arms == more.verdict.arms
    assert loaded.add(["trees", "prior"], table).names[0] == more.names[0]


def test_rows_are_read_again_from_their_file(tmp_path: Path) -> None:
    table = two_classes()
    columns = {c.name: c.values for c in table.columns} | {"y": table.y}
    path = tmp_path / "rows.csv"
    names = list(columns)
    lines = [",".join(f"{columns[n][k]!r}" for n in names) for k in range(len(table))]
    text = "\n".join([",".join(names), *lines]).replace("np.float64(", "")
    path.write_text(text.replace("np.int8(", "").replace(")", ""))
    trial = eq.compare(path, "y", strategies=["prior"], **SHORT)
    trial.write(tmp_path / "trial")
    again = eq.load(tmp_path / "trial")
    assert "logistic" in again.add("logistic").names
    path.write_text(path.read_text() + "\n" + path.read_text().splitlines()[-1])
    with pytest.raises(InputError, match="are others"):
        again.add("logistic")
    path.unlink()
    with pytest.raises(InputError, match=r"trial\.add"):
        again.add("logistic")


def test_the_rows_are_passed_as_they_were_given_to_compare(tmp_path: Path) -> None:
    table = two_classes()
    columns = {c.name: c.values for c in table.columns} | {"y": table.y}
    rows = {name: values[20:] for name, values in columns.items()}
    test = {name: values[:20] for name, values in columns.items()}
    eq.compare(rows, "y", test=test, strategies=["prior"], **SHORT).write(tmp_path)
    again = eq.load(tmp_path)
    advice = r"trial\.add\(arms, source, target\), with test= if there was one"
    with pytest.raises(InputError, match=advice):
        again.add("logistic")
    assert "logistic" in again.add("logistic", rows, "y", test=test).names


def test_rows_of_a_frame_are_read_again_as_they_were(tmp_path: Path) -> None:
    """With groups, of a test file too, and another positive class."""
    table = two_classes()
    columns = {c.name: c.values for c in table.columns}
    columns |= {"y": table.y, "who": np.arange(len(table)) // 2}
    rows = {name: values[20:] for name, values in columns.items()}
    test = {name: values[:20] for name, values in columns.items()}
    how = {"group": "who", "positive": 0}
    eq.compare(rows, "y", test=test, strategies=["prior"], **how, **SHORT).write(
        tmp_path
    )
    more = eq.load(tmp_path).add("logistic", rows, "y", test=test)
    assert more["logistic"].name == "logistic"
    assert more.test is not None


def test_what_cannot_be_added(trials: dict[str, Trial], tmp_path: Path) -> None:
    trial = trials["binary"]
    other = eq.Strategy("logistic", learner="logistic", weights="balanced")
    with pytest.raises(InputError, match="name of its own"):
        trial.add([other])
    trial.write(tmp_path)
    with pytest.raises(InputError, match="Pass them"):
        eq.load(tmp_path).add(["plain", "extra_trees"])
    bare = Trial.of(dataclasses.replace(trial, basis=None))
    with pytest.raises(UnsupportedError, match="made by hand"):
        bare.add("extra_trees")


def test_the_same_folder_is_the_same_trial(tmp_path: Path) -> None:
    table = two_classes()
    first = eq.compare(table, strategies=["logistic"], folder=tmp_path, **SHORT)
    first.write(tmp_path)
    seen: list[str] = []

    def again(**options: Any) -> Trial:
        seen.clear()
        return eq.compare(
            table,
            **{"strategies": ["logistic"], "folder": tmp_path, **SHORT, **options},
            progress=lambda text, share: seen.append(text),
        )

    assert to_json(again().to_dict()) == to_json(first.to_dict())
    assert seen == ["dividing the rows", "computing intervals"]
    dear = again(costs=(1, 9), metric="cost")
    assert dear.objective == "cost"
    assert seen == ["dividing the rows", "computing intervals"]
    fresh = eq.compare(
        table, strategies=["logistic"], costs=(1, 9), metric="cost", **SHORT
    )
    assert dear["logistic"].evaluation == fresh["logistic"].evaluation
    more = again(strategies=["logistic", "trees"])
    assert set(more.names) == {"plain", "logistic", "trees"}
    assert not any("logistic" in text for text in seen)
    for options, what in (
        ({"seed": 1}, "'seed'"),
        ({"folds": 2}, "'folds'"),
        ({"repeats": 1}, "'repeats'"),
        ({"network": "small"}, "'training'"),
    ):
        with pytest.raises(InputError, match=f"differs in {what}"):
            again(**options)
    with pytest.raises(InputError, match="differs in the rows"):
        eq.compare(table.take(np.arange(399)), folder=tmp_path, **SHORT)
    assert again(seed=1, force=True).protocol.seed == 1
    (tmp_path / "trial.equipoise").unlink()
    first.write(tmp_path)
    (tmp_path / "trial.equipoise").unlink()
    with pytest.raises(InputError, match="cannot be used again"):
        again()


@pytest.mark.parametrize("name", ["an average", "an average of odd members"])
def test_the_folder_of_an_average_is_used_again(
    trials: dict[str, Trial], name: str, tmp_path: Path
) -> None:
    table, options = TABLES[name]
    first = trials[name]
    first.write(tmp_path)
    for _ in range(2):
        seen: list[str] = []
        again = eq.compare(
            table(),
            **{**SHORT, **options},
            folder=tmp_path,
            progress=lambda text, share, seen=seen: seen.append(text),
        )
        assert to_json(again.to_dict()) == to_json(first.to_dict())
        assert seen == ["dividing the rows", "computing intervals"]
        again.write(tmp_path)


@pytest.mark.parametrize("name", ["binary", "classes", "labels"])
def test_any_two_arms(trials: dict[str, Trial], name: str) -> None:
    """Against the baseline alone the pair is that of the verdict without correction."""
    from equipoise.comparison.verdict import judge
    from equipoise.uncertainty.multiplicity import holm

    trial = trials[name]
    pairs = trial.pairs()
    assert len(pairs) == len(list(itertools.combinations(trial.names, 2)))
    margin = trial.verdict.margin
    raw = {}
    for one in pairs.verdicts:
        alone = trial.difference(one.first, one.second, adjusted=False)
        raw[one.first, one.second] = alone.p
        against = judge(trial.results.against(one.second), margin=margin)
        value = against.arms[one.first].difference.value
        assert one.difference.value == pytest.approx(value)
        assert alone.difference.value == pytest.approx(value)
        back = trial.difference(one.second, one.first)
        assert back.difference.low == -one.difference.high
        assert back.p == one.p
    flat = {s.name for s in trial.strategies if s.learner_record.constant}
    family = [k for k in raw if not (flat & set(k))]
    expected = dict(zip(family, holm([raw[k] for k in family]), strict=True))
    for key in family:
        assert pairs[key].p == pytest.approx(expected[key])
    two = trial.results.against("logistic").against(trial.results.baseline)
    for arm in trial.names:
        assert two[arm].errors == pytest.approx(trial.results[arm].errors)
    frame = pairs.frame("pyarrow")
    assert frame.num_rows == len(pairs)
    with pytest.raises(InputError):
        trial.difference("logistic", "logistic")
    with pytest.raises(InputError):
        trial.difference("logistic", "nobody")


def test_other_thresholds_and_costs(trials: dict[str, Trial]) -> None:
    trial = trials["binary"]
    p, y = trial.results["logistic"].probability, trial.results.y
    made = trial.evaluate("logistic", threshold=0.3)
    flags = (p >= 0.3).ravel()
    both = np.tile(y, len(p))
    assert made["recall"].value == pytest.approx(recall_score(both, flags))
    assert made["precision"].value == pytest.approx(precision_score(both, flags))
    assert (
        made["average_precision"] == (trial["logistic"].evaluation["average_precision"])
    )
    waits = trial.evaluate("logistic", threshold=0.3, lower=0.1)
    assert waits.confusion is not None
    assert waits.confusion.undecided == pytest.approx(
        ((p >= 0.1) & (p < 0.3)).sum() / len(p)
    )
    dear = trial.evaluate("logistic", goal=eq.Goal(costs=(1, 9)))
    assert dear.threshold == 0.1
    assert trial.judged(metric="roc_auc").results.metric == "roc_auc"
    for wrong in ({}, {"goal": "mcc", "threshold": 0.5}, {"goal": "mcc", "lower": 0.1}):
        with pytest.raises(InputError):
            trial.evaluate("logistic", **wrong)


def test_a_threshold_learns_no_average_again(
    trials: dict[str, Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = trials["an average"]

    def never(*args: Any, **options: Any) -> Any:
        raise AssertionError("an average was learned")

    monkeypatch.setattr(basis, "with_blends", never)
    p = trial.results["auto"].probability
    made = trial.evaluate("auto", threshold=0.3)
    y = np.tile(trial.results.y, len(p))
    assert made["recall"].value == pytest.approx(recall_score(y, (p >= 0.3).ravel()))


def test_scores_and_folds_are_frames(trials: dict[str, Trial]) -> None:
    trial = trials["binary"]
    scores = trial.out_of_fold("pandas")
    assert len(scores) == 2 * 400
    one = scores[(scores.repeat == 0) & (scores.fold == 1)]
    within = trial.folds("pandas").query(
        "strategy == 'logistic' and metric == 'average_precision'"
    )
    value = within[(within.repeat == 0) & (within.fold == 1)].value.item()
    assert value == pytest.approx(average_precision_score(one.y, one.logistic))
    classes = trials["classes"].out_of_fold("pandas")
    task = trials["classes"].task
    columns = [f"logistic_{name}" for name in task.classes]
    np.testing.assert_allclose(classes[columns].sum(axis=1), 1)
    labels = trials["labels"].out_of_fold("pandas")
    assert {f"y_{name}" for name in trials["labels"].task.classes} <= set(labels)


def test_a_model_is_no_trial(tmp_path: Path, trials: dict[str, Trial]) -> None:
    from equipoise.verbs.model import load_model, load_trial

    trials["binary"].write(tmp_path)
    with pytest.raises(BundleError):
        load_model(tmp_path / "trial.equipoise")
    model = eq.fit(two_classes(), strategy="logistic", folds=2, repeats=1)
    path = model.save(tmp_path / "m.equipoise")
    with pytest.raises(BundleError, match="no folder of a trial"):
        load_trial(path)
    assert json.loads((tmp_path / "comparison.json").read_text())["seed"] == 0
