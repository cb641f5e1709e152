"""The record of what is known: a mapping that prints itself."""

from __future__ import annotations

import json

import pytest

from equipoise._core.files import to_json
from equipoise.errors import InputError
from equipoise.evaluation import Evaluation, evaluate
from equipoise.metrics import Estimate


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluate([0, 1] * 30, [0.2, 0.7] * 29 + [0.6, 0.1], threshold=0.5)


def test_it_is_a_mapping(found: Evaluation) -> None:
    assert isinstance(found["recall"], Estimate)
    assert list(found) == list(found.estimates)
    assert len(found) == len(dict(found))
    assert "recall" in found
    assert "accuracy" not in found
    assert found.get("accuracy") is None


def test_an_unknown_metric_suggests_the_nearest(found: Evaluation) -> None:
    with pytest.raises(InputError, match="Did you mean 'recall'"):
        _ = found["recal"]
    with pytest.raises(KeyError):
        _ = found["nothing like it"]


def test_one_screen_says_what_it_rests_on(found: Evaluation) -> None:
    text = str(found)
    assert "60 rows, 30 positive (50.00%)" in text
    assert "caught 29 of 30 positives, with 1 false alarm among 30 negatives" in text
    assert "average_precision" in text
    assert len(text.splitlines()) < 24


def test_plain_rows_and_plain_data(found: Evaluation) -> None:
    rows = found.plain_rows()
    assert [row["metric"] for row in rows] == list(found)
    assert set(rows[0]) >= {"value", "low", "high", "method", "reason"}
    data = json.loads(to_json(found.as_dict()))
    assert data["metrics"]["recall"]["value"] == pytest.approx(29 / 30)
    assert data["confusion"]["fp"] == 1
    assert found.prevalence == 0.5
