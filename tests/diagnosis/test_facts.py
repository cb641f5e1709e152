# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.facts import facts_of, headline
from equipoise.diagnosis.subject import Subject

Make = Callable[..., Any]


def test_facts_count_what_is_there(build: Make) -> None:
    table = build(
        [0, 0, 0, 1],
        {"x": [1.0, np.nan, 1.0, 2.0], "w": ["a", "b", "a", ""]},
        dropped={"id": "an identifier"},
    )
    facts = facts_of(Subject(table, table.take([0, 3])))
    assert facts["columns"] == {"numeric": 1, "categorical": 1}
    assert (facts["positives"], facts["negatives"], facts["ratio"]) == (1, 3, 3.0)
    assert facts["missing_cells"] == 2
    assert facts["missing_share"] == pytest.approx(0.25)
    assert facts["duplicate_rows"] == 1
    assert facts["test"]["rows"] == 2
    text = headline(facts)
    for part in ("4 rows x 2 columns", "1 positive ", "1 to 3", "1 repeated row"):
        assert part in text
    assert "left out: 'id'" in text


def test_facts_of_a_table_without_columns_or_positives(build: Make) -> None:
    facts = facts_of(Subject(build([0, 0])))
    assert facts["duplicate_rows"] == 0
    assert facts["strongest_columns"] == []
    assert "0 positives" in headline(facts)
