# SPDX-License-Identifier: Apache-2.0
"""Names of the user's, or of a stranger's, do not command the terminal."""

from __future__ import annotations

import html
import io
import json
import math
import re
import shlex
import subprocess
import sys
import time
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

import equipoise as eq
from equipoise.cli import terminal
from equipoise.cli.wording import command
from equipoise.jobs import ArmSoFar
from equipoise.verbs.trial import Trial

EVIL = "\x1b[2J\x07\r\n\t\x9b31m\u202e\u2066\u200b\ufeff\u2028[red]z[/red]"
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def unseen(text: str) -> set[str]:
    """Return what a terminal would obey, but for line feeds."""
    return {c for c in text if c != "\n" and unicodedata.category(c) in UNSEEN}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table all of whose names and texts are hostile, in a file of such a name."""
    folder = tmp_path_factory.mktemp("evil")
    random = np.random.default_rng(0)
    x = random.normal(size=300)
    columns = {
        "x" + EVIL: x,
        "city" + EVIL: random.choice(["Bonn" + EVIL, "Lima"], 300),
        "who" + EVIL: [f"p{i % 60}{EVIL}" for i in range(300)],
        "same" + EVIL: ["a" + EVIL] * 300,
        "ill" + EVIL: np.where(x + random.normal(size=300) > 1, "yes", "no" + EVIL),
    }
    pq.write_table(pa.table(columns), folder / "evil\x1b[2J\u202e.parquet")
    return folder


@pytest.fixture(scope="module")
def outputs(place: Path, call: Callable[..., Any]) -> dict[str, str]:
    """What the verbs print, and the pages that they write."""
    source = place / "evil\x1b[2J\u202e.parquet"
    target = ["--target", "ill" + EVIL, "--group", "who" + EVIL]
    short = ["--folds", 2, "--minutes", 0.001]
    model = place / "model\x1b[1m.equipoise"
    trial = ["--strategies", "prior,logistic,plain", "--network", "small", *short]
    fitting = ["--strategy", "logistic", *short]
    calls = {
        "diagnose": ["diagnose", source, *target, "--html", place / "d.html"],
        "diagnose json": ["diagnose", source, *target, "--json"],
        "compare": ["compare", source, *target, *trial, "--out", place / "out\u202e"],
        "fit": ["fit", source, *target, *fitting, "--out", model],
        "evaluate": ["evaluate", model, source],
        "evaluate json": ["evaluate", model, source, "--json"],
        "predict": ["predict", model, source, "--out", place / "p\x1b.csv"],
    }
    found = {}
    for name, words in calls.items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            done = call(*words)
        assert done.exit_code == 0, (name, done.output, done.exception)
        found[name] = done.stdout
        found[f"{name}, standard error"] = done.stderr
        found[f"{name}, warnings"] = "\n".join(str(w.message) for w in caught)
    found["page of diagnose"] = (place / "d.html").read_text(encoding="utf-8")
    page = place / "out\u202e" / "report.html"
    found["page of compare"] = page.read_text(encoding="utf-8")
    found["comparison.json"] = page.with_name("comparison.json").read_text("utf-8")
    return found


def test_no_output_holds_a_control_character(outputs: dict[str, str]) -> None:
    assert {name: unseen(text) for name, text in outputs.items() if unseen(text)} == {}
    assert r"\x1b[2J" in outputs["diagnose"]
    assert "[red]z[/red]" in outputs["compare"].replace("\n", "")


def test_a_name_does_not_begin_a_new_line(outputs: dict[str, str]) -> None:
    for name in ("diagnose", "fit", "evaluate"):
        text = outputs[name]
        assert not re.search(r"^\s*(\\t)?\\x9b31m", text, re.MULTILINE), name


def test_json_says_the_same_names(outputs: dict[str, str]) -> None:
    found = json.loads(outputs["diagnose json"])
    assert found["facts"]["target"] == "ill" + EVIL


def test_a_page_is_whole(outputs: dict[str, str]) -> None:
    page = outputs["page of compare"]
    assert r"\x1b[2J" in html.unescape(page)
    assert page.rstrip().endswith("</html>")


def test_the_next_command_works_in_a_shell() -> None:
    word = "a\x1b'\\b\u202e\n c"
    text = command("fit", word, [("--target", "it's")])
    assert not unseen(text)
    shown = subprocess.run(
        ["bash", "-c", f"printf %s {text.removeprefix('equipoise fit ')}"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert shown == f"{word}--targetit's"


def test_errors_of_the_program(place: Path) -> None:
    code = "from equipoise.cli.app import main; main()"
    for words in (
        ["compare", str(place / f"none{EVIL}.csv")],
        ["evaluate", str(place / f"none{EVIL}.equipoise"), "x.csv"],
        ["diagnose", str(place / "evil\x1b[2J\u202e.parquet"), "--target", EVIL],
        ["compare", str(place / "evil\x1b[2J\u202e.parquet"), "--strategies", EVIL],
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode, words
        assert "Traceback" not in done.stderr
        assert not unseen(done.stdout + done.stderr), done.stderr


def test_a_strategy_has_a_name_that_can_be_shown() -> None:
    with pytest.raises(eq.errors.InputError, match="control"):
        eq.Strategy(name="plain\x1b[31m")


@pytest.mark.parametrize("width", [60, 80])
def test_a_long_command_goes_on_in_the_next_line(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "equipoise fit t.csv " + " ".join(f"--option-{k} value" for k in range(9))
    monkeypatch.setenv("COLUMNS", str(width))
    terminal.say_next(command)
    shown = capsys.readouterr().err.rstrip("\n")
    assert max(map(len, shown.split("\n"))) <= width
    line = shown.removeprefix("next: ").replace("\\\n", "")  # as a shell joins it
    assert shlex.split(line) == shlex.split(command)


def test_errors_are_wrapped_at_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    text = "The table has 3 positives, and needs at least one for each fold. " * 3
    terminal.say_error(text)
    shown = capsys.readouterr().err.rstrip("\n")
    assert max(map(len, shown.split("\n"))) <= 60
    assert shown.split() == ["error:", *text.split()]


class Screen(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_quick_steps_say_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.steps("reading") as show:
        show("judging")
    assert tuple(capsys.readouterr()) == ("", "")


def test_long_steps_say_that_they_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "_LINE_SECONDS", 0.02)
    with terminal.steps("reading") as show:
        show("judging")
        time.sleep(0.5)
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) >= 2
    assert shown[-1].endswith(" s judging")
    time.sleep(0.1)
    assert capsys.readouterr().err == ""  # it has ended


def test_steps_turn_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Screen()
    printer = Console(file=stream, width=80)
    monkeypatch.setattr(terminal, "errors", lambda: printer)
    with terminal.steps(EVIL) as show:
        time.sleep(0.3)
        show("judging")
        time.sleep(0.3)
    text = stream.getvalue()
    assert "judging" in text
    assert "\x1b[2J" not in text


def test_progress_goes_on_in_a_pipe_while_nothing_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "_LINE_SECONDS", 0.04)
    with terminal.progress() as show:
        show("fit 1", 0.1)
        show.arm(ArmSoFar("trees" + EVIL, "average precision", 0.5, 1, 2))
        show.arm(ArmSoFar("trees" + EVIL, "average precision", 0.6, 2, 2))
        show.arm(ArmSoFar("none", "average precision", math.nan, 2, 2))
        time.sleep(0.4)
    text = capsys.readouterr().err
    lines = text.splitlines()
    assert sum(line.endswith("fit 1") for line in lines) >= 3
    assert text.count("0.60 in 2 of 2 folds") == 1
    assert "none" not in text
    assert not unseen(text)


def test_a_terminal_shows_the_arms_above_the_bar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Screen()
    printer = Console(file=stream, width=80, force_terminal=True)
    monkeypatch.setattr(terminal, "errors", lambda: printer)
    with terminal.progress() as show:
        show("fit 1" + EVIL, 0.5)
        show.arm(ArmSoFar("trees", "average precision", 0.5, 1, 2))
        time.sleep(0.6)
    text = stream.getvalue()
    assert "average precision so far" in text
    assert "trees  0.50 in 1 of 2 folds" in text
    assert "50%" in text
    assert "\x1b[2J" not in text


@pytest.mark.parametrize("read", [True, False])
def test_a_person_reads_first_what_to_do(
    read: bool, make_trial: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Screen() if read else io.StringIO()
    printer = Console(file=stream, width=80, color_system=None)
    monkeypatch.setattr(terminal, "console", lambda: printer)
    terminal.show_trial(make_trial(), str)
    shown = stream.getvalue()
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.startswith("Stay with plain (a network") == read
    assert ("arm: one of the strategies" in shown) == read
