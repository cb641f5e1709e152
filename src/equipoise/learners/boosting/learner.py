# SPDX-License-Identifier: Apache-2.0
"""LightGBM, XGBoost and CatBoost as learners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from equipoise._core.options import Number
from equipoise._core.seeds import derive
from equipoise._core.types import FloatArray, IntArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import tree_matrix
from equipoise.jobs import Job, Outcome, Progress
from equipoise.learners.boosting.catboost import CatBoost
from equipoise.learners.boosting.library import (
    GrowRows,
    Library,
    first_trees,
    require_equal,
    staged_scores,
)
from equipoise.learners.boosting.lightgbm import LightGBM
from equipoise.learners.boosting.xgboost import XGBoost
from equipoise.learners.one_by_one import FittedJob, run_one_by_one
from equipoise.learners.threads import thread_count
from equipoise.learners.trees.boosting import (
    Boosted,
    BoostingRows,
    boost_outputs,
    drawn_rates,
    with_every_class,
)
from equipoise.learners.trees.forest import Forest, constant_forest
from equipoise.learners.trees.histogram import TreesScorer, usual_l2
from equipoise.priors import Correction
from equipoise.strategies.by_task import absence_notes
from equipoise.table.splits import Split
from equipoise.table.table import Table


@dataclass(frozen=True)
class BoostingLearner:
    """One boosted model for each job, grown by a library and kept as plain arrays.

    It learns from the training rows. The stop rows end the growth once their log loss
    has not fallen for `patience` trees, and as many trees are kept as give them the
    least corrected log loss. Missing values and categories are the library's own. Class
    weights of a strategy are weights of the rows. Of several classes each has its trees
    (multinomial); each of several labels has a model of its own, on the rows of which
    the label is known.

    Attributes:
        library: What grows the trees.
    """

    library: Library

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job (see `equipoise.strategies.Learner`).

        `Outcome.updates` counts the trees that were grown, `Outcome.best_epoch` those
        that were kept.

        Raises:
            InputError: A training part lacks a class.
            UnsupportedError: This release of the library keeps its trees in a way that
                is not known here.
        """
        return run_one_by_one(self._fit, table, jobs, keep=keep, progress=progress)

    def _fit(self, table: Table, job: Job, encoding: Encoding) -> FittedJob:
        used = np.sort(np.concatenate([job.train_rows, job.stop_rows]))
        part = table.take(used)
        split = Split(
            np.searchsorted(used, job.train_rows), np.searchsorted(used, job.stop_rows)
        )
        totals = job.totals(table, used)
        rows = BoostingRows(
            tree_matrix(part, encoding),
            part.labels(),
            [split],
            len(encoding.categories),
            None if job.row_weights is None else job.weights(used),
            drawn_rates(job, table.task, totals),
        )
        parts = job.strategy.parts
        boost = partial(self._boost, parts.options, "l2" in parts.chosen)
        if table.task.kind != "binary":
            several = boost_outputs(boost, rows, table.task, totals, job)
            scorer = TreesScorer(encoding, several.forests, np.array(several.offset))
            notes = absence_notes(table.task, totals)
            return FittedJob(scorer, several.grown, several.kept, notes)
        weights = job.strategy.class_weights(totals)
        correction = job.strategy.correction(totals)
        boosted = boost(rows, weights, correction, job.seed)
        scorer = TreesScorer(encoding, boosted.forests, correction.offset[0])
        return FittedJob(scorer, boosted.grown, boosted.kept)

    def _boost(
        self,
        options: Mapping[str, Number],
        l2_chosen: bool,
        rows: BoostingRows,
        weights: FloatArray,
        correction: Correction,
        seed: int,
    ) -> Boosted:
        """Grow one model for two or several classes, each of which occurs."""
        split = with_every_class(rows.splits[0], rows.y)
        each = np.ones(len(rows.y)) if rows.weights is None else rows.weights
        weighted = each * weights[rows.y]
        train, stop = split.train, split.test
        grow_rows = GrowRows(
            rows.x[train],
            rows.y[train].astype(np.int64),
            weighted[train],
            rows.x[stop],
            rows.y[stop].astype(np.int64),
            _stop_weights(rows, weighted)[stop],
            rows.categories,
            len(weights),
        )
        if not _varies(grow_rows.x):
            return Boosted(_constants(grow_rows), 0, 0)
        least = 0.0 if l2_chosen else usual_l2(grow_rows.y, grow_rows.weights)
        grown = self.library.grow(
            grow_rows,
            {**options, "l2": least} if least else options,
            derive(seed, "boosting") % 2**31,
            thread_count(grow_rows.x.size),
        )
        require_equal(self.library.name, grown, grow_rows.stop)
        length = _best_length(grown.forests, grow_rows, each[stop], correction)
        forests = tuple(first_trees(forest, length) for forest in grown.forests)
        return Boosted(forests, len(grown.forests[0].roots), length)


@dataclass(frozen=True)
class LightGBMLearner(BoostingLearner):
    """LightGBM."""

    library: Library = field(default_factory=LightGBM)


@dataclass(frozen=True)
class XGBoostLearner(BoostingLearner):
    """XGBoost."""

    library: Library = field(default_factory=XGBoost)


@dataclass(frozen=True)
class CatBoostLearner(BoostingLearner):
    """CatBoost."""

    library: Library = field(default_factory=CatBoost)


def _best_length(
    forests: Sequence[Forest],
    rows: GrowRows,
    weights: FloatArray,
    correction: Correction,
) -> int:
    """Return how many trees give the stop rows the least corrected log loss.

    Args:
        forests: One for each output, with all trees.
        rows: What was fitted.
        weights: `[stop rows]` how much each counts, without class weights.
        correction: From raw scores to the population's.
    """
    losses = np.zeros(len(forests[0].roots) + 1)
    for block, scores in staged_scores(forests, rows.stop):
        each = _losses(rows.y_stop[block], scores, correction)
        losses += np.dot(weights[block], each)
    # No tree at all is no choice: some libraries keep their average in the first.
    return int(np.argmin(losses[1:])) + 1


def _losses(y: IntArray, scores: FloatArray, correction: Correction) -> FloatArray:
    """Return the log loss of each row after each tree, `[rows, trees + 1]`.

    Args:
        y: `[rows]` class numbers.
        scores: `[rows, trees + 1, outputs]` raw.
        correction: From raw scores to the population's.
    """
    if scores.shape[2] == 1:
        z = correction.apply(scores[..., 0])
        return np.asarray(np.logaddexp(0.0, z) - y[:, None] * z)
    z = correction.apply(scores)
    of_class = np.take_along_axis(z, y[:, None, None], axis=2)[..., 0]
    return np.asarray(np.logaddexp.reduce(z, axis=2) - of_class)


def _stop_weights(rows: BoostingRows, weighted: FloatArray) -> FloatArray:
    return weighted if rows.rates is None else weighted * rows.rates[rows.y]


def _varies(x: FloatArray) -> bool:
    """Return whether some column has two values, of which one may be missing."""
    if not x.size:
        return False
    first = x[0]
    same = (x == first) | (np.isnan(x) & np.isnan(first))
    return not bool(same.all())


def _constants(rows: GrowRows) -> tuple[Forest, ...]:
    """Return what knows only the weighted shares of the classes."""
    totals = np.bincount(rows.y, rows.weights, rows.classes)
    logs = np.log(totals / totals.sum())
    if rows.outputs == 1:
        return (constant_forest(float(logs[1] - logs[0])),)
    return tuple(constant_forest(float(value)) for value in logs)
