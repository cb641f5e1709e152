# SPDX-License-Identifier: Apache-2.0
"""What is documented of a finding, within a page."""

from __future__ import annotations

import pytest

from equipoise.diagnosis.catalogue import CHECKS
from equipoise.report.finding_page import finding_page, sections


@pytest.mark.parametrize("code", [check.code for check in CHECKS])
def test_every_check_has_a_page_of_three_parts(code: str) -> None:
    parts = finding_page(code)
    assert [title for title, _ in parts] == [
        "What it means",
        "How it is found",
        "What to do",
    ]
    assert all(paragraphs for _, paragraphs in parts)
    shown = [text for _, paragraphs in parts for text in paragraphs]
    assert not any("](" in text or "`" in text or "\n" in text for text in shown)


@pytest.mark.parametrize("code", ["", "MINE", "../EQP001", "EQP001/../EQP002"])
def test_other_codes_have_none(code: str) -> None:
    assert finding_page(code) == []


def test_paragraphs_are_joined_and_links_keep_their_text() -> None:
    text = "# T\n\nlead\n\n## A\n\none\ntwo\n\nsee [there](x.md) `now`\n\n## B\n\nb\n"
    assert sections(text) == [("A", ["one two", "see there now"]), ("B", ["b"])]
