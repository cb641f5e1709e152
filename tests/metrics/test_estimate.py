"""A number with its interval: what is known, what is not, and how it reads."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from equipoise._core.files import to_json
from equipoise.metrics import Estimate


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.75, 0.428, 0.945), "0.750 [0.428, 0.945]"),
        (Estimate(0.75), "0.750"),
        (Estimate(0.75, 0.4), "0.750"),
        (Estimate(-0.5, -0.75, 1.0), "-0.500 [-0.750, 1.000]"),
        (Estimate.undefined("no positives"), "undefined (no positives)"),
    ],
)
def test_it_reads_as_it_is(estimate: Estimate, text: str) -> None:
    assert str(estimate) == text


def test_undefined_is_nan_with_a_reason() -> None:
    nothing = Estimate.undefined("nothing is flagged")
    assert not nothing.defined
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.low)
    assert math.isnan(nothing.high)
    assert nothing.reason == "nothing is flagged"
    assert Estimate(0.0).defined


def test_it_is_plain_data() -> None:
    data = json.loads(to_json(Estimate(0.5, 0.4, 0.6, "Wilson", level=0.9).as_dict()))
    assert data == {
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "method": "Wilson",
        "reason": "",
        "level": 0.9,
    }


def test_it_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Estimate(0.5).value = 1.0  # type: ignore[misc]
