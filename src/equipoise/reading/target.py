# SPDX-License-Identifier: Apache-2.0
"""The target: labels, the task, and which class is the positive one."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, nearest, sentence
from equipoise._core.numerals import significant
from equipoise._core.types import IntArray
from equipoise.errors import TargetError
from equipoise.reading.arrow_types import unnamed
from equipoise.reading.class_names import PositiveLabel, class_number
from equipoise.reading.infer import (
    NUMBER_MISSING,
    dates_of,
    lowered_in,
    tidy,
    without_missing_texts,
)
from equipoise.reading.missing_labels import UNLABELLED, says_nothing
from equipoise.reading.parse_numbers import parse_numbers
from equipoise.reading.source import Notes, Raw
from equipoise.reading.texts import Texts, texts_of
from equipoise.table.table import ClassValue
from equipoise.task import Task

MOST_NUMBERS = 100
MOST_FRACTIONS = 20
MOST_PLAIN_NUMBERS = 20
MOST_SHARE = 0.05
"""Whole numbers are classes without being asked for up to so many, or so large a share
of the rows."""
MOST_CLASSES = 1000
LEAST_ROWS = 2
"""Rows of each class, on average."""

Positives = PositiveLabel | Sequence[PositiveLabel]
"""One class, or several that are one class together."""


@dataclass(frozen=True, eq=False)
class TargetValues:
    """A target that can be learned.

    Attributes:
        y: As in `Table`.
        task: Its kind and its classes.
        label_values: As in `Table`.
    """

    y: npt.NDArray[Any]
    task: Task
    label_values: Mapping[str, ClassValue] = field(default_factory=dict)


def read_target(
    raw: Raw,
    name: str,
    notes: Notes,
    *,
    positive: Positives | None = None,
    task: str | None = None,
    unlabelled: str = "refuse",
) -> TargetValues:
    """Read the target column of a source.

    Args:
        raw: The source.
        name: The column.
        notes: Collects what was done.
        positive: The positive class, or several; None for the rarest.
        task: "binary", "multiclass", or None to detect it.
        unlabelled: Whether labels such as -1 beside 0 and 1 are refused ("refuse") or
            a class like any other ("keep").

    Raises:
        TargetError: A target is missing, infinite, constant, or no set of classes.
    """
    codes, classes = label_codes(raw, name, notes, named=task == "multiclass")
    counts = np.bincount(codes, minlength=len(classes))
    if len(classes) < 2:
        raise TargetError(
            sentence(
                f"the target {name!r} with one class only, {classes[0]!r} in all "
                f"{len(codes):,} rows of {raw.name}",
                "at least two classes",
                "Nothing can be learned from one class; is this the right column?",
            )
        )
    if unlabelled != "keep":
        _require_labelled(codes, classes, name, raw)
    values = _label_values(raw, name, classes)
    chosen = _positive(positive, classes, counts, name, notes)
    if task == "multiclass" or (task is None and positive is None and len(classes) > 2):
        if task is None:
            _require_class_numbers(classes, len(codes), name)
        require_rows_of_each(classes, len(codes), name)
        return TargetValues(codes, Task("multiclass", classes), values)
    y = np.isin(codes, chosen).astype(np.int8)
    words = [classes[code] for code in chosen]
    rest = [classes[code] for code in range(len(classes)) if code not in chosen]
    if len(rest) > 1 or len(words) > 1:
        several = len(words) > 1
        notes.add(
            f"Class{'es'[: 2 * several]} {listing(words)} of target {name!r} "
            f"({int(counts[chosen].sum()):,} rows) {'are' if several else 'is'} held "
            + (
                f"against the {len(rest)} others together."
                if len(rest) > 1
                else f"against {rest[0]!r}."
            )
        )
    text = ", ".join(words)
    negative = rest[0] if len(rest) == 1 else f"not {text}"
    members = tuple(words) if len(words) > 1 else ()
    return TargetValues(y, Task("binary", (negative, text), members), values)


def _label_values(raw: Raw, name: str, classes: Sequence[str]) -> dict[str, ClassValue]:
    """Return what stands in the source for each class that is no such string itself.

    A file that declares no types is read as data frames read it: numbers, and "true"
    and "false", are no strings.
    """
    import pyarrow as pa

    kind = raw.data.schema.field(name).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    lowered = [cls.casefold() for cls in classes]
    if not raw.typed and set(lowered) == {"true", "false"}:
        return {cls: text == "true" for cls, text in zip(classes, lowered, strict=True)}
    if pa.types.is_boolean(kind):
        return {cls: cls == "true" for cls in classes}
    strings = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    parsed = parse_numbers(pa.array(list(classes), pa.large_string()))
    if not parsed.numeric.all():
        return {}
    if raw.typed and strings:
        return _spelled(raw, name, parsed.values.tolist(), classes)
    numbers = dict(zip(classes, parsed.values.tolist(), strict=True))
    fractions = any(value != int(value) for value in numbers.values())
    if fractions or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return numbers
    return {cls: int(float(cls)) if "e" in cls else int(cls) for cls in classes}


def _spelled(
    raw: Raw, name: str, numbers: Sequence[float], classes: Sequence[str]
) -> dict[str, ClassValue]:
    """Return the commonest spelling of each number that the classes write otherwise."""
    texts = tidy(target_texts(raw, name))
    parsed = parse_numbers(texts.values, raw.decimal)
    spelled: dict[str, ClassValue] = {}
    for cls, number in zip(classes, numbers, strict=True):
        same = np.where(parsed.values == number, texts.counts, -1)
        text = texts.text(int(np.argmax(same)))
        if text != cls and same.max() > 0:
            spelled[cls] = text
    return spelled


def _require_labelled(
    codes: IntArray, classes: tuple[str, ...], name: str, raw: Raw
) -> None:
    """Raise if some labels seem to say that their rows have none."""
    nothing = says_nothing(classes)
    if not nothing:
        return
    rows = np.flatnonzero(np.isin(codes, [classes.index(text) for text in nothing]))
    rest = [text for text in classes if text not in nothing]
    raise TargetError(
        sentence(
            f"the target {name!r} with {listing(nothing)} in {len(rows):,} rows beside "
            f"{listing(rest)} ({places_of(rows, raw)}), which seem to be rows without "
            "a label",
            "a label in every row: rows without one are not negatives",
            f"Pass unlabelled='drop' to leave these rows out, or unlabelled='keep' if "
            f"{listing(nothing)} is a class like the others.",
        )
    )


def unlabelled_rows(raw: Raw, names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which rows lack a label in all of the target columns, `[rows]`.

    Args:
        raw: The source.
        names: The target columns.
    """
    without = np.ones(raw.data.num_rows, bool)
    for name in names:
        texts = tidy(target_texts(raw, name))
        if not raw.typed:
            texts = _without_marks_among_numbers(texts)
        words = texts.list()
        blank = lowered_in(texts, frozenset(UNLABELLED))
        nothing = says_nothing([text for text in words if text]) if words else []
        number = parse_numbers(texts.values)
        if number.numeric[~blank].all():
            distinct = [
                f"{v:.15g}" if n else text
                for v, n, text in zip(number.values, number.numeric, words, strict=True)
            ]
            nothing = says_nothing(distinct)
            words = distinct
        gone = np.array([text in nothing for text in words], bool)
        if raw.typed:
            blank = lowered_in(texts, frozenset({"nan", "<na>"})) | gone
        without &= (texts.codes < 0) | texts.at(blank | gone)
    return without


def _without_marks_among_numbers(texts: Texts) -> Texts:
    """Return labels without marks such as "--", if all others are numbers or blank."""
    marks = lowered_in(texts, NUMBER_MISSING - UNLABELLED)
    rest = texts.without(marks)
    blank = lowered_in(rest, frozenset(UNLABELLED))
    return rest if parse_numbers(rest.values).numeric[~blank].all() else texts


def label_codes(
    raw: Raw, name: str, notes: Notes, *, named: bool = False
) -> tuple[IntArray, tuple[str, ...]]:
    """Return class numbers `[rows]` and the classes' texts, in order.

    Labels that differ by spaces or case become one, under the commonest spelling,
    with a note. Numbers are ordered as numbers, texts by the alphabet.

    Args:
        raw: The source.
        name: The target column.
        notes: Takes what was done.
        named: Whether the values are known to name classes, however many they are.

    Raises:
        TargetError: A label is missing or infinite, or these are not classes.
    """
    texts = _present(_merged(target_texts(raw, name), name, notes), raw, name, notes)
    numbers = parse_numbers(texts.values, raw.decimal)
    if numbers.numeric.all():
        _require_finite(texts, numbers.values, raw, name)
        texts, order = _canonical(texts, numbers.values)
        if not named:
            _require_classes(texts, order, name)
    else:
        order = np.argsort(np.array(texts.list(), dtype=object), kind="stable")
        if not named:
            _require_few(texts, name)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    everything = texts.list()
    return place[texts.codes], tuple(everything[int(k)] for k in order)


def target_texts(raw: Raw, name: str) -> Texts:
    """Return labels as texts; a date as YYYY-MM-DD, with its time unless midnight.

    Args:
        raw: The source.
        name: The target column.

    Raises:
        TargetError: Values of its type name no classes.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    values = raw.data.column(name)
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _dates_as_texts(values)
    if pa.types.is_temporal(kind) or unnamed(kind):
        raise TargetError(
            sentence(
                f"the target {name!r} of type {kind}",
                "strings, numbers, booleans or dates that name classes",
            )
        )
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, kind), values)
    if not pa.types.is_dictionary(kind):
        values = pc.cast(values, pa.large_string())
    return texts_of(values)


def _dates_as_texts(values: Any) -> Texts:
    import pyarrow as pa

    moments, codes = np.unique(dates_of(values), return_inverse=True)
    days = moments.astype("datetime64[D]")
    seconds = moments.astype("datetime64[s]")
    names = [
        str(day if day == moment else second if second == moment else moment)
        for day, second, moment in zip(days, seconds, moments, strict=True)
    ]
    texts = Texts(
        np.where(np.isnat(moments)[codes], -1, codes).astype(np.int32),
        pa.array([name.replace("T", " ") for name in names], pa.large_string()),
    )
    return texts.without(np.isnat(moments))


def _present(texts: Texts, raw: Raw, name: str, notes: Notes) -> Texts:
    """Return labels without those that mean a missing value; raise if one is."""
    if raw.typed:
        missing = lowered_in(texts, frozenset({"nan", "<na>"}))
        labelled = texts.without(missing)
    else:
        missing = lowered_in(texts, NUMBER_MISSING)
        labelled = texts.without(missing)
        if not parse_numbers(labelled.values).numeric.all():
            empty = lowered_in(texts, frozenset())
            labelled = without_missing_texts(name, texts.without(empty), notes)
    rows = np.flatnonzero(labelled.codes < 0)
    if len(rows):
        raise TargetError(
            sentence(
                f"the target {name!r} of {raw.name} with {len(rows):,} missing "
                f"value{'s'[: len(rows) > 1]} ({places_of(rows, raw)})",
                "a target in every row",
                "Pass unlabelled='drop' to leave these rows out, or fill in their "
                "targets.",
            )
        )
    return labelled


def _require_finite(texts: Texts, values: Any, raw: Raw, name: str) -> None:
    infinite = np.isinf(values)
    if infinite.any():
        rows = np.flatnonzero(texts.at(infinite))
        raise TargetError(
            sentence(
                f"the target {name!r} of {raw.name} with {len(rows):,} infinite "
                f"value{'s'[: len(rows) > 1]} ({places_of(rows, raw)})",
                "finite targets",
                "Remove these rows, or correct their targets.",
            )
        )


def places_of(rows: IntArray, raw: Raw) -> str:
    """Return where the first rows of some lie, in words.

    Args:
        rows: Their positions.
        raw: The source.
    """
    shown = ", ".join(raw.place(int(row)) for row in rows[:5])
    return shown if len(rows) <= 5 else f"{shown}, ..."


def _canonical(texts: Texts, values: Any) -> tuple[Texts, IntArray]:
    """Write equal numbers alike: 1, 1.0 and 1e0 are one class."""
    import pyarrow as pa

    written = [
        text if abs(value) >= 2**53 else f"{value + 0.0:.15g}"
        for text, value in zip(texts.list(), values, strict=True)
    ]
    texts = texts.replace(pa.array(written, pa.large_string()))
    numbers = np.array([float(text) for text in texts.list()])
    return texts, np.argsort(numbers, kind="stable")


def _require_classes(texts: Texts, order: IntArray, name: str) -> None:
    """Raise if numbers look measured rather than named."""
    numbers = np.array([float(text) for text in texts.list()])
    fractions = bool((numbers != np.floor(numbers)).any())
    most = MOST_FRACTIONS if fractions else MOST_NUMBERS
    if len(order) > most:
        raise _regression(numbers, name, f"at most {most} different")


def _require_class_numbers(classes: tuple[str, ...], rows: int, name: str) -> None:
    """Raise if several classes, none of which is chosen, look like measured numbers."""
    import pyarrow as pa

    parsed = parse_numbers(pa.array(classes, pa.large_string()))
    if not parsed.numeric.all():
        return
    numbers = np.array([float(text) for text in classes])
    if (numbers != np.floor(numbers)).any():
        raise _regression(numbers, name, "at most two different")
    if len(classes) > max(MOST_PLAIN_NUMBERS, MOST_SHARE * rows):
        raise _regression(
            numbers,
            name,
            f"at most {MOST_PLAIN_NUMBERS}, or {MOST_SHARE:.0%} of the rows, different",
        )


def _regression(
    numbers: npt.NDArray[np.float64], name: str, accepted: str
) -> TargetError:
    """Return the error that numbers are no classes."""
    fractions = bool((numbers != np.floor(numbers)).any())
    return TargetError(
        sentence(
            f"the target {name!r} with {len(numbers):,} different numbers, from "
            f"{significant(numbers.min(), 6)} to {significant(numbers.max(), 6)}",
            f"classes; {accepted} "
            f"{'numbers with fractions' if fractions else 'whole numbers'}",
            "This looks like a regression, which is not served. Pass task='multiclass' "
            "if each number names a class; or make classes of it first, for example "
            "by a threshold.",
        )
    )


def require_rows_of_each(classes: tuple[str, ...], rows: int, name: str) -> None:
    """Raise if there are too many classes to be learned from so few rows."""
    count = len(classes)
    if count <= MOST_CLASSES and rows >= LEAST_ROWS * count:
        return
    raise TargetError(
        sentence(
            f"the target {name!r} with {count:,} classes in {rows:,} rows "
            f"({listing(classes, 3)})",
            f"at most {MOST_CLASSES:,} classes, of {LEAST_ROWS} rows on average",
            "Make fewer classes of it, for example one of all rare ones.",
        )
    )


def _require_few(texts: Texts, name: str) -> None:
    count, rows = len(texts.values), len(texts.codes)
    if count > MOST_CLASSES or (count > 20 and count > rows / 2):
        raise TargetError(
            sentence(
                f"the target {name!r} with {count:,} different texts in {rows:,} rows "
                f"({listing(texts.list(), 3)})",
                f"a target that names at most {MOST_CLASSES:,} classes",
                "This looks like an identifier or free text.",
            )
        )


def _merged(texts: Texts, name: str, notes: Notes) -> Texts:
    """Make labels one that differ by case or inner spaces only."""
    import pyarrow as pa

    spelled = texts.list()
    by_fold: dict[str, list[int]] = {}
    for code, text in enumerate(spelled):
        by_fold.setdefault(" ".join(text.split()).casefold(), []).append(code)
    written = [" ".join(text.split()) for text in spelled]
    for codes in by_fold.values():
        best = written[max(codes, key=lambda code: int(texts.counts[code]))]
        for code in codes:
            written[code] = best
        if len(codes) > 1:
            variants = ", ".join(
                f"{spelled[code]!r} ({texts.counts[code]:,})" for code in codes
            )
            notes.add(
                f"Target {name!r}: the labels {variants} differ by spaces or case only "
                f"and were taken as one class, {best!r}."
            )
    return texts.replace(pa.array(written, pa.large_string()))


def _positive(
    positive: Positives | None,
    classes: tuple[str, ...],
    counts: IntArray,
    name: str,
    notes: Notes,
) -> list[int]:
    """Return the numbers of the positive classes."""
    if positive is not None:
        return find_classes(positive, classes, name)
    rarest = int(counts.min())
    tied = np.flatnonzero(counts == rarest)
    if len(tied) > 1 and len(classes) == 2:
        notes.add(
            f"Both classes of target {name!r} have {rarest:,} row{'s'[: rarest != 1]}; "
            f"{classes[int(tied[-1])]!r} was taken as the positive one. Pass positive= "
            "to choose."
        )
    return [int(tied[-1])]


def find_classes(positive: Positives, classes: Sequence[str], name: str) -> list[int]:
    """Return the numbers of the classes that are positive, each once, in order.

    A string that is not a class may name several, separated by commas; one that holds
    a comma is put in quotes, as in CSV.

    Raises:
        TargetError: No class is so named, or no other is left.

    Example:
        >>> find_classes([2, 3], ("1", "2", "3"), "y")
        [1, 2]
        >>> find_classes('b,"a,c"', ("a,c", "b", "d"), "y")
        [0, 1]
    """
    if isinstance(positive, str):
        names: Sequence[PositiveLabel] = [positive]
        folded = [cls.casefold() for cls in classes]
        if "," in positive and " ".join(positive.split()).casefold() not in folded:
            parts = next(csv.reader([positive], skipinitialspace=True), [])
            names = [part for part in parts if part.strip()] or names
    elif isinstance(positive, Sequence | Set | np.ndarray):
        names = list(positive)
    else:
        names = [positive]
    chosen = sorted({find_class(one, classes, name) for one in names})
    if not 0 < len(chosen) < len(classes):
        raise TargetError(
            sentence(
                f"positive={positive!r} for the target {name!r}",
                f"some of its classes, not all: {listing(classes, 20)}",
            )
        )
    return chosen


def find_class(positive: PositiveLabel, classes: Sequence[str], name: str) -> int:
    """Return the number of the class that the user named, as text or as number.

    A class may be named in another spelling of its value: 1.0 or "1.0" for 1, and 1 or
    0 for true or false, and the reverse.

    Raises:
        TargetError: No class is so named, or several; the message lists the classes.

    Example:
        >>> find_class(1, ("0", "1"), "y"), find_class("YES", ("no", "yes"), "y")
        (1, 1)
        >>> find_class(0, ("False", "True"), "y"), find_class("true", ("0", "1"), "y")
        (0, 1)
    """
    number = class_number(positive, classes)
    if number is not None:
        return number
    raise TargetError(
        sentence(
            f"positive={positive!r} for the target {name!r}",
            f"one of its classes, {listing(classes, 20)}",
            nearest(str(positive), classes),
        )
    )
