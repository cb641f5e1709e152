# SPDX-License-Identifier: Apache-2.0
"""The documentation of a finding, to read within a page."""

from __future__ import annotations

import re
from importlib import resources

FOLDER = "pages"
"""In the room `diagnosis`, one Markdown file for each code."""
_CODE = re.compile(r"[A-Za-z0-9_-]+")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def finding_page(code: str) -> list[tuple[str, list[str]]]:
    """Return the sections of a finding's documentation: titles and paragraphs.

    Args:
        code: Of the finding.

    Returns:
        Nothing if there is no such page, as for a check of the user's.

    Example:
        >>> [title for title, _ in finding_page("EQP001")]
        ['What it means', 'How it is found', 'What to do']
        >>> finding_page("MINE01")
        []
    """
    if _CODE.fullmatch(code) is None:
        return []
    page = resources.files("equipoise.diagnosis").joinpath(FOLDER, f"{code}.md")
    return sections(page.read_text("utf-8")) if page.is_file() else []


def sections(text: str) -> list[tuple[str, list[str]]]:
    """Return the second-level sections of a Markdown text of plain paragraphs.

    Args:
        text: Headings and paragraphs; links keep their text alone.
    """
    parts = re.split(r"^## +(.+)$", text, flags=re.M)[1:]
    return [
        (title.strip(), _paragraphs(body))
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def _paragraphs(body: str) -> list[str]:
    plain = _LINK.sub(r"\1", body).replace("`", "")
    blocks = (" ".join(block.split()) for block in plain.split("\n\n"))
    return [block for block in blocks if block]
