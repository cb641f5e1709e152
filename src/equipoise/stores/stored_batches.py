# SPDX-License-Identifier: Apache-2.0
"""Batches with an exact number of rows of each class, from rows that lie on disk.

The rows of a class come in large blocks: the blocks in a random order, some of them at
a time in memory as a window, and the rows of a window in a random order. So rows that
lie beside each other in the files (sorted by time, say) are spread over as much as the
windows hold, and over all of them from one pass to the next; a buffer that is filled
from the files in their order would not do that. Each row of a class comes once before
any comes again. A class that fits into its window stays in memory.

Everything follows from the seed and the number of the batch, so batches can be taken up
again at any one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, sentence
from equipoise._core.seeds import generator
from equipoise._core.types import IntArray
from equipoise.errors import InputError, UnsupportedError
from equipoise.stores.stored_table import StoredTable
from equipoise.table.table import Table

WINDOW_SHARE = 0.5
"""Share of the store's memory that windows take together."""
BLOCKS = 8
"""Blocks of a window, which come from all over the class."""

Encode = Callable[[Table], npt.NDArray[Any]]


def float_matrix(table: Table) -> npt.NDArray[np.float32]:
    """Return the columns as float32 numbers, `[rows, columns]`.

    Booleans are 0 and 1, categories the numbers of `Column.categories`, date-times days
    since 1970; what is missing is NaN.

    Args:
        table: The rows.
    """
    result = np.empty((len(table), len(table.columns)), np.float32)
    for place, column in enumerate(table.columns):
        values = column.values
        if column.kind == "datetime":
            values = values.astype("M8[us]").astype(np.int64) / 86_400e6
        result[:, place] = np.where(column.missing(), np.nan, values)
    return result


@dataclass(frozen=True, eq=False)
class StoredBatches:
    """Batches of a store with an exact quota of each class; iterate over it.

    Each batch is a pair: what `encode` makes of the rows, and their class numbers
    `[batch]` int64. The iteration does not end; take as many as you need, for example
    `model.fit(batches, steps_per_epoch=1000)`. A model that is trained on them is one
    of the quotas' shares of the classes: `priors.Correction` makes it one of all rows,
    with the offset `shift`.

    Attributes:
        store: The rows.
        quotas: By class, how many rows of it each batch has.
        seed: One seed gives one sequence of batches.
        encode: What a batch is made of, from rows in memory.
        first: The number of the first batch.

    Raises:
        InputError: A class is unknown or has no rows, or no quota is above 0.
        UnsupportedError: Labels are several.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import equipoise as eq
        >>> lines = ["x,y", *(f"{k / 9},{int(k % 20 == 0)}" for k in range(200))]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "rows.csv")
        ...     size = path.write_text(chr(10).join(lines))
        ...     store = eq.read_table(path, "y", memory="100MB")
        ...     batches = StoredBatches(store, {"0": 6, "1": 2})
        ...     x, y = next(iter(batches))
        >>> x.shape, y.tolist()
        ((8, 1), [0, 0, 0, 0, 0, 0, 1, 1])
    """

    store: StoredTable
    quotas: Mapping[str, int]
    seed: int = 0
    encode: Encode = float_matrix
    first: int = 0

    def __post_init__(self) -> None:
        if self.store.labelled_apart:
            raise UnsupportedError(
                sentence(
                    "batches by class of rows with several labels",
                    "rows of two or several classes",
                    "Read the files with one of the label columns as target=.",
                )
            )
        classes = self.store.classes
        for name, quota in self.quotas.items():
            rows = 0
            if name in classes:
                rows = int(self.store.totals[classes.index(name)])
            if not rows:
                raise InputError(
                    sentence(
                        f"a quota of the class {name!r}, which has no rows",
                        f"classes with rows, out of {list(classes)}",
                    )
                )
            integer(quota, f"the quota of {name!r}", 0)
        if not any(self.quotas.values()):
            raise InputError(
                sentence("quotas without a row", "a number above 0 for some class")
            )
        integer(self.first, "first", 0)

    @property
    def shift(self) -> tuple[float, ...]:
        """What is added to the scores to undo the quotas, see `KeptShares.shift`."""
        totals = np.maximum(self.store.totals, 1)
        each = np.array([self.quotas.get(name, 0) for name in self.store.classes])
        with np.errstate(divide="ignore"):
            logs = np.log(totals / totals.sum()) - np.log(each / each.sum())
        shift = logs[1:] - logs[0] if len(logs) == 2 else logs
        return tuple(float(value) for value in shift)

    def __iter__(self) -> Iterator[tuple[npt.NDArray[Any], IntArray]]:
        """Yield batches from number `first` on, without end."""
        names = [name for name in self.store.classes if self.quotas.get(name)]
        numbers = [self.store.classes.index(name) for name in names]
        counts = [self.quotas[name] for name in names]
        y = np.repeat(np.array(numbers, np.int64), counts)
        streams = [
            self._rows(number, count, len(names))
            for number, count in zip(numbers, counts, strict=True)
        ]
        while True:
            yield np.concatenate([next(stream) for stream in streams]), y.copy()

    def _rows(self, number: int, count: int, classes: int) -> Iterator[Any]:
        """Yield `count` rows of a class at a time, without end."""
        size = int(self.store.totals[number])
        skipped, left = divmod(self.first * count, size)
        rest: npt.NDArray[Any] | None = None
        turn = skipped
        while True:
            for window in self._windows(number, turn, classes, left):
                rows = window if rest is None else np.concatenate([rest, window])
                whole = len(rows) // count * count
                for start in range(0, whole, count):
                    yield rows[start : start + count]
                rest = rows[whole:]
            left, turn = 0, turn + 1

    def _windows(
        self, number: int, turn: int, classes: int, left: int
    ) -> Iterator[npt.NDArray[Any]]:
        """Yield the rows of one pass over a class in their order, windows at a time.

        Args:
            number: The class.
            turn: The number of the pass.
            classes: How many classes share the memory.
            left: How many rows at the beginning are left out.
        """
        size = int(self.store.totals[number])
        cell = 8 * max(1, len(self.store.columns)) + self.store.record_bytes
        room = int(WINDOW_SHARE * self.store.memory / classes / cell)
        block = max(1, min(size, room) // BLOCKS)
        random = generator(self.seed, "stored batches", number, turn)
        starts = random.permutation(np.arange(0, size, block))
        for first in range(0, len(starts), BLOCKS):
            chosen = np.sort(starts[first : first + BLOCKS])
            rows = int(sum(min(block, size - start) for start in chosen))
            order = random.permutation(rows)
            if left >= rows:
                left -= rows
                continue
            spans = [(int(s), min(block, size - int(s))) for s in chosen]
            encoded = np.asarray(self.encode(self.store.read_spans(number, spans)))
            yield encoded[order[left:]]
            left = 0
