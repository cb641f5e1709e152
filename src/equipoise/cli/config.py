# SPDX-License-Identifier: Apache-2.0
"""The options of a verb in a TOML file: read, and written.

A key is an option without its dashes; `source` is the file of rows. What stands on the
command line comes before what the file says.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from equipoise._core.checks import listing, nearest
from equipoise._core.files import write_whole

OWN = ("config", "write")


def _load(context: typer.Context, path: Path | None) -> Path | None:
    """Take the options of a file as the defaults of the command."""
    if path is None:
        return None
    values = read_config(path, str(context.command.name), _keys(context))
    context.default_map = {**(context.default_map or {}), **values}
    return path


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=_load,
        is_eager=True,
        help="Take options from a TOML file; those given here come first.",
        show_default=False,
    ),
]
WriteConfig = Annotated[
    Path | None,
    typer.Option(
        "--write-config",
        metavar="FILE",
        help="Write these options to a TOML file for --config, and stop.",
        show_default=False,
    ),
]


def read_config(path: Path, verb: str, keys: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of a file by the names of the arguments.

    Args:
        path: A TOML file; options stand at its top, or in a table of the verb's name.
        verb: The verb.
        keys: Key of the file to argument.

    Raises:
        typer.BadParameter: It cannot be read, or holds a key that is no option.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} is no TOML file: {error}") from error
    table = data.get(verb, data)
    values = {}
    for key, value in table.items():
        name = str(key).replace("_", "-")
        if name not in keys or isinstance(value, dict):
            hint = nearest(name, keys)
            raise typer.BadParameter(
                f"{path} holds {key!r}, which is no option of {verb}. "
                f"{hint or 'Options are ' + listing(list(keys), 60) + '.'}"
            )
        values[keys[name]] = value
    return values


def write_config(context: typer.Context, path: Path) -> None:
    """Write the options that were given, on the command line or in a file.

    Args:
        context: Of the command.
        path: The file; folders that are absent are made.

    Raises:
        OSError: It cannot be written.
    """
    keys = {argument: key for key, argument in _keys(context).items()}
    lines = [f"# equipoise {context.command.name} --config {path.name}"]
    for name, value in context.params.items():
        source = context.get_parameter_source(name)
        if name in OWN or name not in keys or value is None:
            continue
        if source is not None and source.name != "DEFAULT":
            lines.append(f"{keys[name]} = {toml_value(value)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, ("\n".join(lines) + "\n").encode())


def toml_value(value: Any) -> str:
    """Return a value of an option as TOML.

    Example:
        >>> toml_value(["a", "b"]), toml_value(True), toml_value(0.5)
        ('["a", "b"]', 'true', '0.5')
    """
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)


def _keys(context: typer.Context) -> dict[str, str]:
    """Return by the key of a file the argument that it sets."""
    keys = {}
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in OWN or name == "help":
            continue
        long = next((o for o in parameter.opts if o.startswith("--")), name)
        keys[long.removeprefix("--").replace("_", "-")] = name
    return keys
