# SPDX-License-Identifier: Apache-2.0
"""The program `equipoise`: its verbs, and its exit codes.

0: done. 1: failed, or a finding that `--fail-on` names. 2: wrong usage.
130: stopped by Ctrl-C; no half-written file is left.
"""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer

from equipoise.cli.compare import compare
from equipoise.cli.diagnose import diagnose
from equipoise.cli.doctor import doctor
from equipoise.cli.evaluate import evaluate
from equipoise.cli.export import export
from equipoise.cli.fit import fit
from equipoise.cli.predict import predict
from equipoise.cli.terminal import console, say_error, say_warning
from equipoise.errors import (
    EquipoiseError,
    EquipoiseWarning,
    InputError,
    InputTypeError,
)

app = typer.Typer(
    name="equipoise",
    help="Learn from imbalanced data: diagnose it, try every remedy in one fair "
    "trial, and see with intervals what helps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(diagnose)
app.command()(compare)
app.command()(fit)
app.command()(evaluate)
app.command()(predict)
app.command()(export)
app.command()(doctor)

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_STOPPED = 130


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        console().print(f"equipoise {version('equipoise')}", highlight=False)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Hold the options of the program itself."""


def main() -> None:
    """Run the program; the only place where exceptions become exit codes."""
    warnings.showwarning = _show_warning
    try:
        app()
    except SystemExit as stop:
        if stop.code == EXIT_STOPPED:  # what Typer makes of Ctrl-C
            say_error("Stopped. No half-written file is left.")
        raise
    except EquipoiseError as error:
        say_error(str(error))
        # Exactly these two mean a wrong argument; their subclasses mean bad data.
        usage = type(error) in (InputError, InputTypeError)
        sys.exit(EXIT_USAGE if usage else EXIT_FAILED)
    except OSError as error:
        say_error(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
        sys.exit(EXIT_FAILED)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    """Print our own warnings as sentences, others as Python does."""
    if issubclass(category, EquipoiseWarning):
        say_warning(str(message))
    else:
        sys.stderr.write(
            warnings.formatwarning(message, category, filename, lineno, line)
        )
