# SPDX-License-Identifier: Apache-2.0
"""Sentences of the library in the words of the command line."""

from __future__ import annotations

import shlex

import pytest
import typer

from equipoise.cli.app import app
from equipoise.cli.options import Reading
from equipoise.cli.wording import as_options, command, flags

ROOT = typer.main.get_command(app)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pass target=COLUMN.", "Pass --target COLUMN."),
        ("Pass positive= to choose.", "Pass --positive to choose."),
        ("leave it out with drop=, or", "leave it out with --drop, or"),
        ("name one (time=) and", "name one (--time) and"),
        ("say duplicates='group'.", "say --duplicates 'group'."),
        ("Received minutes=-1.0. Accepted", "Received --minutes -1.0. Accepted"),
        ("precision_floor=0.5 beside it", "--precision-floor 0.5 beside it"),
        ("See fit(table, target='y').", "See fit(table, target='y')."),
        ("Read it with like=.", "Read it with like=."),
        ("Split by group (by='group'), so", "Split by group (--group COLUMN), so"),
        ("Pass by='stratified' if", "Pass no --time if"),
        ("Run it with repeats=5 (--repeats 5).", "Run it with --repeats 5."),
        ("or replace it with force=True.", "or replace it with --force."),
        ("asked by importance=True, or", "asked by --importance, or"),
        ("rare='merge' makes one class", "--rare 'merge' makes one class"),
        ("count=2, or folder=FOLDER and", "count=2, or --out FOLDER and"),
        (
            "Pass costs=(cost of a false alarm, cost of a missed label).",
            "Pass --cost-fp and --cost-fn.",
        ),
        ("2 more notes; see trial.notes or the report", "2 more notes; see the report"),
        (
            "Pass day_first=True or day_first=False.",
            "Pass --day-first or --month-first.",
        ),
        ("'seed'='time'", "'seed'='time'"),
        ("no-target=1 and my.group=2", "no-target=1 and my.group=2"),
    ],
)
def test_arguments_become_options(text: str, expected: str) -> None:
    assert as_options(text, flags(ROOT)) == expected


def test_an_argument_takes_the_option_of_the_verb() -> None:
    text = "Received strategy='x'."
    assert as_options(text, flags(ROOT, "fit")) == "Received --strategy 'x'."
    assert as_options(text, flags(ROOT, "compare")) == "Received --strategies 'x'."
    assert as_options(text, flags(ROOT, "absent")) == "Received --strategy 'x'."


def test_a_command_can_be_pasted() -> None:
    given = [("--target", "my y"), ("--drop", ["a", "$b"]), ("--cost-fp", None)]
    text = command("fit", "it's.csv", given)
    words = ["equipoise", "fit", "it's.csv", "--target", "my y", "--drop", "a"]
    assert shlex.split(text) == [*words, "--drop", "$b"]
    costs = [("--cost-fp", 1.0), ("--cost-fn", 2.5)]
    assert command("fit", "a.csv", costs).endswith("--cost-fp 1 --cost-fn 2.5")
    order = Reading(time="t", day_first=False).options()
    assert (
        command("fit", "a.csv", order) == "equipoise fit a.csv --time t --month-first"
    )
