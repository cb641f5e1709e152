# SPDX-License-Identifier: Apache-2.0
"""One list says what is read."""

from __future__ import annotations

import re

import equipoise as eq
from equipoise.cli.options import Source
from equipoise.cli.predict import RowsFile
from equipoise.reading.files import READERS
from equipoise.reading.formats import ACCEPTED, PACKED, SUFFIXES


def test_every_reader_is_in_the_list_and_no_other() -> None:
    assert READERS.keys() == SUFFIXES.keys()
    words = ACCEPTED.lower()
    assert all(kind in words for kind in READERS)
    assert all(suffix in words for suffix in PACKED)


def test_help_and_reference_name_them() -> None:
    for argument in (Source, RowsFile):
        assert ACCEPTED in argument.__metadata__[0].help
    reference = " ".join((eq.read_table.__doc__ or "").split())
    names = re.findall(r"[A-Z][A-Za-z]+|JSON lines|\.[a-z0-9]+", ACCEPTED)
    assert len(names) > 8
    assert all(name in reference for name in names)
