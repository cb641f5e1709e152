# SPDX-License-Identifier: Apache-2.0
"""Spread groups of rows over parts so that every part has its share of each class.

scikit-learn's StratifiedGroupKFold does this for all classes at once by their
variance, one group after another; with few positives among many groups it spreads
them less evenly than one can, and takes minutes for a million rows. Here classes are
dealt from the rarest to the commonest; within one, the largest groups first, each to
the part that is furthest behind (longest-processing-time rule, Graham 1969), and
single rows fill up what remains.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray, IntArray


def spread(
    y: npt.NDArray[np.integer],
    groups: IntArray,
    capacities: FloatArray,
    random: np.random.Generator,
) -> IntArray:
    """Return the part of each row.

    Args:
        y: `[rows]` class numbers.
        groups: `[rows]` equal numbers stay together.
        capacities: `[parts]` the share of each part, of sum 1.
        random: Decides between equals.

    Returns:
        `[rows]` part numbers from 0.

    Example:
        >>> y = np.array([1, 1, 1, 1, 0, 0, 0, 0])
        >>> g = np.array([0, 0, 1, 2, 3, 4, 5, 5])
        >>> part = spread(y, g, np.array([0.5, 0.5]), np.random.default_rng(0))
        >>> np.bincount(part[y == 1]).tolist(), bool(part[6] == part[7])
        ([2, 2], True)
    """
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    labels = np.flatnonzero(np.bincount(y))
    table = np.stack(
        [np.bincount(group[y == label], minlength=len(sizes)) for label in labels]
    )
    part = np.full(len(sizes), -1, np.int64)
    for position in np.argsort(table.sum(axis=1), kind="stable"):
        counts = table[position]
        waiting = np.flatnonzero((part < 0) & (counts > 0))
        dealt = np.flatnonzero(part >= 0)
        load = np.bincount(part[dealt], counts[dealt], len(capacities)).astype(float)
        _deal(part, random.permutation(waiting), counts, load, capacities, random)
    return part[group]


def _deal(
    part: IntArray,
    waiting: IntArray,
    counts: IntArray,
    load: FloatArray,
    capacities: FloatArray,
    random: np.random.Generator,
) -> None:
    """Give every waiting group a part, in place."""
    single = counts[waiting] == 1
    large, ones = waiting[~single], waiting[single]
    large = large[np.argsort(-counts[large], kind="stable")]
    order = random.permutation(len(capacities))  # decides between equal parts
    load, share = load[order], capacities[order]
    for done, g in enumerate(large):
        after = (load + counts[g]) / share
        if len(large) - done + len(ones) <= np.count_nonzero(load == 0):
            # The last groups go to the parts that have none, or these stay empty.
            after[load > 0] = np.inf
        best = int(after.argmin())
        part[g] = order[best]
        load[best] += counts[g]
    part[ones] = order[random.permutation(_fill(len(ones), load, share))]


def _fill(count: int, load: FloatArray, capacities: FloatArray) -> IntArray:
    """Return parts for `count` single rows that level the loads as far as they can."""
    parts = len(capacities)
    behind = np.ones(parts, bool)
    level = 0.0
    while behind.any():  # parts that are already above the common level get none
        level = (count + load[behind].sum()) / capacities[behind].sum()
        above = behind & (load > level * capacities)
        if not above.any():
            break
        behind &= ~above
    missing = np.where(behind, level * capacities - load, 0.0)
    shares = np.floor(missing + 1e-9).astype(np.int64)
    empty = (load + shares == 0).astype(float)
    order = np.lexsort((shares - missing, -empty))
    shares[order[: count - int(shares.sum())]] += 1
    _leave_none_empty(shares, load)
    return np.repeat(np.arange(parts), shares)


def _leave_none_empty(shares: IntArray, load: FloatArray) -> None:
    """Move a row from the fullest part to each part that would have none."""
    for k in np.flatnonzero(load + shares == 0):
        donor = int(np.argmax(shares))
        if shares[donor] and load[donor] + shares[donor] > 1:
            shares[donor] -= 1
            shares[k] += 1
