# SPDX-License-Identifier: Apache-2.0
"""Fit a classifier with scikit-learn's interface on each part of a trial."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive
from equipoise._core.types import FloatArray, IntArray
from equipoise.encoding.encoding import Encoding
from equipoise.encoding.matrix import dense_matrix
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.jobs import Job, Outcome, Progress, Scorer
from equipoise.learners.classifier.kept import (
    Kept,
    KeptLines,
    KeptTrees,
    keeper,
    raw_scores,
)
from equipoise.learners.linear.logistic import LogisticScorer
from equipoise.learners.one_by_one import FittedJob, run_one_by_one
from equipoise.learners.threads import one_thread
from equipoise.learners.trees.forest import constant_forest
from equipoise.learners.trees.histogram import TreesScorer
from equipoise.strategies.by_task import (
    LEAST_TOTAL,
    absence_notes,
    fitted_correction,
    floor_score,
    present_classes,
    prior_scores,
    require_enough,
)
from equipoise.strategies.classifier_object import (
    Classified,
    last_step,
    require_weighable,
)
from equipoise.table.table import Table


@dataclass(frozen=True, eq=False)
class OneFit:
    """A fitted classifier of some classes.

    Attributes:
        model: What was fitted.
        classes: The class number of each column of its output.
        rows: How many rows it was fitted on.
        kept: Its arrays, or None.
    """

    model: Any
    classes: IntArray
    rows: int
    kept: Kept | None

    def raw(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds of two classes `[rows, 1]`, else logits `[rows, classes]`.

        A probability p becomes (n p + 1/2) / (n + 1): the classifier has not seen more
        than n rows, and a logarithm of 0 is of no use. The order stays.

        Raises:
            UnsupportedError: Its output has another shape.
            InputError: Its output is not finite.
        """
        if self.kept is not None:
            return self.kept.raw(matrix)
        count = len(self.classes)
        name = type(self.model).__name__
        if callable(getattr(self.model, "predict_proba", None)):
            p = np.asarray(self.model.predict_proba(matrix), np.float64)
            _require_shape(p, (len(matrix), count), f"{name}.predict_proba")
            inside = (self.rows * p + LEAST_TOTAL) / (self.rows + 1.0)
            logs = np.log(inside)
            if count == 2:
                return np.asarray(logs[:, 1:] - np.log1p(-inside[:, 1:]))
            return np.asarray(logs)
        z = np.asarray(self.model.decision_function(matrix), np.float64)
        z = z[:, None] if z.ndim == 1 else z
        shape = (len(matrix), 1 if count == 2 else count)
        _require_shape(z, shape, f"{name}.decision_function")
        return z


@dataclass(frozen=True, eq=False)
class FittedClassifier:
    """Scores of fitted classifiers that stay in memory; it cannot be saved.

    Attributes:
        encoding: The encoding of the training part.
        fits: One; or one for each label, None for a label of one value.
        start: `[width]` the scores of what has no fit, before the correction.
        offset: `[width]` the correction.
        kind: The kind of the task.
    """

    encoding: Encoding
    fits: tuple[OneFit | None, ...]
    start: FloatArray
    offset: FloatArray
    kind: str

    def log_odds(self, table: Table) -> FloatArray:
        """Return scores with the strategy's correction, `[rows, width]`."""
        matrix = dense_matrix(table, self.encoding)
        total = np.tile(self.start, (len(table), 1))
        if not len(table):
            return total + self.offset
        for place, fit in enumerate(self.fits):
            if fit is None:
                continue
            raw = fit.raw(matrix)
            if self.kind == "multiclass":
                if raw.shape[1] == 1:
                    raw = np.hstack([np.zeros_like(raw), raw])
                total[:, fit.classes] = raw
            else:
                total[:, place] = raw[:, 0]
        return np.asarray(total + self.offset)

    def state(self) -> dict[str, Any]:
        """Refuse: what is not plain numbers is not saved.

        Raises:
            UnsupportedError: Always.
        """
        fitted = next(fit for fit in self.fits if fit is not None)
        raise UnsupportedError(
            sentence(
                f"a {type(fitted.model).__name__} to save",
                "a classifier that can be kept as plain numbers",
            )
        )


class ClassifierLearner:
    """Fits a copy of the strategy's classifier on the training and the stop rows.

    Nothing is stopped early, so the stop rows teach as well, unless the training rows
    were drawn. Each of several labels has a copy of its own, on the rows of which the
    label is known.
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

        Raises:
            InputTypeError: A strategy has no classifier.
            InputError: A training part lacks a class, or the classifier raises an
                error, or gives scores that are not finite.
            UnsupportedError: Rows have weights, and it takes none.
        """
        return run_one_by_one(_fit, table, jobs, keep=keep, progress=progress)


def _fit(table: Table, job: Job, encoding: Encoding) -> FittedJob:
    if not isinstance(job.strategy, Classified) or isinstance(
        job.strategy.classifier, str
    ):
        raise InputTypeError(
            sentence(f"the strategy {job.strategy!r}", "one made by classified()")
        )
    model = job.strategy.classifier
    if job.row_weights is not None:
        require_weighable(model, "row weights")
    task = table.task
    used = job.train_rows
    if not job.drawn:
        used = np.sort(np.concatenate([job.train_rows, job.stop_rows]))
    totals = job.totals(table, used)
    each = job.strategy.class_weights(totals)
    if task.kind != "binary":
        require_enough(task, totals)
    offset = np.array(fitted_correction(job.strategy, task, totals).offset)
    x, y = dense_matrix(table.take(used), encoding), table.labels()[used]
    rows = job.weights(used)
    fits: list[OneFit | None] = []
    start = prior_scores(task, totals) - offset
    if task.kind == "multilabel":
        for label in range(task.width):
            here = y[:, label] >= 0
            if not present_classes(task, totals)[label]:
                fits.append(None)
                continue
            classes = y[here, label].astype(np.int64)
            weights = each[label][classes] * rows[here]
            fits.append(_one(job, model, x[here], classes, weights, ("label", label)))
    else:
        fits.append(_one(job, model, x, y.astype(np.int64), each[y] * rows, ()))
    notes = absence_notes(task, totals)
    first = fits[0]
    if task.kind == "multiclass" and first is not None:
        present = first.raw(x)
        if present.shape[1] == 1:
            present = np.hstack([np.zeros_like(present), present])
        absent = np.setdiff1d(np.arange(task.width), first.classes)
        if len(absent):
            floor = floor_score(present + offset[first.classes], totals)
            start[absent] = floor - offset[absent]
    fitted = FittedClassifier(encoding, tuple(fits), start, offset, task.kind)
    return FittedJob(_plain(fitted) or fitted, notes=notes)


def _one(
    job: Job,
    classifier: Any,
    x: FloatArray,
    y: IntArray,
    weights: FloatArray,
    path: tuple[Any, ...],
) -> OneFit:
    """Fit a copy of the classifier.

    Raises:
        InputError: It raises an error.
    """
    model = seeded_copy(classifier, derive(job.seed, "classifier", *path) % 2**31)
    facts: dict[str, Any] = {}
    if np.ptp(weights):
        name, _ = last_step(model)
        facts[f"{name}__sample_weight" if name else "sample_weight"] = weights
    # Some count on class numbers without gaps.
    numbers, codes = np.unique(y, return_inverse=True)
    try:
        with one_thread(x.size):
            model.fit(x, codes, **facts)
            places = getattr(model, "classes_", np.arange(len(numbers)))
            classes = numbers[np.asarray(places, np.int64)]
    except Exception as error:  # it is the user's code: it may raise anything
        raise InputError(
            sentence(
                f"{type(model).__name__} on {len(x):,} rows and {x.shape[1]} columns, "
                f"as {job.strategy.name!r} in part {job.part + 1} of the trial: it "
                f"raised {type(error).__name__}: {error}",
                "a classifier that can be fitted on the encoded columns",
                "Try it alone: its fit(X, y) takes numbers, and class numbers from 0.",
            )
        ) from error
    read = keeper(model)
    model_arrays = None if read is None else read(model, x.shape[1])
    if model_arrays is not None:
        scores, plain = raw_scores(model, x), model_arrays.raw(x)
        most = 1e-5 * max(1.0, float(np.abs(scores).max()))
        if scores.shape != plain.shape or not np.allclose(
            scores, plain, rtol=0, atol=most
        ):
            model_arrays = None
    return OneFit(model, classes, len(x), model_arrays)


def _plain(fitted: FittedClassifier) -> Scorer | None:
    """Return the same scores from plain arrays; None if one fit has none."""
    fits = fitted.fits
    arrays = [None if fit is None else fit.kept for fit in fits]
    if any(
        fit is not None and one is None for fit, one in zip(fits, arrays, strict=True)
    ):
        return None
    several = fitted.kind == "multiclass"
    if any(isinstance(one, KeptTrees) for one in arrays):
        forests = [constant_forest(float(value)) for value in fitted.start]
        for place, (fit, one) in enumerate(zip(fits, arrays, strict=True)):
            if fit is None or not isinstance(one, KeptTrees):
                continue
            if several and len(fit.classes) == 2:
                forests[fit.classes[0]] = constant_forest(0.0)
            targets = fit.classes[-len(one.forests) :] if several else [place]
            for target, forest in zip(targets, one.forests, strict=True):
                forests[target] = forest
        offset: Any = fitted.offset if len(forests) > 1 else float(fitted.offset[0])
        return TreesScorer(fitted.encoding, tuple(forests), offset, "dense")
    columns = next(one for one in arrays if isinstance(one, KeptLines))
    coefficients = np.zeros((len(columns.coefficients), len(fitted.start)))
    intercept = fitted.start.copy()
    for place, (fit, one) in enumerate(zip(fits, arrays, strict=True)):
        if fit is None or not isinstance(one, KeptLines):
            continue
        if several and len(fit.classes) == 2:
            intercept[fit.classes[0]] = 0.0
        targets = fit.classes[-len(one.intercept) :] if several else [place]
        coefficients[:, targets] = one.coefficients
        intercept[targets] = one.intercept
    intercept = intercept + fitted.offset
    if len(intercept) == 1:
        return LogisticScorer(fitted.encoding, coefficients[:, 0], float(intercept[0]))
    return LogisticScorer(fitted.encoding, coefficients, intercept)


def seeded_copy(classifier: Any, seed: int) -> Any:
    """Return an unfitted copy with a seed wherever `random_state` is None.

    Args:
        classifier: With scikit-learn's interface.
        seed: At least 0, below 2**31.
    """
    if not hasattr(classifier, "get_params"):
        return copy.deepcopy(classifier)
    from sklearn.base import clone

    copied = clone(classifier, safe=False)
    free = [
        name
        for name, value in copied.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    ]
    return copied.set_params(**dict.fromkeys(free, seed)) if free else copied


def _require_shape(values: npt.NDArray[Any], shape: tuple[int, int], what: str) -> None:
    if values.shape != shape:
        raise UnsupportedError(
            sentence(f"{what} of shape {values.shape}", f"one of shape {shape}")
        )
    if not np.isfinite(values).all():
        raise InputError(
            sentence(f"values of {what} that are not finite", "finite values")
        )
