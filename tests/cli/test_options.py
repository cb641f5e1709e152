# SPDX-License-Identifier: Apache-2.0
"""The options that commands share: what they make, and what they refuse."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from equipoise.cli.app import app
from equipoise.cli.options import (
    OBJECTIVES,
    Reading,
    costs,
    costs_of_classes,
    floors,
    names,
    parse_objective,
    parse_task_objective,
    require_goal_of_several,
    require_one_goal,
)
from equipoise.cli.wording import command
from equipoise.decision.costs import Costs
from equipoise.decision.objectives import as_objective
from equipoise.errors import InputError, TableWarning
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.table.generators import gaussian_shift
from equipoise.task import Task


def test_costs_that_are_complete() -> None:
    assert costs(None, None) is None
    assert costs(1.0, 20.0) == (1.0, 20.0)
    assert costs(1.0, 0.0) == (1.0, 0.0)
    assert costs(1.0, 20.0, 0.5) == Costs(fp=1.0, fn=20.0, abstain=0.5)


@pytest.mark.parametrize(
    ("numbers", "advice"),
    [
        ((1.0, None, None), "give both --cost-fp and --cost-fn, or neither"),
        ((None, 0.0, None), "give both --cost-fp and --cost-fn, or neither"),
        ((None, None, 0.5), "give --cost-fp and --cost-fn with --cost-abstain"),
        ((1.0, None, 0.0), "give --cost-fp and --cost-fn with --cost-abstain"),
    ],
)
def test_costs_that_are_not(numbers: tuple[Any, ...], advice: str) -> None:
    with pytest.raises(typer.BadParameter, match=advice):
        costs(*numbers)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_objective_needs_no_number(name: str) -> None:
    assert parse_objective(name) == name
    assert as_objective(name, {}).name in name


def test_no_objective_is_none() -> None:
    assert parse_objective(None) is None
    assert parse_task_objective(None) is None
    require_one_goal(None, (1.0, 2.0), None)
    require_one_goal(None, None, Path("costs.csv"))


def test_an_objective_that_is_none_of_these() -> None:
    with pytest.raises(InputError, match="f1"):
        parse_objective("f11")
    with pytest.raises(typer.BadParameter, match="--objective or costs, not both"):
        require_one_goal("f1", (1.0, 2.0), None)
    with pytest.raises(typer.BadParameter, match="--objective or costs, not both"):
        require_one_goal("f1", None, Path("costs.csv"))
    with pytest.raises(typer.BadParameter, match="--costs or --cost-fp"):
        require_one_goal(None, (1.0, 2.0), Path("costs.csv"))


def test_objectives_of_any_task() -> None:
    for name in ("f1", "mcc", "macro_f1", "accuracy", "subset_accuracy"):
        assert parse_task_objective(name) == name
    for name in ("cost", "precision", "macro-f1"):
        with pytest.raises(InputError, match="macro_f1"):
            parse_task_objective(name)


def test_floors_of_named_classes() -> None:
    assert floors(None) is floors([]) is None
    assert floors(["POX: recall = 0.9", "a:b:precision=1"]) == {
        "POX": {"recall": 0.9},
        "a:b": {"precision": 1.0},
    }


@pytest.mark.parametrize(
    "text",
    ["POX", "POX:recall", "POX:f1=0.5", ":recall=0.5", "POX:recall=x", "a:recall=nan"],
)
def test_floors_of_another_form(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="NAME:recall=NUMBER"):
        floors([text])
    with pytest.raises(typer.BadParameter, match="twice"):
        floors(["a:recall=0.5", "a:recall=0.6"])


@pytest.mark.parametrize(
    ("goal", "advice"),
    [
        ("precision_floor", "--precision-floor is for two.*'c:precision=0.9'"),
        ("recall_floor", "--recall-floor is for two.*'c:recall=0.9'"),
        ("capacity", "--capacity is for two classes, and these are 3 classes"),
    ],
)
def test_goals_that_two_classes_alone_have(goal: str, advice: str) -> None:
    table = make_classes(60, counts=[30, 20, 10]).table
    table = dataclasses.replace(table, task=Task("multiclass", ("a", "b", "c")))
    require_goal_of_several(table, precision_floor=None)
    with pytest.raises(typer.BadParameter, match=advice):
        require_goal_of_several(table, **{goal: 0.9})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smote", ["smote"]),
        ("plain, focal ,smote", ["plain", "focal", "smote"]),
        (",plain,,", ["plain"]),
        (" , ", []),
        ("", []),
    ],
)
def test_names_of_a_list(text: str, expected: list[str]) -> None:
    assert names(text) == expected


FULL = Reading(
    target="fraud",
    positive="1",
    group="city",
    time="when",
    drop=["id", "note"],
    day_first=True,
    keep=["key"],
    unlabelled="drop",
)


@pytest.mark.parametrize(
    "reading",
    [
        Reading(),
        FULL,
        Reading("y", day_first=False),
        Reading(targets=["label_*", "odd one"], task="multilabel"),
    ],
    ids=["", "all", "few", "labels"],
)
def test_options_are_those_that_a_command_reads(reading: Reading) -> None:
    """The line that a command prints for the next one means the same to that one."""
    line = command("diagnose", "a.csv", reading.options())
    words = shlex.split(line)
    assert words[:3] == ["equipoise", "diagnose", "a.csv"]
    root: Any = typer.main.get_command(app)
    verb: click.Command = root.commands["diagnose"]
    parsed = verb.make_context("diagnose", words[2:]).params
    again = Reading(
        target=parsed["target"],
        positive=parsed["positive"],
        group=parsed["group"],
        time=parsed["time"],
        drop=list(parsed["drop"] or ()) or None,
        day_first=parsed["day_first"],
        keep=list(parsed["keep"] or ()) or None,
        unlabelled=parsed["unlabelled"],
        targets=list(parsed["targets"] or ()) or None,
        task=parsed["task"],
    )
    assert again == reading


def test_what_is_read_follows_the_options(tmp_path: Path) -> None:
    lines = ["key,id,when,city,score,fraud"]
    for i in range(24):
        day = f"{1 + i % 12:02d}/{1 + i % 9:02d}/2024"
        label = ("no", "yes", "")[i % 3]
        lines.append(f"k{i},{i},{day},{'ab'[i % 2]},{i * 0.37:.2f},{label}")
    path = tmp_path / "train.csv"
    path.write_text("\n".join(lines) + "\n")
    reading = Reading(
        "fraud",
        positive="no",
        group="city",
        drop=("id",),
        day_first=True,
        keep=("key",),
        unlabelled="drop",
    )
    with pytest.warns(TableWarning, match="8 rows .* without a label were left out"):
        table, test = reading.read(str(path), str(path))
    assert len(table) == 16
    assert test is not None
    assert len(test) == 16
    assert table.task.classes == ("yes", "no")
    assert {column.name for column in table.columns} == {"key", "when", "score"}
    assert table.groups is not None
    when = {c.name: c for c in table.columns}["when"].values
    assert str(when[2].astype("M8[D]")) == "2024-04-04"
    assert str(when[1].astype("M8[D]")) == "2024-02-02"
    american = dataclasses.replace(reading, day_first=False)
    with pytest.warns(TableWarning, match="without a label"):
        month_first, none = american.read(str(path))
    assert none is None
    other = {c.name: c for c in month_first.columns}["when"].values
    assert (other != when).any()


def test_several_labels_and_classes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    lines = ["loud,fast,label_sad,label_calm,mood"]
    lines += [
        f"{i * 0.37:.2f},{i * i % 7},{i % 2},{i % 3 // 2},{i % 4}" for i in range(60)
    ]
    path.write_text("\n".join(lines) + "\n")
    labels = Reading(targets=["label_*"], drop=["mood"])
    table, test = labels.read(str(path), str(path))
    assert table.task.to_dict() == {
        "task": "multilabel",
        "classes": ["label_sad", "label_calm"],
    }
    assert test is not None
    assert (test.labels() == table.labels()).all()
    others = ["label_sad", "label_calm"]
    several, _ = Reading("mood", drop=others).read(str(path))
    assert several.task.kind == "multiclass"
    with pytest.warns(TableWarning, match="held against"):
        two, _ = Reading("mood", drop=others, task="binary").read(str(path))
    assert two.task.kind == "binary"


COSTS = "truth,b,a,c\na,1,0,2\nb,0,3,1\nc,4,9,0\n"


def test_costs_of_classes_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text(COSTS)
    table = make_classes(60, counts=[30, 20, 10]).table
    named = dataclasses.replace(
        table, task=dataclasses.replace(table.task, classes=("a", "b", "c"))
    )
    made = costs_of_classes(path, None, named)
    assert made.costs == ((0, 1, 2), (3, 0, 1), (9, 4, 0))
    assert costs_of_classes(None, None, named) is None
    with pytest.raises(typer.BadParameter, match="has 3 classes: give --costs FILE"):
        costs_of_classes(None, (1.0, 2.0), named)
    with pytest.raises(InputError, match="missing"):
        costs_of_classes(path, None, table)


def test_the_file_names_the_classes_that_are_left(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text(COSTS)
    table = make_classes(66, counts=[30, 20, 10, 2, 4]).table
    names = ("a", "b", "c", "d", "e")
    table = dataclasses.replace(
        table, task=dataclasses.replace(table.task, classes=names)
    )
    with pytest.raises(InputError, match="missing: 'd', 'e'"):
        costs_of_classes(path, None, table)
    assert costs_of_classes(path, None, table, "drop").classes == ("a", "b", "c")
    # Four rows are enough for four folds.
    with pytest.raises(InputError, match="missing: 'e'"):
        costs_of_classes(path, None, table, "drop", 4)
    with pytest.raises(InputError, match=r"missing: 'other \(rare\)'"):
        costs_of_classes(path, None, table, "merge")


def test_two_costs_are_for_two_classes_and_labels(tmp_path: Path) -> None:
    binary = gaussian_shift(60, positives=20).table
    labels = make_labels(60, shares=[0.5, 0.3]).table
    for table, what in ((binary, "two classes"), (labels, "labels")):
        assert costs_of_classes(None, (1.0, 2.0), table) == (1.0, 2.0)
        with pytest.raises(typer.BadParameter, match=f"these are {what}: give --cost"):
            costs_of_classes(tmp_path / "costs.csv", None, table)
