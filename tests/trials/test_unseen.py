# SPDX-License-Identifier: Apache-2.0
"""Trials that leave kinds of positives out, from end to end."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import equipoise as eq
from equipoise.errors import UnsupportedError
from equipoise.strategies.strategy import Strategy
from equipoise.trials.unseen import column_kept, kind_notes, kind_split_by
from equipoise.verbs.trial import Trial

FOREST = Strategy("forest", learner="isolation_forest", options={"trees": 30})


def columns() -> dict[str, Any]:
    """Three kinds of positives, each odd in a direction of its own."""
    random = np.random.default_rng(0)
    x = random.normal(size=(420, 3))
    kind = np.array([None] * 420, object)
    for place, (name, size) in enumerate([("up", 24), ("down", 20), ("far", 16)]):
        start = [0, 24, 44][place]
        kind[start : start + size] = name
        x[start : start + size, place] += [5.0, -5.0, 6.0][place]
    y = np.array([value is not None for value in kind]).astype(int)
    data = {name: x[:, i] for i, name in enumerate("abc")}
    order = random.permutation(420)
    return {n: v[order] for n, v in {**data, "kind": kind, "y": y}.items()}


@functools.cache
def trial() -> Trial:
    return eq.compare(
        columns(),
        "y",
        positive=1,
        unseen="kind",
        strategies=["logistic", FOREST],
        network="linear",
        repeats=2,
    )


def test_a_kind_is_scored_by_models_that_have_not_seen_it() -> None:
    kinds = columns()["kind"]
    folds = trial().scores.folds
    for repeat in folds:
        places = {name: set(repeat[kinds == name]) for name in ("up", "down", "far")}
        assert sorted(map(list, places.values())) == [[0], [1], [2]]
    assert trial().protocol.folds == 3
    assert trial().facts["columns"] == {"numeric": 3}


def test_values_of_a_kind_are_those_of_its_rows_among_all_negatives() -> None:
    unseen = trial().unseen
    assert unseen is not None
    y, kinds = columns()["y"] == 1, columns()["kind"]
    assert unseen.positives == {"down": 20, "far": 16, "up": 24}
    assert unseen.negatives == 360
    for name in trial().names:
        arm = trial().results[name]
        flagged = arm.decided.flagged
        assert unseen.false_alarms[name] == pytest.approx(flagged[:, ~y].mean())
        for kind in unseen.names:
            rows = ~y | (kinds == kind)
            values = unseen.unseen[name][kind]
            each = [
                (average_precision_score(y[rows], z), roc_auc_score(y[rows], z))
                for z in arm.aligned[:, rows]
            ]
            precision, area = np.mean(each, axis=0)
            assert values["average_precision"].value == pytest.approx(precision)
            assert values["roc_auc"].value == pytest.approx(area)
            recall = flagged[:, kinds == kind].mean()
            assert values["recall"].value == pytest.approx(recall)
            for estimate in values.values():
                assert estimate.low <= estimate.value <= estimate.high


def test_a_detector_finds_what_a_classifier_has_not_seen() -> None:
    unseen = trial().unseen
    assert unseen is not None
    for kind in unseen.names:
        assert "forest" in unseen.ranked(kind)
        assert "logistic" not in unseen.ranked(kind)
        seen = unseen.seen["logistic"][kind]["roc_auc"].value
        assert seen > unseen.unseen["logistic"][kind]["roc_auc"].value + 0.2
    notes = " ".join(trial().notes)
    assert "column 'kind'" in notes
    assert "each of the 3 folds leaves one kind" in notes


def test_screen_page_and_file_say_it(tmp_path: Path) -> None:
    text = str(trial())
    assert "3 folds x 2 repeats, each without one kind of positives" in text
    assert "ranked above the negatives by 'forest'" in text
    trial().write(tmp_path)
    stored = json.loads((tmp_path / "comparison.json").read_text())
    kinds = stored["unseen"]["kinds"]
    assert [kind["name"] for kind in kinds] == ["down", "far", "up"]
    assert kinds[0]["arms"][0]["seen"]["recall"]["value"] >= 0
    page = (tmp_path / "report.html").read_text()
    assert "Kinds of positives that nobody had seen" in page
    assert page.count("ranked above the negatives by") == 3
    ordinary = eq.compare(
        columns(),
        "y",
        positive=1,
        strategies="prior",
        network="linear",
        folds=2,
        repeats=1,
    )
    assert "unseen" not in ordinary.to_dict()
    assert "nobody had seen" not in ordinary.report()


def test_what_is_said_of_kinds_goes_with_the_goal_and_the_arms(tmp_path: Path) -> None:
    trial().write(tmp_path)
    assert trial().judged(margin=0.2).unseen is not None
    said = "Compare again, in a new folder"
    dear = trial().judged(goal=eq.Goal(costs=(1, 50)))
    assert dear.results["logistic"].decided.flagged.mean() > (
        trial().results["logistic"].decided.flagged.mean()
    )

    def again(**options: Any) -> Trial:
        usual = {"strategies": ["logistic", FOREST], "network": "linear", "repeats": 2}
        return eq.compare(
            columns(),
            "y",
            positive=1,
            unseen="kind",
            folder=tmp_path,
            **{**usual, **options},
        )

    same = again()
    assert same.unseen is not None
    assert same.unseen.false_alarms == trial().unseen.false_alarms
    more = again(strategies=["logistic", FOREST, "prior"])
    assert "prior" in more.names
    for other in (dear, more, again(costs=(1, 50))):
        assert other.unseen is None
        assert sum(said in note for note in other.notes) == 1
        assert "each without one kind of positives" in str(other)
        assert "nobody had seen" not in other.report()
    more.write(tmp_path)
    loaded = eq.load(tmp_path)
    assert loaded.unseen is None
    assert sum(said in note for note in loaded.notes) == 1
    assert sum(said in note for note in again(costs=(1, 50)).notes) == 1
    for unseen in (dear, loaded):
        with pytest.raises(UnsupportedError, match="Compare all arms again"):
            unseen.add("trees")


def test_clusters_serve_if_nobody_named_kinds() -> None:
    data = {name: values for name, values in columns().items() if name != "kind"}
    found = eq.compare(
        data,
        "y",
        positive=1,
        unseen="auto",
        strategies=FOREST,
        network="linear",
        repeats=1,
    )
    assert found.unseen is not None
    assert found.unseen.names == ("cluster 1", "cluster 2", "cluster 3")
    assert sorted(found.unseen.positives.values()) == [16, 20, 24]
    assert any("not kinds that anybody named" in note for note in found.notes)


def test_time_and_arrays_are_refused() -> None:
    table = eq.read_table(
        {**columns(), "t": np.arange(420.0)}, "y", time="t", positive=1
    )
    with pytest.raises(UnsupportedError, match="Pass by='stratified'"):
        eq.compare(table, unseen="kind")
    assert kind_split_by(table, "stratified") == "stratified"
    with pytest.raises(UnsupportedError, match="with model="):
        column_kept((np.zeros((4, 2)), np.arange(4) % 2), "auto", (), lambda: None)


def test_the_column_is_kept_while_the_source_is_read() -> None:
    assert column_kept("file.csv", "kind", ["id"], None) == ["id", "kind"]
    assert column_kept("file.csv", "kind", ["kind"], None) == ["kind"]
    assert column_kept("file.csv", "auto", [], None) == []
    assert kind_notes(None) == ()
