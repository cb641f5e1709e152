# SPDX-License-Identifier: Apache-2.0
"""The scripts for shells offer what the program takes."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from equipoise.cli.app import app
from equipoise.cli.completion import (
    SCRIPTS,
    CompletedOption,
    bash_script,
    fish_script,
    option_words,
    verbs_of,
    zsh_script,
)
from equipoise.cli.options import parse_objective, parse_task_objective
from equipoise.decision.task_objectives import task_objective
from equipoise.errors import InputError
from equipoise.evaluation.cross_validation import check_headline
from equipoise.metrics.task_registry import task_metric_names
from equipoise.strategies.catalogue import catalogue
from equipoise.strategies.tuned import Tuned
from equipoise.task import TASK_KINDS, Task
from equipoise.training.settings import TrainingSettings

ROOT: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = ROOT.commands
VERBS = verbs_of(ROOT)


def shell(name: str) -> str:
    place = shutil.which(name)
    if place is None:
        pytest.skip(f"{name} is not installed")
    return place


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "equipoise.bash"
    path.write_text(bash_script(VERBS))
    return path


def offered(script: Path, *words: str) -> list[str]:
    """Return what bash offers for the last of some words."""
    line = " ".join(shlex.quote(word) for word in ("equipoise", *words))
    code = (
        f"source {shlex.quote(str(script))}; COMP_WORDS=({line}); "
        f"COMP_CWORD={len(words)}; _equipoise; "
        'for word in "${COMPREPLY[@]}"; do printf \'%s\\n\' "$word"; done'
    )
    done = subprocess.run(
        [shell("bash"), "--norc", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_bash_knows_the_program(script: Path) -> None:
    code = f"source {shlex.quote(str(script))}; complete -p equipoise"
    done = subprocess.run(
        [shell("bash"), "--norc", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == (
        "complete -o bashdefault -o default -F _equipoise equipoise"
    )


def test_verbs_are_offered_first(script: Path) -> None:
    assert set(offered(script, "")) == {*COMMANDS, "--version", "--help"}
    assert offered(script, "comp") == ["compare", "completion"]


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_all_options_of_a_verb_are_offered(script: Path, verb: str) -> None:
    names = {
        name
        for param in COMMANDS[verb].params
        for name in (*param.opts, *param.secondary_opts)
        if name.startswith("-")
    }
    assert set(offered(script, verb, "-")) == {*names, "--help"}


def test_values_are_offered_after_their_option(script: Path) -> None:
    assert offered(script, "compare", "bank.csv", "--task", "") == list(TASK_KINDS)
    assert offered(script, "compare", "bank.csv", "--task", "multic") == ["multiclass"]
    assert offered(script, "compare", "--task", "=", "b") == ["binary"]
    assert offered(script, "compare", "--task", "=") == list(TASK_KINDS)
    assert offered(script, "export", "m", "--format", "") == ["saved_model", "onnx"]
    assert "average_precision" in offered(script, "compare", "--metric", "av")
    assert "macro_f1" in offered(script, "fit", "--objective", "macro")
    assert offered(script, "completion", "") == list(SCRIPTS)


def test_lists_are_completed_name_by_name(script: Path) -> None:
    assert set(offered(script, "compare", "--strategies", "")) == set(catalogue())
    assert offered(script, "compare", "--strategies", "plain,smo") == [
        "plain,smote",
        "plain,smoteboost",
    ]


def test_files_are_left_to_the_shell(script: Path) -> None:
    assert offered(script, "compare", "") == []
    assert offered(script, "compare", "bank.csv", "--test", "x") == []
    assert offered(script, "compare", "bank.csv", "--seed", "") == []


def test_a_value_is_no_verb(script: Path) -> None:
    assert "--html" in offered(script, "diagnose", "fit", "--ht")


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_the_script_is_read_by_its_shell(name: str, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text(SCRIPTS[name](VERBS))
    subprocess.run([shell(name), "-n", str(path)], check=True)


def fish_offers(folder: Path, line: str) -> list[str]:
    """Return what fish offers at the end of a line, without the descriptions."""
    (folder / "equipoise.fish").write_text(fish_script(VERBS))
    code = f"source equipoise.fish; complete -C {shlex.quote(line)}"
    done = subprocess.run(
        [shell("fish"), "--no-config", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    assert done.stderr == ""
    return [shown.split("\t")[0] for shown in done.stdout.splitlines()]


# Writes down what is offered at a press of the tab key, and the line after it.
ZSH_SETUP = """
PROMPT=""
fpath=($PWD $fpath)
autoload -Uz compinit; compinit -u -D
compadd() {
    local -a hits
    [[ "$*" == *(-O|-A|-D)\\ * ]] || {
        builtin compadd -A hits "$@"; print -rl -- $hits >> offered
    }
    builtin compadd "$@"
}
complete_once() { zle complete-word; print -r -- "line:$BUFFER" >> offered; exit }
zle -N complete_once
bindkey "^I" complete_once
"""


def zsh_offers(folder: Path, line: str) -> list[str]:
    """Return what an interactive zsh offers at the end of a line, and the line then."""
    pty = pytest.importorskip("pty")
    place = shell("zsh")
    offered = folder / "offered"
    offered.unlink(missing_ok=True)
    (folder / "_equipoise").write_text(zsh_script(VERBS))
    (folder / "setup").write_text(ZSH_SETUP)
    ours, its = pty.openpty()
    typed = f"source ./setup\n{line}\t"
    with subprocess.Popen(
        [place, "-f", "-i"],
        stdin=its,
        stdout=its,
        stderr=its,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "TERM": "dumb"},
        start_new_session=True,
    ) as process:
        os.close(its)
        os.write(ours, typed.encode())
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            if select.select([ours], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):  # the shell has ended
                    os.read(ours, 4096)
        process.kill()
        os.close(ours)
    return [text for text in offered.read_text().splitlines() if text]


IN_A_SHELL = [
    ("compare --task ", ["binary", "multiclass", "multilabel"]),
    ("compare --task=", ["binary", "multiclass", "multilabel"]),
    ("compare x.csv --out ", ["sub/"]),
    ("compare x.csv --out=", ["sub/"]),
    ("compare x", ["x.csv"]),
    ("compare --strategies=plain,smo", ["plain,smote", "plain,smoteboost"]),
    ("compare x.csv --seed ", []),
    ("diagnose fit --ht", ["--html"]),
    ("comp", ["compare", "completion"]),
]


@pytest.mark.parametrize(("line", "words"), IN_A_SHELL)
def test_fish_offers_what_fits(tmp_path: Path, line: str, words: list[str]) -> None:
    (tmp_path / "x.csv").touch()
    (tmp_path / "sub").mkdir()
    before = line.split()[-1].partition("=")
    head = "".join(before[:2]) if before[1] else ""
    expected = [head + word for word in words]
    assert fish_offers(tmp_path, f"equipoise {line}") == expected


@pytest.mark.parametrize(("line", "words"), IN_A_SHELL)
def test_zsh_offers_what_fits(tmp_path: Path, line: str, words: list[str]) -> None:
    (tmp_path / "x.csv").touch()
    (tmp_path / "sub").mkdir()
    *hits, last = zsh_offers(tmp_path, f"equipoise {line}")
    bare = {word.rpartition(",")[2].rstrip("/") for word in words}
    assert set(hits) == bare
    assert last.startswith(f"line:equipoise {line}")
    if len(words) == 1:
        assert re.split("[ =]", last.rstrip(" ="))[-1] == words[0]


def test_the_other_shells_have_all_options_and_words() -> None:
    zsh, fish = zsh_script(VERBS), fish_script(VERBS)
    for verb, (_, options) in VERBS.items():
        assert f"    {verb})\n" in zsh
        for option in options:
            for name in option.names:
                dashes = "l" if name.startswith("--") else "s"
                takes = option.kind != "flag" and dashes == "l"
                assert f"{name}{'=' if takes else ''}[" in zsh
                assert f" -{dashes} {name.lstrip('-')} " in fish
            if option.words:
                assert " ".join(option.words) in zsh
                assert " ".join(option.words) in fish
    assert "'1:" in zsh
    assert "_files -/" in zsh


def test_quotes_in_a_help_text_end_nothing() -> None:
    """Both scripts quote such a text as their shell reads it."""
    assert shlex.split(zsh_script(VERBS).split("_arguments ")[2].split(" ;;")[0])
    for line in fish_script(VERBS).splitlines():
        bare = line.replace("\\'", "")
        assert bare.count("'") % 2 == 0


def test_fish_offers_all_names_of_a_flag() -> None:
    names = ("--raw", "--plain", "-r")
    for kind, value in (("flag", ""), ("value", " -x")):
        option = CompletedOption(names, kind, "as it is")  # type: ignore[arg-type]
        line = fish_script({"show": ("Show it", (option,))}).splitlines()[-1]
        here = "complete -c equipoise -n '__fish_seen_subcommand_from show'"
        assert line == f"{here} -s r -l raw -l plain{value} -d 'as it is'"


def test_verbs_are_described_as_in_the_help() -> None:
    text = CliRunner().invoke(app, ["--help"], terminal_width=80).output
    for verb, (shown, _) in VERBS.items():
        assert f"  {verb:<10}  {shown}.\n" in text


def test_words_belong_to_options_of_the_program() -> None:
    names = {
        (v, name) for v, c in COMMANDS.items() for p in c.params for name in p.opts
    }
    assert set(option_words()) <= names


def test_every_word_is_taken_by_its_verb() -> None:
    words = option_words()
    kinds = [Task(kind, ("a", "b", "c")) for kind in ("multiclass", "multilabel")]
    for verb in ("compare", "fit"):
        for word in words[verb, "--objective"]:
            assert parse_task_objective(word) == word
            assert _serves(parse_objective, word) or any(
                _serves(partial(task_objective, task), word) for task in kinds
            )
    for word in words["compare", "--metric"]:
        two = _serves(partial(check_headline, priced=False), word)
        assert two or any(word in task_metric_names(t, headline=True) for t in kinds)
    for word in words["compare", "--tune"]:
        Tuned(word)
    with pytest.raises(InputError, match="none of whose options"):
        Tuned("prior")
    assert set(words["importance", "--metric"]) == {"average_precision", "roc_auc"}
    for verb in ("compare", "fit"):
        for word in words[verb, "--precision"]:
            assert TrainingSettings(precision=word).precision == word


def test_a_number_has_no_words(script: Path) -> None:
    assert offered(script, "diagnose", "bank.csv", "--precision", "") == []
    assert offered(script, "importance", "m", "bank.csv", "--metric", "") == [
        "average_precision",
        "roc_auc",
    ]
    assert "cost" not in offered(script, "fit", "--objective", "")


def _serves(check: Callable[[str], object], word: str) -> bool:
    try:
        check(word)
    except InputError:
        return False
    return True


def test_an_unknown_shell_is_refused() -> None:
    done = CliRunner().invoke(app, ["completion", "csh"])
    assert done.exit_code == 2
    assert "bash, zsh, fish, not 'csh'" in " ".join(done.output.split())


def test_the_verb_prints_the_script() -> None:
    done = CliRunner().invoke(app, ["completion", "bash"])
    assert done.exit_code == 0
    assert done.output == bash_script(VERBS)
