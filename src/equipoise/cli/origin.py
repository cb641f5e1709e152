# SPDX-License-Identifier: Apache-2.0
"""When, by which command and from which files a result was made."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from equipoise.cli.wording import pasted

LARGEST = 2**30
"""Bytes of the largest file that is hashed: it takes some seconds."""


def origin_of(
    files: Mapping[str, str | None], words: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return the date, the command as it can be pasted, and the files' hashes.

    Args:
        files: What a file is for -> its path; None is left out.
        words: The command's words behind the program's name; of this process if None.

    Returns:
        "made", "command" and "files", each of these with "role", "name" and "sha256",
        which is empty for a folder, a file that is gone or one above `LARGEST` bytes.
    """
    arguments = sys.argv[1:] if words is None else words
    return {
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": pasted(["equipoise", *arguments]),
        "files": [
            {"role": role, "name": Path(path).name, "sha256": file_hash(Path(path))}
            for role, path in files.items()
            if path is not None
        ],
    }


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits; empty if it is not taken.

    Args:
        path: A file.
    """
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return ""
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
