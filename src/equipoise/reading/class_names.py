# SPDX-License-Identifier: Apache-2.0
"""Which class of a table a name means, however it is spelled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from equipoise.reading.parse_numbers import FIRST_INEXACT, parse_numbers

PositiveLabel = str | int | float | bool


def class_number(label: PositiveLabel, classes: Sequence[str]) -> int | None:
    """Return the number of the class that a label means, or None.

    Labels are spelled as targets are read: spaces around them, several spaces between
    words and case make no difference; 1, 1.0 and "01" are one number, and 1 and 0 are
    true and false. A class that is spelled exactly like the label goes before others.

    Args:
        label: A string, a number or a Boolean.
        classes: The table's, as strings.

    Example:
        >>> class_number(1.0, ("0", "1")), class_number(" Yes", ("no", "yes"))
        (1, 1)
        >>> class_number("01", ("01", "1", "x")), class_number("02", ("01", "1", "x"))
        (0, None)
    """
    names = list(classes)
    folded = [name.casefold() for name in names]
    for spell in (_tidy, _written):
        text = spell(label)
        if text in names:
            return names.index(text)
        if text.casefold() in folded:
            return folded.index(text.casefold())
    same = _same_value(text, names)
    return same[0] if len(same) == 1 else None


def _same_value(text: str, classes: Sequence[str]) -> list[int]:
    """Return the classes that have a text's value; true is 1 beside 0 or false only."""
    import pyarrow as pa

    texts = pa.array([*classes, text], pa.large_string())
    values = np.where(parse_numbers(texts).numeric, parse_numbers(texts).values, np.nan)
    values[np.abs(values) >= FIRST_INEXACT] = np.nan
    folded = [cls.casefold() for cls in classes]
    if {"true", "false"} <= set(folded) or set(values[:-1]) == {0.0, 1.0}:
        for k, word in enumerate([*folded, text.casefold()]):
            if word in _TRUTH:
                values[k] = _TRUTH[word]
    return np.flatnonzero(values[:-1] == values[-1]).tolist()


_TRUTH = {"false": 0.0, "true": 1.0}


def _tidy(label: PositiveLabel) -> str:
    """Return a label as a string with single spaces."""
    if isinstance(label, bool | np.bool_):
        return str(bool(label)).lower()
    return " ".join(str(label).split())


def _written(label: PositiveLabel) -> str:
    """Return a label as classes that are all numbers are written."""
    import pyarrow as pa

    text = _tidy(label)
    if not text:
        return text
    number = parse_numbers(pa.array([text], pa.large_string()))
    value = number.values[0]
    if not number.numeric[0] or abs(value) >= FIRST_INEXACT:
        return text
    return f"{value + 0.0:.15g}"
