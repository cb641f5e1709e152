# SPDX-License-Identifier: Apache-2.0
"""What a formula without a result leaves is a word that is missing everywhere."""

from __future__ import annotations

from equipoise.reading.formula_errors import FORMULA_ERRORS
from equipoise.reading.infer import NUMBER_MISSING, TEXT_MISSING
from equipoise.reading.missing_labels import UNLABELLED


def test_each_is_there_once_and_is_no_number_or_word() -> None:
    assert len(set(FORMULA_ERRORS)) == len(FORMULA_ERRORS)
    assert all(error.startswith(("#", "Err:5")) for error in FORMULA_ERRORS)


def test_they_are_missing_in_every_column() -> None:
    assert set(FORMULA_ERRORS) <= TEXT_MISSING
    assert {error.lower() for error in FORMULA_ERRORS} <= NUMBER_MISSING
    assert {error.casefold() for error in FORMULA_ERRORS} <= UNLABELLED
