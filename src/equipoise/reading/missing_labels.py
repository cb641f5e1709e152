# SPDX-License-Identifier: Apache-2.0
"""Labels that name no class but say that a row has none."""

from __future__ import annotations

from collections.abc import Sequence

from equipoise.reading.formula_errors import FORMULA_ERRORS

UNLABELLED = {
    "", "?", "unknown", "unlabeled", "unlabelled", "undefined", "undetermined", "n/a",
    "na", "nan", "none", "null", "missing", "not labeled", "not labelled", "-",
    *(error.casefold() for error in FORMULA_ERRORS),
}  # fmt: skip
"""Texts that name no class if others do, in lower case."""


def says_nothing(classes: Sequence[str]) -> list[str]:
    """Return the labels that say that a row has none, beside two or more that do.

    -1 is one if all other labels are whole numbers from 0: it is a class beside 1
    alone.

    Example:
        >>> says_nothing(["-1", "0", "1"]), says_nothing(["-1", "1"])
        (['-1'], [])
        >>> says_nothing(["no", "unknown", "yes"])
        ['unknown']
    """
    blanks = [text for text in classes if text.casefold() in UNLABELLED]
    rest = [text for text in classes if text not in blanks]
    if "-1" in rest and all(text.isdigit() for text in rest if text != "-1"):
        blanks.append("-1")
    return blanks if len(classes) - len(blanks) >= 2 else []
