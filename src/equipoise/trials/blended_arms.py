# SPDX-License-Identifier: Apache-2.0
"""Averages as arms of a trial: which fits they need, and their scores.

An average fits nothing of its own. It shares the fits of arms that are in the trial
anyway; what is missing is fitted too and stays off the leaderboard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from equipoise._core.types import FloatArray, IntArray
from equipoise.ensembles.blend import mean_log_odds, pool
from equipoise.ensembles.selection import blend_weights
from equipoise.strategies.blended import LOG_LOSS, Blend
from equipoise.strategies.by_task import present_classes
from equipoise.strategies.strategy import Strategy
from equipoise.task import Task
from equipoise.trials.fold_scores import Scores


def fitted_arms(arms: Sequence[Strategy]) -> list[Strategy]:
    """Return what is to be fitted for some arms.

    Args:
        arms: The arms of a trial, with different names.

    Returns:
        The arms that are not averages, in their order, then what the averages need and
        no arm is, under names of its own such as "auto: extra_trees".
    """
    fitted = [arm for arm in arms if not isinstance(arm, Blend)]
    for arm in arms:
        if isinstance(arm, Blend):
            for member in arm.blended:
                if _twin(member, fitted) is None:
                    fitted.append(replace(member, name=f"{arm.name}: {member.name}"))
    return fitted


def with_blends(
    scores: Scores,
    arms: Sequence[Strategy],
    y: npt.ArrayLike,
    *,
    past_only: bool = False,
    task: Task | None = None,
    rows: FloatArray | None = None,
) -> Scores:
    """Return the scores of all arms, averages among them, and of nothing else.

    In each repeat the weights for a fold come from the other folds' scores alone. The
    weights for a test file's rows come from all rows that are tested, as in `fit`. The
    seconds and updates of an average are the sums over what it averages.

    Args:
        scores: What `fitted_arms` gave.
        arms: The arms of the trial.
        y: `[rows]` labels, 0 or 1; or the targets of several classes or labels.
        past_only: Whether the weights come from the earlier folds alone, and for the
            first fold are the shares before any data: for splits by time.
        task: What the target is; None for two classes.
        rows: `[rows]` how much each row counts; None for 1 each.
    """
    link = "sigmoid" if task is None else task.link
    labels, fitted = np.asarray(y), fitted_arms(arms)
    log_odds: dict[str, FloatArray] = {}
    extra: dict[str, FloatArray] = {}
    seconds: dict[str, float] = {}
    updates: dict[str, float] = {}
    failed: dict[str, str] = {}
    blends: dict[str, dict[str, float]] = {}
    idle: dict[str, Mapping[str, int]] = {}
    for arm in arms:
        name = arm.name
        if not isinstance(arm, Blend):
            if name in scores.failed:
                failed[name] = scores.failed[name]
                continue
            log_odds[name], extra[name] = scores.log_odds[name], scores.extra[name]
            seconds[name], updates[name] = scores.seconds[name], scores.updates[name]
            idle[name] = scores.idle.get(name, {})
            continue
        keys = fitted_names(arm, fitted)
        absent = [member for member, key in keys.items() if key in scores.failed]
        if absent:
            reason = scores.failed[keys[absent[0]]]
            failed[name] = f"{absent[0]}, which it averages, failed: {reason}"
            continue
        parts = {member: scores.log_odds[key] for member, key in keys.items()}
        log_odds[name] = cross_blended(
            parts,
            labels,
            scores.folds,
            arm.prior,
            past_only=past_only,
            task=task,
            rows=rows,
            rule=arm.rule,
        )
        tested = scores.tested
        weights = _weights(
            {m: z[:, tested] for m, z in parts.items()},
            labels[tested],
            arm.prior,
            task,
            None if rows is None else rows[tested],
            arm.rule,
        )
        blends[name] = weights
        files = {member: scores.extra[key] for member, key in keys.items()}
        means = {m: mean_log_odds(z, link) for m, z in files.items()}
        averaged = pool(means, weights, link)
        models = len(next(iter(files.values())))
        extra[name] = np.tile(averaged, (models, *(1 for _ in averaged.shape)))
        seconds[name] = sum(scores.seconds[key] for key in keys.values())
        updates[name] = sum(scores.updates[key] for key in keys.values())
    return replace(
        scores,
        log_odds=log_odds,
        extra=extra,
        seconds=seconds,
        updates=updates,
        failed=failed,
        idle=idle,
        blends=blends,
    )


def cross_blended(
    parts: Mapping[str, FloatArray],
    y: npt.NDArray[np.generic],
    folds: IntArray,
    shares: Mapping[str, float],
    *,
    past_only: bool = False,
    task: Task | None = None,
    rows: FloatArray | None = None,
    rule: str = LOG_LOSS,
) -> FloatArray:
    """Return the average's out-of-fold scores, `[repeats, rows]`.

    Args:
        parts: What is averaged: name to `[repeats, rows]` out-of-fold log-odds, or
            `[repeats, rows, width]` scores of several classes or labels.
        y: `[rows]` labels, 0 or 1; or the targets of several classes or labels.
        folds: `[repeats, rows]` fold numbers; -1 for a row that no fold tests.
        shares: The shares before any data, by name.
        past_only: As in `with_blends`.
        task: As in `with_blends`.
        rows: As in `with_blends`.
        rule: What the weights are learned by, as in `Blend`.

    Returns:
        NaN for a row that no fold tests.
    """
    link = "sigmoid" if task is None else task.link
    shape = next(iter(parts.values())).shape
    blended = np.full(shape, np.nan)
    for repeat, numbers in enumerate(folds):
        for fold in np.unique(numbers[numbers >= 0]):
            here = numbers == fold
            other = (numbers >= 0) & ((numbers < fold) if past_only else ~here)
            weights = _weights(
                {name: z[repeat : repeat + 1, other] for name, z in parts.items()},
                y[other],
                shares,
                task,
                None if rows is None else rows[other],
                rule,
            )
            scored = {name: z[repeat, here] for name, z in parts.items()}
            blended[repeat, here] = pool(scored, weights, link)
    return blended


def _weights(
    log_odds: Mapping[str, FloatArray],
    y: npt.NDArray[np.generic],
    shares: Mapping[str, float],
    task: Task | None = None,
    rows: FloatArray | None = None,
    rule: str = LOG_LOSS,
) -> dict[str, float]:
    """Return the weights; the shares before any data if a class is absent.

    With several classes or labels: if there is nothing to tell apart.
    """
    if task is not None and task.kind != "binary":
        present = present_classes(task, task.totals(y)).sum()
        few = not present if task.kind == "multilabel" else present < 2
    else:
        few = len(np.unique(y)) < 2
    if few:
        total = sum(shares.values())
        return {name: share / total for name, share in shares.items()}
    return blend_weights(log_odds, y, rule, shares=shares, rows=rows, task=task)


def fitted_names(arm: Blend, fitted: Sequence[Strategy]) -> dict[str, str]:
    """Return under which name each member of an average was fitted, by its own.

    Args:
        arm: The average.
        fitted: What was fitted, as `fitted_arms` says.
    """
    return {member.name: _key(member, fitted) for member in arm.blended}


def _key(member: Strategy, fitted: Sequence[Strategy]) -> str:
    """Return under which name a member was fitted."""
    twin = _twin(member, fitted)
    return member.name if twin is None else twin.name


def _twin(member: Strategy, others: Sequence[Strategy]) -> Strategy | None:
    """Return the strategy that is the same recipe under any name, or None."""
    recipe = replace(member, name="-")
    return next(
        (
            other
            for other in others
            if type(other) is type(member) and replace(other, name="-") == recipe
        ),
        None,
    )
