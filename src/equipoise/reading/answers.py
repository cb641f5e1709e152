# SPDX-License-Identifier: Apache-2.0
"""Columns that may be answers themselves: named so, or siblings of the target.

A feature that is another label, or an earlier model's score, is not there when a new
row is to be scored. A name proves nothing, so this is said and nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

_NAMED = re.compile(
    r"^((y|target|label|class|outcome)s?[_ .-]?(true|test|train|actual|real|\d+)"
    r"|(y|target|label|class|outcome)[_ .-]?(hat|pred\w*|score|prob\w*)"
    r"|(y[_ .-]?)?(pred(ict(ed|ion|ions)?)?s?|yhat|ground[_ .-]?truth)"
    r"|pred(icted|iction)?[_ .-](class|label|prob\w*|score|y))$",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[^_\s.-]+")
FEWEST = 3


def named_as_answers(names: Sequence[str]) -> list[str]:
    """Return the columns that are named like a target or a prediction.

    Example:
        >>> named_as_answers(["age", "target2", "y_pred", "score_card", "class_size"])
        ['target2', 'y_pred']
    """
    return [name for name in names if _NAMED.match(name.strip())]


def siblings(target: str, flags: Set[str], order: Sequence[str]) -> list[str]:
    """Return the 0/1 columns that seem to be further labels beside the target.

    They share the beginning or the end of the target's name (`label_a`, `label_b`), or
    form with it the block of 0/1 columns at the end of the table, three or more, where
    no other column holds 0 and 1 only.

    Args:
        target: The target, a column of two classes.
        flags: The names of the features that hold 0 and 1 only.
        order: The names of all columns as they stand in the source.
    """
    parts = _PARTS.findall(target.casefold())
    alike = []
    if len(parts) > 1:
        for name in flags:
            other = _PARTS.findall(name.casefold())
            same = len(other) == len(parts)
            if same and (other[:-1] == parts[:-1] or other[1:] == parts[1:]):
                alike.append(name)
    block = []
    for name in reversed(order):
        if name != target and name not in flags:
            break
        block.append(name)
    if not alike and target in block and len(block) >= FEWEST and flags <= set(block):
        alike += [name for name in block if name != target]
    return [name for name in order if name in set(alike)]
