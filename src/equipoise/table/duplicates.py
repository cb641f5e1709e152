# SPDX-License-Identifier: Apache-2.0
"""Equal rows: copies of one case, or different cases that happen to look alike?

Copies on both sides of a split let a model score rows that it has learned by heart.
Coincidences (few columns, few values) are honest data, and keeping them together
would make the folds needlessly unequal. So it is judged, from the near-duplicates.

**The rule.** T is the number of rows that have a twin: another row with equal
features. Take a block of columns b. For row i, N_i rows agree with it everywhere
outside the block and differ inside it, and a share p_i of all other rows agrees with
it inside the block. Were agreement inside no likelier among rows that agree outside
than among any rows, row i would have, by coincidence, about

    lambda_i = N_i p_i / (1 - p_i)

twins, and E_b = sum_i (1 - exp(-lambda_i)) rows would have one. Whatever dependence
there is among the columns outside the block, or among those inside, is kept.
Dependence between the two makes E_b too small, so E is the largest E_b over many
blocks: neighbouring columns in 2, 4 and 8 parts, columns drawn at random into as
many, the single columns that vary most, and the case of all columns independent,
lambda_i = n prod_j p_ij, p_ij among the rows that are no twins of row i, and no less
than one in the number of values where a column has few. (p_i counts as at most 1/2:
one near-duplicate never stands for more than one coincidence.)

A copy is likelier than a coincidence if coincidence explains fewer than half of
the twins: E < T / 2.

Where one column determines all others (a postcode, and what follows from it), equal
rows leave no near-duplicates and cannot be told from copies; they are taken for
copies, which costs evenness of the folds and nothing else.

**Sentences.** Whole texts of several words, in a column in which most are different,
do not agree by coincidence: rows that hold one do not count in E.

**Near-copies** are described in `equipoise.table.near`.

**Default values.** One combination of values that makes up more than 1 % of the
table and has negative rows is not one case copied over and over but a default (an
empty record, a saturated measurement). Its rows count neither in T nor in E, and
are not kept together unless the user asks. Where all of its rows are positive it
counts: that is what over-sampling before the split looks like.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, HashArray, IntArray
from equipoise.table.hashes import (
    feature_hashes,
    row_hashes,
)
from equipoise.table.near import apart, coarse_hashes, points_of, standing_still, united
from equipoise.table.table import (
    Table,
)

DEFAULT_SHARE = 0.01
PARTS = (2, 4, 8)
ROUNDS = 2
SINGLES = 24
FEW_VALUES = 20
FREE = 0.3
WORDS = 4
MOST_ROWS = 200_000


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Equal rows of a table, and what they are.

    Attributes:
        rows: Rows that are equal in all features to an earlier row.
        twins: Rows that have a twin, default values left out: T.
        expected: Rows that would have one by coincidence: E.
        copies: Whether equal rows, or nearly equal ones, are likelier copies than
            coincidences.
        groups: `[rows]` int64: equal numbers are kept on one side of a split.
        reason: The judgement in words.
        near: Rows that nearly equal another and are taken for its copies, see
            `equipoise.table.near`; equal rows are not among them.
        near_expected: Rows that would be nearly equal by coincidence.
        apart: How far they are apart, in units of each column's spread.
    """

    rows: int
    twins: int
    expected: float
    copies: bool
    groups: IntArray
    reason: str
    near: int = 0
    near_expected: float = 0.0
    apart: float = 0.0

    @property
    def equal_copies(self) -> bool:
        """Whether equal rows are copies: E < T / 2."""
        return self.rows > 0 and self.expected < self.twins / 2


_judged: weakref.WeakKeyDictionary[Table, Duplicates] = weakref.WeakKeyDictionary()


def duplicate_groups(table: Table) -> IntArray:
    """Return a number per row: equal numbers mean equal features.

    Args:
        table: The rows.

    Returns:
        `[rows]` int64, numbered from 0.

    Example:
        >>> from equipoise.table.table import Column
        >>> from equipoise.task import Task
        >>> x = Column("x", "numeric", np.array([7.0, 5.0, 7.0]))
        >>> rows = Table((x,), np.array([0, 0, 1], np.int8),
        ...               Task("binary", ("no", "yes")))
        >>> groups = duplicate_groups(rows)
        >>> bool(groups[0] == groups[2]), bool(groups[0] == groups[1])
        (True, False)
    """
    return _numbered(row_hashes(table))[0]


def judge_duplicates(table: Table) -> Duplicates:
    """Count equal rows and judge whether they are copies.

    The rule is in the head of this module. A judgement is kept as long as the
    table is.

    Args:
        table: The rows.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> rows = gaussian_shift(200, positives=20).table
        >>> doubled = rows.take(np.r_[0:200, 0:50])
        >>> judgement = judge_duplicates(doubled)
        >>> judgement.rows, judgement.twins, judgement.copies
        (50, 100, True)
    """
    judgement = _judged.get(table)
    if judgement is None:
        judgement = _judged[table] = _with_near(table, _judge(table))
    return judgement


def _with_near(table: Table, equal: Duplicates) -> Duplicates:
    """Look for near-copies among the rows that are different."""
    classes, first = _classes(row_hashes(table))
    if len(first) < 2:
        return equal
    different = table if len(first) == len(table) else table.take(first)
    points = points_of(different)
    step = standing_still(points)
    if step is None:
        return equal
    grid = points.grid(step)
    near = int(np.count_nonzero(grid.sizes[grid.cells] > 1))
    expected = _expected(
        coarse_hashes(different, step), ~_are_long_texts(different), near / 2
    )
    if expected >= near / 2:
        return equal
    together = united(points, step)
    several = np.bincount(together)[together] > 1
    # Equal rows that are coincidences stay apart, unless they are near-copies too.
    numbers = np.where(several[classes], together[classes], len(first) + equal.groups)
    near = int(np.count_nonzero(several))
    distance = apart(points, together)
    reason = (
        f"{equal.reason} {near:,} different rows nearly equal another, to about "
        f"{distance:.0e} of each column's spread: a copy is likelier."
    )
    return replace(
        equal,
        copies=True,
        groups=numbers,
        reason=reason,
        near=near,
        near_expected=expected,
        apart=distance,
    )


def _classes(hashes: HashArray) -> tuple[IntArray, IntArray]:
    """Return a number per set of equal rows, `[rows]`, and each set's first row."""
    _, first, numbers = np.unique(hashes, return_index=True, return_inverse=True)
    if len(first) == len(hashes):
        return np.arange(len(hashes)), np.arange(len(hashes))
    return numbers.astype(np.int64), first.astype(np.int64)


def _are_long_texts(table: Table) -> npt.NDArray[np.bool_]:
    """Return which rows hold a text of several words that is not one of a few.

    Two such texts are never equal by coincidence.
    """
    long_texts = np.zeros(len(table), np.bool_)
    for column in table.columns:
        if column.kind != "categorical":
            continue
        present = ~column.missing()
        if len(column.categories) < max(FEW_VALUES, FREE * np.count_nonzero(present)):
            continue
        long = np.array([len(c.split()) >= WORDS for c in column.categories])
        if long.mean() >= 0.5:
            long_texts |= present & np.r_[long, False][column.values]
    return long_texts


def _judge(table: Table) -> Duplicates:
    groups, sizes = _numbered(row_hashes(table))
    alone = np.arange(len(table))
    rows = len(table) - len(sizes)
    if not rows:
        return Duplicates(0, 0, 0.0, False, alone, "No two rows are equal.")
    usual = ~_is_default(table, groups, sizes)[groups]
    twins = int(np.count_nonzero(usual & (sizes[groups] > 1)))
    expected = 0.0
    if twins:
        hashes = list(feature_hashes(table))
        expected = _expected(hashes, usual & ~_are_long_texts(table), twins / 2)
    copies = expected < twins / 2
    numbered = np.where(usual, groups, len(sizes) + alone) if copies else alone
    reason = _reason(rows, twins, expected, len(table) - int(usual.sum()))
    return Duplicates(rows, twins, expected, copies, numbered, reason)


def _reason(rows: int, twins: int, expected: float, defaults: int) -> str:
    text = f"{rows:,} rows are equal in all features to an earlier row. "
    if defaults:
        text += f"{defaults:,} rows hold a default combination of values. "
    if not twins:
        return text + "No others are equal."
    more = "at least " if expected >= twins / 2 else "about "
    verdict = "a copy" if expected < twins / 2 else "a coincidence"
    return text + (
        f"{twins:,} rows have a twin, {more}{expected:,.0f} are expected to by "
        f"coincidence: {verdict} is likelier."
    )


def _is_default(
    table: Table, groups: IntArray, sizes: IntArray
) -> npt.NDArray[np.bool_]:
    """Return which groups are one default combination of values, `[groups]`."""
    large = sizes > max(DEFAULT_SHARE * len(table), 2)
    if table.task.kind != "binary" or table.y is None:
        return np.asarray(large)
    positive = np.bincount(groups, weights=table.y == 1, minlength=len(sizes))
    return np.asarray(large & (positive < sizes))


def _expected(
    hashes: list[HashArray], usual: npt.NDArray[np.bool_], enough: float
) -> float:
    """Return E, or an E_b that is `enough` to settle the judgement."""
    rows = len(usual)
    total = _sum(hashes, rows)
    independent = np.full(rows, float(rows))
    shares = np.empty(len(hashes))
    # Twins themselves do not show how common a value is, unless it is all there is.
    twins, sizes = _numbered(total)
    excluded = sizes[twins] if len(hashes) > 1 else np.ones(rows, np.int64)
    for j, values in enumerate(hashes):
        groups, sizes = _numbered(values)
        shares[j] = float((sizes.astype(np.float64) ** 2).sum()) / rows**2
        least = 1 / len(sizes) if len(sizes) <= FEW_VALUES else 0.0
        share = (sizes[groups] - excluded) / np.maximum(rows - excluded, 1)
        independent *= np.maximum(share, least)
    most = float((1 - np.exp(-independent[usual])).sum())
    for block in _blocks(shares):
        if most >= enough:
            break
        inside = _sum([hashes[j] for j in block], rows)
        most = max(most, _expected_of_block(inside, total, usual))
    return most


def _expected_of_block(
    inside: HashArray, total: HashArray, usual: npt.NDArray[np.bool_]
) -> float:
    """Return E_b.

    Of a long table, the rows whose outside falls in one of `step` classes are
    looked at: whole sets of rows that agree outside, so the sum needs only to be
    multiplied.
    """
    outside = total - inside
    step = max(1, round(len(total) / MOST_ROWS))
    # Sums of column digests are uniform modulo any step.
    part = np.flatnonzero(outside % np.uint64(step) == 0)
    groups, sizes = _numbered(outside[part])
    twins, twin_sizes = _numbered(total[part])
    near = sizes[groups] - twin_sizes[twins]
    looked = (near > 0) & usual[part]
    share = np.minimum(_shares(inside, part[looked], step), 0.5)
    expected = near[looked] * share / (1 - share)
    return float(step * (1 - np.exp(-expected)).sum())


def _shares(values: HashArray, rows: IntArray, step: int) -> FloatArray:
    """Return the share of other rows that agree with each of `rows`.

    Counted among every step-th row of the table.
    """
    ordered = np.sort(values[::step])
    first = np.searchsorted(ordered, values[rows], "left")
    after = np.searchsorted(ordered, values[rows], "right")
    itself = rows % step == 0
    return np.asarray((after - first - itself) / np.maximum(len(ordered) - itself, 1))


def _blocks(shares: FloatArray) -> Iterator[IntArray]:
    """Yield blocks of columns: parts of the table, then the columns that vary most."""
    columns = len(shares)
    random = generator(0, "duplicates", columns)
    for parts in PARTS:
        if columns > parts:
            yield from np.array_split(np.arange(columns), parts)
            for _ in range(ROUNDS):
                yield from np.array_split(random.permutation(columns), parts)
    if columns > 1:
        for j in np.argsort(shares, kind="stable")[:SINGLES]:
            yield np.array([j])


def _numbered(values: HashArray) -> tuple[IntArray, IntArray]:
    """Return a number per value, from 0, and how often each number occurs."""
    _, numbers, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return numbers.astype(np.int64), sizes.astype(np.int64)


def _sum(hashes: list[HashArray], rows: int) -> HashArray:
    total = np.zeros(rows, np.uint64)
    for values in hashes:
        total += values
    return total
