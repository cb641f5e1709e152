# SPDX-License-Identifier: Apache-2.0
"""The columns of a data frame of probabilities, found by the classes they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise._core.checks import listing, sentence
from equipoise.errors import InputError


def names_of_columns(values: Any) -> tuple[str, ...]:
    """Return the names of a data frame's columns.

    Args:
        values: A data frame, or anything else.

    Returns:
        The names as strings; none if they are the numbers that frames give columns
        without names, or if it is no frame.

    Example:
        >>> names_of_columns([[0.1, 0.9]])
        ()
    """
    columns = getattr(values, "columns", None)
    if columns is None or not hasattr(columns, "__len__"):
        return ()
    names = tuple(map(str, columns))
    if names in (
        tuple(map(str, range(len(names)))),
        tuple(f"column_{j}" for j in range(len(names))),
    ):
        return ()
    return names


def by_name(probability: Any, classes: Sequence[Any]) -> Any:
    """Return probabilities in the order of the classes that their columns name.

    A frame whose columns have names that are no classes, such as "p_yes", is taken in
    the order in which they stand; so is an array.

    Args:
        probability: `[rows, classes]`, an array or a data frame.
        classes: The classes, or labels.

    Raises:
        InputError: Some of the columns name classes, and others do not.

    Example:
        >>> by_name([[0.1, 0.9]], ["no", "yes"])
        [[0.1, 0.9]]
    """
    names = names_of_columns(probability)
    class_names = tuple(map(str, classes))
    if not set(names) & set(class_names) or len(names) != len(class_names):
        return probability
    if sorted(names) != sorted(class_names):
        others = [name for name in names if name not in class_names]
        raise InputError(
            sentence(
                f"probabilities whose columns are called {listing(names, 8)} for "
                f"{listing(class_names, 8)}, which do not have {listing(others, 4)}",
                "columns that are called like the classes, all of them, or none",
                "Pass classes=[...] with the names of the columns, or the values alone "
                "in the order of the classes.",
            )
        )
    places = [names.index(name) for name in class_names]
    return np.asarray(probability)[:, places]
