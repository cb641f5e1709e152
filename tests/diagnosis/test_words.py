# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.diagnosis.words import count, interval_text, name_list, share


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.5, "50%"),
        (0.0996, "10%"),
        (0.0417, "4.2%"),
        (0.9, "90%"),
        (0.997, "99.7%"),
    ],
)
def test_share(value: float, text: str) -> None:
    assert share(value) == text


@given(st.floats(1e-9, 1 - 1e-9))
def test_a_share_never_reads_as_none_or_all(value: float) -> None:
    assert share(value) not in {"0%", "100%", "0.0%", "100.0%"}


def test_counts_names_and_intervals() -> None:
    assert count(0, "row") == "0 rows"
    assert name_list(["a"]) == "'a'"
    assert name_list(["a", "b", "c", "d"]) == "'a', 'b', 'c' and 'd'"
    assert interval_text(0, 1) == "0.00 to 1.00"
