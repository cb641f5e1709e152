# SPDX-License-Identifier: Apache-2.0
"""What scikit-learn hands to an estimator, as a table.

The user of an estimator has chosen the columns, and a fold may show fewer values of
one than the whole does. So every column is kept, and what it is follows from its
type, never from its values: numbers, booleans and date-times are what they are,
strings and categories are categories, whatever their values look like.
"""

from __future__ import annotations

import dataclasses
import numbers
from typing import Any

import numpy as np

from equipoise._core.arrays import group_numbers, unmasked
from equipoise._core.checks import listing, sentence, weight_number
from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import InputError, InputTypeError, SplitError
from equipoise.metrics.inputs import check_row_weights
from equipoise.reading.arrays import read_matrix
from equipoise.reading.frames import is_frame, read_frame
from equipoise.reading.infer import categorical, infer, tidy
from equipoise.reading.matching import table_like
from equipoise.reading.source import Notes, Raw
from equipoise.reading.texts import texts_of
from equipoise.table.splits import SplitKeys
from equipoise.table.table import (
    Column,
    Dropped,
    Table,
)
from equipoise.trials.protocol import Protocol, parts
from equipoise.trials.sources import split_by


def read_rows(estimator: Any, X: Any, *, reset: bool) -> Raw:
    """Return rows by scikit-learn's rules for arrays and data frames.

    Args:
        estimator: Learns `n_features_in_` and `feature_names_in_`, or is compared
            with them.
        X: `[rows, features]`: an array, a list of rows, a SciPy sparse matrix or a
            data frame.
        reset: Whether it learns them.

    Raises:
        ValueError: There are no rows or no columns, a value is infinite or complex,
            or the columns are not those of the fit; or a sparse matrix is too large
            to be held in full.
        TypeError: A column's type is not served.
    """
    from sklearn.utils.validation import validate_data

    if is_frame(X):
        raw = read_frame(X)
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        _require_rows(raw)
    else:
        checked = validate_data(
            estimator,
            unmasked(X, "X"),
            reset=reset,
            accept_sparse=("csr", "csc"),
            dtype=None,
            ensure_all_finite="allow-nan",
        )
        if isinstance(X, list | tuple) and checked.dtype.kind in "SU":
            # A list of numbers and strings; NumPy made strings of the numbers too.
            checked = np.array(X, dtype=object)
        raw = read_matrix(checked)
    _require_finite(raw)
    return raw


def _require_rows(raw: Raw) -> None:
    """Raise if a data frame is empty, in the words of scikit-learn for arrays."""
    for count, what in (
        (raw.data.num_columns, "feature(s)"),
        (raw.data.num_rows, "sample(s)"),
    ):
        if not count:
            shape = (raw.data.num_rows, raw.data.num_columns)
            raise InputError(
                sentence(f"a data frame with 0 {what} (shape={shape})", "at least 1")
            )


def _require_finite(raw: Raw) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    wrong = [
        name
        for name, values in zip(raw.data.column_names, raw.data.columns, strict=True)
        if pa.types.is_floating(values.type) and pc.any(pc.is_inf(values)).as_py()
    ]
    if wrong:
        raise InputError(
            sentence(
                f"Input X contains infinity in {listing(wrong)}",
                "finite numbers, and NaN for a missing value",
            )
        )


def columns_of(raw: Raw) -> tuple[Column, ...]:
    """Return all columns, each of the kind that its type says.

    Raises:
        InputTypeError: A type is not served.
    """
    return tuple(_column(name, raw) for name in raw.data.column_names)


def _column(name: str, raw: Raw) -> Column:
    import pyarrow as pa

    values = raw.data.column(name)
    kind = values.type
    column: Column | Dropped
    if pa.types.is_dictionary(kind):
        inside = kind.value_type
        # pandas' intervals and periods, for example: no text stands for them.
        if pa.types.is_nested(inside) or isinstance(inside, pa.BaseExtensionType):
            raise _not_served(name, inside)
    if _is_text(kind) or pa.types.is_dictionary(kind):
        column = categorical(name, tidy(texts_of(values)), Notes())
        nothing = Column(name, "categorical", np.full(len(values), -1, np.int32))
    else:
        column = infer(name, raw, Notes())
        nothing = Column(name, "numeric", np.full(len(values), np.nan))
    if isinstance(column, Column):
        return column
    texts = _is_text(kind) or pa.types.is_dictionary(kind)
    if values.null_count < len(values) and not texts:
        raise _not_served(name, kind)
    return nothing


def _not_served(name: str, kind: Any) -> InputTypeError:
    return InputTypeError(
        sentence(
            f"the column {name!r} of type {kind}",
            "numbers, booleans, strings, categories or date-times",
            "Pass it as strings, for example by astype(str).",
        )
    )


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
    )


def rows_like(raw: Raw, schema: Table) -> Table:
    """Return rows with the columns of the fit, by their place.

    Categories that the fit has not seen are treated as unseen, without a warning.

    Raises:
        TableError: A column has changed its type.
    """
    named = dataclasses.replace(raw, data=raw.data.rename_columns(list(schema.names)))
    return table_like(named, schema, Notes(), labelled=False)


def read_weights(sample_weight: Any, rows: int) -> FloatArray | None:
    """Return one weight per row, or None.

    Raises:
        ValueError: There are not as many as rows, one is negative or no finite
            number, or all are zero.
    """
    from sklearn.utils import check_array

    if sample_weight is None:
        return None
    if isinstance(sample_weight, numbers.Real):
        return np.full(rows, weight_number(sample_weight, "sample_weight"))
    weights = check_array(
        unmasked(sample_weight, "weights"),
        ensure_2d=False,
        dtype=np.float64,
        input_name="sample_weight",
    )
    return check_row_weights(weights, (rows,), some=True)


def read_groups(groups: Any, rows: int) -> IntArray | None:
    """Return the number of each row's group, or None.

    Raises:
        InputError: There are not as many as rows.
    """
    if groups is None:
        return None
    return group_numbers(groups, rows, "groups")


def possible_splits(table: Table, folds: int, repeats: int, seed: int) -> Protocol:
    """Return a protocol that the rows allow, as near as possible to what is asked.

    If a class of two is too small for so many folds there are fewer (or three instead
    of two). Of several classes or labels the rarest may be absent from a fold, so that
    takes one that is in each. If equal rows cannot be kept together, they are not.

    Raises:
        SplitError: No number of folds leaves rows of both classes to train on, to
            stop by and to test on; that takes three rows of each. Of several classes
            or labels, no class or label has such rows.
    """
    fewest = _fewest(table)
    counts = dict.fromkeys([folds, *range(min(folds, fewest), 1, -1), 3])
    reason: SplitError | None = None
    for duplicates in ("auto", "ignore"):
        keys = SplitKeys.of(table, duplicates)
        for count in counts:
            protocol = Protocol(count, split_by(table, None), duplicates, seed=seed)
            try:
                parts(keys, protocol, range(repeats))
            except SplitError as error:
                reason = reason or error
            else:
                return protocol
    if reason is not None and table.task.kind != "binary":
        raise reason
    raise SplitError(
        sentence(
            f"{fewest} row{'s'[: fewest != 1]} of a class",
            "at least 3 of each: to train on, to stop by and to test on",
        )
    ) from reason


def _fewest(table: Table) -> int:
    """Return how many folds have a row of each side of a class, or of a label.

    Of two classes; of several classes or labels, of the one of which that is most.
    """
    sides = []
    for view in table.task.views(table.labels()):
        rows = len(table) if view.labelled is None else view.labelled.sum()
        sides.append(min(view.y.sum(), rows - view.y.sum()))
    return int(max(sides))
