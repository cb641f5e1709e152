# SPDX-License-Identifier: Apache-2.0
"""Logistic regression on the encoding, its penalty chosen on the stop rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.states import array, real
from equipoise._core.types import FloatArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import linear_matrix
from equipoise.jobs import (
    Job,
    Outcome,
    Progress,
)
from equipoise.learners.one_by_one import FittedJob, logistic_loss, run_one_by_one
from equipoise.learners.threads import one_thread
from equipoise.table.table import Table

STRENGTHS: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
"""scikit-learn's C, from a strong penalty to a weak one; 1 is its default."""

MOST_ITERATIONS = 2_000


@dataclass(frozen=True, eq=False)
class LogisticScorer:
    """Log-odds that are linear in the encoded columns.

    Attributes:
        encoding: The encoding of the training part.
        coefficients: `[columns]` float64, as `linear_matrix` orders them.
        intercept: Added, with the strategy's correction in it.
    """

    encoding: Encoding
    coefficients: FloatArray
    intercept: float

    def log_odds(self, table: Table) -> FloatArray:
        """Return corrected log-odds, `[rows, 1]`."""
        matrix = linear_matrix(table, self.encoding)
        return np.asarray(matrix @ self.coefficients + self.intercept)[:, None]

    def state(self) -> dict[str, Any]:
        """Return the encoding as plain data, and the coefficients."""
        return {
            "encoding": self.encoding.to_dict(),
            "coefficients": self.coefficients,
            "intercept": self.intercept,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> LogisticScorer:
        """Rebuild it from `state()`.

        Raises:
            InputError: The coefficients do not fit the encoding, or are NaN.
        """
        encoding = Encoding.from_dict(state["encoding"])
        columns = len(encoding.names) + sum(encoding.levels)
        return cls(
            encoding,
            array(state, "coefficients", "float64", (columns,)),
            real(state, "intercept"),
        )


@dataclass(frozen=True)
class LogisticLearner:
    """scikit-learn's logistic regression with an L2 penalty.

    The strength is the one of `strengths` with the least corrected log loss on the
    stop rows. Class weights of a strategy are weights of the rows.

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
        train, stop = table.labels()[job.train_rows], table.labels()[job.stop_rows]
        totals = job.totals(table, job.train_rows)
        weights = job.strategy.class_weights(totals)
        chosen = self.choose(
            linear_matrix(table.take(job.train_rows), encoding),
            train,
            linear_matrix(table.take(job.stop_rows), encoding),
            stop,
            (
                weights[train] * job.weights(job.train_rows),
                job.weights(job.stop_rows),
            ),
            job.strategy.correction(totals).offset[0],
        )
        scorer = LogisticScorer(encoding, chosen.fit.coefficients, chosen.intercept)
        notes = () if chosen.fit.converged else (_not_converged(),)
        return FittedJob(scorer, chosen.iterations, chosen.place + 1, notes)

    def choose(
        self,
        train: Any,
        y: npt.NDArray[Any],
        stop: Any,
        y_stop: npt.NDArray[Any],
        weights: tuple[FloatArray, FloatArray],
        offset: float,
    ) -> Chosen:
        """Fit at each strength and return the best one on the stop rows.

        Args:
            train: `[rows, columns]`, dense or CSR.
            y: `[rows]` 0 or 1.
            stop: `[rows, columns]`.
            y_stop: `[rows]` 0 or 1.
            weights: How much each row counts in the fit, and each stop row.
            offset: The correction, added to the log-odds.
        """
        fits = fit_path(train, y, weights[0], self.strengths)
        target = y_stop.astype(np.float64)
        losses = [
            logistic_loss(
                target, stop @ fit.coefficients + (fit.intercept + offset), weights[1]
            )
            for fit in fits
        ]
        place = int(np.argmin(losses))
        iterations = sum(fit.iterations for fit in fits)
        return Chosen(fits[place], fits[place].intercept + offset, place, iterations)


@dataclass(frozen=True, eq=False)
class LinearFit:
    """Coefficients at one strength."""

    coefficients: FloatArray
    intercept: float
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
    intercept: float
    place: int
    iterations: int


def fit_path(
    matrix: Any, y: npt.NDArray[Any], weights: FloatArray, strengths: Sequence[float]
) -> list[LinearFit]:
    """Fit at each strength, each from the solution of the one before.

    Args:
        matrix: `[rows, columns]`, dense or CSR.
        y: `[rows]` 0 or 1.
        weights: `[rows]` example weights.
        strengths: scikit-learn's C, increasing.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    # A finer tolerance than the default: the result depends less on the start.
    model = LogisticRegression(tol=1e-6, max_iter=MOST_ITERATIONS, warm_start=True)
    cells = matrix.shape[0] * matrix.shape[1]
    fits = []
    for strength in strengths:
        model.set_params(C=strength)
        with warnings.catch_warnings(), one_thread(cells):
            # The outcome carries a note instead, if this strength is chosen.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(matrix, y, sample_weight=weights)
        iterations = int(np.max(model.n_iter_))
        fits.append(
            LinearFit(
                model.coef_[0].copy(),
                float(model.intercept_[0]),
                iterations,
                iterations < MOST_ITERATIONS,
            )
        )
    return fits


def _not_converged() -> str:
    return f"the logistic regression did not converge in {MOST_ITERATIONS:,} iterations"
