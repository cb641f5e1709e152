# SPDX-License-Identifier: Apache-2.0
"""Folds that leave one kind of positives out of training at a time.

The positives of kind k are tested in fold k and in no other, so the model that scores
them has seen none of their kind. Negatives are spread over the folds as usual.
"""

from __future__ import annotations

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.seeds import generator
from equipoise._core.types import IntArray
from equipoise.errors import SplitError
from equipoise.table.splits import Split, SplitKeys
from equipoise.table.spread import spread


def kind_splits(
    keys: SplitKeys, kinds: IntArray, *, repeat: int = 0, seed: int = 0
) -> list[Split]:
    """Return one fold for each kind of positives.

    Negatives that are tied to a positive (a group, or copies) are tested with it. A
    unit with positives of several kinds is tested in several folds, and trains in none
    of them.

    Args:
        keys: What a split must know of the rows, of two classes.
        kinds: `[rows]` the kind of each positive, from 0; -1 for negatives.
        repeat: Which spread of the negatives: 0, 1, ...
        seed: One seed gives one list of splits.

    Raises:
        SplitError: There are fewer independent negatives than kinds, or nothing is left
            to train on.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(100, positives=10).table
        >>> kinds = np.where(table.y == 1, np.arange(100) % 2, -1)
        >>> first, second = kind_splits(SplitKeys.of(table), kinds)
        >>> set(kinds[first.test].tolist()), set(kinds[first.train].tolist())
        ({0, -1}, {1, -1})
    """
    count = int(kinds.max()) + 1
    units = np.arange(len(kinds)) if keys.units is None else keys.units
    number = np.unique(units, return_inverse=True)[1]
    fold = np.where(kinds >= 0, kinds, -1)
    held = np.zeros((int(number.max()) + 1, count), np.int64)
    np.add.at(held, (number[kinds >= 0], kinds[kinds >= 0]), 1)
    mixed = held.sum(axis=1) > 0
    tied = (kinds < 0) & mixed[number]
    fold[tied] = held.argmax(axis=1)[number[tied]]
    free = np.flatnonzero(fold < 0)
    independent = len(np.unique(number[free]))
    if independent < count:
        raise SplitError(
            sentence(
                f"{independent} negatives that are tied to no positive, for {count} "
                "kinds of positives",
                "at least one for each kind",
            ),
            "Collect more negatives.",
        )
    random = generator(seed, "splits", "unseen", repeat)
    shares = np.full(count, 1 / count)
    fold[free] = spread(np.zeros(len(free), np.int64), number[free], shares, random)
    splits = []
    for k in range(count):
        test = fold == k
        train = ~test & ~np.isin(number, number[test])
        for label, word in ((0, "negatives"), (1, "positives")):
            if not (train & (keys.labels == label)).any():
                raise SplitError(
                    sentence(
                        f"no {word} to train on without those of kind {k + 1}",
                        "rows of both classes in every training part",
                        "Groups of rows hold positives of several kinds.",
                    )
                )
        splits.append(Split(np.flatnonzero(train), np.flatnonzero(test)))
    return splits
