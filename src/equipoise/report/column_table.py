# SPDX-License-Identifier: Apache-2.0
"""The columns of a table, each with its distribution by class: shares, and no row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from equipoise._core.numerals import significant
from equipoise.table.table import Column, Table

if TYPE_CHECKING:
    from equipoise._core.types import AnyArray, FloatArray

MOST_COLUMNS = 60
MOST_CATEGORIES = 6
MOST_GROUPS = 3
BINS = 16
ENDS = (0.01, 0.99)
"""Quantiles at which the axis of numbers ends; values beyond count in the last bins."""
FEWEST = 5
"""A category of fewer rows is counted with the others: a page holds no row."""
REST = "the others"


def column_facts(table: Table) -> dict[str, Any]:
    """Return what a page shows of each column, as plain data.

    Args:
        table: Labelled rows.

    Returns:
        "groups": the names of the classes that are told apart, the rarest first;
        "columns": each with "name", "kind", "missing" (a share), "summary" (words),
        "bins" (their names if they have any), "shares" (`[groups][bins]`, NaN for a
        group without a value) and "apart": half the sum of the absolute differences
        between the first two groups, from 0 (alike) to 1. Those that differ most come
        first; "left": how many more there are.
    """
    groups = class_groups(table)
    entries = [_entry(column, [rows for _, rows in groups]) for column in table.columns]
    entries.sort(key=lambda one: -one["apart"])
    return {
        "groups": [name for name, _ in groups],
        "columns": entries[:MOST_COLUMNS],
        "left": max(0, len(entries) - MOST_COLUMNS),
    }


def class_groups(table: Table) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Return up to `MOST_GROUPS` groups of rows by class, the rarest first.

    Of several labels it is the rarest label, with and without; of more classes than
    `MOST_GROUPS` the rarest and all others.

    Args:
        table: Labelled rows.
    """
    y, classes = np.asarray(table.y), table.task.classes
    if table.task.kind == "multilabel":
        counts = (y == 1).sum(0)
        counts = np.where(counts > 0, counts, len(y) + 1)
        rarest = int(np.argmin(counts))
        label = y[:, rarest]
        return [(classes[rarest], label == 1), (f"not {classes[rarest]}", label == 0)]
    counts = np.bincount(y[y >= 0].astype(np.int64), minlength=len(classes))
    order = [int(k) for k in np.argsort(counts, kind="stable") if counts[k]]
    if len(order) > MOST_GROUPS:
        first = order[0]
        return [(classes[first], y == first), (REST, (y != first) & (y >= 0))]
    return [(classes[k], y == k) for k in order]


def _entry(column: Column, groups: Sequence[npt.NDArray[np.bool_]]) -> dict[str, Any]:
    """Return the facts of one column."""
    missing = column.missing()
    bins, names, summary = _binned(column, missing)
    size = int(bins.max(initial=-1)) + 1 if not names else len(names)
    shares = [_shares(bins[rows], max(size, 1)) for rows in groups]
    apart = 0.0
    if len(shares) > 1 and not (np.isnan(shares[0]).any() or np.isnan(shares[1]).any()):
        apart = float(np.abs(shares[0] - shares[1]).sum() / 2)
    return {
        "name": column.name,
        "kind": column.kind,
        "missing": float(missing.mean()) if missing.size else 0.0,
        "summary": summary,
        "bins": names,
        "shares": [[float(v) for v in one] for one in shares],
        "apart": apart,
    }


def _shares(bins: AnyArray, size: int) -> FloatArray:
    """Return the share of each bin among the values that are there."""
    counts = np.bincount(bins[bins >= 0], minlength=size).astype(np.float64)
    total = counts.sum()
    return counts / total if total else np.full(size, np.nan)


def _binned(
    column: Column, missing: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], list[str], str]:
    """Return each row's bin, -1 if the value is missing, the bins' names, and words."""
    bins = np.full(missing.size, -1, np.int64)
    there = ~missing
    if column.kind == "numeric":
        there &= np.isfinite(column.values)
    if not there.any():
        return bins, [], "no value"
    if column.kind == "categorical":
        return _by_category(column, bins, there)
    if column.kind == "boolean":
        bins[there] = column.values[there] != 0
        return bins, ["no", "yes"], f"yes in {bins[there].mean():.0%}"
    values = column.values[there]
    if column.kind == "datetime":
        first, last = (str(v)[:10] for v in (values.min(), values.max()))
        numbers = values.astype("datetime64[us]").astype(np.float64)
        summary = f"{first} to {last}"
    else:
        numbers = values.astype(np.float64)
        middle = np.quantile(numbers, [0.25, 0.5, 0.75], method="nearest")
        low, half, high = (significant(float(v), 3) for v in middle)
        summary = f"median {half}, half of the rows from {low} to {high}"
    low, high = np.quantile(numbers, ENDS, method="nearest")
    if not low < high:
        low, high = numbers.min(), numbers.max()
    if low < high:
        # Halved first, so that no difference is too large for a number.
        place = (numbers / 2 - low / 2) / (high / 2 - low / 2)
        bins[there] = np.clip(np.floor(place * BINS), 0, BINS - 1).astype(np.int64)
    else:
        bins[there] = 0
    return bins, [], summary


def _by_category(
    column: Column, bins: npt.NDArray[np.int64], there: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], list[str], str]:
    """Return the bins of the most frequent categories, and one of all others."""
    codes = column.values[there].astype(np.int64)
    counts = np.bincount(codes, minlength=len(column.categories))
    order = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
    shown = [int(k) for k in order if counts[k] >= FEWEST]
    place = np.full(counts.size, len(shown), np.int64)
    place[shown] = np.arange(len(shown))
    bins[there] = place[codes]
    used = int((counts > 0).sum())
    names = [column.categories[k] for k in shown]
    if used > len(shown):
        names.append(REST)
    return bins, names, f"{used} {'category' if used == 1 else 'categories'}"


def shape(shares: Sequence[Sequence[float]], *, width: float = 100.0) -> list[str]:
    """Return each group's outline as the points of an SVG polyline, 30 high.

    All groups share one height, so that they can be compared; a group without values
    has no points.

    Args:
        shares: `[groups][bins]`.
        width: Of the drawing.

    Example:
        >>> shape([[0.5, 0.5], [0.25, 0.75]])[0]
        '0,30 0,11 50,11 50,11 100,11 100,30'
    """
    highest = max((v for one in shares for v in one if v == v), default=0.0) or 1.0
    outlines = []
    for one in shares:
        step = width / len(one)
        points = [(0.0, 0.0)]
        for k, share in enumerate(one):
            points += [(k * step, share), ((k + 1) * step, share)]
        points.append((width, 0.0))
        if any(share != share for share in one):
            points = []
        outlines.append(
            " ".join(
                f"{x:.5g},{30 - 28.5 * share / highest:.4g}" for x, share in points
            )
        )
    return outlines
