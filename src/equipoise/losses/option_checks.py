# SPDX-License-Identifier: Apache-2.0
"""The ranges of the numbers that losses take."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from equipoise._core.checks import described, sentence
from equipoise._core.options import Setting
from equipoise.errors import InputError
from equipoise.losses.records import LOSS_RECORDS

_DRAWN = {
    "prior": Setting(0.5, low=0, high=1, open_ends=True),
    "rows": Setting(1.0, low=0, open_ends=True),
}
"""What a loss is told of the drawn examples."""


def check_options(loss: str, **options: Any) -> None:
    """Check that every number of every option is in the loss' range.

    Tensors pass: their values are unknown while a graph is built.

    Args:
        loss: The loss' name.
        **options: Its options.

    Raises:
        InputTypeError: An option is a string or a boolean.
        InputError: An option is out of range.

    Example:
        >>> check_options("focal", gamma=2.0, alpha=None)
    """
    declared = {**LOSS_RECORDS[loss].options, **_DRAWN}
    for name, value in options.items():
        if isinstance(value, np.ndarray | list | tuple):
            values = np.asarray(value)
            for end in (values.min(), values.max()) if values.size else ():
                declared[name].check(end, name)  # NaN is both
        elif isinstance(value, numbers.Number) or not hasattr(value, "shape"):
            declared[name].check(value, name)


def positive_numbers(values: Any, name: str) -> list[float]:
    """Return one number above 0 for each class, as plain numbers.

    Args:
        values: A sequence or an array.
        name: The option's name, for the message.

    Raises:
        InputError: It is not a sequence of finite numbers above 0.

    Example:
        >>> positive_numbers((0.7, 0.2, 0.1), "prior")
        [0.7, 0.2, 0.1]
    """
    each = np.asarray(values)
    if each.ndim == 1 and each.dtype.kind in "iuf":
        plain = [float(value) for value in each]
        if all(math.isfinite(value) and value > 0 for value in plain):
            return plain
    raise InputError(
        sentence(described(name, values), "one finite number above 0 for each class")
    )


def number_or_numbers(values: Any, name: str, several: bool) -> Any:
    """Return an option as it is kept: a number as it is, a sequence as plain numbers.

    Args:
        values: A number, or a number above 0 for each class or label.
        name: The option's name, for the message.
        several: Whether there must be a sequence.

    Raises:
        InputError: A sequence holds a number that is not above 0, or is missing.

    Example:
        >>> number_or_numbers(0.1, "prior", several=False)
        0.1
    """
    alone = isinstance(values, numbers.Number | str) or values is None
    return values if alone and not several else positive_numbers(values, name)
