# SPDX-License-Identifier: Apache-2.0
"""Kinds of positives: by a column, or by what the positives look like."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise._core.checks import listing, nearest, sentence
from equipoise._core.numerals import exact
from equipoise._core.seeds import derive
from equipoise._core.types import IntArray
from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import dense_matrix
from equipoise.errors import InputError, UnsupportedError
from equipoise.table.table import Column, Table
from equipoise.table.units import count_units, tied_rows

AUTO = "auto"
"""The kinds are clusters of the positives."""

LEAST_CASES = 5
"""Independent positives that a kind must have."""

MOST_KINDS = 20
"""Kinds that are left out in turn, at most; a fold is fitted for each."""

MOST_CLUSTERS = 8
JUDGED_ROWS = 2_000
"""Positives by which the number of clusters is chosen, at most."""


@dataclass(frozen=True, eq=False)
class PositiveKinds:
    """The kinds of the positives of a table.

    Attributes:
        source: The column that says the kinds, or "auto".
        names: Of the kinds.
        of_rows: `[rows]` the kind of each positive, from 0; -1 for negatives.
        notes: What was merged, and what the clusters are.
    """

    source: str
    names: tuple[str, ...]
    of_rows: IntArray
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)


def find_kinds(
    table: Table, unseen: str, duplicates: str = "auto", seed: int = 0
) -> tuple[Table, PositiveKinds]:
    """Return the kinds of a table's positives, and the table without their column.

    Args:
        table: A table of two classes, not split by time.
        unseen: The name of a column, or "auto" for clusters of the positives.
        duplicates: Which equal rows are one case (`tied_rows`).
        seed: Of the clusters.

    Raises:
        InputError: There is no such column, or its values cannot be kinds; or there are
            not two kinds with 5 independent positives each.
        UnsupportedError: The table has several classes or labels, or times.
    """
    if table.task.kind != "binary":
        raise UnsupportedError(
            sentence(
                f"unseen={unseen!r} with a target of several classes or labels",
                "a target of two classes",
                "Pass positive=CLASS to set one class against all others.",
            )
        )
    if unseen == AUTO:
        units = tied_rows(table, duplicates)
        return table, _clusters(table, units, seed)
    names = [column.name for column in table.columns]
    if unseen not in names:
        raise InputError(
            sentence(
                f"unseen={unseen!r}, which is no column",
                f"'auto', or one of {listing(names)}",
                nearest(unseen, names),
            )
        )
    rest = tuple(column for column in table.columns if column.name != unseen)
    without = dataclasses.replace(table, columns=rest)
    if not rest:
        raise InputError(
            sentence(
                f"unseen={unseen!r}, the only column",
                "a column beside those to learn from",
                "Pass unseen='auto'.",
            )
        )
    values, kinds = _values(table[unseen])
    positive = table.labels() == 1
    different = len(np.unique(values[positive]))
    if table[unseen].kind == "numeric" and different > MOST_KINDS:
        raise InputError(
            sentence(
                f"unseen={unseen!r}, a column of numbers with {different} different "
                "values in the positives",
                f"a column of names, or at most {MOST_KINDS} numbers",
                "Name another column, or pass unseen='auto'.",
            )
        )
    codes = np.where(positive, values, -1)
    return without, _merged(
        unseen, kinds, codes, tied_rows(without, duplicates), table.classes[1]
    )


def without_column(table: Table | None, unseen: str | None) -> Table | None:
    """Return a test table without the column that says the kinds.

    Args:
        table: The test table, or None.
        unseen: As in `find_kinds`.
    """
    if table is None or unseen in (None, AUTO):
        return table
    rest = tuple(column for column in table.columns if column.name != unseen)
    return dataclasses.replace(table, columns=rest)


def _values(column: Column) -> tuple[IntArray, list[str]]:
    """Return the number of each row's value, and the values in words."""
    missing = column.missing()
    if column.kind == "categorical":
        words = sorted(column.categories)
        place = np.array([words.index(name) for name in column.categories], np.int64)
        codes = np.where(missing, -1, place[column.values])
    elif column.kind in ("numeric", "boolean"):
        distinct, inverse = np.unique(column.values[~missing], return_inverse=True)
        words = [exact(float(value)) for value in distinct]
        if column.kind == "boolean":
            words = [("false", "true")[int(value)] for value in distinct]
        codes = np.zeros(len(missing), np.int64)
        codes[~missing] = inverse
    else:
        raise InputError(
            sentence(
                f"unseen={column.name!r}, a column of dates",
                "a column of names, numbers or true and false",
            )
        )
    if missing.any():
        codes = np.where(missing, len(words), codes)
        words.append("missing")
    return codes, words


def _merged(
    source: str,
    words: Sequence[str],
    codes: IntArray,
    units: IntArray | None,
    positive_class: str,
) -> PositiveKinds:
    """Return kinds of which each has enough cases; small ones are put together."""
    members = [[int(code)] for code in np.unique(codes[codes >= 0])]

    def cases(kind: Sequence[int]) -> int:
        return count_units(units, np.isin(codes, kind))

    sizes = [cases(kind) for kind in members]
    merged: list[int] = []
    while len(members) > 1 and (min(sizes) < LEAST_CASES or len(members) > MOST_KINDS):
        first, second = np.argsort(sizes, kind="stable")[:2].tolist()
        joined = sorted(members[first] + members[second])
        merged = joined
        for place in sorted((first, second), reverse=True):
            del members[place], sizes[place]
        members.append(joined)
        sizes.append(cases(joined))
    if len(members) < 2:
        raise InputError(
            sentence(
                f"unseen={source!r}, where fewer than two kinds of {positive_class!r} "
                f"have {LEAST_CASES} independent rows",
                f"two kinds or more with {LEAST_CASES} positives each",
                "Name another column, or pass unseen='auto'."
                if source != AUTO
                else "Collect more positives, or name a column of kinds.",
            )
        )
    members.sort()
    of_rows = np.full(len(codes), -1, np.int64)
    names = []
    for number, kind in enumerate(members):
        of_rows[np.isin(codes, kind)] = number
        names.append(" + ".join(words[code] for code in kind))
    notes = []
    if merged:
        why = f"fewer than {LEAST_CASES} independent positives each, or too many kinds"
        together = listing([words[code] for code in merged], 20)
        notes.append(f"Kinds were put together ({why}): {together}.")
    return PositiveKinds(source, tuple(names), of_rows, tuple(notes))


def _clusters(table: Table, units: IntArray | None, seed: int) -> PositiveKinds:
    """Return clusters of the positives: k-means on their encoded columns.

    The number of clusters, 2 to 8, is that of the highest mean silhouette (Rousseeuw
    1987) among those of which each has 5 independent positives.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    rows = np.flatnonzero(table.labels() == 1)
    encoding = learn_encoding(table, np.arange(len(table)))
    x = dense_matrix(table.take(rows), encoding)
    best: tuple[float, IntArray] | None = None
    for count in range(2, min(MOST_CLUSTERS, len(rows) // LEAST_CASES) + 1):
        if len(np.unique(x, axis=0)) < count:
            break
        state = derive(seed, "kinds", count) % 2**32
        labels = KMeans(count, n_init=10, random_state=state).fit_predict(x)
        codes = np.full(len(table), -1, np.int64)
        codes[rows] = labels
        if min(count_units(units, codes == k) for k in range(count)) < LEAST_CASES:
            continue
        score = silhouette_score(
            x, labels, sample_size=min(JUDGED_ROWS, len(x)), random_state=state
        )
        if best is None or score > best[0]:
            best = float(score), codes
    if best is None:
        raise InputError(
            sentence(
                f"unseen='auto' with {len(rows)} positives, which do not make two "
                f"clusters of {LEAST_CASES} independent rows",
                f"two clusters or more with {LEAST_CASES} positives each",
                "Collect more positives, or name a column of kinds.",
            )
        )
    codes = best[1]
    cluster_names = [f"cluster {k + 1}" for k in range(int(codes.max()) + 1)]
    note = (
        f"The kinds are {len(cluster_names)} clusters of the positives (k-means on the "
        f"encoded columns, seed {seed}; mean silhouette {best[0]:.2f}), not kinds that "
        "anybody named."
    )
    return PositiveKinds(AUTO, tuple(cluster_names), codes, (note,))
