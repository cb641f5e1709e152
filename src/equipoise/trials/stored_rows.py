# SPDX-License-Identifier: Apache-2.0
"""A trial on rows that are larger than memory: what is fitted on, and what is judged.

All strategies are fitted on rows that fit into memory (`StoredTable.choose`). Their
models, moved back to the population of all rows (`learners.kept_shares`), score every
row of the store out of fold, block by block. What is judged are all rows, if their
scores fit into memory; else all positives, every row that an arm scores high, and of
the others those that were fitted on, each of which counts for as many as it stands
for. A ranking depends on the negatives that are scored high, and these are all there.

Of several labels a row is kept with the share of the rarest label that it has, or of
the rows without any. What that does to the odds of a label depends on the other labels
of a row, so that no constant undoes it. The rows that are fitted on have weights in its
place: each counts for the 1/share rows that it stands for, as if it were so many copies
(Horvitz and Thompson 1952).

A row that was kept is in the fold that the trial's split gave it. Any other row goes to
the fold of its group, of its copy, or of its time; else to one that its hash decides.
"""

from __future__ import annotations

import dataclasses
import itertools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.memory import release_memory
from equipoise._core.numerals import amount, figure
from equipoise._core.types import AnyArray, BoolArray, FloatArray, HashArray, IntArray
from equipoise.jobs import Progress, Scorer
from equipoise.learners.kept_shares import shifted_scorer
from equipoise.metrics.score_histogram import BoundedValue, ScoreHistogram
from equipoise.stores.class_shares import KeptShares, row_keys
from equipoise.stores.stored_table import StoredKeys, StoredTable, TakenRows
from equipoise.table.hashes import mix
from equipoise.table.table import Table
from equipoise.trials.fold_scores import Scores
from equipoise.trials.plan import TrialPlan

JUDGED_BYTES = 128
"""Memory that the intervals take for each row, arm and repeat."""
DRAWN_BYTES = 700
"""The same for each row, whatever there are of arms."""
FIT_SHARE = 0.7
"""Share of the memory that fits may take. Fits and intervals follow each other."""
MOST_ERROR = 0.02
"""Beyond it a value is not bounds: the arm gives many rows one score."""
HIGH_ROWS = 40_000
"""Negatives that each arm's scores choose, over all folds of a repeat."""


@dataclass(frozen=True, eq=False)
class StoredRows:
    """The rows of a store that are fitted on.

    Attributes:
        store: All rows.
        taken: Those in memory.
        shares: Which share of each of `store.strata_names` they are.
        row_weights: `[rows]` for how many rows each stands, if that is how the shares
            are undone; None if it is a constant that is added to the scores.
    """

    store: StoredTable
    taken: TakenRows
    shares: KeptShares
    row_weights: FloatArray | None = None

    @classmethod
    def of(cls, store: StoredTable, seed: int) -> StoredRows:
        """Take as many rows into memory as its limit allows.

        Args:
            store: All rows.
            seed: The user's seed.
        """
        places, shares = store.choose(store.most_rows, seed)
        taken = store.rows(places)
        if shares.whole or not store.labelled_apart:
            return cls(store, taken, shares)
        # A row's share depends on all of its labels, so no constant of one undoes it.
        order = np.argsort(taken.places)
        weights = np.empty(len(taken.places))
        weights[order] = shares.weights(store.strata(taken.places[order]))
        return cls(store, taken, shares, weights)

    @property
    def table(self) -> Table:
        """The rows in memory."""
        return self.taken.table

    @property
    def shift(self) -> tuple[float, ...]:
        """What is added to the scores of models of the rows in memory, `[width]`."""
        if self.row_weights is not None or self.shares.whole:
            return (0.0,) * self.store.task.width
        return self.shares.shift

    def sentence(self) -> str:
        """Say what was kept, and how it is undone."""
        classes = self.store.strata_names
        if self.shares.whole:
            return (
                f"All {len(self.store):,} rows fit into the memory given: models were "
                "fitted on all of them."
            )
        parts = [
            f"all {total:,} of {name!r}"
            if count == total
            else f"{count:,} of {total:,} of {name!r} ({amount(100 * count / total)}%)"
            for name, count, total in zip(
                classes, self.shares.kept, self.shares.totals, strict=True
            )
        ]
        undone = "The shares are undone exactly in all scores and probabilities."
        if self.row_weights is not None:
            parts = [
                part
                for part, total in zip(parts, self.shares.totals, strict=True)
                if total
            ]
            undone = (
                "A row with several labels is counted with the rarest of them. In "
                "training each row counts for as many as it stands for."
            )
        return (
            f"Models were fitted on {len(self.table):,} of {len(self.store):,} rows, "
            f"{', '.join(parts)}, which is what fits into the memory given. {undone}"
        )


@dataclass(frozen=True, eq=False)
class JudgedStore:
    """The rows whose out-of-fold scores are judged.

    Attributes:
        places: `[rows]` positions in the store, ascending.
        y: `[rows]` labels.
        scores: The trial's scores of these rows.
        weights: `[rows]` for how many each stands; None if they are all rows.
        units: `[rows]` which of them are one case; None if each is.
        whole: By arm, ranking metrics within folds over all rows of the store, if
            not all of them are judged.
        notes: What the reader should know.
        fold_of_row: Tells the fold of any row of the store.
        fitted: The models that gave the scores, with the folds of the rows that were
            fitted on, in their order.
    """

    places: IntArray
    y: AnyArray
    scores: Scores
    weights: FloatArray | None
    units: IntArray | None
    whole: Mapping[str, Mapping[str, BoundedValue]]
    notes: tuple[str, ...]
    fold_of_row: FoldOfRow
    fitted: Scores


def judge_store(
    rows: StoredRows,
    plan: TrialPlan,
    scores: Scores,
    progress: Progress | None = None,
    *,
    with_columns: bool = False,
    test_table: Table | None = None,
    fold_of_row: FoldOfRow | None = None,
) -> JudgedStore:
    """Score all rows out of fold, and choose those that are judged.

    Args:
        rows: The store, and the rows that were fitted on.
        plan: How these were split.
        scores: What the fits gave, with their models.
        progress: Called with a sentence and the share done.
        with_columns: Whether the judged rows are then taken into memory with their
            columns, so that they must not be all rows.
        test_table: Rows that every model scores and none has learned from, or None.
        fold_of_row: Tells the fold of any row; None to learn it from the scores.

    Raises:
        UnsupportedError: The scores of a strategy cannot be moved back to all rows.
    """
    scores = _population(rows, plan, scores)
    # Without scores of rows, which would stay in memory beside those that are judged.
    fitted = dataclasses.replace(scores, log_odds={}, extra={})
    if test_table is not None:
        scores = _with_test(scores, test_table)
    folds = FoldOfRow.of(rows, plan, scores) if fold_of_row is None else fold_of_row
    names = list(scores.log_odds)
    every = len(names) * scores.repeats
    if rows.shares.whole:
        places, y = rows.taken.places, rows.table.labels()
        units = plan.keys.units
        return JudgedStore(places, y, scores, None, units, {}, (), folds, fitted)
    views = rows.store.task.width if rows.store.labelled_apart else 1
    each = every * views * JUDGED_BYTES + DRAWN_BYTES
    exact = len(rows.store) * each <= rows.store.memory and not with_columns
    with tempfile.TemporaryDirectory(prefix="equipoise-scores-") as folder:
        written = _WrittenScores.write(
            Path(folder), rows, scores, folds, progress or (lambda text, share: None)
        )
        binary = rows.store.task.kind == "binary"
        ranked = binary or rows.store.labelled_apart
        chosen = np.ones(len(rows.store), np.bool_)
        high = np.zeros(0, np.bool_)
        if not exact:
            high = np.zeros(len(chosen), np.bool_)
            high = written.high_rows(rows) if ranked else high
            chosen = high.copy()
            chosen[rows.taken.places] = True
        places = np.flatnonzero(chosen)
        y = rows.store.labels_at(places)
        weights = None if exact else _weights(rows, places, high)
        judged = dataclasses.replace(
            scores,
            log_odds={name: written.taken(name, places) for name in names},
            folds=written.folds_of(places),
        )
        whole = {} if exact or not binary else written.whole()
    release_memory()
    units = folds.units(places)
    notes = [] if exact else [_judged_on(len(places), len(rows.store), ranked)]
    return JudgedStore(
        places, y, judged, weights, units, whole, tuple(notes), folds, fitted
    )


def _with_test(scores: Scores, test_table: Table) -> Scores:
    """Return scores with those that every model gives a test table."""
    extra = {
        name: np.stack([each.log_odds(test_table) for each in models])
        for name, models in scores.scorers.items()
    }
    return dataclasses.replace(scores, extra=extra)


def _judged_on(count: int, total: int, ranked: bool) -> str:
    """Say which rows are judged, if not all are."""
    which = "those that were fitted on"
    which += ", and every negative that an arm scores high" if ranked else ""
    return (
        f"All {total:,} rows were scored out of fold, and {count:,} of them are "
        f"judged: {which}. Each counts for as many rows as it stands for, and the "
        "intervals rest on the effective number of rows."
    )


def whole_notes(whole: Mapping[str, Mapping[str, BoundedValue]]) -> list[str]:
    """Say what arms are worth over all rows, with the bound of the error.

    Args:
        whole: As in `JudgedStore`.
    """
    bounded = {name: metrics["average_precision"] for name, metrics in whole.items()}
    bounds = {name: v for name, v in bounded.items() if v.error <= MOST_ERROR}
    if not bounds:
        return []
    parts = [f"{name} {figure(v.value, 3)}" for name, v in bounds.items()]
    error = max(value.error for value in bounds.values())
    return [
        "Average precision within folds over all rows, from histograms of their "
        f"log-odds: {', '.join(parts)}; off by at most {error:.1e}."
    ]


def stored_facts(
    rows: StoredRows,
    judged: JudgedStore,
    streaming: Sequence[str] = (),
    sharded: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what was fitted on and judged, as plain data.

    Args:
        rows: The store, and what was kept of it.
        judged: What was judged.
        streaming: The strategies whose networks took new rows between epochs.
        sharded: The strategies of which each model learned from rows of its own.
    """
    classes = rows.store.strata_names
    weights = {}
    if rows.row_weights is not None:
        each = (1.0 / rows.shares.shares).tolist()
        weights = {"row_weights": dict(zip(classes, each, strict=True))}
    return {
        "memory": rows.store.memory,
        "rows": len(rows.store),
        "fitted_on": dict(zip(classes, rows.shares.kept, strict=True)),
        "totals": dict(zip(classes, rows.shares.totals, strict=True)),
        "new_rows_between_epochs": list(streaming),
        "rows_of_its_own_for_each_model": list(sharded),
        "added_to_scores": list(rows.shift),
        **weights,
        "judged": len(judged.places),
        "all_rows_within_folds": {
            name: {
                metric: {"value": value.value, "error": value.error}
                for metric, value in metrics.items()
            }
            for name, metrics in judged.whole.items()
        },
    }


def _population(rows: StoredRows, plan: TrialPlan, scores: Scores) -> Scores:
    """Return the scores with models, and out-of-fold scores, of all rows."""
    if rows.shares.whole or rows.row_weights is not None:
        return scores
    totals = plan.table.task.totals(plan.table.labels())
    shift = rows.shares.shift
    scorers: dict[str, tuple[Scorer, ...]] = {}
    for arm in plan.strategies:
        if arm.name not in scores.log_odds:
            continue
        exact = arm.correction(totals).exact
        scorers[arm.name] = tuple(
            shifted_scorer(each, shift, arm.name, exact=exact)
            for each in scores.scorers[arm.name]
        )
    return dataclasses.replace(scores, scorers=scorers)


def _weights(rows: StoredRows, places: IntArray, high: BoolArray) -> FloatArray:
    """Return for how many rows each judged one stands, `[rows]`.

    A row that is scored high stands for itself. The others of its class that were kept
    stand for all others of the class: which were kept does not depend on the scores.
    """
    numbers = rows.store.strata(places)
    alone = high[places]
    weights = np.ones(len(places))
    for label, total in enumerate(rows.shares.totals):
        others = (numbers == label) & ~alone
        count = int(others.sum())
        if count:
            rest = int(total) - int((numbers == label).sum() - count)
            weights[others] = rest / count
    return weights


@dataclass(frozen=True, eq=False)
class FoldOfRow:
    """Tells in which fold any row of a store is scored.

    Attributes:
        places: `[kept]` positions of the rows that were fitted on, ascending.
        kept: `[repeats, kept]` their folds, -1 for none.
        count: The number of folds.
        seed: The user's seed.
        tied: What ties rows: "group", "copies" or "".
        free: Ascending hashes of rows that are equal and still no copies, such as
            records of default values: each is on its own.
        keys: `[kept keys]` ascending distinct keys of kept rows that ties concern.
        by_key: `[repeats, kept keys]` the fold of each.
        starts: `[folds]` when each fold's test block begins; None if not by time.
        pairs: Ascending keys of (tie, fold) that kept rows have, by time.
        store: All rows.
        groups: The units of the kept rows, by position.
    """

    places: IntArray
    kept: IntArray
    count: int
    seed: int
    tied: str
    free: HashArray
    keys: HashArray
    by_key: IntArray
    starts: npt.NDArray[Any] | None
    pairs: HashArray
    store: StoredTable
    groups: IntArray | None

    @classmethod
    def of(cls, rows: StoredRows, plan: TrialPlan, scores: Scores) -> FoldOfRow:
        """Learn the folds of other rows from those that were split."""
        return cls.of_folds(rows, plan, scores.folds)

    @classmethod
    def of_folds(
        cls, rows: StoredRows, plan: TrialPlan, folds_of_rows: IntArray
    ) -> FoldOfRow:
        """Learn the folds of other rows from those that were split.

        Args:
            rows: The store, and the rows in memory.
            plan: How these are split.
            folds_of_rows: `[repeats, rows]` their folds, in the order of the plan.
        """
        order = np.argsort(rows.taken.places)
        folds = folds_of_rows[:, order]
        keys, units = rows.taken.keys, plan.keys.units
        tied = ""
        if keys.group is not None:
            tied = "group"  # even if no two rows that were kept share one
        elif units is not None:
            tied = "copies"
        free = np.zeros(0, np.uint64)
        if tied == "copies" and units is not None:
            free = several_units(keys.hashes, units)
        each = ties_of(keys, tied, free)
        distinct, first = np.unique(each, return_index=True)
        starts, pairs = None, np.zeros(0, np.uint64)
        if plan.protocol.by == "time" and keys.time is not None:
            starts = np.array(
                [
                    keys.time[folds_of_rows[0] == fold].min()
                    for fold in range(plan.protocol.folds)
                ]
            )
            if tied:
                pairs = np.unique(_paired(each, folds_of_rows[0]))
        return cls(
            rows.taken.places[order],
            folds,
            plan.protocol.folds,
            plan.protocol.seed,
            tied,
            free,
            distinct if tied else np.zeros(0, np.uint64),
            folds_of_rows[:, first] if tied else np.zeros((len(folds), 0), np.int64),
            starts,
            pairs,
            rows.store,
            None if units is None else units[order],
        )

    def __call__(self, first: int, keys: StoredKeys) -> IntArray:
        """Return the folds of a block's rows, `[repeats, rows]`; -1 for none.

        Args:
            first: The position of its first row.
            keys: Of its rows.
        """
        folds = self.of_others(keys)
        low, high = np.searchsorted(self.places, [first, first + len(keys.row)])
        folds[:, self.places[low:high] - first] = self.kept[:, low:high]
        return folds

    def of_others(self, keys: StoredKeys) -> IntArray:
        """Return the folds of rows that are not in memory, `[repeats, rows]`.

        Args:
            keys: Of the rows.
        """
        repeats = len(self.kept)
        ties = ties_of(keys, self.tied, self.free)
        if self.starts is not None and keys.time is not None:
            fold = np.searchsorted(self.starts, keys.time, side="right") - 1
            if self.tied:
                # Models of this fold may have learned from a row of the same group.
                there, _ = _place(self.keys, ties)
                same, _ = _place(self.pairs, _paired(ties, fold))
                fold = np.where(there & ~same, -1, fold)
            return np.tile(fold, (repeats, 1)).astype(np.int64)
        folds = np.empty((repeats, len(keys.row)), np.int64)
        for repeat in range(repeats):
            mixed = row_keys(ties.view(np.int64), self.seed, f"fold {repeat}")
            folds[repeat] = (mixed % np.uint64(self.count)).astype(np.int64)
        if self.tied:
            there, place = _place(self.keys, ties)
            folds[:, there] = self.by_key[:, place[there]]
        return folds

    def units(self, places: IntArray) -> IntArray | None:
        """Return which of some rows are one case, `[rows]`; None if each is.

        Args:
            places: Ascending positions in the store.
        """
        if not self.tied:
            return None
        ties = np.empty(len(places), np.uint64)
        for block in self.store.blocks():
            low, high = np.searchsorted(
                places, [block.first, block.first + len(block.records)]
            )
            if low < high:
                here = block.records[places[low:high] - block.first]
                ties[low:high] = ties_of(self.store.keys(here), self.tied, self.free)
        numbers = np.unique(ties, return_inverse=True)[1].astype(np.int64)
        if self.groups is None:
            return numbers
        # Kept rows may be tied in further ways, such as near copies.
        at = np.searchsorted(places, self.places)
        first = np.full(int(self.groups.max()) + 1, -1, np.int64)
        first[self.groups[::-1]] = numbers[at][::-1]
        renamed = np.arange(int(numbers.max()) + 1)
        renamed[numbers[at]] = first[self.groups]
        return np.asarray(renamed[numbers])


def ties_of(keys: StoredKeys, tied: str, free: HashArray) -> HashArray:
    """Return the key by which rows belong together; else by which they are divided.

    Args:
        keys: Of the rows.
        tied: As in `FoldOfRow`.
        free: Likewise.
    """
    if tied == "group" and keys.group is not None:
        return keys.group
    alone = mix(keys.row.astype(np.uint64))
    if tied != "copies":
        return alone
    return np.where(_place(free, keys.hashes)[0], alone, keys.hashes)


def several_units(hashes: HashArray, units: IntArray) -> HashArray:
    """Return the hashes whose rows are of several units, ascending.

    Args:
        hashes: `[rows]` equal numbers for equal rows.
        units: `[rows]` which rows are one case.

    Example:
        >>> hashes = np.array([8, 8, 5, 5], np.uint64)
        >>> several_units(hashes, np.array([0, 1, 2, 2])).tolist()
        [8]
    """
    pairs = np.unique(np.stack([hashes, units.astype(np.uint64)]), axis=1)
    distinct, counts = np.unique(pairs[0], return_counts=True)
    return np.asarray(distinct[counts > 1])


def _paired(ties: HashArray, folds: IntArray) -> HashArray:
    return mix(ties ^ mix(folds.astype(np.uint64) + np.uint64(1)))


def _place(ascending: HashArray, keys: HashArray) -> tuple[BoolArray, IntArray]:
    """Return whether each key is among others, and where."""
    if not len(ascending):
        return np.zeros(len(keys), np.bool_), np.zeros(len(keys), np.int64)
    place = np.searchsorted(ascending, keys)
    place = np.minimum(place, len(ascending) - 1)
    return ascending[place] == keys, place


@dataclass(frozen=True, eq=False)
class _WrittenScores:
    """The out-of-fold scores of all rows, on disk, with their histograms.

    Attributes:
        folder: Where they lie: float32 `[rows, width]` for each arm and repeat, int8
            `[rows]` folds for each repeat.
        names: The arms.
        rows: How many rows.
        repeats: How many repeats.
        width: Scores per row.
        histograms: By arm, repeat, fold and label, of two classes or of labels.
        step: Rows that are read at once.
    """

    folder: Path
    names: tuple[str, ...]
    rows: int
    repeats: int
    width: int
    histograms: Mapping[tuple[str, int, int, int], ScoreHistogram]
    step: int = 1 << 20

    @classmethod
    def write(
        cls,
        folder: Path,
        rows: StoredRows,
        scores: Scores,
        folds: FoldOfRow,
        report: Progress,
    ) -> _WrittenScores:
        """Score all rows, block by block."""
        store, width = rows.store, rows.store.task.width
        histograms: dict[tuple[str, int, int, int], ScoreHistogram] = {}
        names = list(scores.log_odds)
        result = cls(
            folder, tuple(names), len(store), scores.repeats, width, histograms
        )
        streams = {
            (name, repeat): result._path(k, repeat).open("wb")
            for k, name in enumerate(names)
            for repeat in range(scores.repeats)
        }
        fold_streams = [
            result._fold_path(repeat).open("wb") for repeat in range(scores.repeats)
        ]
        counted = store.task.kind == "binary" or store.labelled_apart
        try:
            for block in store.blocks():
                report("scoring all rows", block.first / len(store))
                table = store.table(block)
                where = folds(block.first, store.keys(block.records))
                for repeat, stream in enumerate(fold_streams):
                    stream.write(where[repeat].astype(np.int8).tobytes())
                for name in names:
                    for repeat in range(scores.repeats):
                        z = _scored(
                            scores.scorers[name], table, where[repeat], repeat, folds
                        )
                        streams[name, repeat].write(z.astype(np.float32).tobytes())
                        if counted:
                            y = table.labels().reshape(len(table), width)
                            _count(histograms, name, repeat, where[repeat], z, y)
        finally:
            for open_one in (*streams.values(), *fold_streams):
                open_one.close()
        return result

    def _path(self, arm: int, repeat: int) -> Path:
        return self.folder / f"scores-{arm}-{repeat}.f4"

    def _fold_path(self, repeat: int) -> Path:
        return self.folder / f"folds-{repeat}.i1"

    def taken(self, name: str, places: IntArray) -> FloatArray:
        """Return the scores of some rows, `[repeats, rows, width]` float64."""
        arm = self.names.index(name)
        result = np.empty((self.repeats, len(places), self.width))
        for repeat in range(self.repeats):
            path = self._path(arm, repeat)
            for low, high, values in self._pieces(path, places, np.float32, self.width):
                result[repeat, low:high] = values
        return result

    def folds_of(self, places: IntArray) -> IntArray:
        """Return the folds of some rows, `[repeats, rows]`."""
        result = np.empty((self.repeats, len(places)), np.int64)
        for repeat in range(self.repeats):
            path = self._fold_path(repeat)
            for low, high, values in self._pieces(path, places, np.int8, 1):
                result[repeat, low:high] = values[:, 0]
        return result

    def _pieces(self, path: Path, places: IntArray, kind: Any, width: int) -> Any:
        size = np.dtype(kind).itemsize * width
        for start in range(0, self.rows, self.step):
            count = min(self.step, self.rows - start)
            low, high = np.searchsorted(places, [start, start + count])
            if low == high:
                continue
            values = np.fromfile(path, kind, count * width, offset=start * size)
            yield low, high, values.reshape(count, width)[places[low:high] - start]

    def high_rows(self, rows: StoredRows) -> BoolArray:
        """Return which rows are among the highest negatives of an arm, or positive.

        Args:
            rows: The store, and what was kept of it.
        """
        high = np.zeros(self.rows, np.bool_)
        several = rows.store.labelled_apart
        negatives = np.zeros((0, 1), np.bool_)
        if not several:
            labels = rows.store.labels()
            high[labels == 1] = rows.shares.shares[1] == 1.0
            negatives = labels[:, None] == 0
        arms = len(self.names) * self.repeats * self.width
        room = rows.store.most_rows // (2 * arms)
        each = max(1, min(HIGH_ROWS, room) // self._folds)
        for arm, name in enumerate(self.names):
            for repeat in range(self.repeats):
                cuts = np.full((self._folds + 1, self.width), np.inf)
                for fold, view in np.ndindex(self._folds, self.width):
                    counts = self.histograms.get((name, repeat, fold, view))
                    if counts is not None:
                        cuts[fold, view] = counts.cut(each)
                for start in range(0, self.rows, self.step):
                    count = min(self.step, self.rows - start)
                    z = np.fromfile(
                        self._path(arm, repeat),
                        np.float32,
                        count * self.width,
                        offset=4 * start * self.width,
                    ).reshape(count, self.width)
                    fold_of = np.fromfile(
                        self._fold_path(repeat), np.int8, count, offset=start
                    )
                    here = slice(start, start + count)
                    if several:
                        negative = (
                            rows.store.labels_at(np.arange(start, start + count)) == 0
                        )
                    else:
                        negative = negatives[here]
                    high[here] |= (negative & (z >= cuts[fold_of])).any(axis=1)
        return high

    @property
    def _folds(self) -> int:
        return 1 + max((fold for _, _, fold, _ in self.histograms), default=0)

    def whole(self) -> dict[str, dict[str, BoundedValue]]:
        """Return ranking metrics within folds over all rows, by arm."""
        return {name: self._within_folds(name) for name in self.names}

    def _within_folds(self, name: str) -> dict[str, BoundedValue]:
        each = [h for (arm, _, _, _), h in self.histograms.items() if arm == name]
        positives = np.array([h.counts[1].sum() for h in each])
        result = {}
        for metric in ("average_precision", "roc_auc"):
            values = [getattr(h, metric)() for h in each]
            sound = np.array([v.low == v.low for v in values]) & (positives > 0)
            mass = np.where(sound, positives, 0.0)
            if not mass.any():
                result[metric] = BoundedValue(np.nan, np.nan)
                continue
            low = np.average(np.nan_to_num([v.low for v in values]), weights=mass)
            high = np.average(np.nan_to_num([v.high for v in values]), weights=mass)
            result[metric] = BoundedValue(float(low), float(high))
        return result


def _scored(
    scorers: Sequence[Scorer],
    table: Table,
    folds: IntArray,
    repeat: int,
    rule: FoldOfRow,
) -> FloatArray:
    """Return each row's score by the model of its fold, `[rows, width]`."""
    z = np.full((len(table), table.task.width), np.nan)
    for fold in range(rule.count):
        here = np.flatnonzero(folds == fold)
        if len(here):
            model = scorers[repeat * rule.count + fold]
            z[here] = model.log_odds(table.take(here))
    return z


def _count(
    histograms: dict[tuple[str, int, int, int], ScoreHistogram],
    name: str,
    repeat: int,
    folds: IntArray,
    z: FloatArray,
    y: AnyArray,
) -> None:
    """Add a block's scores to the histograms of their folds.

    Args:
        histograms: Those so far.
        name: The arm.
        repeat: The repeat.
        folds: `[rows]`.
        z: `[rows, width]` scores.
        y: `[rows, width]` 1, 0, or -1 if a label is unknown.
    """
    for fold, view in itertools.product(
        np.unique(folds[folds >= 0]), range(z.shape[1])
    ):
        here = (folds == fold) & (y[:, view] >= 0)
        key = name, repeat, int(fold), view
        counted = ScoreHistogram.of(z[here, view], y[here, view] == 1)
        before = histograms.get(key)
        histograms[key] = counted if before is None else before + counted
