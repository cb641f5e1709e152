# SPDX-License-Identifier: Apache-2.0
"""Learners on the rows that a sampler object makes of each training part."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive
from equipoise.errors import InputError, InputTypeError
from equipoise.learners.decoding import decoded
from equipoise.learners.logistic import LogisticLearner, LogisticScorer
from equipoise.learners.matrix import dense_matrix
from equipoise.learners.serial import Fit, run_serially
from equipoise.learners.trees import Rows, TreesLearner, TreesScorer
from equipoise.priors import Correction, prior_offset
from equipoise.strategies.jobs import FloatArray, Job, Learner, Outcome, Progress
from equipoise.strategies.sampler_object import Resampled, resampled
from equipoise.table.encoding import Encoding, learn_encoding
from equipoise.table.splits import Split
from equipoise.table.table import Table, concatenate, counts
from equipoise.weights.scheme import check_counts

__all__ = ["Resampled", "ResampledLearner", "resampled"]


@dataclass(frozen=True)
class ResampledLearner:
    """Fits trees, a logistic regression or networks to resampled training rows.

    Attributes:
        trees: How trees are grown.
        logistic: How a logistic regression is fitted.
        network: Who trains networks; None for `NetworkLearner("default")`.
    """

    trees: TreesLearner = field(default_factory=TreesLearner)
    logistic: LogisticLearner = field(default_factory=LogisticLearner)
    network: Learner | None = None

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
        networks = [job for job in jobs if job.strategy.learner == "network"]
        others = [job for job in jobs if job.strategy.learner != "network"]
        serial = run_serially(self._fit, table, others, keep=keep, progress=progress)
        trained = self._networks(table, networks, keep, progress)
        for job in jobs:
            yield next(trained if job.strategy.learner == "network" else serial)

    def _networks(
        self,
        table: Table,
        jobs: Sequence[Job],
        keep: bool,
        progress: Progress | None,
    ) -> Iterator[Outcome]:
        """Train each job's networks on a table of its own: the rows made for it."""
        learner = self.network
        if learner is None:
            from equipoise.learners.network import NetworkLearner  # loads TensorFlow

            learner = NetworkLearner("default")
        for done, job in enumerate(jobs, start=1):
            own, wanted, note = _own_table(table, job)
            (found,) = learner.run(own, [wanted], keep=keep)
            yield dataclasses.replace(found, job=job, notes=(*found.notes, note))
            if progress is not None:
                told = f"{job.strategy.name}: fit {done} of {len(jobs)}"
                progress(told, done / len(jobs))

    def _fit(self, table: Table, job: Job, encoding: Encoding) -> Fit:
        job.require_no_weights("a sampler object")
        matrix = dense_matrix(table.take(job.train), encoding)
        labels = table.y[job.train]
        x, y = _resample(job, matrix, labels)
        drawn, real = float(y.mean()), float(labels.mean())
        correction = Correction("calibrate", prior_offset(drawn, real))
        stop, y_stop = dense_matrix(table.take(job.stop), encoding), table.y[job.stop]
        note = _told(labels, y)
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


@dataclass(frozen=True, repr=False)
class _Drawn(Resampled):
    """A strategy around a sampler object that has done its work.

    Attributes:
        offset: What the resampling adds to the log-odds of the population.
    """

    offset: float = 0.0

    def correction(self, negatives: float, positives: float) -> Correction:
        """Return the first correction, which a calibrator completes."""
        known = super().correction(negatives, positives)
        return dataclasses.replace(known, offset=self.offset)


def _own_table(table: Table, job: Job) -> tuple[Table, Job, str]:
    """Return the rows that a sampler made, then the stop and the score rows.

    Returns:
        The table, a job on it, and what happened to the training rows.
    """
    job.require_no_weights("a sampler object")
    encoding = learn_encoding(table, job.train)
    given = table.take(job.train)
    matrix = dense_matrix(given, encoding)
    x, y = _resample(job, matrix, given.y)
    made = decoded(x, y, matrix, given, encoding)
    own = concatenate([made, table.take(job.stop), table.take(job.score)])
    ends = np.cumsum([len(y), len(job.stop), len(job.score)])
    train, stop, score = np.split(np.arange(ends[-1]), ends[:-1])
    known = {f.name: getattr(job.strategy, f.name) for f in fields(Resampled)}
    drawn = _Drawn(**known, offset=prior_offset(float(y.mean()), float(given.y.mean())))
    wanted = dataclasses.replace(
        job, strategy=drawn, train=train, stop=stop, score=score
    )
    return own, wanted, _told(given.y, y)


def _told(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> str:
    share = float(after.mean())
    return f"{len(before):,} training rows became {len(after):,}, {share:.1%} positive"


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
