# SPDX-License-Identifier: Apache-2.0
"""Gradient-boosted trees: scikit-learn's, stopped on the stop rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive
from equipoise.errors import UnsupportedError
from equipoise.learners.forest import Forest, forest_of
from equipoise.learners.matrix import tree_matrix
from equipoise.learners.serial import Fit, log_loss, run_serially
from equipoise.priors import Correction
from equipoise.strategies.jobs import FloatArray, Job, Outcome, Progress
from equipoise.table.encoding import Encoding
from equipoise.table.table import Table, counts


@dataclass(frozen=True, eq=False)
class TreesScorer:
    """The average of boosted forests, and the strategy's correction.

    It holds plain arrays and needs no scikit-learn.

    Attributes:
        encoding: The encoding of the training part.
        forests: One per member; their log-odds are averaged.
        offset: The correction, added to the log-odds.
    """

    encoding: Encoding
    forests: tuple[Forest, ...]
    offset: float

    def log_odds(self, table: Table) -> FloatArray:
        """Return corrected log-odds of the positive class, `[rows]`."""
        matrix = tree_matrix(table, self.encoding)
        total = np.zeros(len(table))
        for forest in self.forests:
            total += forest.raw(matrix)
        return np.asarray(total / len(self.forests) + self.offset)

    def state(self) -> dict[str, Any]:
        """Return the encoding as plain data, and the trees as arrays."""
        return {
            "encoding": self.encoding.to_dict(),
            "forests": [forest.state() for forest in self.forests],
            "offset": self.offset,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TreesScorer:
        """Rebuild it from `state()`."""
        return cls(
            Encoding.from_dict(state["encoding"]),
            tuple(Forest.from_state(forest) for forest in state["forests"]),
            float(state["offset"]),
        )


@dataclass(frozen=True)
class TreesLearner:
    """scikit-learn's `HistGradientBoostingClassifier`.

    Missing values and categories are native. Trees are added until the stop rows'
    log loss has not improved for `patience` trees; kept are those up to the least
    corrected log loss there. Class weights of a strategy are weights of the rows.

    Attributes:
        learning_rate: Shrinkage of each tree.
        leaves: Leaves per tree, at most.
        least_rows: Rows per leaf, at least.
        l2: Penalty on the leaves' values.
        columns: Share of the columns that each split may choose from.
        most_trees: Trees per member, at most.
        patience: Trees without improvement before it stops.
        members: Forests with a seed of their own each, averaged.
    """

    learning_rate: float = 0.1
    leaves: int = 31
    least_rows: int = 20
    l2: float = 0.0
    columns: float = 1.0
    most_trees: int = 500
    patience: int = 20
    members: int = 1

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job (see `equipoise.strategies.Learner`).

        `Outcome.updates` counts the trees that were grown, `Outcome.best` those
        that were kept, both over all members.

        Raises:
            InputError: A training part lacks a class.
            UnsupportedError: This release of scikit-learn keeps its trees in a way
                that is not known here.
        """
        return run_serially(self._fit, table, jobs, keep=keep, progress=progress)

    def _fit(self, table: Table, job: Job, encoding: Encoding) -> Fit:
        n0, n1 = counts(table.y[job.train])
        weights = np.array(job.strategy.class_weights(n0, n1))
        correction = job.strategy.correction(n0, n1)
        train = tree_matrix(table.take(job.train), encoding)
        stop = tree_matrix(table.take(job.stop), encoding)
        y, y_stop = table.y[job.train], table.y[job.stop]
        forests, grown = [], 0
        for member in range(self.members):
            model = self._model(encoding, derive(job.seed, "trees", member))
            model.fit(
                train,
                y,
                weights[y],
                X_val=stop,
                y_val=y_stop,
                sample_weight_val=weights[y_stop],
            )
            forest = _best_forest(model, stop, y_stop, correction)
            forests.append(forest)
            grown += model.n_iter_
        scorer = TreesScorer(encoding, tuple(forests), correction.offset)
        return Fit(scorer, grown, sum(len(forest.roots) for forest in forests))

    def _model(self, encoding: Encoding, seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        categories, numbers = len(encoding.categories), len(encoding.numbers)
        return HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.most_trees,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least_rows,
            l2_regularization=self.l2,
            max_features=self.columns,
            categorical_features=[True] * categories + [False] * numbers,
            early_stopping=True,
            n_iter_no_change=self.patience,
            # scikit-learn takes seeds of 32 bits
            random_state=seed % 2**32,
        )


def _best_forest(
    model: Any, stop: FloatArray, y_stop: Any, correction: Correction
) -> Forest:
    """Return the trees up to the least corrected log loss on the stop rows."""
    y = y_stop.astype(np.float64)
    losses = [
        log_loss(y, correction.apply(raw))
        for raw in model.staged_decision_function(stop)
    ]
    best = int(np.argmin(losses)) + 1
    forest = forest_of(model, best)
    expected = next(islice(model.staged_decision_function(stop), best - 1, None))
    if not np.array_equal(forest.raw(stop), np.ravel(expected)):
        import sklearn

        raise UnsupportedError(
            sentence(
                f"scikit-learn {sklearn.__version__}, whose trees score rows "
                "differently from the arrays read from them",
                "a release that this version of Equipoise was tested with",
            )
        )
    return forest
