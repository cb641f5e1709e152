# SPDX-License-Identifier: Apache-2.0
"""Checks of the numbers that losses take."""

from __future__ import annotations

import numbers
from typing import Any

from equipoise.strategies.objectives import OBJECTIVES
from equipoise.strategies.settings import Setting

_PRIOR = Setting(0.5, low=0, high=1, open_ends=True)


def checked(loss: str, **options: Any) -> None:
    """Raise where a plain number is out of the range that the loss declares.

    Tensors pass: their values are not known while a graph is built.

    Args:
        loss: The loss' name.
        **options: Its options.

    Raises:
        InputTypeError: An option is a text or a boolean.
        InputError: An option is out of range.

    Example:
        >>> checked("focal", gamma=2.0, alpha=None)
    """
    declared = {**OBJECTIVES[loss].options, "prior": _PRIOR}
    for name, value in options.items():
        if value is None or isinstance(value, numbers.Number | str):
            declared[name].check(value, name)
