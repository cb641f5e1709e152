# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
import unicodedata

import pytest

from equipoise import errors
from equipoise.errors import EquipoiseError, EquipoiseWarning, printable

UNSEEN = [
    chr(code)
    for code in range(sys.maxunicode + 1)
    if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
]


def test_nothing_unseen_is_left() -> None:
    assert len(UNSEEN) > 2000
    for lines in (True, False):
        text = printable("".join(UNSEEN), lines=lines)
        assert {*text} & {*UNSEEN} == ({"\n"} if lines else set())
    assert printable("a\tb\x9b2J\u202e\U000e0001") == (r"a\tb\x9b2J\u202e\U000e0001")


@pytest.mark.parametrize("text", ["", "Größe, 価格, € 5", "two\nlines", "naïve é 😀"])
def test_what_can_be_seen_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("name", errors.__all__)
def test_every_message_is_printable(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, EquipoiseError | EquipoiseWarning)
    assert str(kind("column 'a\x1b[31m'\nnext")) == "column 'a\\x1b[31m'\nnext"
