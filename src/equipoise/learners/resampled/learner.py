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
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import piecewise_matrix, tree_matrix
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.jobs import Job, Learner, Outcome, Progress
from equipoise.learners.linear.logistic import (
    LinearRows,
    LogisticLearner,
    LogisticScorer,
    pieces_of,
)
from equipoise.learners.one_by_one import FittedJob, run_one_by_one
from equipoise.learners.resampled.sampler_columns import categories_of, parameters, tell
from equipoise.learners.resampled.sampler_view import sampler_view
from equipoise.learners.trees.boosting import BoostingRows, boost_outputs
from equipoise.learners.trees.histogram import TreesLearner, TreesScorer
from equipoise.priors import Correction, Link, prior_offset
from equipoise.strategies.by_task import absence_notes, require_enough
from equipoise.strategies.sampler_object import Resampled, resampled
from equipoise.table.splits import Split
from equipoise.table.table import Table, class_counts, concatenate
from equipoise.weights.scheme import check_totals

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
            UnsupportedError: The table has several labels.
        """
        if table.task.kind == "multilabel":
            raise UnsupportedError(
                sentence(
                    "a sampler object for a target of several labels",
                    "a target of two or of several classes",
                    "Use sampling= of a Strategy, which draws rows by their labels.",
                )
            )
        networks = [job for job in jobs if _trains_networks(job)]
        others = [job for job in jobs if not _trains_networks(job)]
        serial = run_one_by_one(self._fit, table, others, keep=keep, progress=progress)
        trained = self._networks(table, networks, keep, progress)
        for job in jobs:
            yield next(trained if _trains_networks(job) else serial)

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
            rows, made_job, note, idle = _table_for(table, job)
            (outcome,) = learner.run(rows, [made_job], keep=keep)
            yield dataclasses.replace(
                outcome, job=job, notes=(*outcome.notes, note), idle=idle
            )
            if progress is not None:
                text = f"{job.strategy.name}: fit {done} of {len(jobs)}"
                progress(text, done / len(jobs))

    def _fit_classes(
        self,
        job: Job,
        encoding: Encoding,
        part: Table,
        held: Table,
        made: Table,
        idle: tuple[str, ...],
    ) -> FittedJob:
        """Fit several classes to rows that a sampler made."""
        task, totals = made.task, made.task.totals(made.labels())
        notes = (_class_sizes(part, made), *absence_notes(task, totals))
        offset = _class_offset(part, made)
        if job.strategy.learner == "logistic":
            pieces = pieces_of(job, encoding, len(made))
            rows = LinearRows(
                piecewise_matrix(made, encoding, pieces),
                made.labels(),
                piecewise_matrix(held, encoding, pieces),
                held.labels(),
                np.ones(len(made)),
                np.ones(len(held)),
            )
            require_enough(task, totals)
            chosen = self.logistic.choose_several(
                rows, task, totals, np.ones(task.width), np.array(offset)
            )
            scorer = LogisticScorer(
                encoding, chosen.fit.coefficients, np.array(chosen.intercept), pieces
            )
            return FittedJob(scorer, chosen.iterations, chosen.place + 1, notes, idle)
        both = np.arange(len(made) + len(held))
        split = Split(both[: len(made)], both[len(made) :])
        boosting = BoostingRows(
            np.concatenate([tree_matrix(made, encoding), tree_matrix(held, encoding)]),
            np.concatenate([made.labels(), held.labels()]),
            [split] * self.trees.members,
            len(encoding.categories),
        )
        used = task.totals(boosting.y)
        boosted = boost_outputs(self.trees.boost, boosting, task, used, job, offset)
        trees = TreesScorer(encoding, boosted.forests, np.array(boosted.offset))
        return FittedJob(trees, boosted.grown, boosted.kept, notes, idle)

    def _fit(self, table: Table, job: Job, encoding: Encoding) -> FittedJob:
        job.require_no_weights("a sampler object")
        part, held = table.take(job.train_rows), table.take(job.stop_rows)
        made, idle = _resample(job, part)
        if table.task.kind == "multiclass":
            return self._fit_classes(job, encoding, part, held, made, idle)
        note = _sizes(part.labels(), made.labels())
        made_share, share = float(made.labels().mean()), float(part.labels().mean())
        correction = Correction("calibrate", (prior_offset(made_share, share),))
        if job.strategy.learner == "logistic":
            ones = np.ones(len(made)), np.ones(len(held))
            pieces = pieces_of(job, encoding, len(made))
            x, stop = (piecewise_matrix(r, encoding, pieces) for r in (made, held))
            chosen = self.logistic.choose(
                x, made.labels(), stop, held.labels(), ones, correction.offset[0]
            )
            coefficients = chosen.fit.coefficients
            scorer = LogisticScorer(encoding, coefficients, chosen.intercept, pieces)
            return FittedJob(scorer, chosen.iterations, chosen.place + 1, (note,), idle)
        both = np.arange(len(made) + len(held))
        split = Split(both[: len(made)], both[len(made) :])
        rows = BoostingRows(
            np.concatenate([tree_matrix(made, encoding), tree_matrix(held, encoding)]),
            np.concatenate([made.labels(), held.labels()]),
            [split] * self.trees.members,
            len(encoding.categories),
        )
        boosted = self.trees.boost(rows, np.ones(2), correction, job.seed)
        trees = TreesScorer(encoding, boosted.forests, correction.offset[0])
        return FittedJob(trees, boosted.grown, boosted.kept, (note,), idle)


def _class_offset(part: Table, made: Table) -> tuple[float, ...]:
    """Return what the resampling did to the shares of several classes, `[classes]`.

    A class that is absent before or after is shifted by nothing.
    """
    before, after = (rows.task.totals(rows.labels()) for rows in (part, made))
    present = (before > 0) & (after > 0)
    shift = np.zeros(len(before))
    shift[present] = np.log(before[present]) - np.log(after[present])
    return tuple(shift.tolist())


def _trains_networks(job: Job) -> bool:
    return job.strategy.learner_record.trains_networks


@dataclass(frozen=True, repr=False)
class _Drawn(Resampled):
    """A strategy around a sampler object that has done its work.

    Attributes:
        offset: What brings scores back to the log-odds of the population; one number,
            or one for each of several classes.
    """

    offset: float | tuple[float, ...] = 0.0

    def correction(self, totals: npt.ArrayLike, link: Link | None = None) -> Correction:
        """Return the first correction, which a calibrator completes."""
        correction = super().correction(totals, link)
        offset = self.offset
        if not isinstance(offset, tuple):
            offset = (offset,)
        return dataclasses.replace(correction, offset=offset)


def _table_for(table: Table, job: Job) -> tuple[Table, Job, str, tuple[str, ...]]:
    """Return the rows that a sampler made, then the stop and the score rows.

    Returns:
        The table, a job on it, what happened to the training rows, and what had no
        effect.
    """
    job.require_no_weights("a sampler object")
    part = table.take(job.train_rows)
    made, idle = _resample(job, part)
    rows = concatenate([made, table.take(job.stop_rows), table.take(job.scored_rows)])
    ends = np.cumsum([len(made), len(job.stop_rows), len(job.scored_rows)])
    train, stop, score = np.split(np.arange(ends[-1]), ends[:-1])
    settings = {f.name: getattr(job.strategy, f.name) for f in fields(Resampled)}
    offset: float | tuple[float, ...]
    if table.task.kind == "multiclass":
        offset, note = _class_offset(part, made), _class_sizes(part, made)
    else:
        note = _sizes(part.labels(), made.labels())
        offset = prior_offset(float(made.labels().mean()), float(part.labels().mean()))
    made_job = dataclasses.replace(
        job,
        strategy=_Drawn(**settings, offset=offset),
        train_rows=train,
        stop_rows=stop,
        scored_rows=score,
    )
    return rows, made_job, note, idle


def _class_sizes(part: Table, made: Table) -> str:
    after = made.task.totals(made.labels()).astype(np.int64)
    return (
        f"{len(part):,} training rows became {len(made):,}, from {after.min():,} to "
        f"{after.max():,} of a class"
    )


def _sizes(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> str:
    share = float(after.mean())
    return f"{len(before):,} training rows became {len(after):,}, {share:.1%} positive"


def _resample(job: Job, part: Table) -> tuple[Table, tuple[str, ...]]:
    """Return the rows that the sampler makes of a training part, and what was idle.

    Raises:
        InputError: It fails, or its result cannot be learned from.
    """
    if not isinstance(job.strategy, Resampled):
        raise InputTypeError(
            sentence(f"the strategy {job.strategy!r}", "one made by resampled()")
        )
    several = part.task.kind == "multiclass"
    if several:
        totals = part.task.totals(part.labels())
        require_enough(part.task, totals)
        positives = int(totals[totals > 0].min())
        what = f"{len(part):,} rows of {np.count_nonzero(totals)} classes"
    else:
        negatives, positives = class_counts(part.labels())
        check_totals([negatives, positives])
        what = f"{positives:,} positives and {negatives:,} negatives"
    sampler = _seeded(job.strategy.resampler, derive(job.seed, "resampled") % 2**32)
    view = sampler_view(part, categories_of(sampler, part))
    text = " ".join(str(sampler).split())  # a pipeline prints itself over lines
    received = f"{what} for {text}"
    tell(sampler, part, view)
    try:
        x, y = sampler.fit_resample(view.matrix, part.labels().astype(np.int64))
    except Exception as error:  # the sampler is the user's code: it may raise anything
        raise InputError(
            sentence(
                f"{received}, which raised {type(error).__name__}: {error}",
                remedy=_advice(sampler, positives, str(error)),
            )
        ) from error
    x = np.asarray(x.toarray() if hasattr(x, "toarray") else x, np.float64)
    y = np.asarray(y)
    usable = (
        x.ndim == 2
        and x.shape == (len(y), view.matrix.shape[1])
        and np.isfinite(x).all()
        and set(np.unique(y).tolist()) == set(np.unique(part.labels()).tolist())
    )
    if not usable:
        raise InputError(
            sentence(
                f"{received}, which returns rows of shape {x.shape} with labels "
                f"{np.unique(y)[:5].tolist()}",
                f"finite rows of {view.matrix.shape[1]} columns with "
                + ("all classes" if several else "labels 0 and 1, both"),
            )
        )
    idle: tuple[str, ...] = ()
    if _same_rows(x, y, view.matrix, part.labels()):
        idle = (f"{text} has no effect: it returned the training rows as they were.",)
    return view.restore(x, y.astype(np.int64 if several else np.int8)), idle


def _same_rows(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    before: npt.NDArray[Any],
    labels: npt.NDArray[Any],
) -> bool:
    """Return whether two matrices have the same labelled rows, in any order."""
    if x.shape != before.shape:
        return False
    one, other = (
        np.column_stack([matrix, targets])
        for matrix, targets in ((x, y), (before, labels))
    )
    return np.array_equal(one[np.lexsort(one.T)], other[np.lexsort(other.T)])


def _advice(sampler: Any, positives: int, message: str) -> str:
    """Return what to do about neighbours that are too many; else nothing."""
    if "neighbors" not in message:
        return ""
    wide = [
        f"{name}={positives - 1}"
        for name, value in parameters(sampler).items()
        if name.rpartition("__")[2] in ("k_neighbors", "n_neighbors")
        and isinstance(value, int)
        and value >= positives
    ]
    if not wide or positives < 2:
        return "Use fewer folds, or a sampler without neighbours."
    return f"Try {' and '.join(wide)} or less, or fewer folds."


def _seeded(sampler: Any, seed: int) -> Any:
    """Return a copy of the sampler with a seed wherever it has none."""
    copied = copy.deepcopy(sampler)
    if not hasattr(copied, "get_params"):
        return copied
    free = [
        name
        for name, value in copied.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    ]
    return copied.set_params(**dict.fromkeys(free, seed))
