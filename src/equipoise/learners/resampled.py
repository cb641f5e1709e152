# SPDX-License-Identifier: Apache-2.0
"""Any object with `fit_resample` as a strategy: imbalanced-learn's samplers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.learners.logistic import LogisticLearner, LogisticScorer
from equipoise.learners.matrix import dense_matrix
from equipoise.learners.serial import Fit, run_serially
from equipoise.learners.trees import Rows, TreesLearner, TreesScorer
from equipoise.priors import Correction, prior_offset
from equipoise.strategies.jobs import FloatArray, Job, Outcome, Progress
from equipoise.strategies.strategy import Strategy
from equipoise.table.encoding import Encoding
from equipoise.table.splits import Split
from equipoise.table.table import Table, counts
from equipoise.weights.scheme import check_counts

SERVED = ("trees", "logistic")


@dataclass(frozen=True, repr=False)
class Resampled(Strategy):
    """A strategy that hands the training part of each fold to a sampler object.

    The object sees the encoded training rows and nothing else: neither the rows
    that stop the training nor those that are scored. Its result has no prior that
    is known in advance, so scores need a calibrator. A sampler that interpolates also
    blends the 0/1 columns of categories and of missing values; for a network,
    `synthesis="smote"` takes categories from one of the two rows.

    Make one with `resampled`.

    Attributes:
        resampler: Any object with `fit_resample(X, y)`.
    """

    resampler: Any = field(default=None)

    def correction(self, negatives: float, positives: float) -> Correction:
        """Return that there is no exact correction.

        Raises:
            InputError: A class is empty.
        """
        check_counts(negatives, positives)
        kind = type(self.resampler).__name__
        return Correction("calibrate", reason=f"{kind} draws and makes rows as it sees")

    def describe(
        self, negatives: int | None = None, positives: int | None = None
    ) -> str:
        """Return one sentence that says what it does."""
        told = super().describe()
        head, _, _ = told.partition(" on all rows")
        return (
            f"{head} on the rows that {self.resampler} makes of each training part; "
            "scores need a calibrator."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the strategy as plain data; the object as its text.

        `from_dict` leaves the text where the object was: a model that was loaded
        tells what made its rows, and needs the object no more.
        """
        given = self.resampler
        text = given if isinstance(given, str) else repr(given)
        return {**super().to_dict(), "resampler": text}


def resampled(resampler: Any, learner: str = "trees", name: str = "") -> Resampled:
    """Return a strategy around an imbalanced-learn sampler.

    Args:
        resampler: Any object with `fit_resample(X, y)`. It is copied for each fit,
            and its `random_state`, where it is None, is set from the fit's seed.
        learner: Who learns from the result: "trees" or "logistic".
        name: What it is called in leaderboards; the object's class where empty.

    Raises:
        InputTypeError: The object has no `fit_resample`.
        UnsupportedError: The learner does not take resampled rows.

    Example:
        >>> from imblearn.over_sampling import SMOTE
        >>> resampled(SMOTE(k_neighbors=3))
        Strategy('SMOTE+trees', learner='trees', resampler=SMOTE(k_neighbors=3))
    """
    if not callable(getattr(resampler, "fit_resample", None)):
        raise InputTypeError(
            sentence(f"the sampler {resampler!r}", "an object with fit_resample(X, y)")
        )
    if learner not in SERVED:
        raise UnsupportedError(
            sentence(
                f"learner={learner!r} with a sampler object",
                f"learner as one of {SERVED}",
                "For a network use sampling= and synthesis= of Strategy.",
            )
        )
    title = name or f"{type(resampler).__name__}+{learner}"
    return Resampled(title, learner=learner, resampler=resampler)


@dataclass(frozen=True)
class ResampledLearner:
    """Fits trees or a logistic regression to resampled training rows.

    Attributes:
        trees: How trees are grown.
        logistic: How a logistic regression is fitted.
    """

    trees: TreesLearner = field(default_factory=TreesLearner)
    logistic: LogisticLearner = field(default_factory=LogisticLearner)

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job (see `equipoise.strategies.Learner`).

        Log-odds are shifted by what the resampling did to the share of positives:
        a first correction, which a calibrator completes.

        Raises:
            InputError: The sampler cannot work on a training part, or returns
                something that cannot be learned from.
        """
        return run_serially(self._fit, table, jobs, keep=keep, progress=progress)

    def _fit(self, table: Table, job: Job, encoding: Encoding) -> Fit:
        job.require_no_weights("a sampler object")
        matrix = dense_matrix(table.take(job.train), encoding)
        labels = table.y[job.train]
        x, y = _resample(job, matrix, labels)
        drawn, real = float(y.mean()), float(labels.mean())
        correction = Correction("calibrate", prior_offset(drawn, real))
        stop, y_stop = dense_matrix(table.take(job.stop), encoding), table.y[job.stop]
        note = f"{len(labels):,} training rows became {len(y):,}, {drawn:.1%} positive"
        if job.strategy.learner == "logistic":
            ones = np.ones(len(y)), np.ones(len(y_stop))
            chosen = self.logistic.choose(x, y, stop, y_stop, ones, correction.offset)
            coefficients = chosen.fit.coefficients
            scorer = LogisticScorer(encoding, coefficients, chosen.intercept)
            return Fit(scorer, chosen.iterations, chosen.place + 1, (note,))
        both = np.arange(len(y) + len(y_stop))
        split = Split(both[: len(y)], both[len(y) :])
        rows = Rows(
            np.concatenate([x, stop]),
            np.concatenate([y, y_stop]),
            [split] * self.trees.members,
        )
        boosted = self.trees.boost(rows, (1.0, 1.0), correction, job.seed)
        trees = TreesScorer(encoding, boosted.forests, correction.offset, "dense")
        return Fit(trees, boosted.grown, boosted.kept, (note,))


def _resample(
    job: Job, matrix: FloatArray, labels: npt.NDArray[Any]
) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    """Return the rows that the sampler makes of a training part.

    Raises:
        InputError: It fails, or its result cannot be learned from.
    """
    if not isinstance(job.strategy, Resampled):
        raise InputTypeError(
            sentence(f"the strategy {job.strategy!r}", "one made by resampled()")
        )
    negatives, positives = check_counts(*counts(labels))
    sampler = _seeded(job.strategy.resampler, derive(job.seed, "resampled") % 2**32)
    received = f"{positives:,} positives and {negatives:,} negatives for {sampler}"
    try:
        x, y = sampler.fit_resample(matrix, labels.astype(np.int64))
    except ValueError as error:
        raise InputError(
            sentence(received, "", f"It says: {error} Give it fewer neighbours?")
        ) from error
    x, y = np.asarray(x, np.float64), np.asarray(y)
    fit = (
        x.ndim == 2
        and x.shape == (len(y), matrix.shape[1])
        and np.isfinite(x).all()
        and set(np.unique(y).tolist()) == {0, 1}
    )
    if not fit:
        raise InputError(
            sentence(
                f"{received}, which returns rows of shape {x.shape} with labels "
                f"{np.unique(y)[:5].tolist()}",
                f"finite rows of {matrix.shape[1]} columns with labels 0 and 1, both",
            )
        )
    return x, y.astype(np.int8)


def _seeded(sampler: Any, seed: int) -> Any:
    """Return a copy of the sampler with a seed wherever it has none."""
    own = copy.deepcopy(sampler)
    if not hasattr(own, "get_params"):
        return own
    free = [
        name
        for name, value in own.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    ]
    return own.set_params(**dict.fromkeys(free, seed))
