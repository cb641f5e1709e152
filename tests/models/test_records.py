# SPDX-License-Identifier: Apache-2.0
"""Records become plain data and come back; nothing else is made."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from equipoise.decision.costs import Costs
from equipoise.errors import InputTypeError
from equipoise.metrics.estimate import Estimate
from equipoise.models.records import plain_record, read_record
from equipoise.models.state import pack, unpack
from equipoise.task import Task
from equipoise.trials.conclude import Criteria
from equipoise.trials.protocol import Protocol


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": (1, [2.5, "x", (True,)]), "b": {}},
        {"$record": 1, "$array": (2,), 3: "three", ("a", "b"): None},
        Estimate(float("nan"), reason="no row"),
        Task("multiclass", ("$tuple", "b", "c")),
        Protocol(folds=3, by="group"),
        Criteria("precision", None, 0.02, "roc_auc", {"floor": 0.5}),
        [Criteria(costs=Costs(fp=1, fn=9, abstain=0.3))],
    ],
)
def test_what_goes_in_comes_out(value: Any) -> None:
    stored = unpack(pack({"value": plain_record(value)}, "x"), "x")
    again = read_record(stored["value"])
    assert repr(again) == repr(value)


def test_arrays_keep_their_type() -> None:
    value = {"z": np.arange(4.0), "y": np.zeros((2, 2), np.int8), "n": np.int64(3)}
    again = read_record(unpack(pack({"v": plain_record(value)}, "x"), "x")["v"])
    assert again["z"].dtype == np.float64
    assert again["y"].dtype == np.int8
    assert again["n"] == 3


def test_only_listed_types_are_made() -> None:
    with pytest.raises(InputTypeError, match="of type complex"):
        plain_record({"a": 1j})
    with pytest.raises(KeyError):
        read_record({"$record": "Popen", "args": ["true"]})
    with pytest.raises(TypeError):
        read_record(json.loads('{"$record": "Costs", "fp": 1, "fn": 2, "more": 3}'))
