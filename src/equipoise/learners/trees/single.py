# SPDX-License-Identifier: Apache-2.0
"""One decision tree: scikit-learn's, with smoothed leaves. What ensembles are made of.

Alone it is a weak learner. Its leaves hold the shares of the classes with one row of
each class added (Provost and Domingos 2003, section 3.1: the Laplace correction), so
that a leaf of few rows says little, and a score is never infinite.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import derive
from equipoise._core.types import FloatArray, IntArray
from equipoise.encoding.encoding import Encoding, learn_encoding
from equipoise.encoding.matrix import ordinal_matrix
from equipoise.jobs import Job, Outcome, Progress
from equipoise.learners.one_by_one import FittedJob
from equipoise.learners.trees.extra import ExtraTreesScorer, forest_of_shares
from equipoise.learners.trees.forest import Forest, constant_forest
from equipoise.learners.trees.histogram import TreesScorer
from equipoise.learners.trees.shares import ClassSharesScorer, LabelSharesScorer
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability
from equipoise.strategies.by_task import (
    LEAST_TOTAL,
    absence_notes,
    fitted_correction,
    present_classes,
    prior_scores,
    require_enough,
    require_task,
)
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.weights.scheme import check_totals

AnyTreeScorer = ExtraTreesScorer | ClassSharesScorer | LabelSharesScorer | TreesScorer
"""What a tree, or a sum or a mean of trees, scores rows with."""


class TreeScorer:
    """Rebuilds what a tree, or an ensemble of trees, scores rows with."""

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> AnyTreeScorer:
        """Rebuild a scorer from its `state()`.

        Args:
            state: Of the shares of a tree, of a mean of such shares, or of a sum of
                trees.

        Raises:
            InputError: The trees do not fit the encoding, or a leaf holds no share.
        """
        if "view" in state:
            return TreesScorer.from_state(state)
        return ExtraTreesScorer.from_state(state)


@dataclass(frozen=True)
class TreeLearner:
    """scikit-learn's `DecisionTreeClassifier`, grown on training and stop rows.

    Nothing stops it but the strategy's options: `depth`, None for no limit, and
    `leaf_rows`, the least rows of a leaf. Class weights of a strategy are weights of
    the rows. Each of several labels has a tree of its own.

    Source: Breiman et al. (1984), "Classification and regression trees".
    """

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job (see `equipoise.strategies.Learner`).

        `Outcome.updates` counts trees.

        Raises:
            InputError: A training part lacks a class.
        """
        for job in jobs:
            require_task(job.strategy, table.task)
        # One matrix for all jobs of a part: an ensemble asks for many trees at once.
        matrices: dict[int, tuple[Encoding, Any]] = {}
        for done, job in enumerate(jobs, start=1):
            start = time.perf_counter()
            if job.part not in matrices:
                encoding = job.encoding or learn_encoding(table, job.train_rows)
                matrix = ordinal_matrix(table, encoding).astype(np.float32)
                matrices[job.part] = encoding, matrix
            result, log_odds = _fit(table, job, *matrices[job.part])
            yield Outcome(
                job=job,
                log_odds=log_odds,
                seconds=time.perf_counter() - start,
                updates=result.updates,
                scorer=result.scorer if keep else None,
                notes=result.notes,
            )
            if progress is not None:
                progress(
                    f"{job.strategy.name}: fit {done} of {len(jobs)}", done / len(jobs)
                )


def _fit(
    table: Table, job: Job, encoding: Encoding, matrix: Any
) -> tuple[FittedJob, FloatArray]:
    """Return a fitted tree, and its scores of the job's rows."""
    rows = job.train_rows
    if not job.drawn:  # else the stop rows have other shares of the classes
        rows = np.concatenate([job.train_rows, job.stop_rows])
    task, totals = table.task, job.totals(table, rows)
    x = matrix[rows]
    if task.kind == "multilabel":
        fitted = _fit_labels(table, job, encoding, x, rows)
        return fitted, fitted.scorer.log_odds(table.take(job.scored_rows))
    y = table.labels()[rows]
    offset = fitted_correction(job.strategy, task, totals).offset
    if task.kind == "binary":
        check_totals(totals)
    else:
        require_enough(task, totals)
    weights = job.strategy.class_weights(totals)[y] * job.weights(rows)
    present = np.flatnonzero(present_classes(task, totals))
    tree = grown(x, np.searchsorted(present, y), weights, job.strategy, job.seed)
    scorer: ExtraTreesScorer | ClassSharesScorer
    if task.kind == "binary":
        forest = based(forest_of_shares([tree], 0.0), smoothed_shares(tree)[:, 1])
        scorer = ExtraTreesScorer(encoding, forest, offset[0])
    else:
        # A class without rows has the share of half a row in every leaf.
        shares = np.full((tree.tree_.node_count, task.width), LEAST_TOTAL / len(rows))
        shares[:, present] = smoothed_shares(tree)
        shares /= shares.sum(axis=1, keepdims=True)
        base = shares.min(axis=0) / 2
        trees = forest_of_shares([tree], 0.0)
        scorer = ClassSharesScorer(
            encoding, trees, shares - base, base, np.array(offset)
        )
    leaves = tree.tree_.apply(matrix[job.scored_rows])
    fitted = FittedJob(scorer, 1, notes=absence_notes(task, totals))
    return fitted, node_scores(scorer)[leaves]


def node_scores(scorer: ExtraTreesScorer | ClassSharesScorer) -> FloatArray:
    """Return the scores that each node of a single tree stands for, `[nodes, width]`.

    Args:
        scorer: Of one tree.
    """
    if isinstance(scorer, ClassSharesScorer):
        return np.asarray(np.log(scorer.base + scorer.shares) + scorer.offset)
    share = scorer.forest.base + scorer.forest.value
    return np.asarray(to_log_odds(share) + scorer.offset)[:, None]


def _fit_labels(
    table: Table, job: Job, encoding: Encoding, x: Any, rows: IntArray
) -> FittedJob:
    task, labels = table.task, table.labels()[rows]
    totals = job.totals(table, rows)
    require_enough(task, totals)
    each = job.strategy.class_weights(totals)
    offset = np.array(fitted_correction(job.strategy, task, totals).offset)
    constant = probability(prior_scores(task, totals) - offset)
    present = present_classes(task, totals)
    forests: list[Forest] = []
    for label in range(task.width):
        if not present[label]:
            forests.append(constant_forest(float(constant[label])))
            continue
        here = np.flatnonzero(labels[:, label] >= 0)
        y = labels[here, label]
        weights = each[label][y] * job.weights(rows)[here]
        seed = derive(job.seed, "tree", "label", label)
        tree = grown(x[here], y, weights, job.strategy, seed)
        forests.append(
            based(forest_of_shares([tree], 0.0), smoothed_shares(tree)[:, 1])
        )
    scorer = LabelSharesScorer(encoding, tuple(forests), offset)
    return FittedJob(scorer, int(present.sum()), notes=absence_notes(task, totals))


def grown(
    x: Any,
    y: npt.NDArray[Any],
    weights: FloatArray,
    strategy: Strategy,
    seed: int,
) -> Any:
    """Return a fitted tree.

    Args:
        x: `[rows, columns]` float32 without missing values.
        y: `[rows]` class numbers, each of which occurs.
        weights: `[rows]` in any unit: their mean counts as one row.
        strategy: Its options `depth` and `leaf_rows` limit the tree.
        seed: Decides between cuts that are equally good.
    """
    from sklearn.tree import DecisionTreeClassifier

    depth = strategy.option("depth")
    model = DecisionTreeClassifier(
        max_depth=None if depth is None else int(depth),
        min_samples_leaf=int(strategy.option("leaf_rows", 1) or 1),
        # scikit-learn takes seeds of 32 bits
        random_state=derive(seed, "tree") % 2**32,
    )
    # With equal weights none are passed: scikit-learn's sums are those of counts.
    even = np.ptp(weights) == 0
    return model.fit(x, y, None if even else weights / weights.mean())


def smoothed_shares(tree: Any) -> FloatArray:
    """Return the share of each class in each node, one row of each class added.

    (n_c + 1) / (n + K), where n_c is the weight of the rows of class c in the node, n
    that of all its rows, and K the number of classes.

    Args:
        tree: A fitted `DecisionTreeClassifier`.

    Returns:
        `[nodes, classes]`, strictly between 0 and 1.
    """
    value = tree.tree_.value[:, 0, :]
    total = tree.tree_.weighted_n_node_samples[:, None]
    shares = value / value.sum(axis=1, keepdims=True)
    return np.asarray((total * shares + 1.0) / (total + value.shape[1]))


def based(forest: Forest, shares: FloatArray) -> Forest:
    """Return a forest of one tree whose sum is a share.

    Half of the least share is its base, since what scores rows with shares wants a
    base above 0.

    Args:
        forest: The tree.
        shares: `[nodes]` strictly between 0 and 1.
    """
    base = float(shares.min()) / 2
    return dataclasses.replace(forest, base=base, value=shares - base)
