# SPDX-License-Identifier: Apache-2.0
"""Sentences of the library in the words of the command line."""

from __future__ import annotations

import functools
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from equipoise.errors import printable

# Arguments whose option has another name than the argument, or none.
_ALL = {
    "by='group'": "--group COLUMN",
    "by='time'": "--time COLUMN",
    "by='stratified'": "no --time",
    "checkpoints": "--out",
    "folder": "--out",
    "goal": "--objective",
    "runner": "--workers",
}
_OTHER = {"compare": {"strategy": "--strategies"}}
# What only a call can say.
_PHRASES = {
    "costs=(cost of a false alarm, cost of a missed label)": "--cost-fp and --cost-fn",
    "trial.notes or the report": "the report",
}
# A call of a function, which stays as it is; or an argument and its value.
_ARGUMENT = re.compile(
    r"[\w.]+\([^()]*\)|(?<![\w.-])([a-z_]+)=('[^']*'|\"[^\"]*\"|[\w+-](?:[\w.+-]*\w)?)?"
)
# An argument, and behind it the option.
_BOTH = re.compile(r"\b[a-z_]+=([\w.]+) \((--[a-z-]+ \1)\)")


def flags(root: Any, verb: str = "") -> dict[str, str]:
    """Return argument -> option of all verbs; if they differ, of this one.

    Args:
        root: The program, as `typer.main.get_command` gives it.
        verb: The verb at hand, or nothing.
    """
    ordered = [*(c for n, c in root.commands.items() if n != verb)]
    ordered += [root.commands[verb]] if verb in root.commands else []
    options = {}
    for command in ordered:
        for option in command.params:
            if not option.opts[0].startswith("--"):
                continue
            options[option.name] = option.opts[0]
            if getattr(option, "is_flag", False):
                options[f"{option.name}=True"] = option.opts[0]
            if option.secondary_opts:  # such as --day-first/--month-first
                options[f"{option.name}=False"] = option.secondary_opts[0]
    return _ALL | options | _OTHER.get(verb, {})


def as_options(text: str, flags: Mapping[str, str]) -> str:
    """Write `target=COLUMN` as `--target COLUMN` if there is such an option.

    Calls of functions stay as they are.

    Args:
        text: A sentence.
        flags: Argument -> option.

    Example:
        >>> as_options("Pass target=COLUMN, or margin=0.1.", {"target": "--target"})
        'Pass --target COLUMN, or margin=0.1.'
        >>> as_options("See read(X, target=y).", {"target": "--target"})
        'See read(X, target=y).'
    """

    def option(match: re.Match[str]) -> str:
        name, value = match[1], match[2]
        if match[0] in flags:
            return flags[match[0]]
        if name not in flags:
            return match[0]
        return flags[name] if value is None else f"{flags[name]} {value}"

    text = _BOTH.sub(r"\2", text)
    for phrase, words in _PHRASES.items():
        text = text.replace(phrase, words)
    return _ARGUMENT.sub(option, text)


def in_options(context: Any) -> Callable[[str], str]:
    """Return what writes a sentence in the options of the verb that is running.

    Args:
        context: Of the verb, as Typer hands it over.
    """
    options = flags(context.find_root().command, context.info_name or "")
    return functools.partial(as_options, flags=options)


def command(verb: str, source: str, options: Iterable[tuple[str, Any]]) -> str:
    """Return a command that can be pasted into a shell.

    Args:
        verb: The verb.
        source: Its file.
        options: Pairs of an option and its value; a list repeats the option, True
            is an option without a value, and one whose value is None is left out.

    Example:
        >>> command("fit", "my file.csv", [("--target", "y"), ("--group", None)])
        "equipoise fit 'my file.csv' --target y"
    """
    words = ["equipoise", verb, source]
    for name, value in options:
        several = value if isinstance(value, list) else [value]
        for one in several:
            if one is not None:
                words += [name] if one is True else [name, _written(one)]
    return pasted(words)


def pasted(words: Iterable[str]) -> str:
    """Return words of a command as they can be pasted into a shell.

    Args:
        words: The program and its arguments.

    Example:
        >>> pasted(["equipoise", "diagnose", "my file.csv"])
        "equipoise diagnose 'my file.csv'"
    """
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    """Return a word for a shell; control characters become escapes that it reads."""
    if printable(word, lines=False) == word:
        return shlex.quote(word)
    letters = (
        "\\" + c
        if c in "'\\"
        else c
        if printable(c, lines=False) == c
        else "".join(f"\\x{byte:02x}" for byte in os.fsencode(c))
        for c in word
    )
    return "$'" + "".join(letters) + "'"


def _written(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value)
