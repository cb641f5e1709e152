# SPDX-License-Identifier: Apache-2.0
"""Parts of the rows on which decisions are worse than elsewhere, found by a search.

Each column, and each pair of columns, cuts the rows into parts. Of each part two
shares are held against the other rows: how many of the rows of a class are found, and
how many of the others are left alone. The more parts are looked at, the worse the
worst of them looks by chance; so p-values are those of Fisher's exact test, corrected
for all of them (Holm).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import group_numbers
from equipoise._core.checks import integer, number, sentence
from equipoise._core.frames import make_frame
from equipoise._core.layout import columns as laid_out
from equipoise._core.layout import display_width, wrap
from equipoise._core.numerals import as_p_value, exact, percent, significant
from equipoise._core.types import AnyArray, BoolArray, FloatArray, IntArray
from equipoise.errors import InputError, printable
from equipoise.metrics.estimate import Estimate
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.uncertainty.multiplicity import holm, simultaneous_level
from equipoise.uncertainty.proportion import clopper_pearson
from equipoise.uncertainty.shares import effective_counts

FEWEST = 8
"""A part, and the rest, need so many rows (or clusters) of which a share is taken."""
MOST_VALUES = 8
"""A column with more values than this is cut into quarters, or its most frequent."""
MOST_SHOWN_SLICES = 8
MEASURES = {"recall": "found", "specificity": "left alone"}
"""The shares that are compared, and their words: of the rows of a class, those that
are decided to be of it; of the other rows, those that are not."""

SLICE_TITLES = ("rows with", "share", "here", "elsewhere", "adjusted")
"""The columns of a table of parts."""

SliceFinding = Literal["worse", "cannot tell"]


@dataclass(frozen=True)
class FoundSlice:
    """A part of the rows, held against all others.

    Attributes:
        columns: One column, or two.
        name: The values that the rows share, as "city = Bonn, age 40 to 52".
        view: The class or label that is decided.
        measure: "recall" or "specificity".
        rows: How many rows the part has.
        counted: Of how many of them the share is taken.
        share: The share, with an interval that holds for all parts together.
        rest: The same share among all other rows.
        p: One-sided p-value of "not worse than the rest", corrected for the search.
        finding: "worse" if that is at most one minus the level, else "cannot tell".
    """

    columns: tuple[str, ...]
    name: str
    view: str
    measure: str
    rows: int
    counted: int
    share: Estimate
    rest: float
    p: float
    finding: SliceFinding

    @property
    def of(self) -> str:
        """Of what the share is, as "Bonn, found"."""
        return f"{self.view}, {MEASURES[self.measure]}"


@dataclass(frozen=True)
class FoundSlices:
    """What a search for parts with more errors gave.

    Attributes:
        slices: The parts, the surest first; those that are worse, then others.
        searched: How many shares were compared.
        level: One minus the probability of any false finding.
    """

    slices: tuple[FoundSlice, ...]
    searched: int
    level: float

    @property
    def worse(self) -> tuple[FoundSlice, ...]:
        """The parts that are worse than the rest, allowing for the search."""
        return tuple(one for one in self.slices if one.finding == "worse")

    def frame(self, library: str | None = None) -> Any:
        """Return a data frame, one row per share that was compared.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them
                that is installed (pyarrow always is).

        Raises:
            MissingExtraError: The library is not installed.
        """
        rows = [
            {
                "slice": one.name,
                "class": one.view,
                "measure": one.measure,
                "rows": one.rows,
                "counted": one.counted,
                "share": one.share.value,
                "low": one.share.low,
                "high": one.share.high,
                "rest": one.rest,
                "p_adjusted": one.p,
                "finding": one.finding,
            }
            for one in self.slices
        ]
        return make_frame(rows, library)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return {
            "searched": self.searched,
            "level": self.level,
            "slices": [
                {**asdict(one), "columns": list(one.columns)} for one in self.slices
            ],
        }

    def __str__(self) -> str:
        return "\n".join(self.lines(display_width()))

    def lines(self, width: int) -> list[str]:
        """Return the worst parts in lines of at most some width.

        Args:
            width: Columns.
        """
        head = [wrap(self.sentence(), width)]
        cells: list[list[list[str]]] = [
            [
                wrap(printable(one.name, lines=False), max(20, width - 46)).split("\n"),
                [one.of],
                [percent(one.share.value), f"of {one.counted:,}"],
                [percent(one.rest)],
                [as_p_value(one.p)],
            ]
            for one in self.shown
        ]
        if not cells:
            return head
        header, body = laid_out([[t] for t in SLICE_TITLES], cells, left=(0, 1))
        more = len(self.worse) - len(cells)
        last = [f"and {more} more: see .slices.frame()"] if more > 0 else []
        return [*head, *header, *itertools.chain(*body), *last]

    @property
    def shown(self) -> tuple[FoundSlice, ...]:
        """The parts that a text shows: the worst, or the one that is nearest to it."""
        return (self.worse or self.slices[:1])[:MOST_SHOWN_SLICES]

    def sentence(self) -> str:
        """Return how many shares were compared, and how many are worse."""
        head = f"{self.searched:,} shares of parts of the rows were compared with the "
        head += "rest. "
        count = len(self.worse)
        if count:
            return f"{head}{count} {'is' if count == 1 else 'are'} worse:"
        head += "None is worse, if one allows for the search."
        return f"{head} The nearest to it:" if self.slices else head


def worst_slices(
    rows: Table,
    decisions: npt.ArrayLike,
    *,
    columns: Sequence[str] | None = None,
    pairs: bool = True,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
    fewest: int = FEWEST,
) -> FoundSlices:
    """Search single columns and pairs of them for parts with more errors.

    Numbers and moments are cut into quarters of the rows, or into one frequent value
    and all others; of categories the eight most frequent are parts, and all others one;
    missing values are a part. Of rows that are
    one cluster, their number counts once.

    Args:
        rows: Labelled rows that the model has not seen.
        decisions: As a rule gives them: `[rows]` 1, 0 or -1 for undecided, or class
            numbers; `[rows, labels]`. An undecided row is not found.
        columns: Which to search; None for all.
        pairs: Whether pairs are searched too.
        clusters: `[rows]` names of groups of rows that depend on each other, or None.
        level: One minus the probability of any false finding.
        fewest: The least rows of which a share is taken, in the part and in the rest.

    Returns:
        Every share that was compared, the surest first. A pair of columns is left out
        unless it is surer than both of its columns alone.

    Raises:
        InputError: A column is unknown, or the decisions do not fit the rows.

    Example:
        >>> x = np.repeat([0.0, 1.0], 100)
        >>> y = np.tile([0, 1], 100).astype(np.int8)
        >>> missed = (x == 1) & (np.arange(200) % 4 == 1)
        >>> task = Task("binary", ("no", "yes"))
        >>> table = Table((Column("x", "boolean", x),), y, task)
        >>> worst = worst_slices(table, np.where(missed, 0, y)).worse[0]
        >>> worst.name, worst.measure, worst.share.value, worst.rest
        ('x = 1', 'recall', 0.5, 1.0)

    References:
        Chung et al. (2019), Slice Finder, ICDE, section 3 on searching with a
        correction; Holm (1979), Scandinavian Journal of Statistics 6, 65.
    """
    number(level, "level", 0, 1, open_ends=True)
    integer(fewest, "fewest", 1)
    table = rows if columns is None else rows.select(list(columns))
    shares = list(_shares(rows.task, rows.labels(), np.asarray(decisions)))
    unit = None if clusters is None else group_numbers(clusters, len(rows))
    parts = [column_parts(column) for column in table.columns]
    tests: list[dict[str, Any]] = []
    texts: list[tuple[str, ...]] = []
    counts: list[tuple[int, int, int, int]] = []
    for names, text, inside in _slices(table.names, parts, pairs):
        for view, measure, counted, right in shares:
            pair = _compared(inside, counted, right, unit, fewest)
            if pair is not None:
                here, elsewhere = pair
                texts.append(text)
                counts.append((here.hits, here.size, elsewhere.hits, elsewhere.size))
                tests.append(
                    {
                        "columns": names,
                        "name": ", ".join(text),
                        "view": view,
                        "measure": measure,
                        "rows": int(np.count_nonzero(inside)),
                        "counted": here.rows,
                        "value": here.share,
                        "rest": elsewhere.share,
                    }
                )
    adjusted = holm(_not_worse(np.array(counts))) if tests else np.zeros(0)
    each = simultaneous_level(level, max(1, len(tests)))
    made = []
    for test, p, (hits, size, *_) in zip(tests, adjusted.tolist(), counts, strict=True):
        low, high = clopper_pearson(hits, size, each)
        value = test.pop("value")
        method = "Clopper-Pearson, for all parts together"
        test["share"] = Estimate(value, low, high, method, level=level)
        worse = p <= 1 - level
        made.append(
            FoundSlice(
                **{**test, "p": p, "finding": "worse" if worse else "cannot tell"}
            )
        )
    return FoundSlices(_surest(made, texts), len(tests), level)


def column_parts(column: Column) -> list[tuple[str, BoolArray]]:
    """Return the parts into which a column cuts the rows, each with a name.

    Args:
        column: The column.

    Example:
        >>> parts = column_parts(Column("x", "numeric", np.array([1.0, 2.0, np.nan])))
        >>> [name for name, _ in parts]
        ['x = 1', 'x = 2', 'x is missing']
    """
    missing = column.missing()
    parts = []
    if column.kind == "categorical":
        counts = np.bincount(column.values[~missing], minlength=len(column.categories))
        order = np.argsort(-counts, kind="stable")
        shown = [k for k in order[:MOST_VALUES].tolist() if counts[k]]
        for k in shown:
            text = f"{column.name} = {column.categories[k]}"
            parts.append((text, np.asarray(column.values == k)))
        others = ~missing & ~np.isin(column.values, shown)
        if others.any():
            parts.append((f"{column.name} is another value", others))
    else:
        parts = list(_of_numbers(column, missing))
    if missing.any():
        parts.append((f"{column.name} is missing", missing))
    return parts


def _of_numbers(column: Column, missing: BoolArray) -> Iterator[tuple[str, BoolArray]]:
    values = column.values
    present = values[~missing]
    distinct = np.unique(present)
    if distinct.size <= MOST_VALUES:
        for value, text in zip(distinct, _texts(distinct), strict=True):
            yield f"{column.name} = {text}", np.asarray(values == value)
        return
    # Edges are values of the column, also of moments.
    places = distinct_places(present)
    quarters = np.rint(np.quantile(places, [0, 0.25, 0.5, 0.75, 1]))
    edges = np.unique(quarters.astype(np.int64))
    if len(edges) == 2:  # most rows have the least value, or the largest
        yield from _frequent_end(column, distinct, np.bincount(places))
        return
    ends = distinct[edges]
    for k, (low, high) in enumerate(itertools.pairwise(_texts(ends))):
        last = k == len(ends) - 2
        below = (values <= ends[k + 1]) if last else (values < ends[k + 1])
        inside = (values >= ends[k]) & below
        yield f"{column.name} {low} to {high}", ~missing & inside


def _frequent_end(
    column: Column, distinct: AnyArray, counts: IntArray
) -> Iterator[tuple[str, BoolArray]]:
    """Yield the rows with the more frequent of the two end values, and the others."""
    values, first = column.values, counts[0] >= counts[-1]
    end, others = (0, distinct[1:]) if first else (-1, distinct[:-1])
    low, high, alone = _texts(np.array([others[0], others[-1], distinct[end]]))
    inside = (values >= others[0]) & (values <= others[-1])
    parts = [
        (f"{column.name} = {alone}", np.asarray(values == distinct[end])),
        (f"{column.name} {low} to {high}", np.asarray(inside)),
    ]
    yield from parts if first else reversed(parts)


def distinct_places(values: AnyArray) -> IntArray:
    """Return the place of each value among the distinct ones, `[rows]`.

    Example:
        >>> distinct_places(np.array([5.0, 1.0, 5.0])).tolist()
        [1, 0, 1]
    """
    return np.asarray(np.unique(values, return_inverse=True)[1], np.int64)


def _texts(values: AnyArray) -> list[str]:
    """Return different values in as many digits as tell them apart, at least 4."""
    for write in _writers(values):
        texts = [write(value) for value in values]
        if len(set(texts)) == len(texts):
            break
    return texts


def _writers(values: AnyArray) -> Iterator[Callable[[Any], str]]:
    """Yield ways to write numbers or moments, each more exact than the one before."""
    if values.dtype.kind == "M":
        yield lambda value: str(value.astype("datetime64[s]")).replace("T", " ")
        yield lambda value: str(value).replace("T", " ")
        return
    for digits in range(4, 18):
        yield partial(_written, digits=digits)
    yield lambda value: exact(float(value))


def _written(value: Any, digits: int) -> str:
    return significant(float(value), digits)


def _slices(
    names: Sequence[str],
    parts: Sequence[Sequence[tuple[str, BoolArray]]],
    pairs: bool,
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], BoolArray]]:
    """Yield the columns, the name in each of them, and the rows of each part."""
    for name, of_column in zip(names, parts, strict=True):
        if len(of_column) > 1:  # else it holds all rows
            for text, inside in of_column:
                yield (name,), (text,), inside
    if not pairs:
        return
    for one, other in itertools.combinations(range(len(names)), 2):
        if len(parts[one]) < 2 or len(parts[other]) < 2:
            continue
        for (first, a), (second, b) in itertools.product(parts[one], parts[other]):
            yield (names[one], names[other]), (first, second), a & b


def _shares(
    task: Task, y: AnyArray, decisions: AnyArray
) -> Iterator[tuple[str, str, BoolArray, BoolArray]]:
    """Yield for each view and measure: of which rows, and which of them are right."""
    if decisions.shape != y.shape:
        raise InputError(
            sentence(f"decisions of shape {decisions.shape}", f"shape {y.shape}")
        )
    for place, view in enumerate(task.views(y)):
        there = np.ones(len(y), np.bool_) if view.labelled is None else view.labelled
        if task.kind == "multilabel":
            flagged = decisions[:, place] == 1
        else:
            flagged = decisions == (1 if task.kind == "binary" else place)
        yield view.name, "recall", there & view.y, np.asarray(flagged)
        yield view.name, "specificity", there & ~view.y, np.asarray(~flagged)


@dataclass(frozen=True)
class _Share:
    """The rows that are right, of how many; and as many independent cases."""

    share: float
    rows: int
    hits: int
    size: int


def _compared(
    inside: BoolArray,
    counted: BoolArray,
    right: BoolArray,
    unit: IntArray | None,
    fewest: int,
) -> tuple[_Share, _Share] | None:
    """Return the share in a part and elsewhere; None if there are too few rows."""
    shares = []
    for mask in (inside & counted, ~inside & counted):
        rows = size = int(np.count_nonzero(mask))
        hits = int(np.count_nonzero(mask & right))
        share = hits / rows if rows else np.nan
        if unit is not None and rows:
            cases = float(len(np.unique(unit[mask])))
            hits, misses = effective_counts(share, cases)
            size = hits + misses
        if size < fewest:
            return None
        shares.append(_Share(share, rows, hits, size))
    return shares[0], shares[1]


def _not_worse(counts: IntArray) -> FloatArray:
    """Return Fisher's one-sided p-values: so few hits or fewer, if all are alike.

    Args:
        counts: `[tests, 4]` hits and size of the part, hits and size of the rest.
    """
    from scipy.stats import hypergeom

    hits, size, other_hits, other_size = counts.T
    p = hypergeom.cdf(hits, size + other_size, hits + other_hits, size)
    return np.asarray(p, np.float64)


def _surest(
    made: Sequence[FoundSlice], texts: Sequence[tuple[str, ...]]
) -> tuple[FoundSlice, ...]:
    """Return the parts, the surest first, without pairs that add nothing.

    Args:
        made: The parts.
        texts: The name of each in each of its columns.
    """
    alone = {
        (one.columns[0], text[0], one.view, one.measure): one.p
        for one, text in zip(made, texts, strict=True)
        if len(text) == 1
    }
    left = []
    for one, text in zip(made, texts, strict=True):
        if len(text) == 2:
            keys = [
                (*each, one.view, one.measure)
                for each in zip(one.columns, text, strict=True)
            ]
            if any(one.p >= alone[key] for key in keys if key in alone):
                continue
        left.append(one)
    gap = [one.rest - one.share.value for one in left]
    order = sorted(range(len(left)), key=lambda k: (left[k].p, -gap[k]))
    return tuple(left[k] for k in order)
