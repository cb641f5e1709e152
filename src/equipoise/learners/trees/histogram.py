# SPDX-License-Identifier: Apache-2.0
"""Gradient-boosted trees: scikit-learn's, each member stopped on its own rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, zip_longest
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of, sentence
from equipoise._core.seeds import derive
from equipoise._core.states import array, real
from equipoise._core.types import FloatArray, IntArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import dense_matrix, ordinal_matrix, tree_matrix
from equipoise.errors import InputError, SplitError, UnsupportedError
from equipoise.jobs import (
    Job,
    Outcome,
    Progress,
)
from equipoise.learners.one_by_one import FittedJob, logistic_loss, run_one_by_one
from equipoise.learners.threads import one_thread
from equipoise.learners.trees.boosting import (
    Boosted,
    BoostingRows,
    boost_outputs,
    drawn_rates,
)
from equipoise.learners.trees.forest import (
    Forest,
    forest_of,
    join_forests,
    summed,
)
from equipoise.priors import Correction
from equipoise.strategies.by_task import (
    absence_notes,
)
from equipoise.strategies.strategy import Strategy
from equipoise.table.splits import Split, outer_splits
from equipoise.table.table import Table
from equipoise.training.stopping import softmax_loss

FEW = 32
"""Up to so many rows are walked through all members' trees at once."""

RARE_SHARE, RARE_L2 = 0.01, 1.0
"""Below this share of a class, by weight, leaves are penalised, and how much.

A step divides by the sum of p (1 - p) over the rows of a leaf. Where the prior p of a
class is a thousandth, ten rows of it have a sum of .01, and the step is a thousand
times the learning rate: the first tree is the best, and worse than the prior alone. A
penalty of 1 bounds each step by the learning rate times the rows of the class, and
leaves of usual tables, whose sums are above 1, hardly feel it.
"""

TreeView = Literal["tree", "dense", "ordinal"]
MATRICES = {"tree": tree_matrix, "dense": dense_matrix, "ordinal": ordinal_matrix}


@dataclass(frozen=True, eq=False)
class TreesScorer:
    """The average of boosted forests, and the strategy's correction.

    It holds plain arrays and needs no scikit-learn.

    Attributes:
        encoding: The encoding of the training part.
        forests: One per member; their log-odds are averaged. With several classes or
            labels those of the first one, then those of the second, and so on.
        offset: The correction, added to the log-odds; `[width]`.
        view: What they split on: "tree" as `tree_matrix` gives it, "dense" as
            `dense_matrix` does, or "ordinal" as `ordinal_matrix` does.
    """

    encoding: Encoding
    forests: tuple[Forest, ...]
    offset: float | FloatArray
    view: TreeView = "tree"

    @property
    def width(self) -> int:
        """How many scores it gives per row."""
        return int(np.size(self.offset))

    def log_odds(self, table: Table) -> FloatArray:
        """Return corrected log-odds, `[rows, width]`."""
        matrix = MATRICES[self.view](table, self.encoding)
        total = np.zeros((self.width, len(table)))
        members = len(self.forests) // self.width
        raws = self._few(matrix) if len(table) <= FEW else self._many(matrix)
        for place, raw in enumerate(raws):
            total[place // members] += raw
        return np.asarray((total / members).T + self.offset)

    def _many(self, matrix: FloatArray) -> Iterator[FloatArray]:
        yield from (forest.raw(matrix) for forest in self.forests)

    def _few(self, matrix: FloatArray) -> Iterator[FloatArray]:
        """Walk all members' trees at once; the sums are those of `_many`."""
        values = self._joined.value[self._joined.leaves(matrix)]
        start = 0
        for forest in self.forests:
            end = start + len(forest.roots)
            yield summed(values[:, start:end], forest.base)
            start = end

    @cached_property
    def _joined(self) -> Forest:
        return join_forests(self.forests)

    def state(self) -> dict[str, Any]:
        """Return the encoding as plain data, and the trees as arrays."""
        return {
            "encoding": self.encoding.to_dict(),
            "forests": [forest.state() for forest in self.forests],
            "offset": self.offset,
            "view": self.view,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TreesScorer:
        """Rebuild it from `state()`.

        Raises:
            InputError: The trees do not fit the encoding, or are none.
        """
        encoding = Encoding.from_dict(state["encoding"])
        view = one_of(state["view"], MATRICES, "view")
        forests = tuple(Forest.from_state(forest) for forest in state["forests"])
        offset: float | FloatArray
        if isinstance(state.get("offset"), np.ndarray):
            offset = array(state, "offset", "float64", (None,))
        else:
            offset = real(state, "offset")
        width = int(np.size(offset))
        if not forests or not width or len(forests) % width:
            raise InputError(
                sentence(
                    f"{len(forests)} forests for {width} outputs",
                    "one or more for each output",
                )
            )
        categorical = len(encoding.categories)
        columns = categorical + len(encoding.numbers)
        if view == "ordinal":
            columns, categorical = categorical + len(encoding.names), 0
        if view == "dense":
            columns, categorical = len(encoding.names) + sum(encoding.levels), 0
        for forest in forests:
            forest.require_columns(columns, categorical)
        return cls(encoding, forests, offset, state["view"])


@dataclass(frozen=True)
class TreesLearner:
    """scikit-learn's `HistGradientBoostingClassifier`, averaged over a few seeds.

    Missing values and categories are native. The members share out the training and
    the stop rows as folds: each leaves another fold out and adds trees until the log
    loss there has not improved for `patience` trees; all keep as many as give the
    left-out rows together the least corrected log loss. So every row is learned from
    and every row decides the length, which matters where positives are few. Where
    rows have a time, or too few positives for so many folds, all members are fitted
    on the training rows and stopped on the stop rows. Class weights of a strategy
    are weights of the rows. Of several classes each has its trees (multinomial); each
    of several labels has forests of its own.

    Attributes:
        learning_rate: Shrinkage of each tree.
        leaves: Leaves per tree, at most.
        least_rows: Rows per leaf, at least.
        l2: Penalty on the leaves' values; None for none, or `RARE_L2` if a class has
            less than `RARE_SHARE` of the weight.
        columns: Share of the columns that each split may choose from.
        most_trees: Trees per member, at most.
        patience: Trees without improvement before it stops.
        members: Forests with a seed of their own each, averaged.
    """

    learning_rate: float = 0.1
    leaves: int = 16
    least_rows: int = 10
    l2: float | None = None
    columns: float = 0.3
    most_trees: int = 500
    patience: int = 20
    members: int = 8

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job (see `equipoise.strategies.Learner`).

        `Outcome.updates` counts the trees that all members grew, `Outcome.best_epoch`
        those that each of them kept.

        Raises:
            InputError: A training part lacks a class.
            UnsupportedError: This release of scikit-learn keeps its trees in a way
                that is not known here.
        """
        return run_one_by_one(self._fit_one, table, jobs, keep=keep, progress=progress)

    def for_search(self) -> TreesLearner:
        """Return a learner that judges options in an eighth of the time: one member."""
        return dataclasses.replace(self, members=1)

    def of(self, strategy: Strategy) -> TreesLearner:
        """Return the learner with the numbers that a strategy names.

        Args:
            strategy: Its options are those of the learner.

        Example:
            >>> shallow = Strategy(learner="trees", options={"leaves": 4})
            >>> TreesLearner().of(shallow).leaves
            4
        """
        fields = {
            name: name for name in ("learning_rate", "leaves", "least_rows", "l2")
        }
        fields["column_share"] = "columns"
        named: dict[str, Any] = {
            field: value
            for name, field in fields.items()
            if (value := strategy.option(name)) is not None
        }
        return dataclasses.replace(self, **named) if named else self

    def _fit_one(self, table: Table, job: Job, encoding: Encoding) -> FittedJob:
        return self.of(job.strategy)._fit(table, job, encoding)

    def _fit(self, table: Table, job: Job, encoding: Encoding) -> FittedJob:
        used = np.sort(np.concatenate([job.train_rows, job.stop_rows]))
        part = table.take(used)
        totals = job.totals(table, used)
        rows = BoostingRows(
            tree_matrix(part, encoding),
            part.labels(),
            self._splits(part, used, job),
            len(encoding.categories),
            None if job.row_weights is None else job.weights(used),
            drawn_rates(job, table.task, totals),
        )
        if table.task.kind != "binary":
            several = boost_outputs(self.boost, rows, table.task, totals, job)
            scorer = TreesScorer(encoding, several.forests, np.array(several.offset))
            notes = absence_notes(table.task, totals)
            return FittedJob(scorer, several.grown, several.kept, notes)
        weights = job.strategy.class_weights(totals)
        correction = job.strategy.correction(totals)
        boosted = self.boost(rows, weights, correction, job.seed)
        scorer = TreesScorer(encoding, boosted.forests, correction.offset[0])
        return FittedJob(scorer, boosted.grown, boosted.kept)

    def _splits(self, part: Table, used: IntArray, job: Job) -> list[Split]:
        """Return which rows each member is fitted on, and by which it is stopped."""
        job_split = Split(
            np.searchsorted(used, job.train_rows), np.searchsorted(used, job.stop_rows)
        )
        if self.members == 1 or part.time is not None or job.drawn:
            return [job_split] * self.members
        seed = derive(job.seed, "trees", "folds")
        try:
            return outer_splits(part, folds=self.members, seed=seed)
        except SplitError:
            return [job_split] * self.members

    def boost(
        self,
        rows: BoostingRows,
        weights: FloatArray,
        correction: Correction,
        seed: int,
    ) -> Boosted:
        """Grow all members on one part.

        Args:
            rows: What to fit, and what each member is stopped by.
            weights: `[classes]` of a row of each class.
            correction: From raw scores to log-odds, for the stop rows.
            seed: The job's seed.
        """
        with one_thread(rows.x.size):
            models = [
                self._grow(rows, split, weights, derive(seed, "trees", member))
                for member, split in enumerate(rows.splits)
            ]
            length = _best_length(models, rows, correction)
            forests = tuple(
                _checked_forest(model, length, rows.x[split.test], output)
                for output in range(_outputs(models[0]))
                for model, split in zip(models, rows.splits, strict=True)
            )
        return Boosted(forests, sum(model.n_iter_ for model in models), length)

    def _grow(
        self, rows: BoostingRows, split: Split, weights: FloatArray, seed: int
    ) -> Any:
        row_weights = _row_weights(rows, split.train, weights)
        l2 = self.l2
        if l2 is None:
            l2 = usual_l2(rows.y[split.train], row_weights)
        return self._model(rows, l2, seed).fit(
            _some_known(rows.x[split.train]),
            rows.y[split.train],
            row_weights,
            X_val=rows.x[split.test],
            y_val=rows.y[split.test],
            sample_weight_val=_row_weights(
                rows,
                split.test,
                weights if rows.rates is None else weights * rows.rates,
            ),
        )

    def _model(self, rows: BoostingRows, l2: float, seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        numbers = rows.x.shape[1] - rows.categories
        return HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.most_trees,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least_rows,
            l2_regularization=l2,
            max_features=self.columns,
            categorical_features=[True] * rows.categories + [False] * numbers,
            early_stopping=True,
            n_iter_no_change=self.patience,
            # scikit-learn takes seeds of 32 bits
            random_state=seed % 2**32,
        )


def usual_l2(y: npt.NDArray[Any], weights: FloatArray | None = None) -> float:
    """Return the penalty on the leaves' values unless a strategy names one.

    Args:
        y: `[rows]` class numbers.
        weights: `[rows]` how much each counts; None for 1 each.

    Returns:
        `RARE_L2` if a class that occurs has less than `RARE_SHARE` of the weight,
        else 0.

    Example:
        >>> usual_l2(np.array([0] * 99 + [1])), usual_l2(np.array([0] * 100 + [1]))
        (0.0, 1.0)
    """
    totals = np.bincount(y.astype(np.int64), weights)
    rarest = totals[totals > 0].min() / totals.sum()
    return RARE_L2 if rarest < RARE_SHARE else 0.0


def _some_known(x: FloatArray) -> FloatArray:
    """Return the rows with 0 in columns that hold no value at all.

    No tree splits on a column of one value; scikit-learn cannot bin one of none.
    """
    empty = np.isnan(x).all(axis=0)
    return np.where(empty, 0.0, x) if empty.any() else x


def _row_weights(
    rows: BoostingRows, places: IntArray, class_weights: FloatArray
) -> FloatArray | None:
    # Weights of 1 give the same trees, but scikit-learn 1.9 then takes its slow
    # weighted quantiles for the bins.
    if rows.weights is not None:
        return np.asarray(rows.weights[places] * class_weights[rows.y[places]])
    same = (class_weights == class_weights[0]).all()
    return None if same else np.asarray(class_weights[rows.y[places]])


def _best_length(
    models: Sequence[Any], rows: BoostingRows, correction: Correction
) -> int:
    """Return how many trees of each member to keep.

    It is the number with the least corrected log loss over all left-out rows, each
    scored by the mean of the members that leave it out; members that stopped
    earlier take part with all that they have.
    """
    left_out = [split.test for split in rows.splits]
    times = np.bincount(np.concatenate(left_out), minlength=len(rows.y))
    used = times > 0
    y = rows.y[used]
    weights = None if rows.weights is None else rows.weights[used]
    losses = []
    outputs = _outputs(models[0])
    shape: tuple[int, ...] = (outputs,) if outputs > 1 else ()
    current = [np.zeros((len(test), *shape)) for test in left_out]
    stages = zip_longest(
        *(
            model.staged_decision_function(rows.x[test])
            for model, test in zip(models, left_out, strict=True)
        )
    )
    for stage in stages:
        total = np.zeros((len(rows.y), *shape))
        for member, raw in enumerate(stage):
            if raw is not None:
                current[member] = np.reshape(raw, current[member].shape)
            total[left_out[member]] += current[member]
        if outputs > 1:
            mean = correction.apply(total[used] / times[used][:, None])
            losses.append(softmax_loss(y, mean, weights))
            continue
        mean = correction.apply(total[used] / times[used])
        losses.append(logistic_loss(y.astype(np.float64), mean, weights))
    return int(np.argmin(losses)) + 1


def _outputs(model: Any) -> int:
    """Return how many scores a fitted model gives per row, 1 for two classes."""
    return 1 if len(model.classes_) == 2 else len(model.classes_)


def _checked_forest(
    model: Any, trees: int, stop: FloatArray, output: int = 0
) -> Forest:
    """Return the first trees as arrays, held against scikit-learn's own scores.

    Raises:
        UnsupportedError: They differ.
    """
    trees = min(trees, model.n_iter_)
    forest = forest_of(model, trees, output)
    staged = next(islice(model.staged_decision_function(stop), trees - 1, None))
    expected = np.reshape(staged, (len(stop), -1))[:, output]
    if np.array_equal(forest.raw(stop), expected):
        return forest
    import sklearn

    raise UnsupportedError(
        sentence(
            f"scikit-learn {sklearn.__version__}, whose trees score rows differently "
            "from the arrays read from them",
            "a release that this version of Equipoise was tested with",
        )
    )
