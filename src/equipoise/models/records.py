# SPDX-License-Identifier: Apache-2.0
"""Records of plain data as nested dictionaries, and back: a list of types, no code.

What is read becomes one of the listed types or plain data, never anything else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.decision.costs import Costs
from equipoise.diagnosis.diagnosis import Diagnosis
from equipoise.diagnosis.finding import Finding, NotApplicable
from equipoise.errors import InputTypeError
from equipoise.evaluation.kind_values import UnseenKinds
from equipoise.metrics.estimate import Estimate
from equipoise.stores.class_shares import KeptShares
from equipoise.table.splits import SplitKeys
from equipoise.task import Task
from equipoise.trials.conclude import Criteria
from equipoise.trials.fold_scores import Scores
from equipoise.trials.protocol import Protocol

RECORDS: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        CostMatrix,
        Costs,
        Criteria,
        Diagnosis,
        Estimate,
        Finding,
        KeptShares,
        NotApplicable,
        Protocol,
        Scores,
        SplitKeys,
        Task,
        UnseenKinds,
    )
}
_RECORD, _TUPLE, _PAIRS = "$record", "$tuple", "$pairs"


def plain_record(value: Any) -> Any:
    """Return a record as nested plain data, which `pack` takes.

    Args:
        value: A record of a listed type, a mapping, a list, a tuple, an array, a
            number, a string or None, nested in any way.

    Raises:
        InputTypeError: A value is none of these.

    Example:
        >>> plain_record(Costs(fp=1, fn=9))["$record"]
        'Costs'
        >>> read_record(plain_record({"a": (1, 2)}))
        {'a': (1, 2)}
    """
    name = type(value).__name__
    if RECORDS.get(name) is type(value):
        fields = {
            f.name: plain_record(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if f.init
        }
        return {_RECORD: name, **fields}
    if isinstance(value, Mapping):
        strings = all(isinstance(k, str) and not k.startswith("$") for k in value)
        if strings:
            return {key: plain_record(item) for key, item in value.items()}
        pairs = [[plain_record(k), plain_record(v)] for k, v in value.items()]
        return {_PAIRS: pairs}
    if isinstance(value, tuple):
        return {_TUPLE: [plain_record(item) for item in value]}
    if isinstance(value, list):
        return [plain_record(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | int | float | np.ndarray):
        return value
    raise InputTypeError(
        sentence(f"a value of type {name} in a trial", "records and plain data")
    )


def read_record(value: Any) -> Any:
    """Return what `plain_record` was given.

    Args:
        value: Nested plain data.

    Raises:
        InputError: A record has another field or value than its type accepts.
        KeyError: No such type is listed.
        TypeError: A field is absent, or is one too many.
    """
    if isinstance(value, list):
        return [read_record(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if _TUPLE in value:
        return tuple(read_record(item) for item in value[_TUPLE])
    if _PAIRS in value:
        return {read_record(k): read_record(v) for k, v in value[_PAIRS]}
    fields = {key: read_record(v) for key, v in value.items() if key != _RECORD}
    return RECORDS[value[_RECORD]](**fields) if _RECORD in value else fields
