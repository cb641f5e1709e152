"""Numbers that JSON has no word for come back as they were."""

from __future__ import annotations

import json
import math

import pytest

from equipoise.decision.plain import written


@pytest.mark.parametrize("value", [0.0, -1.5, 1e300, math.inf, -math.inf])
def test_a_number_survives_json(value: float) -> None:
    assert float(json.loads(json.dumps(written(value), allow_nan=False))) == value


def test_nan_stays_nan() -> None:
    assert math.isnan(float(json.loads(json.dumps(written(math.nan)))))
    assert written(0.25) == 0.25
