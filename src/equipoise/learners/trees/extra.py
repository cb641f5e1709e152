# SPDX-License-Identifier: Apache-2.0
"""Extremely randomised trees: scikit-learn's, their leaf sizes chosen out of bag."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import derive
from equipoise._core.states import real
from equipoise._core.types import FloatArray, IntArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import ordinal_matrix
from equipoise.jobs import (
    Job,
    Outcome,
    Progress,
)
from equipoise.learners.one_by_one import FittedJob, logistic_loss, run_one_by_one
from equipoise.learners.trees.boosting import drawn_rates
from equipoise.learners.trees.forest import Forest, constant_forest
from equipoise.learners.trees.shares import (
    ClassSharesScorer,
    LabelSharesScorer,
    checked_shares,
)
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability
from equipoise.strategies.by_task import (
    LEAST_TOTAL,
    absence_notes,
    fitted_correction,
    present_classes,
    prior_scores,
    require_enough,
)
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.table.units import tied_rows
from equipoise.training.stopping import softmax_loss

OUT_OF_BAG = float(np.exp(-1))
"""Share of the trees whose bootstrap sample lacks a given row."""

BEST = 2
"""So many leaf sizes share the trees out."""


@dataclass(frozen=True, eq=False)
class ExtraTreesScorer:
    """The mean share of positives in the leaves, and the strategy's correction.

    It holds plain arrays and needs no scikit-learn.

    Attributes:
        encoding: The encoding of the training part.
        forest: Its sum is a probability strictly between 0 and 1.
        offset: The correction, added to the log-odds.
    """

    encoding: Encoding
    forest: Forest
    offset: float

    def log_odds(self, table: Table) -> FloatArray:
        """Return corrected log-odds, `[rows, 1]`."""
        share = self.forest.raw(ordinal_matrix(table, self.encoding))
        return np.asarray(to_log_odds(share) + self.offset)[:, None]

    def state(self) -> dict[str, Any]:
        """Return the encoding as plain data, and the trees as arrays."""
        return {
            "encoding": self.encoding.to_dict(),
            "forest": self.forest.state(),
            "offset": self.offset,
        }

    @classmethod
    def from_state(
        cls, state: dict[str, Any]
    ) -> ExtraTreesScorer | ClassSharesScorer | LabelSharesScorer:
        """Rebuild it from `state()`, or what several classes or labels have instead.

        Raises:
            InputError: The trees do not fit the encoding, or a leaf holds no share.
        """
        if "shares" in state:
            return ClassSharesScorer.from_state(state)
        if "forests" in state:
            return LabelSharesScorer.from_state(state)
        encoding = Encoding.from_dict(state["encoding"])
        forest = checked_shares(state["forest"], encoding)
        return cls(encoding, forest, real(state, "offset"))


@dataclass(frozen=True, eq=False)
class _GrowRows:
    """What trees are grown on.

    Attributes:
        x: `[rows, columns]` float32.
        y: `[rows]` class numbers.
        weights: `[rows]`.
        cut: How many of the rows are training rows; the others may decide.
        alone: Whether no row is tied to another one.
        apart: Whether the others only decide.
        rates: `[classes]`, see `drawn_rates`.
    """

    x: Any
    y: npt.NDArray[Any]
    weights: FloatArray
    cut: int
    alone: bool
    apart: bool = False
    rates: FloatArray | None = None

    @property
    def whole(self) -> slice:
        """The rows that the trees in use are grown on."""
        return slice(self.cut) if self.apart else slice(None)

    @property
    def rated(self) -> FloatArray:
        """The weights with which the other rows have the training rows' shares."""
        if self.rates is None:
            return self.weights
        rate = self.rates[self.y]
        rate[: self.cut] = 1.0
        return np.asarray(self.weights * rate)


@dataclass(frozen=True)
class ExtraTreesLearner:
    """scikit-learn's `ExtraTreesClassifier`, grown on training and stop rows.

    Cuts are drawn at random, so the trees err in other places than boosted ones and
    average well with them. How many rows a leaf must have is what matters most: 1
    where the classes are far apart, many where they overlap. The two best sizes share
    the trees out. They are chosen by the log loss of bootstrapped forests of half as
    many trees on the rows that each tree has not seen (out of bag); with groups or a
    time, where such rows are too close to what was seen, and with weights, which
    scikit-learn draws the samples by, on the stop rows. The options `leaf_rows` and
    `column_share` name a size and a share in their place. Class weights of a strategy
    are weights of the rows. The leaves hold the shares of all classes; each of several
    labels has trees of its own.

    Attributes:
        trees: How many, more than 20.
        leaves: The leaf sizes to choose from, increasing.
        columns: Share of the columns that each split may choose from.
    """

    trees: int = 100
    leaves: tuple[int, ...] = (1, 3, 10, 30)
    columns: float = 0.5

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job (see `equipoise.strategies.Learner`).

        `Outcome.updates` counts the trees that are kept, `Outcome.best_epoch` is the
        position of the best leaf size, from 1.

        Raises:
            InputError: A training part lacks a class.
        """
        return run_one_by_one(self._fit_one, table, jobs, keep=keep, progress=progress)

    def of(self, strategy: Strategy) -> ExtraTreesLearner:
        """Return the learner with the numbers that a strategy names.

        Args:
            strategy: Its options are those of the learner.

        Example:
            >>> deep = Strategy(learner="extra_trees", options={"leaf_rows": 1})
            >>> ExtraTreesLearner().of(deep).leaves
            (1,)
        """
        leaf, columns = strategy.option("leaf_rows"), strategy.option("column_share")
        return dataclasses.replace(
            self,
            leaves=self.leaves if leaf is None else (int(leaf),),
            columns=self.columns if columns is None else float(columns),
        )

    def _fit_one(self, table: Table, job: Job, encoding: Encoding) -> FittedJob:
        return self.of(job.strategy)._fit(table, job, encoding)

    def _fit(self, table: Table, job: Job, encoding: Encoding) -> FittedJob:
        rows = np.concatenate([job.train_rows, job.stop_rows])
        y = table.labels()[rows]
        totals = job.totals(table, rows)
        if table.task.kind == "multiclass":
            return self._fit_classes(table, job, encoding, rows, totals)
        if table.task.kind == "multilabel":
            return self._fit_labels(table, job, encoding, rows, totals)
        correction = job.strategy.correction(totals)
        weights = job.strategy.class_weights(totals)[y] * job.weights(rows)
        x = ordinal_matrix(table.take(rows), encoding).astype(np.float32)
        fitted = _GrowRows(
            x,
            y,
            weights,
            len(job.train_rows),
            _untied(table, rows) and not job.drawn,
            job.drawn,
            drawn_rates(job, table.task, totals),
        )
        grown, best = self._grow(fitted, job.seed)
        share = float(np.average(y[fitted.whole], weights=weights[fitted.whole]))
        forest = forest_of_shares(grown, share)
        scorer = ExtraTreesScorer(encoding, forest, correction.offset[0])
        return FittedJob(scorer, self.trees, best + 1)

    def _grow(self, rows: _GrowRows, seed: int) -> tuple[list[Any], int]:
        """Return the trees of the best leaf sizes, and the place of the best one."""
        x, y, weights, cut = rows.x, rows.y, rows.weights, rows.cut
        if len(self.leaves) == 1:
            losses = [0.0]  # there is nothing to choose from
        elif np.ptp(weights) == 0 and rows.alone:
            losses = [self._out_of_bag(x, y, n, seed) for n in self.leaves]
        else:
            rated = rows.rated
            losses = [self._on_rest(x, y, rated, n, seed, cut) for n in self.leaves]
        best = np.argsort(losses, kind="stable")[:BEST]
        trees: list[Any] = []
        of = rows.whole
        for count, place in zip(_shared(self.trees, len(best)), best, strict=True):
            model = self._model(self.leaves[place], count, seed)
            trees += model.fit(x[of], y[of], weights[of]).estimators_
        return trees, int(best[0])

    def _fit_classes(
        self,
        table: Table,
        job: Job,
        encoding: Encoding,
        rows: IntArray,
        totals: FloatArray,
    ) -> FittedJob:
        task = table.task
        require_enough(task, totals)
        present = np.flatnonzero(present_classes(task, totals))
        y = np.searchsorted(present, table.labels()[rows])
        each = job.strategy.class_weights(totals)[present]
        weights = each[y] * job.weights(rows)
        x = ordinal_matrix(table.take(rows), encoding).astype(np.float32)
        rates = drawn_rates(job, task, totals)
        fitted = _GrowRows(
            x,
            y,
            weights,
            len(job.train_rows),
            _untied(table, rows) and not job.drawn,
            job.drawn,
            None if rates is None else rates[present],
        )
        trees, best = self._grow(fitted, job.seed)
        prior = np.full(task.width, LEAST_TOTAL)
        prior[present] = np.bincount(
            y[fitted.whole], weights[fitted.whole], minlength=len(present)
        )
        shares = np.zeros((sum(tree.tree_.node_count for tree in trees), task.width))
        shares[:, present] = leaf_shares(trees)
        scorer = ClassSharesScorer(
            encoding,
            forest_of_shares(trees, 0.0),
            shares / (len(trees) + 1),
            prior / prior.sum() / (len(trees) + 1),
            np.array(fitted_correction(job.strategy, task, totals).offset),
        )
        notes = absence_notes(task, totals)
        return FittedJob(scorer, self.trees, best + 1, notes)

    def _fit_labels(
        self,
        table: Table,
        job: Job,
        encoding: Encoding,
        rows: IntArray,
        totals: FloatArray,
    ) -> FittedJob:
        task, labels = table.task, table.labels()[rows]
        require_enough(task, totals)
        each = job.strategy.class_weights(totals)
        x = ordinal_matrix(table.take(rows), encoding).astype(np.float32)
        offset = np.array(fitted_correction(job.strategy, task, totals).offset)
        constant = probability(prior_scores(task, totals) - offset)
        alone = _untied(table, rows) and not job.drawn
        present = present_classes(task, totals)
        forests, places = [], []
        for label in range(task.width):
            if not present[label]:
                forests.append(constant_forest(float(constant[label])))
                continue
            here = np.flatnonzero(labels[:, label] >= 0)
            y = labels[here, label]
            weights = each[label][y] * job.weights(rows)[here]
            cut = int(np.count_nonzero(here < len(job.train_rows)))
            seed = derive(job.seed, "extra_trees", "label", label)
            fitted = _GrowRows(x[here], y, weights, cut, alone, job.drawn)
            trees, best = self._grow(fitted, seed)
            share = float(np.average(y[fitted.whole], weights=weights[fitted.whole]))
            forests.append(forest_of_shares(trees, share))
            places.append(best)
        scorer = LabelSharesScorer(encoding, tuple(forests), offset)
        best_place = round(float(np.mean(places))) + 1
        grown = self.trees * len(places)
        return FittedJob(scorer, grown, best_place, absence_notes(task, totals))

    def _model(self, leaf: int, trees: int, seed: int, **more: Any) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier

        return ExtraTreesClassifier(
            trees,
            min_samples_leaf=leaf,
            max_features=self.columns,
            # scikit-learn takes seeds of 32 bits
            random_state=derive(seed, "extra_trees", leaf) % 2**32,
            **more,
        )

    def _out_of_bag(self, x: Any, y: npt.NDArray[Any], leaf: int, seed: int) -> float:
        """Return the log loss of rows unseen, as if all `trees` had scored them.

        The fewer trees score a row, the larger the loss, the more so the smaller the
        leaves: by a term in one over their number (the variance of a mean). Two
        halves of the forest show how large it is.
        """
        if len(np.unique(y)) > 2:
            return self._classes_out_of_bag(x, y, leaf, seed)
        half = max(self.trees // 4, 1)
        model = self._model(leaf, 2 * half, seed, bootstrap=True).fit(x, y)
        first = _unseen(model, x, slice(0, half))
        second = _unseen(model, x, slice(half, 2 * half))

        def loss(part: npt.NDArray[Any]) -> float:
            p = (part[0] + y.mean()) / (part[1] + 1)
            return logistic_loss(y.astype(np.float64), to_log_odds(p))

        whole, halves = loss(first + second), (loss(first) + loss(second)) / 2
        scored = 2 * half * OUT_OF_BAG
        return whole - (halves - whole) * (1 - scored / self.trees)

    def _classes_out_of_bag(
        self, x: Any, y: npt.NDArray[Any], leaf: int, seed: int
    ) -> float:
        """Return the same for several classes, each of which occurs."""
        half = max(self.trees // 4, 1)
        model = self._model(leaf, 2 * half, seed, bootstrap=True).fit(x, y)
        prior = np.bincount(y) / len(y)
        first = _unseen_classes(model, x, slice(0, half))
        second = _unseen_classes(model, x, slice(half, 2 * half))

        def loss(total: FloatArray, trees: FloatArray) -> float:
            p = (total + prior) / (trees[:, None] + 1)
            return softmax_loss(y, np.log(p))

        whole = loss(first[0] + second[0], first[1] + second[1])
        halves = (loss(*first) + loss(*second)) / 2
        scored = 2 * half * OUT_OF_BAG
        return whole - (halves - whole) * (1 - scored / self.trees)

    def _on_rest(
        self,
        x: Any,
        y: npt.NDArray[Any],
        weights: FloatArray,
        leaf: int,
        seed: int,
        cut: int,
    ) -> float:
        """Return the log loss of the rows from `cut` on under trees on the others."""
        classes = np.unique(y)
        if len(np.unique(y[:cut])) < len(classes) or cut == len(y):
            cut = 0  # the training rows lack a class: all rows teach and decide
        model = self._model(leaf, self.trees, seed)
        if len(classes) > 2 or cut == 0:
            taught = slice(0, cut or len(y))
            model.fit(x[taught], y[taught], weights[taught])
            shares = np.bincount(y[taught], weights[taught], len(classes))
            p_rest = smoothed(
                model.predict_proba(x[cut:]), self.trees, shares / shares.sum()
            )
            return softmax_loss(y[cut:], np.log(p_rest), weights[cut:])
        model.fit(x[:cut], y[:cut], weights[:cut])
        prior = float(np.average(y[:cut], weights=weights[:cut]))
        p = smoothed(model.predict_proba(x[cut:])[:, 1], self.trees, prior)
        z = to_log_odds(p)
        losses = np.logaddexp(0.0, z) - y[cut:] * z
        return float(np.average(losses, weights=weights[cut:]))


def _shared(trees: int, parts: int) -> list[int]:
    """Return how many trees each part has, the first ones one more."""
    return [(trees + parts - 1 - part) // parts for part in range(parts)]


def _unseen(model: Any, x: Any, which: slice) -> FloatArray:
    """Return the sum of shares and the number of trees that have not seen each row.

    Returns:
        `[2, rows]`.
    """
    total = np.zeros((2, len(x)))
    trees, samples = model.estimators_[which], model.estimators_samples_[which]
    for tree, seen in zip(trees, samples, strict=True):
        unseen = np.ones(len(x), bool)
        unseen[seen] = False
        total[0, unseen] += tree.predict_proba(x[unseen], check_input=False)[:, 1]
        total[1, unseen] += 1
    return total


def _unseen_classes(model: Any, x: Any, which: slice) -> tuple[FloatArray, FloatArray]:
    """Return `[rows, classes]` sums of shares, and the number of trees `[rows]`."""
    shares, count = np.zeros((len(x), len(model.classes_))), np.zeros(len(x))
    trees, samples = model.estimators_[which], model.estimators_samples_[which]
    for tree, seen in zip(trees, samples, strict=True):
        unseen = np.ones(len(x), bool)
        unseen[seen] = False
        shares[unseen] += tree.predict_proba(x[unseen], check_input=False)
        count[unseen] += 1
    return shares, count


def _untied(table: Table, rows: IntArray) -> bool:
    """Return whether a row out of the bag is unseen: nothing is tied to it."""
    return table.time is None and tied_rows(table.take(rows)) is None


def smoothed(share: FloatArray, trees: float, prior: float | FloatArray) -> FloatArray:
    """Return mean shares with one more tree, which says the prior: never 0 or 1.

    Example:
        >>> smoothed(np.array([0.0, 1.0]), 99, 0.1).tolist()
        [0.001, 0.991]
    """
    return np.asarray((trees * share + prior) / (trees + 1))


def leaf_shares(estimators: Sequence[Any]) -> FloatArray:
    """Return the share of each class in each node of some trees, `[nodes, classes]`.

    Args:
        estimators: The trees of a scikit-learn forest, one behind the other.
    """
    value = np.concatenate([each.tree_.value for each in estimators])[:, 0, :]
    return np.asarray(value / value.sum(axis=1, keepdims=True))


def forest_of_shares(estimators: Sequence[Any], prior: float) -> Forest:
    """Return a fitted forest whose sum is `smoothed` of the mean share of positives.

    Args:
        estimators: The trees of scikit-learn forests, fitted on rows without missing
            values. Of several classes the second is taken for the positive one.
        prior: The share of positives that the additional tree says.
    """
    trees = [estimator.tree_ for estimator in estimators]
    sizes = [tree.node_count for tree in trees]
    starts = np.cumsum([0, *sizes[:-1]])
    first = np.repeat(starts, sizes)
    itself = np.arange(sum(sizes))

    def joined(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(tree, name) for tree in trees])

    left, right = joined("children_left"), joined("children_right")
    leaf = left < 0
    share = leaf_shares(estimators)[:, 1]
    return Forest(
        base=prior / (len(trees) + 1),
        roots=starts.astype(np.int32),
        depth=max(tree.max_depth for tree in trees),
        feature=np.where(leaf, 0, joined("feature")).astype(np.int32),
        threshold=np.where(leaf, 0.0, joined("threshold")),
        left=np.where(leaf, itself, left + first).astype(np.int32),
        right=np.where(leaf, itself, right + first).astype(np.int32),
        missing_left=np.zeros(len(itself), bool),
        subset=np.full(len(itself), -1, np.int32),
        subsets=np.zeros((0, 256), bool),
        value=share / (len(trees) + 1),
    )
