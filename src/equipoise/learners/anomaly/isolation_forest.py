# SPDX-License-Identifier: Apache-2.0
"""An isolation forest: scikit-learn's, grown on negatives only.

Random cuts isolate an odd row after fewer steps than a usual one. The score is the
mean number of steps, negated, over the number that a search among as many random rows
takes (Liu, Ting and Zhou 2008, equations 1 and 2): the logarithm to base 2 of the
paper's anomaly score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive
from equipoise._core.types import FloatArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import ordinal_matrix
from equipoise.errors import InputError
from equipoise.jobs import Job, Outcome, Progress
from equipoise.learners.anomaly.rows import learned_rows
from equipoise.learners.one_by_one import FittedJob, run_one_by_one
from equipoise.learners.trees.forest import Forest, constant_forest
from equipoise.table.table import Table


@dataclass(frozen=True, eq=False)
class IsolationForestScorer:
    """The negated mean path length in trees of random cuts.

    It holds plain arrays and needs no scikit-learn.

    Attributes:
        encoding: The encoding of the training part.
        forest: Its sum is minus the mean path length, over the usual one.
    """

    encoding: Encoding
    forest: Forest

    def log_odds(self, table: Table) -> FloatArray:
        """Return scores, `[rows, 1]`, higher for odder rows; not calibrated."""
        return self.forest.raw(ordinal_matrix(table, self.encoding))[:, None]

    def score_samples(self, table: Table) -> FloatArray:
        """Return what scikit-learn's `score_samples` does, `[rows]` in [-1, 0).

        Args:
            table: The rows.
        """
        return np.asarray(-(2.0 ** self.log_odds(table)[:, 0]))

    def state(self) -> dict[str, Any]:
        """Return the encoding as plain data, and the trees as arrays."""
        return {"encoding": self.encoding.to_dict(), "forest": self.forest.state()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> IsolationForestScorer:
        """Rebuild it from `state()`.

        Raises:
            InputError: The trees do not fit the encoding, or a leaf holds a length
                that is not finite or below 0.
        """
        encoding = Encoding.from_dict(state["encoding"])
        forest = Forest.from_state(dict(state["forest"]))
        forest.require_columns(len(encoding.categories) + len(encoding.names), 0)
        if not np.isfinite(forest.value).all() or forest.value.max(initial=0.0) > 0:
            raise InputError(
                sentence("leaves that hold no path lengths", "lengths of 0 or more")
            )
        return cls(encoding, forest)


class IsolationForestLearner:
    """scikit-learn's `IsolationForest` on the negatives among training and stop rows.

    Labels say which rows are left out, and nothing else: positives are not looked at.
    The options of a strategy are `trees`, how many, and `tree_rows`, how many
    negatives each tree is grown on.
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

        `Outcome.updates` counts the trees.

        Raises:
            InputError: A training part lacks a class.
            UnsupportedError: Rows have weights.
        """
        return run_one_by_one(_fit, table, jobs, keep=keep, progress=progress)


def _fit(table: Table, job: Job, encoding: Encoding) -> FittedJob:
    job.require_no_weights("an isolation forest")
    rows = learned_rows(table, job)
    both = np.concatenate([rows.negatives, rows.stop_negatives])
    trees = int(job.strategy.option("trees") or 0)
    x = ordinal_matrix(table.take(both), encoding).astype(np.float32)
    most = int(job.strategy.option("tree_rows") or 0)
    return FittedJob(
        IsolationForestScorer(encoding, _grown(x, trees, most, job.seed)), trees
    )


def _grown(x: npt.NDArray[np.float32], trees: int, tree_rows: int, seed: int) -> Forest:
    """Return isolation trees on some rows."""
    if len(x) < 2 or not x.shape[1]:
        return constant_forest(-1.0)  # as scikit-learn scores rows on one row alone
    from sklearn.ensemble import IsolationForest

    model = IsolationForest(
        n_estimators=trees,
        max_samples=min(tree_rows, len(x)),
        # scikit-learn takes seeds of 32 bits
        random_state=derive(seed, "isolation_forest") % 2**32,
    ).fit(x)
    return isolation_forest_of(model)


def isolation_forest_of(model: Any) -> Forest:
    """Return a fitted scikit-learn `IsolationForest` as plain trees.

    Args:
        model: Fitted on all columns, on rows without missing values.

    Returns:
        A forest whose sum is log2(-`score_samples`).
    """
    trees = [estimator.tree_ for estimator in model.estimators_]
    sizes = [tree.node_count for tree in trees]
    starts = np.cumsum([0, *sizes[:-1]])
    first = np.repeat(starts, sizes)
    itself = np.arange(sum(sizes))

    def joined(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(tree, name) for tree in trees])

    left, right = joined("children_left"), joined("children_right")
    leaf = left < 0
    steps = np.concatenate([_depths(tree) for tree in trees])
    length = steps + usual_path_length(joined("n_node_samples"))
    usual = len(trees) * float(usual_path_length(np.array([model.max_samples_]))[0])
    return Forest(
        base=0.0,
        roots=starts.astype(np.int32),
        depth=max(tree.max_depth for tree in trees),
        feature=np.where(leaf, 0, joined("feature")).astype(np.int32),
        threshold=np.where(leaf, 0.0, joined("threshold")),
        left=np.where(leaf, itself, left + first).astype(np.int32),
        right=np.where(leaf, itself, right + first).astype(np.int32),
        missing_left=np.zeros(len(itself), bool),
        subset=np.full(len(itself), -1, np.int32),
        subsets=np.zeros((0, 256), bool),
        value=np.where(leaf, -length / usual, 0.0),
    )


def usual_path_length(rows: npt.ArrayLike) -> FloatArray:
    """Return the mean length of an unsuccessful search in trees of so many rows.

    c(n) = 2 H(n - 1) - 2 (n - 1) / n with H(i) = log(i) + Euler's constant, 1 for two
    rows and 0 for one (Liu, Ting and Zhou 2008, equation 1).

    Args:
        rows: Whole numbers from 1.

    Example:
        >>> usual_path_length([1, 2, 256]).round(4).tolist()
        [0.0, 1.0, 10.2448]
    """
    n = np.asarray(rows, np.float64)
    many = np.maximum(n, 3.0)
    lengths = 2.0 * (np.log(many - 1.0) + np.euler_gamma) - 2.0 * (many - 1.0) / many
    return np.where(n <= 1, 0.0, np.where(n == 2, 1.0, lengths))


def _depths(tree: Any) -> FloatArray:
    """Return how many steps each node of a tree is from the root, `[nodes]`."""
    depths = np.zeros(tree.node_count)
    at = np.zeros(1, np.int64)
    while len(at):
        inner = at[tree.children_left[at] >= 0]
        left, right = tree.children_left[inner], tree.children_right[inner]
        depths[left] = depths[right] = depths[inner] + 1.0
        at = np.concatenate([left, right])
    return depths
