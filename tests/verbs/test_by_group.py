# SPDX-License-Identifier: Apache-2.0
"""Rows drawn by groups, from the source to the saved model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from typer.testing import CliRunner

import equipoise as eq
from equipoise.cli.app import app
from equipoise.errors import InputError
from equipoise.sampling import ByGroup
from equipoise.strategies import Strategy
from equipoise.strategies.classifier_object import classified
from equipoise.training.settings import TrainingSettings

RANDOM = np.random.default_rng(0)
SITE = RANDOM.choice(["A", "B", "C"], 600, p=[0.7, 0.2, 0.1])
X = RANDOM.normal(size=(600, 2)).round(3)
Y = (RANDOM.random(600) < 1 / (1 + np.exp(1 - X[:, 0] - (SITE == "B")))).astype(int)
ROWS = {"a": X[:, 0], "b": X[:, 1], "site": SITE, "y": Y}
BRIEF: dict[str, Any] = {
    "folds": 2,
    "repeats": 1,
    "network": "linear",
    "training": TrainingSettings(epochs=6),
    "progress": False,
}


def scores(trial, name):
    return trial.scores.log_odds[name]


@pytest.fixture(scope="module")
def trial():
    arms = [
        Strategy(sampling=ByGroup("site")),
        Strategy(sampling=ByGroup("site", {"C": 0.5}, weighted=True)),
        Strategy(learner="trees", sampling=ByGroup("site")),
        Strategy(learner="logistic", sampling=ByGroup("site", weighted=True)),
        Strategy(
            "bag", sampling=ByGroup("site"), plan="bagging", options={"members": 2}
        ),
        classified(LogisticRegression(), sampling=ByGroup("site")),
    ]
    return eq.compare(ROWS, "y", drop=["site"], strategies=arms, **BRIEF)


def test_every_learner_draws_by_groups(trial):
    assert not trial.failed
    assert set(trial.names) == {
        "plain",
        "groups_site",
        "groups_site_weighted",
        "trees+groups_site",
        "logistic+groups_site_weighted",
        "bag",
        "LogisticRegression+groups_site",
    }
    for name in trial.names:
        assert np.isfinite(scores(trial, name)).all()
        assert trial[name].evaluation["roc_auc"].value > 0.6


def test_an_arm_alone_has_the_same_scores_bit_by_bit(trial):
    arm = Strategy(sampling=ByGroup("site"))
    alone = eq.compare(ROWS, "y", drop=["site"], strategies=[arm], **BRIEF)
    np.testing.assert_array_equal(
        scores(alone, arm.name), scores(trial, arm.name), strict=True
    )
    named = eq.compare(ROWS, "y", drop=["site"], strategies="groups_site", **BRIEF)
    np.testing.assert_array_equal(scores(named, arm.name), scores(trial, arm.name))


def test_other_groups_give_other_scores(trial):
    turned = {**ROWS, "site": SITE[::-1]}
    other = eq.compare(turned, "y", drop=["site"], strategies="groups_site", **BRIEF)
    np.testing.assert_array_equal(scores(other, "plain"), scores(trial, "plain"))
    assert (scores(other, "groups_site") != scores(trial, "groups_site")).any()


def test_a_trial_with_the_column_goes_on_in_its_folder(trial, tmp_path):
    """The rows are the same to an earlier trial, whatever is drawn by."""
    first = eq.compare(ROWS, "y", drop=["site"], strategies="prior", **BRIEF)
    first.write(tmp_path)
    again = eq.compare(
        ROWS, "y", drop=["site"], strategies="groups_site", folder=tmp_path, **BRIEF
    )
    np.testing.assert_array_equal(
        scores(again, "groups_site"), scores(trial, "groups_site")
    )
    again.write(tmp_path)
    loaded = eq.load(tmp_path)
    assert loaded.basis.arms == again.basis.arms
    turned = {**ROWS, "site": SITE[::-1]}
    with pytest.raises(InputError, match="not the one of the trial"):
        eq.compare(
            turned,
            "y",
            drop=["site"],
            strategies="groups_site",
            folder=tmp_path,
            **BRIEF,
        )


def test_the_saved_model_needs_no_column(tmp_path):
    model = eq.fit(
        ROWS,
        "y",
        drop=["site"],
        strategy=Strategy(sampling=ByGroup("site", weighted=True)),
        **BRIEF,
    )
    assert model.schema.names == ("a", "b")
    assert model.schema.beside == ()
    model.save(tmp_path / "m.equipoise")
    loaded = eq.load(tmp_path / "m.equipoise")
    new = {"a": X[:5, 0], "b": X[:5, 1]}
    np.testing.assert_array_equal(loaded.predict_proba(new), model.predict_proba(new))


def test_the_column_may_be_the_one_that_groups_rows():
    who = RANDOM.integers(0, 60, 600)
    arms = [
        Strategy(sampling=ByGroup()),
        Strategy(learner="logistic", sampling=ByGroup("who")),
        Strategy("some", "trees", sampling=ByGroup(shares={"3": 0.1, 7: 0.2})),
    ]
    trial = eq.compare(
        {**ROWS, "who": who}, "y", group="who", drop=["site"], strategies=arms, **BRIEF
    )
    assert not trial.failed
    assert any("some: a group whose share is stated" in note for note in trial.notes)


def test_a_table_that_is_read_already_is_drawn_by_its_columns(trial):
    table = eq.read_table(ROWS, "y")
    same = eq.compare(table, drop=["site"], strategies="groups_site", **BRIEF)
    np.testing.assert_array_equal(
        scores(same, "groups_site"), scores(trial, "groups_site")
    )
    feature = eq.compare(table, strategies=["groups_site"], **BRIEF)
    assert not feature.failed


def test_test_rows_need_no_groups(trial):
    later = {name: values[:80] for name, values in ROWS.items() if name != "site"}
    tested = eq.compare(
        ROWS, "y", test=later, drop=["site"], strategies="groups_site", **BRIEF
    )
    np.testing.assert_array_equal(
        scores(tested, "groups_site"), scores(trial, "groups_site")
    )


def test_several_classes_and_labels():
    y = np.where(X[:, 1] > 1, 2, Y)
    arms = [
        Strategy(sampling=ByGroup("site", classes="balanced")),
        Strategy(learner="logistic", sampling=ByGroup("site", weighted=True)),
    ]
    trial = eq.compare({**ROWS, "y": y}, "y", drop=["site"], strategies=arms, **BRIEF)
    assert not trial.failed
    labels = {"l1": Y, "l2": (X[:, 1] > 1).astype(int)}
    rows = {**{k: v for k, v in ROWS.items() if k != "y"}, **labels}
    trial = eq.compare(
        rows, targets=["l1", "l2"], drop=["site"], strategies=arms, **BRIEF
    )
    assert not trial.failed


def test_a_network_of_the_users_is_drawn_by_group():
    def build() -> keras.Model:
        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])

    who = np.arange(600) // 10
    arms = [Strategy(sampling=ByGroup()), Strategy(sampling=ByGroup(weighted=True))]
    trial = eq.compare(
        (X, Y),
        group=who,
        model=build,
        strategies=arms,
        **{**BRIEF, "network": "default"},
    )
    assert not trial.failed
    with pytest.raises(InputError, match="rows without columns"):
        eq.compare((X, Y), model=build, strategies="groups_site", **BRIEF)
    pairs = Strategy("pairs", sampling=ByGroup(weighted=True), loss="pairwise_auc")
    failed = eq.compare((X, Y), group=who, model=build, strategies=[pairs], **BRIEF)
    assert "example weights" in failed.failed["pairs"]


def test_what_is_refused_before_training():
    for arm, message in (
        ("groups", "Pass group= when the rows are read"),
        ("groups_sit", "Did you mean 'site'"),
        (Strategy(sampling=ByGroup("site", {"D": 0.5})), "'A', 'B', 'C'"),
    ):
        with pytest.raises(InputError, match=message):
            eq.compare(ROWS, "y", strategies=[arm], **BRIEF)
    holed = {**ROWS, "site": np.where(X[:, 0] > 2, None, SITE)}
    with pytest.raises(InputError, match="without a 'site'"):
        eq.compare(holed, "y", drop=["site"], strategies="groups_site", **BRIEF)


def written(tmp_path, columns):
    lines = [columns, *zip(*columns.values(), strict=True)]
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"{','.join(map(str, line))}\n" for line in lines))
    return path


def test_the_command_line_reads_the_column_for_the_draw(tmp_path):
    path = written(tmp_path, ROWS)
    words = ["compare", str(path), "--target", "y", "--drop", "site", "--folds", "2"]
    words += ["--network", "linear", "--repeats", "1", "--strategies", "groups_site"]
    result = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    loaded = eq.load(tmp_path / "out")
    assert "groups_site" in loaded.names
    arm = Strategy(learner="logistic", sampling=ByGroup("site"))
    more = loaded.add([arm])  # the file is read again, with the column
    assert np.isfinite(scores(more, arm.name)).all()


def test_rows_on_disk_are_drawn_by_what_is_stored(tmp_path):
    who = RANDOM.integers(0, 60, 600)
    path = written(tmp_path, {**ROWS, "who": who})
    stored: dict[str, Any] = {**BRIEF, "memory": "1GB", "group": "who"}
    trial = eq.compare(path, "y", strategies=["groups", "groups_site"], **stored)
    assert not trial.failed
    with pytest.raises(InputError, match="ByGroup\\('site'\\)"):
        eq.compare(path, "y", drop=["site"], strategies="groups_site", **stored)
    shares = Strategy(sampling=ByGroup(shares={"3": 0.5}))
    with pytest.raises(InputError, match="no names of group"):
        eq.compare(path, "y", strategies=[shares], **stored)
    with pytest.raises(InputError, match="no names of group"):
        eq.fit(path, "y", strategy=shares, **stored)
