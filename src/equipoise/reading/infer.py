# SPDX-License-Identifier: Apache-2.0
"""From the columns of a source to typed columns: number, boolean, category, date.

Where a source declares types (Parquet, frames, arrays) they are kept; texts that are
all numbers or dates are read as such. Where it does not (CSV) the rules are:

- An empty text is missing. Among numbers, dates and booleans so are `NA`, `NaN`,
  `null`, `none`, `?`, `-` and their like; among other texts only those that no one
  means (`NaN`, `NULL`, `N/A`, `#N/A`, `<NA>`, `?`, `NA`). `None` stays a category.
- What a spreadsheet writes for a formula without a result (`#DIV/0!`, `#REF!`,
  `Err:502`) is missing in every column, and it is said.
- `NA` stays a category if all other values are two capital letters: a country.
- Whole numbers with leading zeros are codes, so categories. Whole numbers beyond
  2^53, which a float64 cannot hold, are categories too, digit by digit.
- Numbers and dates are read in the notations of `parse_numbers` and `parse_dates`;
  which, is kept with the column, and later files are read by it.
- `true` and `false` in any case are booleans; other pairs are categories.
- Where half of the values or more, but not all, are numbers (or dates), all are
  categories, and it is said.
- Spaces around a text do not count. Texts that differ by case are different.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from equipoise._core.checks import listing
from equipoise._core.types import BoolArray, FloatArray
from equipoise.reading.formula_errors import FORMULA_ERRORS
from equipoise.reading.parse_dates import Dates, parse_dates
from equipoise.reading.parse_numbers import (
    FIRST_INEXACT,
    Numbers,
    inexact,
    parse_numbers,
    quick_numbers,
)
from equipoise.reading.source import Notes, Raw
from equipoise.reading.texts import (
    Texts,
    texts_of,
)
from equipoise.table.notation import Notation
from equipoise.table.table import (
    Column,
    Dropped,
)

PLAIN_MISSING = frozenset({"na", "nan", "null", "n/a", "#n/a", "<na>", "#na", "-nan"})
NUMBER_MISSING = (
    PLAIN_MISSING
    | {"none", "nil", "?", "-", "--", ".", "missing", "unknown"}
    | {error.lower() for error in FORMULA_ERRORS}
)
TEXT_MISSING = frozenset(
    {"NaN", "nan", "NULL", "null", "N/A", "n/a", "<NA>", "NA", "?", *FORMULA_ERRORS}
)


def infer(name: str, raw: Raw, notes: Notes) -> Column | Dropped:
    """Return one column of a source, typed, or why it cannot be used.

    Args:
        name: The column's name.
        raw: The source.
        notes: Collects what was done.
    """
    import pyarrow as pa

    values = raw.data.column(name)
    kind = values.type
    if pa.types.is_dictionary(kind):
        return categorical(name, tidy(texts_of(values)), notes)
    if is_text(kind):
        return _text(name, values, raw, notes)
    if pa.types.is_boolean(kind):
        return Column(name, "boolean", _floats(values), notation=Notation())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Column(name, "datetime", dates_of(values), notation=Notation())
    if pa.types.is_integer(kind):
        return _integers(name, values, notes)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return numeric(name, _floats(values), raw, notes)
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        return numeric(name, _seconds(values), raw, notes)
    if pa.types.is_null(kind):
        return Dropped(name, "it has no values")
    parts = ": write its parts as columns of their own" * pa.types.is_nested(kind)
    return Dropped(name, f"its values are of type {kind}, which is not served{parts}")


def numeric(
    name: str,
    values: FloatArray,
    raw: Raw,
    notes: Notes,
    notation: Notation | None = None,
) -> Column:
    """Return a numeric column; infinite values become missing, with a note."""
    infinite = np.isinf(values)
    count = int(np.count_nonzero(infinite))
    if count:
        first = raw.place(int(np.argmax(infinite)))
        notes.column(
            name,
            f"{count:,} infinite value{'s'[: count > 1]} (first: {first}) "
            f"{'were' if count > 1 else 'was'} taken as missing",
            "infinite values were taken as missing",
        )
        values = np.where(infinite, np.nan, values)
    return Column(name, "numeric", values, notation=notation or Notation())


def _integers(name: str, values: Any, notes: Notes) -> Column | Dropped:
    """Return whole numbers; as categories if a float64 would round them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    floats = _floats(values)
    if np.nanmax(np.abs(floats), initial=0.0) >= FIRST_INEXACT:
        back = pc.cast(pa.array(floats, from_pandas=True), values.type, safe=False)
        exact = pc.equal(back, values.combine_chunks())
        if not pc.all(exact, min_count=0).as_py():
            return _too_large(name, texts_of(pc.cast(values, pa.large_string())), notes)
    return Column(name, "numeric", floats, notation=Notation())


def _too_large(name: str, texts: Texts, notes: Notes) -> Column | Dropped:
    notes.column(
        name,
        "whole numbers beyond 2^53 were kept exactly, as categories",
    )
    return categorical(name, texts, notes)


def _text(name: str, values: Any, raw: Raw, notes: Notes) -> Column | Dropped:
    quick = None if raw.typed else quick_numbers(values, raw.decimal)
    if quick is not None:
        if np.isnan(quick).all():
            return Dropped(name, "it has no values")
        whole = bool((quick[~np.isnan(quick)] % 1 == 0).all())
        seen = Notation("" if whole else ".").with_seen(file_notation(raw))
        return Column(name, "numeric", quick, notation=seen)
    texts = tidy(texts_of(values), name, notes)
    missing = lowered_in(texts, NUMBER_MISSING)
    rest = texts.without(missing)
    if not len(rest.values):
        return Dropped(name, "it has no values")
    column = _numbers(name, rest, raw, notes) or _dates(name, rest, raw, notes)
    column = column or _booleans(name, rest)
    if column is not None:
        tell_missing(name, texts, missing, notes)
        return column
    if not raw.typed:
        texts = without_missing_texts(name, texts, notes)
    return categorical(name, texts, notes)


def _numbers(
    name: str, texts: Texts, raw: Raw, notes: Notes
) -> Column | Dropped | None:
    numbers = parse_numbers(
        texts.values, raw.decimal, proven=raw.proven, accounting=True
    )
    if not numbers.numeric.all():
        _tell_mixed(name, texts, numbers.numeric, "numbers", raw, notes)
        return None
    if _leading_zeros(texts):
        notes.column(
            name, "whole numbers with leading zeros were read as categories (codes)"
        )
        return None
    if inexact(numbers.values, texts.values).any():
        return _too_large(name, texts, notes)
    if numbers.done:
        guess = f"; {numbers.guess}, so this was assumed" if numbers.guess else ""
        notes.column(
            name,
            f"numbers were read with {numbers.done} {_example(texts, numbers)}{guess}",
            f"numbers were read with {numbers.done}{guess}",
        )
    elif raw.typed:
        notes.column(name, "texts that hold numbers were read as numbers")
    seen = numbers.notation.with_seen(file_notation(raw))
    return numeric(name, per_row(texts, numbers.values), raw, notes, seen)


def file_notation(raw: Raw) -> Notation:
    """Return what the numbers of a file's other columns prove."""
    return Notation(raw.decimal if raw.proven else "")


def _example(texts: Texts, numbers: Numbers) -> str:
    """Return one text and its value, the longest text of the first hundred."""
    head = texts.values.slice(0, 100).to_pylist()
    k = int(np.argmax([len(text) for text in head]))
    return f"({head[k]!r} is {numbers.values[k]:.15g})"


def _dates(name: str, texts: Texts, raw: Raw, notes: Notes) -> Column | None:
    dates: Dates | None = parse_dates(texts.values, raw.order)
    if dates is None:
        return None
    if not dates.valid.all():
        _tell_mixed(name, texts, dates.valid, "dates", raw, notes)
        return None
    if dates.assumed:
        notes.column(name, dates.assumed)
    seen = Notation(order=dates.order)
    return Column(name, "datetime", moments(texts, dates.values), notation=seen)


def moments(texts: Texts, values: Any) -> Any:
    """Return a date per row from a date per distinct text."""
    return np.append(values, np.datetime64("NaT"))[texts.codes]


def _booleans(name: str, texts: Texts) -> Column | None:
    import pyarrow.compute as pc

    lower = pc.utf8_lower(texts.values).to_pylist()
    if not set(lower) <= {"true", "false"}:
        return None
    values = np.array([text == "true" for text in lower], np.float64)
    return Column(name, "boolean", per_row(texts, values), notation=Notation())


def per_row(texts: Texts, values: FloatArray) -> FloatArray:
    """Return a number per row from a number per distinct text."""
    return np.asarray(np.append(values, np.nan)[texts.codes])


def categorical(name: str, texts: Texts, notes: Notes) -> Column | Dropped:
    """Return a categorical column; the empty text is missing."""
    import pyarrow.compute as pc

    texts = texts.without(np.asarray(pc.equal(texts.values, ""), bool))
    if not len(texts.values):
        return Dropped(name, "it has no values")
    folded = len(pc.unique(pc.utf8_lower(texts.values)))
    if folded < len(texts.values):
        count = len(texts.values) - folded
        notes.column(
            name,
            f"{count:,} categor{'ies differ' if count > 1 else 'y differs'} from "
            "another by upper and lower case only, and were kept apart",
            "categories that differ by case only were kept apart",
        )
    return Column(name, "categorical", texts.codes, tuple(texts.list()))


def tidy(texts: Texts, name: str = "", notes: Notes | None = None) -> Texts:
    """Take off spaces around texts; say so if texts become equal by it."""
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(texts.values)
    changed = np.asarray(pc.not_equal(trimmed, texts.values), bool)
    if not changed.any():
        return texts
    result = texts.replace(trimmed)
    filled = int(np.count_nonzero(np.asarray(pc.not_equal(trimmed, ""))))
    merged = filled - int(np.count_nonzero(np.asarray(pc.not_equal(result.values, ""))))
    if merged and notes is not None:
        notes.column(
            name,
            f"{merged:,} value{'s'[: merged > 1]} that differ{'s'[: merged == 1]} from "
            "another by spaces only became one with it",
            "values that differ by spaces only became one",
        )
    return result


def without_missing_texts(
    name: str, texts: Texts, notes: Notes, categories: tuple[str, ...] = ()
) -> Texts:
    """Take texts as missing that no one means as a category.

    Args:
        name: The column's name.
        texts: The column.
        notes: Collects what was done.
        categories: Categories that are known to be meant.
    """
    words = TEXT_MISSING - set(categories)
    missing = np.array([text in words for text in texts.list()], bool)
    if not missing.any():
        return texts
    country = missing & np.array([text == "NA" for text in texts.list()], bool)
    if country.any() and _all_codes(texts.list(~missing)):
        notes.column(
            name,
            f"'NA' ({texts.rows(country):,} rows) was kept as a category, because all "
            "others are two capital letters",
        )
        missing &= ~country
    if missing.any():
        words_found = listing(texts.list(missing))
        notes.column(
            name, f"{words_found} ({texts.rows(missing):,} rows) taken as missing"
        )
    return texts.without(missing)


def _all_codes(texts: list[str]) -> bool:
    codes = [text for text in texts if text]
    return len(codes) > 1 and all(
        len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()
        for text in codes
    )


def lowered_in(texts: Texts, words: frozenset[str]) -> BoolArray:
    """Return which distinct texts are empty or, in lower case, among the words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lowered = pa.array(["", *sorted(words)], pa.large_string())
    return np.asarray(pc.is_in(pc.utf8_lower(texts.values), value_set=lowered), bool)


def tell_missing(name: str, texts: Texts, missing: BoolArray, notes: Notes) -> None:
    """Say which unusual texts were taken as missing.

    Args:
        name: The column's name.
        texts: The column.
        missing: `[values]` which of its distinct texts were.
        notes: Takes what is said.
    """
    odd = missing & ~lowered_in(texts, PLAIN_MISSING)
    if odd.any():
        notes.column(
            name,
            f"{listing(texts.list(odd))} ({texts.rows(odd):,} rows) taken as missing",
        )


def _tell_mixed(
    name: str, texts: Texts, fit: BoolArray, what: str, raw: Raw, notes: Notes
) -> None:
    """Say that a column is mixed if at least half of its values fit."""
    total, other = texts.rows(np.ones(len(fit), bool)), texts.rows(~fit)
    if other * 2 > total:
        return
    row, text = texts.first(~fit)
    notes.column(
        name,
        f"{total - other:,} values are {what} and {other:,} "
        f"{'is' if other == 1 else 'are'} not (first: {text!r}, {raw.place(row)}), so "
        "all were read as categories; empty the other cells to get "
        f"{what}",
    )


def _leading_zeros(texts: Texts) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(texts.values, r"^0\d+$")).as_py())


def is_text(kind: Any) -> bool:
    """Return whether an Arrow type holds texts."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _floats(values: Any) -> FloatArray:
    """Return numbers as float64, NaN where missing; without a copy where it can be."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_float64(values.type):
        if pa.types.is_float16(values.type):
            values = pc.cast(values, pa.float32())
        values = pc.cast(values, pa.float64(), safe=False)
    if values.null_count:
        values = pc.fill_null(values, np.nan)
    return np.asarray(
        values.combine_chunks().to_numpy(zero_copy_only=False), np.float64
    )


def dates_of(values: Any) -> Any:
    """Return Arrow dates as datetime64[us] in UTC, NaT where missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    micro = pc.cast(
        values, pa.timestamp("us", getattr(values.type, "tz", None)), safe=False
    )
    numbers = pc.cast(micro, pa.int64()).combine_chunks()
    result = np.asarray(numbers.fill_null(0), np.int64).astype("datetime64[us]")
    result[np.asarray(numbers.is_null())] = np.datetime64("NaT")
    return result


def _seconds(values: Any) -> FloatArray:
    """Return a time of day or a span of time in seconds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    scale = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[values.type.unit]
    small = pa.types.is_time32(values.type)
    numbers = pc.cast(values, pa.int32() if small else pa.int64())
    return _floats(numbers) / scale
