# SPDX-License-Identifier: Apache-2.0
"""The embedded data never change."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.reading.read import read_table
from equipoise.table.hashes import row_hashes


@pytest.mark.parametrize(
    ("name", "rows", "positives", "columns", "sum_of_hashes"),
    [
        ("example:digits", 198, 20, 50, 4699159956177291296),
        ("example:digits-hard", 1663, 40, 61, 13316223159804927095),
    ],
)
def test_counts_and_rows(
    name: str, rows: int, positives: int, columns: int, sum_of_hashes: int
) -> None:
    table = read_table(name)
    assert (len(table), table.positives, len(table.columns)) == (
        rows,
        positives,
        columns,
    )
    assert table.notes == ()
    assert int(row_hashes(table, with_target=True).sum()) == sum_of_hashes


def test_the_question_is_ninety_to_ten() -> None:
    assert read_table("example:digits").prevalence == pytest.approx(0.1, abs=0.002)
    hard = read_table("example:digits-hard")
    assert (len(hard) - hard.positives) / hard.positives == pytest.approx(40, abs=1)


def test_all_images_are_of_the_digits_asked_for() -> None:
    table = read_table("example:digits")
    middle = table["pixel_3_3"].values  # a zero is open in the middle, a one is not
    assert np.median(middle[table.y == 0]) < np.median(middle[table.y == 1])


def test_an_unknown_example() -> None:
    with pytest.raises(InputError, match="Did you mean 'example:digits'"):
        read_table("example:digit")
