# SPDX-License-Identifier: Apache-2.0
"""Which columns an arm of a trial owes its ranking to.

A trial keeps scores, not models. So the arm is fitted once more on the same parts with
the same seeds, which gives the same models, and each scores the rows that it was tested
on with one column after the other shuffled. A trial on rows larger than memory has the
models, made those of all rows, and hands them over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray
from equipoise.errors import UnsupportedError
from equipoise.explanations.fold_models import FoldModels, ModelPart
from equipoise.explanations.importance import Importance
from equipoise.explanations.permuted import permutation_importance
from equipoise.jobs import Progress, scaled
from equipoise.strategies.blended import Blend
from equipoise.strategies.strategy import Strategy
from equipoise.trials.basis import NO_IMPORTANCE, TrialBasis
from equipoise.trials.blended_arms import fitted_names
from equipoise.trials.fold_scores import Scores, fit_parts
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import Runner
from equipoise.trials.trial import TrialRecord

FITTING_SHARE = 0.5
"""Of the work, for progress."""


def require_shuffled(plan: TrialPlan) -> None:
    """Check that columns of a trial can be shuffled.

    Args:
        plan: What will be done.

    Raises:
        UnsupportedError: The rows are arrays for the user's own network.
    """
    if plan.learners.x is not None or not plan.table.columns:
        raise UnsupportedError(
            sentence(
                "importance=True for your own network",
                "a table of columns",
                "Leave importance= out.",
            )
        )


def arm_importance(
    plan: TrialPlan,
    arm: Strategy,
    scores: Scores,
    *,
    fitted: Scores | None = None,
    weights_of_rows: FloatArray | None = None,
    progress: Progress | None = None,
    runner: Runner | None = None,
) -> Importance:
    """Return what the ranking of an arm's out-of-fold scores owes to each column.

    Args:
        plan: Which rows were split, and how; its strategies are `fitted_arms` of all.
        arm: The arm; of an average of arms, those with a weight are fitted.
        scores: What the trial's fits gave.
        fitted: The models of the plan's strategies, with the folds of its rows; None if
            they were not kept, so that the arm is fitted again.
        weights_of_rows: `[rows]` for how many rows each stands, if the fits do not
            know it; None for the plan's weights.
        progress: Called with a sentence and the share of the work done.
        runner: Who does the fits; this process if None.

    Raises:
        UnsupportedError: The rows are arrays for the user's own network; or the arm's
            models cannot be fitted again, or are not kept.
    """
    require_shuffled(plan)
    weights: Mapping[str, float] = {arm.name: 1.0}
    if isinstance(arm, Blend):
        names = fitted_names(arm, plan.strategies)
        of_members = scores.blends[arm.name].items()
        weights = {names[name]: weight for name, weight in of_members if weight > 0}
    by_name = {one.name: one for one in (*plan.strategies, arm)}
    chosen = tuple(by_name[name] for name in weights)
    _require_objects(chosen)
    report, done = progress or (lambda text, share: None), 0.0
    if fitted is None:
        done = FITTING_SHARE
        again = replace(
            plan,
            strategies=chosen,
            test_table=None,
            keep=True,
            baseline=None,
        )
        fitted = fit_parts(
            again,
            again.parts(range(scores.repeats)),
            scaled(report, 0.0, done),
            runner=runner,
        )
    if not all(fitted.scorers.get(name) for name in weights):
        raise UnsupportedError(
            sentence(
                f"importance=True with {arm.name!r} as the choice",
                "a strategy whose fitted models are kept as plain numbers",
                "Leave importance= out.",
            )
        )
    table = plan.table
    models = FoldModels(
        table.task,
        tuple(
            ModelPart(name, weight, fitted.scorers[name])
            for name, weight in weights.items()
        ),
    )
    judged, y, _ = plan.judged
    units, use = plan.keys.units, fitted.tested & judged
    rows, folds = replace(table, y=y).take(use), fitted.folds[:, use]
    mass = plan.weights if weights_of_rows is None else weights_of_rows
    return permutation_importance(
        partial(models.out_of_fold, folds=folds),
        rows,
        folds=folds,
        clusters=None if units is None else units[use],
        weights=None if mass is None else mass[use],
        seed=plan.protocol.seed,
        progress=scaled(report, done, 1 - done),
    )


def _require_objects(strategies: Sequence[Strategy]) -> None:
    """Raise if what learns is not there: a trial's file holds objects as a text."""
    for one in strategies:
        for part in ("classifier", "resampler"):
            if isinstance(getattr(one, part, None), str):
                raise UnsupportedError(
                    sentence(
                        f"importance=True with {one.name!r} as the choice, of whose "
                        "object an earlier trial holds a description alone",
                        "the object itself",
                        "Name it in strategies= again.",
                    )
                )


def with_importance(
    plan: TrialPlan,
    trial: TrialRecord,
    progress: Progress | None = None,
    runner: Runner | None = None,
    weights_of_rows: FloatArray | None = None,
    fitted: Scores | None = None,
) -> TrialRecord:
    """Return a trial with the importance of columns to the strategy that it chooses.

    Without it the trial says why, also once it is saved; what it said of an earlier
    attempt goes.

    Args:
        plan: What the trial did.
        trial: What it gave.
        progress: Called with a sentence and the share of this work.
        runner: Who does the fits; this process if None.
        weights_of_rows: As in `arm_importance`.
        fitted: Likewise.
    """
    trial = _without_reasons(trial)
    basis = trial.basis
    try:
        made = arm_importance(
            plan,
            trial.best,
            trial.scores,
            fitted=fitted,
            weights_of_rows=weights_of_rows,
            progress=progress,
            runner=runner,
        )
    except UnsupportedError as error:
        reason = str(error)
        if isinstance(basis, TrialBasis):
            basis = replace(basis, later=(*basis.later, reason))
        return replace(trial, notes=(*trial.notes, reason), basis=basis)
    if isinstance(basis, TrialBasis):
        basis = replace(basis, importance=made, importance_of=trial.best.name)
    return replace(trial, importance=made, basis=basis)


def _without_reasons(trial: TrialRecord) -> TrialRecord:
    """Return a trial without the reasons why it had no importance before."""
    basis = trial.basis
    if not isinstance(basis, TrialBasis):
        return trial
    reasons = {note for note in basis.later if NO_IMPORTANCE in note}
    if not reasons:
        return trial
    return replace(
        trial,
        notes=tuple(note for note in trial.notes if note not in reasons),
        basis=replace(
            basis, later=tuple(note for note in basis.later if note not in reasons)
        ),
    )
