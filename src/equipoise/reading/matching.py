# SPDX-License-Identifier: Apache-2.0
"""A second source against the columns and kinds of an earlier table.

- Columns are found by name, in any order. Absent ones are an error that names all;
  additional ones are left out, with a note; those that the first table left out are
  left out without a word.
- Each column takes the first table's kind. Values that cannot (a text among numbers,
  a number that is neither 0 nor 1 among booleans, a date that is none) are an error
  with their count and the first row.
- Texts are read by the first table's notation: its decimal mark, its marks between
  thousands, its percent or currency sign, its order of day and month. A value that
  contradicts it, or that could be two numbers or two dates as far as both sources
  tell, is an error that names it. Dates with the year first and numbers that a source
  declares as such need no notation; but where the first table has percent signs, a
  number without one is an error, since 12% could be 12 or 0.12.
- Where the first table has categories and no
  text of the second is among them while all are numbers, or dates, the column has
  changed its type: an error too.
- New categories are kept, behind the known ones, with a note; to a model they are
  unseen.
- The target takes the first table's classes; a new class is an error, unless one
  class was held against all others; true and false are taken as 1 and 0. Rare classes
  that were merged are so here, too. Of several labels all columns must be there; their
  values may be constant or unknown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, nearest, sentence
from equipoise._core.types import IntArray
from equipoise.errors import TableError, TargetError
from equipoise.reading.arrow_types import unnamed
from equipoise.reading.header import is_numbered
from equipoise.reading.infer import (
    NUMBER_MISSING,
    file_notation,
    infer,
    is_text,
    lowered_in,
    moments,
    numeric,
    per_row,
    tell_missing,
    tidy,
    without_missing_texts,
)
from equipoise.reading.label_columns import label_values
from equipoise.reading.parse_dates import dates_as
from equipoise.reading.parse_numbers import (
    NO_NUMBER,
    inexact,
    numbers_as,
    parse_numbers,
    quick_numbers,
)
from equipoise.reading.roles import groups_of, require_roles, times_of
from equipoise.reading.source import Notes, Raw
from equipoise.reading.target import label_codes
from equipoise.reading.texts import Texts, texts_of, without_points
from equipoise.table.notation import Notation
from equipoise.table.table import Column, Dropped, Table


def table_like(
    raw: Raw,
    like: Table,
    notes: Notes,
    *,
    labelled: bool,
    group: str | None = None,
    time: str | None = None,
) -> Table:
    """Return a source as a table with the columns and classes of an earlier one.

    Args:
        raw: The source's columns.
        like: The earlier table.
        notes: Takes what was noticed.
        labelled: Whether the target is read; else `y` is None.
        group: As in `read_table`.
        time: As in `read_table`.

    Raises:
        TableError: A column is absent or has changed its type.
        TargetError: The target is absent or has a new class.
    """
    require_roles(raw, {"group": group, "time": time})
    y = target_like(raw, like, notes) if labelled else None
    columns = columns_like(raw, like, notes)
    groups = None if group is None else groups_of(raw, group, notes)
    return Table(
        columns,
        y,
        like.task,
        target=like.target,
        groups=None if groups is None else groups.numbers,
        time=None if time is None else times_of(raw, time, notes),
        dropped=like.dropped,
        notes=notes.sentences(),
        source=raw.name,
        group_keys=None if groups is None else groups.keys,
    )


def columns_like(raw: Raw, first: Table, notes: Notes) -> tuple[Column, ...]:
    """Return the first table's columns as read from another source.

    Raises:
        TableError: A column is absent or has changed its type.
    """
    present = list(raw.data.column_names)
    familiar = {*first.names, *first.target_columns}
    familiar |= {dropped.name for dropped in first.dropped}
    there = set(present)
    absent = [name for name in first.names if name not in there]
    if absent:
        raise TableError(
            sentence(
                f"{raw.name} without the column{'s'[: len(absent) > 1]} "
                f"{listing(absent, 40)}",
                f"all {len(first.names)} columns of the first table",
                _how_to_name(raw, first, absent, familiar),
            )
        )
    extra = [name for name in present if name not in familiar]
    if extra:
        notes.add(
            f"{raw.name[0].upper()}{raw.name[1:]} has {len(extra)} "
            f"column{'s'[: len(extra) > 1]} that the first table does not have, left "
            f"out: {listing(extra)}."
        )
    return tuple(_column_like(raw, column, notes) for column in first.columns)


def _how_to_name(
    raw: Raw, first: Table, absent: Sequence[str], familiar: set[str]
) -> str:
    """Return what to do about absent columns."""
    if raw.hint:  # its columns have numbers for names, and none is near
        return raw.hint
    if all(map(is_numbered, first.names)):
        return (
            "The first table had no header. Take the line of names out of this file, "
            "if its columns have the same order; or write them as in the first table."
        )
    return nearest(absent[0], [n for n in raw.data.column_names if n not in familiar])


def _column_like(raw: Raw, first: Column, notes: Notes) -> Column:
    if first.kind == "categorical":
        return _categorical(raw, first, notes)
    raw = _decoded(raw, first.name)
    if first.notation is not None and is_text(raw.data.column(first.name).type):
        return _texts_like(raw, first, first.notation, notes)
    _require_served(raw, first)
    column = _typed(raw, first, notes)
    if isinstance(column, Dropped):  # no values at all
        return _nothing(first, len(raw.data))
    column = dataclasses.replace(column, notation=first.notation)
    if column.kind == "numeric":
        _require_percent_signs(raw, first, column)
    if column.kind == first.kind:
        return column
    if first.kind == "numeric" and column.kind == "boolean":
        notes.column(first.name, "true and false were taken as the numbers 1 and 0")
        return dataclasses.replace(column, kind="numeric")
    if first.kind == "boolean" and column.kind == "numeric":
        wrong = ~np.isnan(column.values) & ~np.isin(column.values, (0.0, 1.0))
        if not wrong.any():
            return dataclasses.replace(column, kind="boolean")
    raise _retyped(raw, first, column)


def _require_served(raw: Raw, first: Column) -> None:
    """Raise if a column holds lists, bytes or other values that are not features."""
    kind = raw.data.column(first.name).type
    if unnamed(kind):
        raise TableError(
            sentence(
                f"{raw.name} whose column {first.name!r} is of type {kind}",
                f"{_IN_WORDS[first.kind]}, as in the first table",
            )
        )


def _require_percent_signs(raw: Raw, first: Column, column: Column) -> None:
    """Raise if numbers without a percent sign stand for ones that have it."""
    missing = column.missing()
    if first.notation is None or first.notation.sign != "%" or missing.all():
        return
    row = int(np.argmin(missing))
    raise TableError(
        sentence(
            f"{raw.name} whose column {first.name!r} holds numbers without a '%' sign "
            f"(first: {column.values[row]:.15g}, {raw.place(row)})",
            "strings with the sign, as in the first table: nothing tells whether 12% "
            "is the number 12 or 0.12 here",
            _WITH_SIGN,
        )
    )


_WITH_SIGN = (
    "Write the values as strings with the sign, such as '12%', and leave missing ones "
    "empty."
)


def _decoded(raw: Raw, name: str) -> Raw:
    """Return the source with a column of codes as what the codes stand for."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = raw.data.column(name)
    if not pa.types.is_dictionary(values.type):
        return raw
    place = raw.data.column_names.index(name)
    plain = pc.cast(values, values.type.value_type)
    return dataclasses.replace(raw, data=raw.data.set_column(place, name, plain))


def _typed(raw: Raw, first: Column, notes: Notes) -> Column | Dropped:
    """Return the column typed by its own values; the usual notes are not repeated."""
    typing = Notes()
    column = infer(first.name, raw, typing)
    for what, entries in typing.by_what.items():
        if any(text in what for text in _SAID_AGAIN):
            notes.by_what.setdefault(what, []).extend(entries)
    return column


_SAID_AGAIN = ("infinite", "order of day", "numbers were read with")


def _texts_like(raw: Raw, first: Column, notation: Notation, notes: Notes) -> Column:
    """Return texts as values of the first table's kind, in its notation."""
    column = raw.data.column(first.name)
    if first.kind == "numeric":
        quick = _quick(raw, column, notation)
        if quick is not None:
            return Column(first.name, "numeric", quick, notation=notation)
    texts = tidy(texts_of(column))
    missing = lowered_in(texts, NUMBER_MISSING)
    tell_missing(first.name, texts, missing, notes)
    texts = texts.without(missing)
    if not len(texts.values):
        return _nothing(first, len(raw.data))
    if first.kind == "numeric":
        return _numbers_like(raw, first, notation, texts, notes)
    if first.kind == "boolean":
        values = np.array([_BOOLEANS.get(t.lower(), np.nan) for t in texts.list()])
        why = np.where(np.isnan(values), "it is neither true nor false", "")
        _require_none(raw, first, texts, list(why), "Write true and false, or 1 and 0.")
        return dataclasses.replace(first, values=per_row(texts, values))
    dates = dates_as(texts.values, notation.order or raw.order)
    _require_none(raw, first, texts, dates.wrong, "Write dates as YYYY-MM-DD.")
    seen = dataclasses.replace(notation, order=dates.order)
    return Column(first.name, "datetime", moments(texts, dates.values), notation=seen)


_BOOLEANS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}


def _quick(raw: Raw, column: Any, notation: Notation) -> Any:
    """Return plain numbers that no notation could read otherwise, or None."""
    if raw.typed or notation.sign:
        return None
    values = quick_numbers(column, raw.decimal)
    if values is None:
        return None
    point = notation.decimal == "." and file_notation(raw).decimal != ","
    return values if point or not (values % 1 > 0).any() else None


def _numbers_like(
    raw: Raw, first: Column, notation: Notation, texts: Texts, notes: Notes
) -> Column:
    numbers = numbers_as(texts.values, notation, file_notation(raw).decimal)
    rounded = inexact(numbers.values, texts.values)
    wrong = [
        why
        or (_CODE if len(text) > 1 and text[0] == "0" and text.isdigit() else "")
        or (_ROUNDED if inexactly else "")
        for why, text, inexactly in zip(
            numbers.wrong, texts.list(), rounded, strict=True
        )
    ]
    nothing = all(why in ("", NO_NUMBER) for why in wrong)
    remedy = _WITH_SIGN if notation.sign == "%" else _PLAINLY
    _require_none(raw, first, texts, wrong, _MEND if nothing else remedy)
    if numbers.unsigned.any():
        notes.column(
            first.name,
            f"{texts.rows(numbers.unsigned):,} numbers without the {notation.sign!r} "
            "sign of the first table were taken as they are",
            "numbers without the currency sign of the first table were taken as they "
            "are",
        )
    if numbers.unusual_minus:
        notes.column(
            first.name,
            "numbers in parentheses or with the minus sign behind them were taken as "
            "negative",
        )
    if numbers.guessed.any():
        row, text = texts.first(numbers.guessed)
        notes.column(
            first.name,
            f"{text!r} ({raw.place(row)}) was read with a decimal point; no value "
            "tells whether dots part thousands",
            "values were read with a decimal point; none tells whether dots part "
            "thousands",
        )
    values = per_row(texts, numbers.values)
    return numeric(first.name, values, raw, notes, numbers.notation)


_CODE = "it has leading zeros, as a code has"
_ROUNDED = "it is a whole number beyond 2^53, which would be rounded"
_MEND = "Correct these values, or leave the column out of both tables with drop=."
_PLAINLY = (
    "Write the values as the first table has them, or pass a Parquet file or a data "
    "frame with numbers, which need no marks."
)


def _require_none(
    raw: Raw, first: Column, texts: Texts, wrong: Sequence[str], remedy: str
) -> None:
    """Raise if a text cannot be read as the first table's are."""
    refused = np.array([bool(why) for why in wrong], bool)
    if not refused.any():
        return
    row, text = texts.first(refused)
    count = texts.rows(refused)
    raise TableError(
        sentence(
            f"{raw.name} whose column {first.name!r} holds {count:,} "
            f"value{'s'[: count > 1]} that cannot be read as those of the first table "
            f"(first: {text!r}, {raw.place(row)}: {wrong[int(texts.codes[row])]})",
            f"{_IN_WORDS[first.kind]}{_noted(first)}, as in the first table",
            remedy,
        )
    )


def _noted(first: Column) -> str:
    """Return a column's notation in words."""
    notation = first.notation or Notation()
    parts = {
        ".": "a decimal point",
        ",": "a decimal comma",
        "day": "the day before the month",
        "month": "the month before the day",
    }
    words = [parts[key] for key in (notation.decimal, notation.order) if key]
    words += [f"{notation.sign!r} signs"] if notation.sign else []
    return " with " + " and ".join(words) if words else ""


def _nothing(first: Column, rows: int) -> Column:
    empty: npt.NDArray[Any] = np.full(rows, np.nan)
    if first.kind == "datetime":
        empty = np.full(rows, np.datetime64("NaT"), "datetime64[us]")
    if first.kind == "categorical":
        empty = np.full(rows, -1, np.int32)
    return dataclasses.replace(first, values=empty)


_IN_WORDS = {
    "numeric": "numbers",
    "boolean": "true and false",
    "categorical": "categories",
    "datetime": "dates",
}


def _retyped(raw: Raw, first: Column, column: Column) -> TableError:
    what = f"{_IN_WORDS[column.kind]}"
    if column.kind == "categorical" and first.kind == "numeric":
        what = _odd_texts(raw, column)
    return TableError(
        sentence(
            f"{raw.name} whose column {first.name!r} holds {what}",
            f"{_IN_WORDS[first.kind]}, as in the first table",
            _MEND,
        )
    )


def _odd_texts(raw: Raw, column: Column) -> str:
    import pyarrow as pa

    numbers = parse_numbers(pa.array(column.categories, pa.large_string()), raw.decimal)
    odd = np.append(~numbers.numeric, False)[column.values]
    if not odd.any():
        return "whole numbers that are codes or beyond 2^53"
    row = int(np.argmax(odd))
    text = column.categories[int(column.values[row])]
    count = int(np.count_nonzero(odd))
    return (
        f"{count:,} value{'s'[: count > 1]} that {'are' if count > 1 else 'is'} no "
        f"number (first: {text!r}, {raw.place(row)})"
    )


def _categorical(raw: Raw, first: Column, notes: Notes) -> Column:
    texts = _as_texts(raw, first, notes)
    texts = texts.without(np.array([not text for text in texts.list()], bool))
    if not len(texts.values):
        return _nothing(first, len(raw.data))
    _require_same_type(raw, first, texts)
    codes = {text: code for code, text in enumerate(first.categories)}
    new = [text for text in texts.list() if text not in codes]
    if new:
        notes.column(
            first.name,
            f"{len(new):,} new categor{'ies' if len(new) > 1 else 'y'}, unseen by a "
            f"model of the first table: {listing(new, 4)}",
            "new categories, unseen by a model of the first table",
        )
    for text in new:
        codes[text] = len(codes)
    lookup = np.array([*(codes[text] for text in texts.list()), -1], np.int32)
    return Column(first.name, "categorical", lookup[texts.codes], tuple(codes))


def _as_texts(raw: Raw, first: Column, notes: Notes) -> Texts:
    """Return a column as texts, missing values out, written as categories are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    _require_served(raw, first)
    values = without_points(raw.data.column(first.name))
    if not pa.types.is_dictionary(values.type):
        values = pc.cast(values, pa.large_string())
    texts = tidy(texts_of(values))
    if raw.typed:
        return texts
    return without_missing_texts(first.name, texts, notes, first.categories)


def _require_same_type(raw: Raw, first: Column, texts: Texts) -> None:
    """Raise if categories have become numbers or dates."""
    import pyarrow as pa

    if set(texts.list()) & set(first.categories):
        return
    before = pa.array(first.categories, pa.large_string())
    if parse_numbers(before).numeric.any():
        return
    rest = texts.without(lowered_in(texts, NUMBER_MISSING))
    if len(rest.values) and parse_numbers(rest.values, raw.decimal).numeric.all():
        numbers = per_row(rest, np.zeros(len(rest.values)))
        raise _retyped(raw, first, Column(first.name, "numeric", numbers))


def target_like(raw: Raw, first: Table, notes: Notes) -> npt.NDArray[Any]:
    """Return the targets in the first table's classes.

    Raises:
        TargetError: A class is new.
    """
    if first.task.kind == "multilabel":
        return label_values(raw, first.classes, notes)
    several = first.task.kind == "multiclass"
    codes, classes = label_codes(raw, first.target, notes, named=several)
    folded = {text.casefold(): code for code, text in enumerate(first.classes)}
    if first.task.positive_labels:
        folded = {first.classes[0].casefold(): 0}
        folded |= {text.casefold(): 1 for text in first.task.positive_labels}
    last = len(first.classes) - 1
    folded |= _truth_values(classes, first, notes)
    folded |= {text.casefold(): last for text in first.task.merged_labels}
    against_all = first.task.kind == "binary" and first.classes[0] == (
        f"not {first.classes[1]}"
    )
    new = [text for text in classes if text.casefold() not in folded]
    if new and not against_all:
        raise TargetError(
            sentence(
                f"{raw.name} whose target {first.target!r} has the class"
                f"{'es' if len(new) > 1 else ''} {listing(new)}"
                + (_in_rows(codes, classes, new) if several else ""),
                f"the classes of the first table, {listing(first.classes, 20)}",
                "Leave these rows out: nothing that is learned from the first table "
                "can find a class that it does not have."
                if several
                else "",
            )
        )
    if len(classes) == 1:
        notes.add(f"All rows of {raw.name} are of class {classes[0]!r}.")
    place = np.array([folded.get(text.casefold(), 0) for text in classes])
    return np.asarray(place[codes].astype(first.task.class_number_type))


def _truth_values(classes: Sequence[str], first: Table, notes: Notes) -> dict[str, int]:
    """Return the codes of true and false for 1 and 0, or of these for true and false.

    One program writes a target as booleans, another as numbers.
    """
    here = {text.casefold() for text in classes}
    before = [text.casefold() for text in first.classes]
    for written, meant in ((_TRUTH, _BITS), (_BITS, _TRUTH)):
        if here <= {*written} and {*before} == {*meant}:
            notes.add(
                f"The target {first.target!r} holds {written[0]} and {written[1]}, "
                f"which were taken as {meant[0]} and {meant[1]}."
            )
            return {
                text: before.index(other)
                for text, other in zip(written, meant, strict=True)
            }
    return {}


_TRUTH, _BITS = ("false", "true"), ("0", "1")


def _in_rows(codes: IntArray, classes: Sequence[str], new: Sequence[str]) -> str:
    """Return how many rows have one of some classes, in words."""
    count = int(np.isin(codes, [classes.index(text) for text in new]).sum())
    return f" in {count:,} row{'s'[: count > 1]}"
