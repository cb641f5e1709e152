# SPDX-License-Identifier: Apache-2.0
"""`equipoise diagnose`: sentences, plain data and a page."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equipoise.errors import InputError


def test_plain_data_are_json(call: Callable[..., Any], folder: Path) -> None:
    words = ["diagnose", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    done = call(*words, "--json", "--mute", "EQP003")
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert data["facts"]["rows"] == 240
    assert data["muted"] == ["EQP003"]
    assert {"findings", "passed", "not_applicable"} <= set(data)


def test_the_next_command_repeats_what_was_given(
    call: Callable[..., Any], folder: Path, next_line: Callable[[str], str]
) -> None:
    train, later = folder / "train.csv", folder / "later.csv"
    words = ["--target", "fraud", "--positive", "1", "--drop", "id"]
    done = call("diagnose", train, *words, "--test", later)
    assert done.exit_code == 0, done.output
    line = next_line(done.stderr)
    given = ["next:", "equipoise", "compare", str(train), *words]
    assert shlex.split(line) == [*given, "--test", str(later), "--out", "trial"]
    assert "next:" not in done.stdout
    assert "next:" not in call("diagnose", train, *words, "--json").output


def test_findings_speak_of_options(
    call: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    rows = (folder / "train.csv").read_text().splitlines()
    copies = tmp_path / "copies.csv"
    copies.write_text("\n".join([*rows, *rows[1:60]]) + "\n")
    done = call("diagnose", copies, "--target", "fraud", "--drop", "id")
    assert "--duplicates 'auto'" in " ".join(done.stdout.split())
    words = ["--target", "fraud", "--drop", "id", "--json", "--duplicates"]
    data = {
        rule: json.loads(call("diagnose", copies, *words, rule).stdout)["facts"]
        for rule in ("group", "ignore")
    }
    assert data["group"]["positive_cases"] < data["ignore"]["positive_cases"]


def test_a_page_is_written_beside_the_sentences(
    call: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "data.html"
    words = ["diagnose", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--html", path]
    done = call(*words)
    assert done.exit_code == 0, done.output
    assert "240 rows" in done.stdout
    page = path.read_text("utf-8")
    assert page.lstrip().startswith("<!doctype html>")
    assert "of 240 rows" in page


def test_json_stays_json_beside_a_page(
    call: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    words = ["diagnose", folder / "train.csv", "--target", "fraud", "--drop", "id"]
    words += ["--json"]
    done = call(*words, "--html", tmp_path / "data.html")
    assert json.loads(done.stdout)["facts"]["rows"] == 240


def test_a_page_that_cannot_be_written_is_refused_first(
    folder: Path, call: Callable[..., Any], tmp_path: Path
) -> None:
    source = folder / "train.csv"
    words = ["diagnose", source, "--target", "fraud", "--drop", "id", "--html"]
    for wrong in (source, tmp_path / "a.pdf", source / "a.html"):
        done = call(*words, wrong)
        assert isinstance(done.exception, InputError)
        assert not done.stdout
    assert call(*words, tmp_path / "new" / "a.html").exit_code == 0
    assert (tmp_path / "new" / "a.html").exists()


def test_several_classes_and_labels(call: Callable[..., Any], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = 120
    frame = pd.DataFrame(
        {
            "x": random.normal(size=rows),
            "kind": random.permutation(list("a" * 70 + "b" * 47 + "c" * 3)),
            "mood_1": random.integers(0, 2, rows),
            "mood_2": random.integers(0, 2, rows),
        }
    )
    frame.to_csv(tmp_path / "rows.csv", index=False)
    page = tmp_path / "page.html"
    words = ["diagnose", tmp_path / "rows.csv", "--target", "kind", "--html", page]
    done = call(*words, "--drop", "mood_1", "--drop", "mood_2")
    assert done.exit_code == 0, done.output
    assert "3 classes of 'kind'" in done.stdout
    assert "EQP027" in done.stdout
    assert "--rare 'drop'" in " ".join(done.stdout.split())
    assert page.read_text("utf-8").lstrip().startswith("<!doctype html>")
    dropped = call(*words, "--rare", "drop", "--json")
    assert len(json.loads(dropped.stdout)["facts"]["classes"]) == 2
    words = ["diagnose", tmp_path / "rows.csv", "--targets", "mood_*", "--json"]
    data = json.loads(call(*words, "--drop", "kind").stdout)
    assert data["facts"]["task"] == "multilabel"
