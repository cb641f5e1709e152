# SPDX-License-Identifier: Apache-2.0
"""The program as its users run it: exit codes, and what goes to which stream."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from equipoise.cli.app import app
from equipoise.cli.options import OBJECTIVES
from equipoise.cli.quiet import is_noise
from equipoise.decision.task_objectives import default_objective
from equipoise.models.goal import Goal
from equipoise.task import Task
from equipoise.verbs.compare import DEFAULT_STRATEGIES

ROOT: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = ROOT.commands


def program(*words: Any) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    code = "from equipoise.cli.app import main; main()"
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_names_every_verb_and_loads_nothing_heavy() -> None:
    done = program("--help")
    assert done.returncode == 0
    for verb in ("diagnose", "compare", "fit", "evaluate", "predict", "doctor"):
        assert verb in done.stdout
    code = (
        "import sys, equipoise.cli.app; "
        "print({'tensorflow', 'sklearn', 'pyarrow', 'numpy'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"


def test_the_list_of_verbs_is_not_cut_at_80_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = CliRunner().invoke(app, ["--help"]).output
    assert "..." not in text.partition("Commands:")[2]
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_says_defaults_and_an_example(flag: str) -> None:
    done = program("compare", flag)
    text = " ".join(done.stdout.replace("│", " ").split())
    assert done.returncode == 0
    assert "[default: (the rarest)]" in text
    assert "[default: (f1, or macro_f1)]" in text
    assert "Example: equipoise compare bank.csv --target y" in text


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_examples_name_options_that_exist(verb: str) -> None:
    command = COMMANDS[verb]
    words = shlex.split(command.epilog.removeprefix("Example: "))
    assert words[:2] == ["equipoise", verb]
    assert command.make_context(verb, words[2:]).params


def test_defaults_in_words_are_true() -> None:
    by_name = {p.name: p.show_default for p in COMMANDS["compare"].params}
    assert by_name["strategies"].split(",") == list(DEFAULT_STRATEGIES)
    several = Task("multiclass", ("a", "b", "c"))
    usual = Goal().estimated()[0], default_objective(several)
    assert by_name["objective"] == ", or ".join(usual)
    for name in OBJECTIVES:
        assert Goal(objective=name).estimated()[0] == name


def test_networks_train_and_predict_without_a_line_of_tensorflow(
    folder: Path,
) -> None:
    out = folder / "network.equipoise"
    words = ["fit", folder / "train.csv", "-t", "fraud", "--drop", "id", "--folds", 2]
    fitted = program(*words, "--strategy", "plain", "--minutes", 0.001, "--out", out)
    assert fitted.returncode == 0, fitted.stderr
    scored = program("predict", out, folder / "new.csv", "--out", folder / "n.csv")
    assert scored.returncode == 0, scored.stderr
    for done in (fitted, scored):
        lines = done.stderr.encode().splitlines()
        assert not [line for line in lines if is_noise(line)]
        assert "Traceback" not in done.stderr
    # On a busy machine it says every ten seconds what it is doing.
    silent = [s for s in scored.stderr.splitlines() if not re.match(r" *\d+ s ", s)]
    assert not silent


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["predict"], 2, "Missing argument"),
        (["fit", "absent.csv", "--out", "m.equipoise"], 1, "absent.csv"),
        (["fit", "example:digits", "--out", "m.pkl"], 2, "m.equipoise"),
        (["predict", "absent.equipoise", "x.csv", "--out", "o.csv"], 1, "absent"),
    ],
)
def test_exit_codes(words: list[str], code: int, message: str) -> None:
    done = program(*words)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize(
    "verb", ["diagnose", "compare", "fit", "evaluate", "predict", "export", "doctor"]
)
def test_help_fits_and_cuts_no_option(verb: str, width: int) -> None:
    runner = CliRunner(env={"COLUMNS": str(width)})
    shown = runner.invoke(app, [verb, "--help"], terminal_width=width).output
    assert max(map(len, shown.split("\n"))) <= width
    assert "\u2026" not in shown
    for option in COMMANDS[verb].params:
        for name in option.opts:
            assert not name.startswith("--") or name in shown
