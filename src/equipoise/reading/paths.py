# SPDX-License-Identifier: Apache-2.0
"""Paths: whether a string is one, and a file is there."""

from __future__ import annotations

import glob
import os
import re
import shlex
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from equipoise._core.checks import nearest, sentence
from equipoise.errors import TableError
from equipoise.reading.formats import ACCEPTED

# Two letters at least: C:\ is a drive. `Path` makes one slash of two.
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/{1,3}(?=[^/])", re.IGNORECASE)
_COMMANDS: Mapping[str, str] = {
    "http": "Download it first, for example: curl -LO {address}",
    "https": "Download it first, for example: curl -LO {address}",
    "ftp": "Download it first, for example: curl -O {address}",
    "s3": "Copy it first, for example: aws s3 cp {address} .",
    "gs": "Copy it first, for example: gcloud storage cp {address} .",
    "hdfs": "Copy it first, for example: hdfs dfs -get {address} .",
    "webhdfs": "Copy it first, for example: hdfs dfs -get {address} .",
    "sftp": "Copy it first, for example: sftp {address}",
}
_DATABASES = (
    "postgres", "mysql", "mariadb", "sqlite", "mssql", "oracle", "duckdb", "snowflake",
    "redshift", "bigquery", "jdbc", "mongodb", "clickhouse",
)  # fmt: skip
_LONGEST = 80
_ONE_FILE = (
    "Pass the path of one file. With memory='2GB', compare and fit read all files of a "
    "folder or a pattern."
)


def is_path(source: Any) -> bool:
    """Return whether a source is the path of a file.

    Example:
        >>> is_path("train.csv"), is_path("example:digits")
        (True, False)
    """
    if isinstance(source, str):
        return not source.startswith("example:")
    return isinstance(source, os.PathLike)


def existing_file(source: str | os.PathLike[str]) -> Path:
    """Return the path of an existing file.

    Raises:
        TableError: It does not exist, or is a folder, a pattern or no path.
    """
    require_path(source)
    path, text = Path(source), os.fspath(source)
    if os.path.isdir(text):
        raise TableError(
            sentence(f"the folder {path.name or text!r}", "one file", _ONE_FILE)
        )
    if os.path.exists(text):
        return path
    if glob.has_magic(text) and (count := len(glob.glob(text))):
        matches = "1 file matches" if count == 1 else f"{count:,} files match"
        raise TableError(
            sentence(
                f"the pattern {_shown(text)}, which {matches}", "one file", _ONE_FILE
            )
        )
    home = os.path.expanduser(text)
    if home != text and os.path.exists(home):
        raise TableError(
            sentence(
                f"the path {text!r}, whose '~' nothing but a shell replaces",
                "a path as it is",
                f"Pass {home!r}.",
            )
        )
    others = os.listdir(path.parent) if os.path.isdir(path.parent) else []
    raise TableError(
        sentence(
            f"the pattern {_shown(text)}, which no file matches"
            if glob.has_magic(text)
            else f"the path {_shown(text)}, which does not exist",
            f"an existing file of these formats: {ACCEPTED}",
            nearest(path.name[:_LONGEST], others),
        )
    )


def require_path(source: str | os.PathLike[str]) -> None:
    """Check that a source may be a path, and is none of the usual mistakes.

    Raises:
        TableError: It is the text of a table, an address, or empty.
    """
    text = os.fspath(source)
    if not text:
        raise TableError(sentence("an empty string as a path", "the path of a file"))
    if os.path.exists(text):
        return
    if len(text.splitlines()) > 1:
        raise TableError(
            sentence(
                f"a string of {len(text.splitlines()):,} lines as a path (first line: "
                f"{_shown(text.splitlines()[0])})",
                "the path of a file",
                "Write the text into a file and pass its path; or pass a data frame, "
                "for example pandas.read_csv(io.StringIO(TEXT)).",
            )
        )
    match = _ADDRESS.match(text)
    if match is None:
        return
    scheme = match[1].lower()
    address = text if scheme == "file" else f"{scheme}://{text[match.end() :]}"
    raise TableError(
        sentence(
            f"the address {address!r}",
            "a file of this machine: nothing is read from a network",
            _how_to_get(scheme, address, text),
        )
    )


def _how_to_get(scheme: str, address: str, text: str) -> str:
    """Return how the file at an address becomes one of this machine."""
    if scheme == "file":
        return f"Pass the path itself: {_path_of(text)!r}"
    if scheme.split("+")[0].startswith(_DATABASES):
        return (
            "Read the rows into a data frame, for example with pandas.read_sql, and "
            "pass it."
        )
    command = _COMMANDS.get(scheme, "Copy it to this machine, and pass its path.")
    return command.format(address=shlex.quote(address))


def _path_of(address: str) -> str:
    """Return the path in a file: address.

    Example:
        >>> _path_of("file:///data/my%20rows.csv"), _path_of("file:///C:/rows.csv")
        ('/data/my rows.csv', 'C:/rows.csv')
    """
    rest = urllib.parse.unquote(address.partition(":")[2]).lstrip("/")
    rest = rest.removeprefix("localhost/")
    return rest if re.match(r"[A-Za-z]:/", rest) else f"/{rest}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
