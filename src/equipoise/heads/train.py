# SPDX-License-Identifier: Apache-2.0
"""Every head method on features that are kept: a fair trial of last layers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, listing, require_scale, sentence
from equipoise._core.types import AnyArray, FloatArray
from equipoise.errors import InputError, UnsupportedError
from equipoise.heads.closed_forms import best_power, nearest_means, tau_normalised
from equipoise.heads.feature_part import FeaturePart
from equipoise.heads.head import Head
from equipoise.heads.linear import TrainedHead, train_linear
from equipoise.heads.scales import best_scales, learned_scales
from equipoise.jobs import Job
from equipoise.strategies.by_task import (
    absence_notes,
    fitted_correction,
    require_enough,
    require_task,
)
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.strategy import Strategy
from equipoise.table.splits import inner_split
from equipoise.table.table import Table
from equipoise.task import Task, label_matrix
from equipoise.training.settings import TrainingSettings, require_float32

DEFAULT_HEADS = ("plain", "crt", "tau_norm", "lws", "logit_adjusted_head", "ldam_head")
STOP_SHARE = 0.2

Last = tuple[npt.ArrayLike, npt.ArrayLike]
"""The kernel `[features, width]` and the bias `[width]` of a network's last layer."""


@dataclass(frozen=True, eq=False)
class HeadJob:
    """One head: a strategy on the features of one network.

    Attributes:
        job: The strategy and the rows.
        part: The features of the rows.
        last: The last layer that the network was trained with.
    """

    job: Job
    part: FeaturePart
    last: Last | None = None


def fit_heads(jobs: Sequence[HeadJob], settings: TrainingSettings) -> list[Head]:
    """Return the head of each job; those that are trained are trained together.

    A head does not depend on which others it is trained with.

    Args:
        jobs: The heads, with equally many features.
        settings: How heads are trained.

    Raises:
        UnsupportedError: A strategy does not serve the task, or changes more than the
            head.
        InputError: A part has nothing to tell apart.
        TrainingError: A head met a number that is not finite.
    """
    for one in jobs:
        require_head(one.job.strategy)
        task = one.part.table.task
        require_task(one.job.strategy, task)
        require_enough(task, one.part.totals())
    trained = [one for one in jobs if _is_trained(one)]
    fits = train_linear([t.job for t in trained], [t.part for t in trained], settings)
    by_job = {id(one): fit for one, fit in zip(trained, fits, strict=True)}
    return [
        _trained_head(one, by_job[id(one)]) if id(one) in by_job else _made_head(one)
        for one in jobs
    ]


def require_head(strategy: Strategy) -> None:
    """Check that a strategy is one of the last layer alone.

    Args:
        strategy: What is to be fitted.

    Raises:
        UnsupportedError: It is not.

    Example:
        >>> from equipoise.strategies.catalogue import strategy
        >>> require_head(strategy("crt"))
    """
    if not (strategy.learner_record.needs_model or is_plain(strategy)):
        raise UnsupportedError(
            sentence(
                f"the strategy {strategy.name!r} for a head",
                "'plain', or a strategy with learner='head', 'tau_norm', 'lws' or "
                "'ncm'",
                "Write Strategy(learner='head') with the same loss=, sampling= and "
                "weights=.",
            )
        )


def is_plain(strategy: Strategy) -> bool:
    """Return whether a strategy is a network as it is, under any name.

    Args:
        strategy: Any strategy.

    Example:
        >>> is_plain(Strategy("mine")), is_plain(Strategy(loss="focal"))
        (True, False)
    """
    plain = {**Strategy().to_dict(), "name": strategy.name}
    return type(strategy) is Strategy and strategy.to_dict() == plain


def train_heads(
    features: npt.ArrayLike,
    y: npt.ArrayLike,
    methods: Iterable[Any] | str = DEFAULT_HEADS,
    *,
    last: Last | None = None,
    task: Task | None = None,
    stop: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    training: TrainingSettings | None = None,
    seed: int = 0,
) -> dict[str, Head]:
    """Train several heads on the same features, as one population.

    Args:
        features: `[rows, width]` what a network's last layer is given, see
            `split_at_features`.
        y: `[rows]` class numbers from 0, or `[rows, labels]`: 1, 0, and NaN or -1 if a
            label is not known.
        methods: "plain", "crt", "tau_norm", "lws", "ncm", "logit_adjusted_head",
            "ldam_head", or strategies with one of their learners.
        last: The kernel and the bias of the last layer that the features were trained
            with: `(split.kernel, split.bias)`. "plain" is this layer, and "tau_norm"
            and "lws" change it. None: a plain one is trained first.
        task: What the target is; None: what `y` tells.
        stop: Rows that decide when training stops, and which power is best, if possible
            rows that the network was not trained on: a mask `[rows]` or positions.
            None: a fifth of the rows, of each class alike.
        weights: `[rows]` above 0: how much each row counts; None for 1 each.
        training: How heads are trained; the usual settings if None.
        seed: One seed gives one result.

    Returns:
        Name -> `Head`, in the order of the methods. `split.put_back(head.kernel,
        head.bias)` makes a Keras model of one.

    Raises:
        InputError: Shapes do not belong together, a number is not finite, or the rows
            have nothing to tell apart.
        UnsupportedError: A method does not serve the task, or is none of a head.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(400, positives=40, auroc=0.9, seed=1).table
        >>> x = np.stack([column.values for column in table.columns], axis=1)
        >>> heads = train_heads(x, table.y, ["crt", "ncm"])
        >>> {name: head.kernel.shape for name, head in heads.items()}
        {'crt': (5, 1), 'ncm': (5, 1)}
    """
    x = _feature_rows(features)
    table = Table((), *_target(y, task))
    if len(table) != len(x):
        raise InputError(
            sentence(f"{len(x):,} rows of features and {len(table):,} of y", "as many")
        )
    strategies = [arm.with_table(table) for arm in as_strategies(methods)]
    for strategy in strategies:
        require_head(strategy)
    each = None if weights is None else _row_weights(weights, len(x))
    train, halt = _sides(table, stop, integer(seed, "seed"))
    jobs = [Job(s, train, halt, halt, seed, 0, each) for s in strategies]
    first = Job(Strategy(learner="head"), train, halt, halt, seed, 0, each)
    part = FeaturePart.of(table, first, x)
    settings = training or TrainingSettings()
    require_float32(settings, "heads")
    if last is None and any(needs_last(strategy) for strategy in strategies):
        (plain,) = fit_heads([HeadJob(first, part)], settings)
        last = plain.kernel, plain.bias
    if last is not None:
        last = _checked_last(last, x.shape[1], table.task.width)
    heads = fit_heads([HeadJob(job, part, last) for job in jobs], settings)
    return {head.name: head for head in heads}


def needs_last(strategy: Strategy) -> bool:
    """Return whether a head is made of the last layer that there was.

    Args:
        strategy: One of a head.
    """
    return is_plain(strategy) or strategy.learner in ("tau_norm", "lws")


def _is_trained(one: HeadJob) -> bool:
    return one.job.strategy.learner == "head"


def _trained_head(one: HeadJob, fit: TrainedHead) -> Head:
    strategy, part = one.job.strategy, one.part
    task, totals = part.table.task, part.totals()
    return Head(
        strategy.name,
        fit.kernel,
        fit.bias,
        fitted_correction(strategy, task, totals),
        task,
        fit.updates,
        fit.best_epoch,
        fit.limit,
        (*fit.notes, *absence_notes(task, totals)),
        fit.idle,
        seconds=fit.seconds,
    )


def _made_head(one: HeadJob) -> Head:
    """Return a head that is computed."""
    start = time.monotonic()
    strategy, part = one.job.strategy, one.part
    task, totals = part.table.task, part.totals()
    kernel, bias, chosen = _computed(one)
    return Head(
        strategy.name,
        kernel,
        bias,
        fitted_correction(strategy, task, totals),
        task,
        notes=absence_notes(task, totals),
        chosen=chosen,
        seconds=time.monotonic() - start,
    )


def _computed(one: HeadJob) -> tuple[FloatArray, FloatArray, dict[str, float]]:
    """Return a kernel, a bias, and what was chosen for them."""
    strategy, part = one.job.strategy, one.part
    x, y = part.raw[part.train].astype(np.float64), part.train_labels
    row_weights = None if part.weights is None else part.weights[part.train]
    if strategy.learner == "ncm":
        return (*nearest_means(x, y, part.table.task, row_weights), {})
    if one.last is None:
        raise InputError(
            sentence(
                f"{strategy.name!r} without the last layer of the network",
                "last=(kernel, bias)",
                "Pass last=(split.kernel, split.bias).",
            )
        )
    kernel, bias = (np.asarray(each, np.float64) for each in one.last)
    if strategy.learner == "network":
        return kernel, bias, {}
    stop_x, stop_y = part.raw[part.stop].astype(np.float64), part.labels[part.stop]
    stop_weights = None if part.weights is None else part.weights[part.stop]
    if strategy.learner == "tau_norm":
        power = strategy.option("power")
        if power is None:
            power = best_power(kernel, stop_x, stop_y, stop_weights)
        normed = tau_normalised(kernel, float(power))
        return normed, np.zeros_like(bias), {"power": float(power)}
    logits = x @ kernel + bias
    each = strategy.class_weights(part.totals())[y]
    if row_weights is not None:
        each = each * row_weights
    penalty = strategy.option("penalty")
    if penalty is None:
        stop_logits = stop_x @ kernel + bias
        scales, penalty = best_scales(
            logits, y, each, stop_logits, stop_y, stop_weights
        )
    else:
        scales = learned_scales(logits, y, each, float(penalty))
    return kernel * scales, bias * scales, {"penalty": float(penalty)}


def _feature_rows(features: npt.ArrayLike) -> npt.NDArray[np.float32]:
    x = np.asarray(features)
    if x.ndim != 2 or x.dtype.kind not in "fiub" or not np.isfinite(x).all():
        raise InputError(
            sentence(
                f"features of shape {x.shape} and type {x.dtype}",
                "finite numbers [rows, width]",
                "Use split_at_features(model, x).features(x).",
            )
        )
    return x.astype(np.float32)


def _target(y: npt.ArrayLike, task: Task | None) -> tuple[AnyArray, Task]:
    """Return labels as tables hold them, and the task."""
    values = np.asarray(y)
    if values.ndim == 2:
        labels = label_matrix(values, "y")
        names = tuple(f"label {j}" for j in range(labels.shape[1]))
        return labels, task or Task("multilabel", names)
    whole = values.ndim == 1 and values.dtype.kind in "iub"
    if not whole or not len(values) or values.min() < 0:
        raise InputError(
            sentence(
                f"y of shape {values.shape} and type {values.dtype}",
                "class numbers from 0, or a matrix [rows, labels]",
                "Number the classes: numpy.unique(y, return_inverse=True)[1].",
            )
        )
    count = int(values.max()) + 1
    if task is None:
        names = tuple(map(str, range(max(2, count))))
        task = Task("binary" if count <= 2 else "multiclass", names)
    elif count > len(task.classes) or task.kind == "multilabel":
        raise InputError(
            sentence(
                f"y with the class number {count - 1} for the classes "
                f"{listing(task.classes)}",
                f"numbers from 0 to {len(task.classes) - 1}",
            )
        )
    return values.astype(task.class_number_type), task


def _sides(
    table: Table, stop: npt.ArrayLike | None, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows to learn from and those that decide when to stop."""
    rows = np.arange(len(table))
    if stop is None:
        return inner_split(
            table, rows, share=STOP_SHARE, seed=seed, duplicates="ignore"
        )
    decide = np.zeros(len(table), bool)
    try:
        decide[np.asarray(stop)] = True
    except IndexError as error:
        raise InputError(
            sentence(
                f"stop={stop!r} ({error})",
                f"a mask of {len(table):,} rows, or positions below that",
            )
        ) from error
    if decide.all() or not decide.any():
        raise InputError(
            sentence(
                f"stop= with {int(decide.sum()):,} of {len(table):,} rows",
                "some rows, and others to learn from",
            )
        )
    return rows[~decide], rows[decide]


def _row_weights(weights: npt.ArrayLike, rows: int) -> FloatArray:
    each = np.asarray(weights, np.float64)
    if each.shape != (rows,) or not (each > 0).all() or not np.isfinite(each).all():
        raise InputError(
            sentence(
                f"weights of shape {each.shape}", f"{rows:,} finite numbers above 0"
            )
        )
    largest = float(each.max(initial=0.0))
    require_scale(largest, f"weights up to {largest:g}")
    return each


def _checked_last(last: Last, features: int, width: int) -> Last:
    kernel, bias = (np.asarray(each, np.float64) for each in last)
    if kernel.shape != (features, width) or bias.shape != (width,):
        raise InputError(
            sentence(
                f"last= with a kernel of shape {kernel.shape} and a bias of shape "
                f"{bias.shape}",
                f"shapes ({features}, {width}) and ({width},)",
            )
        )
    return kernel, bias
