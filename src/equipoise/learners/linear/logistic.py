# SPDX-License-Identifier: Apache-2.0
"""Logistic regression on the encoding, its penalty chosen on the stop rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer
from equipoise._core.states import array, real
from equipoise._core.types import FloatArray, IntArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.features import BINS
from equipoise.encoding.matrix import piece_ends, piecewise_matrix
from equipoise.jobs import (
    Job,
    Outcome,
    Progress,
)
from equipoise.learners.one_by_one import FittedJob, logistic_loss, run_one_by_one
from equipoise.learners.threads import one_thread
from equipoise.strategies.by_task import (
    absence_notes,
    fitted_correction,
    floor_score,
    present_classes,
    prior_scores,
    require_enough,
)
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.training.stopping import mean_log_loss

STRENGTHS: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
"""scikit-learn's C, from a strong penalty to a weak one; 1 is its default."""

MOST_ITERATIONS = 2_000

MOST_CELLS = 25_000_000
"""So many numbers the pieces of lines may take in memory, 200 MB."""


MOST_NEWTON = 1_000
"""Coefficients up to which Newton's method solves for many rows."""


@dataclass(frozen=True, eq=False)
class LogisticScorer:
    """Log-odds that are linear in the encoded columns, or in pieces of them.

    Attributes:
        encoding: The encoding of the training part.
        coefficients: `[columns]` float64, as `piecewise_matrix` orders them; with
            several classes or labels `[columns, width]`.
        intercept: Added, with the strategy's correction in it; `[width]`.
        pieces: How many pieces the line of each number has at most; 1 for straight
            lines.
    """

    encoding: Encoding
    coefficients: FloatArray
    intercept: float | FloatArray
    pieces: int = 1

    def log_odds(self, table: Table) -> FloatArray:
        """Return corrected scores, `[rows, width]`."""
        matrix = piecewise_matrix(table, self.encoding, self.pieces)
        scores = np.asarray(matrix @ self.coefficients + self.intercept)
        return scores[:, None] if scores.ndim == 1 else scores

    def state(self) -> dict[str, Any]:
        """Return the encoding as plain data, and the coefficients."""
        return {
            "encoding": self.encoding.to_dict(),
            "coefficients": self.coefficients,
            "intercept": self.intercept,
            **({} if self.pieces == 1 else {"pieces": self.pieces}),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> LogisticScorer:
        """Rebuild it from `state()`.

        Raises:
            InputError: The coefficients do not fit the encoding, or are NaN.
        """
        encoding = Encoding.from_dict(state["encoding"])
        pieces = integer(state.get("pieces", 1), "pieces", 1, BINS)
        columns = len(encoding.names) + sum(encoding.levels)
        if pieces > 1:
            ends = piece_ends(encoding.knots, pieces)
            columns += sum(max(len(line) - 1, 0) for line in ends)
        if isinstance(state.get("intercept"), np.ndarray):
            intercept = array(state, "intercept", "float64", (None,))
            shape = (columns, len(intercept))
            coefficients = array(state, "coefficients", "float64", shape)
            return cls(encoding, coefficients, intercept, pieces)
        return cls(
            encoding,
            array(state, "coefficients", "float64", (columns,)),
            real(state, "intercept"),
            pieces,
        )


@dataclass(frozen=True)
class LogisticLearner:
    """scikit-learn's logistic regression with an L2 penalty.

    The strength is the one of `strengths` with the least corrected log loss on the
    stop rows. Class weights of a strategy are weights of the rows. Several classes are
    fitted at once (multinomial); each of several labels is a regression of its own.
    The option `pieces` breaks the line of each number into pieces between training
    quantiles; the bends have the same penalty as the lines.

    Attributes:
        strengths: scikit-learn's C, the inverse of the penalty; increasing.
    """

    strengths: tuple[float, ...] = STRENGTHS

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job (see `equipoise.strategies.Learner`).

        `Outcome.best_epoch` is the position of the chosen strength, from 1.

        Raises:
            InputError: A training part lacks a class.
        """
        return run_one_by_one(self._fit, table, jobs, keep=keep, progress=progress)

    def _fit(self, table: Table, job: Job, encoding: Encoding) -> FittedJob:
        if table.task.kind != "binary":
            return self._fit_several(table, job, encoding)
        pieces = pieces_of(job, encoding, len(job.train_rows))
        train, stop = table.labels()[job.train_rows], table.labels()[job.stop_rows]
        totals = job.totals(table, job.train_rows)
        weights = job.strategy.class_weights(totals)
        chosen = self.choose(
            piecewise_matrix(table.take(job.train_rows), encoding, pieces),
            train,
            piecewise_matrix(table.take(job.stop_rows), encoding, pieces),
            stop,
            (
                weights[train] * job.weights(job.train_rows),
                job.weights(job.stop_rows),
            ),
            job.strategy.correction(totals).offset[0],
            many=job.shares is not None,
        )
        scorer = LogisticScorer(
            encoding, chosen.fit.coefficients, chosen.intercept, pieces
        )
        notes = () if chosen.fit.converged else (_not_converged(),)
        return FittedJob(scorer, chosen.iterations, chosen.place + 1, notes)

    def _fit_several(self, table: Table, job: Job, encoding: Encoding) -> FittedJob:
        task, totals = table.task, job.totals(table, job.train_rows)
        require_enough(task, totals)
        pieces = pieces_of(job, encoding, len(job.train_rows))
        rows = LinearRows(
            piecewise_matrix(table.take(job.train_rows), encoding, pieces),
            table.labels()[job.train_rows],
            piecewise_matrix(table.take(job.stop_rows), encoding, pieces),
            table.labels()[job.stop_rows],
            job.weights(job.train_rows),
            job.weights(job.stop_rows),
            job.shares is not None,
        )
        weights = job.strategy.class_weights(totals)
        offset = fitted_correction(job.strategy, task, totals).offset
        chosen = self.choose_several(rows, task, totals, weights, np.array(offset))
        fit = chosen.fit
        scorer = LogisticScorer(
            encoding, fit.coefficients, np.array(chosen.intercept), pieces
        )
        notes = () if fit.converged else (_not_converged(),)
        return FittedJob(
            scorer,
            chosen.iterations,
            chosen.place + 1,
            (*notes, *absence_notes(task, totals)),
        )

    def choose_several(
        self,
        rows: LinearRows,
        task: Task,
        totals: FloatArray,
        weights: FloatArray,
        offset: FloatArray,
    ) -> Chosen:
        """Fit several classes, or each label, and choose strengths by the stop rows.

        Args:
            rows: What to fit, and what chooses.
            task: What the target is.
            totals: As `Task.totals`, of the training rows.
            weights: `[classes]`, or `[labels, 2]`: of a row of each class.
            offset: `[width]` the correction.
        """
        if task.kind == "multiclass":
            return self._choose_classes(rows, task, totals, weights, offset)
        return self._choose_labels(rows, task, totals, weights, offset)

    def _choose_classes(
        self,
        rows: LinearRows,
        task: Task,
        totals: FloatArray,
        weights: FloatArray,
        offset: FloatArray,
    ) -> Chosen:
        present = np.flatnonzero(present_classes(task, totals))
        codes = np.searchsorted(present, rows.y)
        each = weights[rows.y] * rows.weights
        fits = [
            _placed(fit, present, rows.x, totals, offset)
            for fit in fit_path(rows.x, codes, each, self.strengths, many=rows.many)
        ]
        losses = [
            mean_log_loss(
                rows.y_stop,
                rows.stop @ fit.coefficients + (fit.intercept + offset),
                task,
                rows.stop_weights,
            )
            for fit in fits
        ]
        place = int(np.argmin(losses))
        iterations = sum(fit.iterations for fit in fits)
        return Chosen(fits[place], fits[place].intercept + offset, place, iterations)

    def _choose_labels(
        self,
        rows: LinearRows,
        task: Task,
        totals: FloatArray,
        weights: FloatArray,
        offset: FloatArray,
    ) -> Chosen:
        constant = prior_scores(task, totals)
        coefficients = np.zeros((rows.x.shape[1], task.width))
        intercept, places, iterations, converged = constant.copy(), [], 0, True
        for label in np.flatnonzero(present_classes(task, totals)):
            here, stop = rows.y[:, label] >= 0, rows.y_stop[:, label] >= 0
            y, y_stop = rows.y[here, label], rows.y_stop[stop, label]
            chosen = self.choose(
                rows.x[here],
                y,
                rows.stop[stop],
                y_stop,
                (weights[label][y] * rows.weights[here], rows.stop_weights[stop]),
                float(offset[label]),
            )
            coefficients[:, label] = chosen.fit.coefficients
            intercept[label] = chosen.intercept
            places.append(chosen.place)
            iterations += chosen.iterations
            converged &= chosen.fit.converged
        fit = LinearFit(coefficients, intercept, iterations, converged)
        return Chosen(fit, intercept, round(float(np.mean(places))), iterations)

    def choose(
        self,
        train: Any,
        y: npt.NDArray[Any],
        stop: Any,
        y_stop: npt.NDArray[Any],
        weights: tuple[FloatArray, FloatArray],
        offset: float,
        many: bool = False,
    ) -> Chosen:
        """Fit at each strength and return the best one on the stop rows.

        Args:
            train: `[rows, columns]`, dense or CSR.
            y: `[rows]` 0 or 1.
            stop: `[rows, columns]`.
            y_stop: `[rows]` 0 or 1.
            weights: How much each row counts in the fit, and each stop row.
            offset: The correction, added to the log-odds.
            many: Whether there are many rows, see `fit_path`.
        """
        fits = fit_path(train, y, weights[0], self.strengths, many=many)
        target = y_stop.astype(np.float64)
        if not len(y_stop):  # of a label that no stop row tells
            target, stop, weights = y.astype(np.float64), train, (weights[0],) * 2
        losses = [
            logistic_loss(
                target, stop @ fit.coefficients + (fit.intercept + offset), weights[1]
            )
            for fit in fits
        ]
        place = int(np.argmin(losses))
        iterations = sum(fit.iterations for fit in fits)
        return Chosen(fits[place], fits[place].intercept + offset, place, iterations)


def pieces_of(job: Job, encoding: Encoding, rows: int) -> int:
    """Return into how many pieces a job breaks each line.

    They are fewer than the strategy says, or none, if they would take more than
    `MOST_CELLS` numbers.

    Args:
        job: Its strategy names the number.
        encoding: Of the training part.
        rows: How many rows there are to fit.
    """
    pieces = int(job.strategy.option("pieces") or 1)
    bent = sum(count > 2 for count in encoding.knots)
    return max(1, min(pieces, MOST_CELLS // max(1, rows * bent)))


@dataclass(frozen=True, eq=False)
class LinearRows:
    """What a fit of several classes or labels is given.

    Attributes:
        x: `[rows, columns]`, dense or CSR.
        y: `[rows]` class numbers, or `[rows, labels]`.
        stop: `[stop rows, columns]`.
        y_stop: Their targets.
        weights: `[rows]` how much each counts, without class weights.
        stop_weights: `[stop rows]`.
        many: Whether there are many rows.
    """

    x: Any
    y: npt.NDArray[Any]
    stop: Any
    y_stop: npt.NDArray[Any]
    weights: FloatArray
    stop_weights: FloatArray
    many: bool = False


@dataclass(frozen=True, eq=False)
class LinearFit:
    """Coefficients at one strength: of log-odds, or a column for each class."""

    coefficients: FloatArray
    intercept: Any
    iterations: int
    converged: bool


@dataclass(frozen=True, eq=False)
class Chosen:
    """The fit that was kept.

    Attributes:
        fit: Its coefficients.
        intercept: With the correction in it.
        place: The position of its strength.
        iterations: Of all fits together.
    """

    fit: LinearFit
    intercept: Any
    place: int
    iterations: int


def fit_path(
    matrix: Any,
    y: npt.NDArray[Any],
    weights: FloatArray,
    strengths: Sequence[float],
    *,
    many: bool = False,
) -> list[LinearFit]:
    """Fit at each strength, each from the solution of the one before.

    Args:
        matrix: `[rows, columns]`, dense or CSR.
        y: `[rows]` 0 or 1; or class numbers, each of which occurs.
        weights: `[rows]` example weights.
        strengths: scikit-learn's C, increasing.
        many: Whether there are many rows. Newton's method is then several times faster
            if there are few columns, and ends at the same minimum.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    # A finer tolerance than the default: the result depends less on the start.
    model = LogisticRegression(tol=1e-6, max_iter=MOST_ITERATIONS, warm_start=True)
    cells = matrix.shape[0] * matrix.shape[1]
    classes = len(np.unique(y))
    outputs = 1 if classes == 2 else classes
    if many and matrix.shape[1] * outputs <= MOST_NEWTON:
        model.set_params(solver="newton-cholesky")
        cells = 0  # one thread, so that the bits do not depend on their number
    fits = []
    for strength in strengths:
        model.set_params(C=strength)
        with warnings.catch_warnings(), one_thread(cells):
            # The outcome carries a note instead, if this strength is chosen.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(matrix, y, sample_weight=weights)
        iterations = int(np.max(model.n_iter_))
        alone = len(model.coef_) == 1
        fits.append(
            LinearFit(
                model.coef_[0].copy() if alone else model.coef_.T.copy(),
                float(model.intercept_[0]) if alone else model.intercept_.copy(),
                iterations,
                iterations < MOST_ITERATIONS,
            )
        )
    return fits


def _placed(
    fit: LinearFit,
    present: IntArray,
    matrix: Any,
    totals: FloatArray,
    offset: FloatArray,
) -> LinearFit:
    """Return the fit of some classes as one of all; the others have a floor.

    Args:
        fit: Of the classes that are present, one column each; of two, one in all.
        present: Their numbers.
        matrix: `[rows, columns]` that it was fitted on.
        totals: `[classes]` of these rows.
        offset: `[classes]` the correction, which comes on top.
    """
    slopes, bases = fit.coefficients, fit.intercept
    if slopes.ndim == 1:
        slopes = np.stack([np.zeros_like(slopes), slopes], axis=1)
        bases = np.array([0.0, bases])
    coefficients = np.zeros((len(slopes), len(totals)))
    coefficients[:, present] = slopes
    intercept = np.zeros(len(totals))
    intercept[present] = bases
    if len(present) < len(totals):
        absent = np.setdiff1d(np.arange(len(totals)), present)
        scores = matrix @ slopes + bases + offset[present]
        intercept[absent] = floor_score(scores, totals) - offset[absent]
    return LinearFit(coefficients, intercept, fit.iterations, fit.converged)


def _not_converged() -> str:
    return f"the logistic regression did not converge in {MOST_ITERATIONS:,} iterations"
