# SPDX-License-Identifier: Apache-2.0
"""The program `equipoise`: its verbs, and its exit codes.

0: done. 1: failed, or a finding that `--fail-on` names. 2: wrong usage.
130: stopped by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP; no half-written file is left.
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from equipoise.cli.compare import compare
from equipoise.cli.completion import completion
from equipoise.cli.diagnose import diagnose
from equipoise.cli.doctor import doctor
from equipoise.cli.evaluate import evaluate
from equipoise.cli.export import export
from equipoise.cli.fit import fit
from equipoise.cli.importance import importance
from equipoise.cli.predict import predict
from equipoise.cli.report import report
from equipoise.cli.stopping import unwinding
from equipoise.cli.terminal import console, say_error, say_warning
from equipoise.cli.wording import as_options, flags
from equipoise.cli.work import work
from equipoise.errors import (
    EquipoiseError,
    EquipoiseWarning,
    InputError,
    InputTypeError,
    printable,
)

app = typer.Typer(
    name="equipoise",
    help="Learn from imbalanced data: diagnose it, try every remedy in one fair "
    "trial, and see with intervals what helps.",
    epilog="First: equipoise compare data.csv --target COLUMN --out trial",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its boxes cut the names of options in narrow terminals
    context_settings={"help_option_names": ["--help", "-h"]},
)
for _verb, _example in (
    (diagnose, "diagnose bank.csv --target y --html findings.html"),
    (compare, "compare bank.csv --target y --cost-fp 1 --cost-fn 20 --out trial"),
    (fit, "fit bank.csv --target y --precision-floor 0.5 --out bank.equipoise"),
    (evaluate, "evaluate bank.equipoise later.csv"),
    (predict, "predict bank.equipoise new.csv --keep id --out scores.csv"),
    (importance, "importance bank.equipoise bank.csv"),
    (export, "export bank.equipoise --out bank.onnx"),
    (work, "work trial"),
    (report, "report trial"),
    (doctor, "doctor --json"),
    (completion, "completion bash"),
):
    app.command(epilog=f"Example: equipoise {_example}")(_verb)

EXIT_FAILED = 1
EXIT_USAGE = 2
EXITS_STOPPED = (130, 143, 129)  # what Typer makes of Ctrl-C; SIGTERM; SIGHUP


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        console().print(f"equipoise {version('equipoise')}", highlight=False)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            callback=_version,
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Hold the options of the program itself."""


def main() -> None:
    """Run the program; the only place where exceptions become exit codes."""
    options = flags(typer.main.get_command(app), _verb_of(sys.argv[1:]))
    warnings.showwarning = functools.partial(_show_warning, options)
    try:
        with unwinding():
            app()
    except SystemExit as stop:
        if stop.code in EXITS_STOPPED:
            say_error("Stopped. No half-written file is left.")
        raise
    except EquipoiseError as error:
        say_error(as_options(str(error), options))
        # Exactly these two mean a wrong argument; their subclasses mean bad data.
        usage = type(error) in (InputError, InputTypeError)
        sys.exit(EXIT_USAGE if usage else EXIT_FAILED)
    except OSError as error:
        say_error(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
        sys.exit(EXIT_FAILED)


def _verb_of(words: Sequence[str]) -> str:
    return next((word for word in words if not word.startswith("-")), "")


def _show_warning(
    options: Mapping[str, str],
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    """Print our own warnings as sentences, others as Python does."""
    if issubclass(category, EquipoiseWarning):
        say_warning(as_options(str(message), options))
    else:
        text = warnings.formatwarning(message, category, filename, lineno, line)
        sys.stderr.write(printable(text))
