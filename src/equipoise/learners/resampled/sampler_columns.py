# SPDX-License-Identifier: Apache-2.0
"""Which columns a sampler object is told to be categories, in the user's words.

`SMOTENC(categorical_features=[2])` means the third column of the user's own frame,
`["colour"]` the column of that name, and "auto" those that hold categories. The object
itself is handed a matrix, so each of these becomes positions in that matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise._core.checks import listing, nearest, sentence
from equipoise.errors import InputError
from equipoise.learners.resampled.sampler_view import SamplerView
from equipoise.table.table import Table

OPTION = "categorical_features"
BY_NAME = "Name the columns: categorical_features=['NAME', ...]."


def parameters(sampler: Any) -> dict[str, Any]:
    """Return the parameters of a sampler and of the samplers inside it, by name."""
    if hasattr(sampler, "get_params"):
        return dict(sampler.get_params(deep=True))
    return {OPTION: getattr(sampler, OPTION)} if hasattr(sampler, OPTION) else {}


def declared(sampler: Any) -> dict[str, Any]:
    """Return what a sampler, and those inside it, are told to be categories.

    Example:
        >>> from imblearn.over_sampling import SMOTENC
        >>> declared(SMOTENC(categorical_features=["colour"]))
        {'categorical_features': ['colour']}
    """
    return {
        name: value
        for name, value in parameters(sampler).items()
        if name.rpartition("__")[2] == OPTION and value is not None
    }


def categories_of(sampler: Any, table: Table) -> list[str] | None:
    """Return the columns that a sampler takes as categories, in the table's order.

    Args:
        sampler: Any object with `fit_resample`.
        table: The table that its matrix is made of.

    Returns:
        Names of columns; None if the sampler knows numbers only.

    Raises:
        InputError: A column does not exist, or is not clear.
    """
    if _all_categories(sampler):
        return list(table.names)
    options = declared(sampler)
    if not options:
        return None
    names = {name for spec in options.values() for name in column_names(spec, table)}
    return [name for name in table.names if name in names]


def tell(sampler: Any, table: Table, view: SamplerView) -> None:
    """Set a sampler's `categorical_features` to positions in the matrix of a view.

    Args:
        sampler: The object, which is changed.
        table: As for `categories_of`.
        view: Made with `categories_of`.
    """
    places = {
        name: view.places(column_names(spec, table))
        for name, spec in declared(sampler).items()
    }
    if hasattr(sampler, "set_params"):
        sampler.set_params(**places)
    else:
        for name, place in places.items():
            setattr(sampler, name, place)


def column_names(spec: Any, table: Table) -> list[str]:
    """Return the columns of a table that `categorical_features` means.

    Columns that were left out while reading are passed over.

    Args:
        spec: "auto"; or names, numbers of the user's own columns (the target not
            among them), or a mask of them; or one of these alone.
        table: The table.

    Raises:
        InputError: A column does not exist, none is left, or numbers could mean
            either of two columns since the target stands before them.

    Example:
        >>> from equipoise import read_table
        >>> columns = {"n": [1, 2, 3, 4], "c": ["a", "b"] * 2, "y": [0, 1, 1, 1]}
        >>> table = read_table(columns, "y")
        >>> column_names([1], table), column_names("auto", table)
        (['c'], ['c'])
    """
    if isinstance(spec, str) and spec == "auto":
        names = [c.name for c in table.columns if c.kind in ("categorical", "boolean")]
    else:
        names = _listed(spec, table)
    left_out = {column.name: column.reason for column in table.dropped}
    for name in names:
        if name not in table.names and name not in left_out:
            raise InputError(
                sentence(
                    f"{OPTION} with {name!r}, which {table.source} does not have",
                    f"its columns, {listing(table.names, 40)}",
                    nearest(str(name), table.names),
                )
            )
    used = [name for name in names if name in table.names]
    if not used:
        why = "; ".join(f"{n!r} was left out: {left_out[n]}" for n in names[:3])
        raise InputError(
            sentence(
                f"{OPTION}={spec!r}, which leaves no column{': ' + why if why else ''}",
                "at least one column of categories",
                "Use a sampler for numbers, such as SMOTE.",
            )
        )
    return used


def _listed(spec: Any, table: Table) -> list[str]:
    """Return the names that a list, a mask or one column means."""
    if isinstance(spec, slice):
        spec = list(range(*spec.indices(len(_features(table)))))
    if isinstance(spec, str | int | np.integer) and not isinstance(spec, bool):
        spec = [spec]
    if callable(spec) or not hasattr(spec, "__iter__"):
        raise InputError(
            sentence(f"{OPTION}={spec!r}", "'auto', names, numbers or a mask", BY_NAME)
        )
    items = list(spec)
    if items and all(isinstance(item, bool | np.bool_) for item in items):
        return _numbered(np.flatnonzero(items).tolist(), table, len(items))
    if all(isinstance(item, int | np.integer) for item in items):
        return _numbered([int(item) for item in items], table)
    if all(isinstance(item, str) for item in items):
        return items
    raise InputError(
        sentence(f"{OPTION}={spec!r}", "'auto', names, numbers or a mask", BY_NAME)
    )


def _features(table: Table) -> list[str]:
    """Return the user's own columns without the target, those left out included."""
    return [name for name in table.order or table.names if name != table.target]


def _numbered(
    numbers: Sequence[int], table: Table, length: int | None = None
) -> list[str]:
    """Return the columns with these numbers.

    They count the columns without the target, as imbalanced-learn's X. If the target
    stands before one of them, they may have been counted with it; what the columns
    hold then decides, if only one of the two readings gives categories.
    """
    without, frame = _features(table), list(table.order or table.names)
    readings = [
        [columns[number] for number in numbers]
        for columns in (without, frame)
        if all(-len(columns) <= number < len(columns) for number in numbers)
        and length in (None, len(columns))
    ]
    readings = [names for names in readings if table.target not in names]
    if not readings:
        raise InputError(
            sentence(
                f"{OPTION} with the column numbers {list(numbers)}",
                f"numbers of the {len(without)} columns beside the target",
                BY_NAME,
            )
        )
    if any(names != readings[0] for names in readings):
        readings = [names for names in readings if _all_whole(names, table)]
        if len(readings) != 1:
            raise InputError(
                sentence(
                    f"{OPTION} with the column numbers {list(numbers)}, counted with "
                    f"or without the target {table.target!r}, which stands before them",
                    "column numbers that can mean one thing only",
                    BY_NAME,
                )
            )
    return readings[0]


def _all_whole(names: Sequence[str], table: Table) -> bool:
    """Return whether the columns hold categories; those left out are passed over."""
    kinds = {column.name: column.kind for column in table.columns}
    used = [kinds[name] for name in names if name in kinds]
    return bool(used) and set(used) <= {"categorical", "boolean"}


def _all_categories(sampler: Any) -> bool:
    """Return whether a sampler, or one inside it, takes all columns as categories."""
    from imblearn.over_sampling import SMOTEN

    inside = parameters(sampler).values()
    return any(isinstance(item, SMOTEN) for item in (sampler, *inside))
