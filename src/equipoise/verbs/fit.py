# SPDX-License-Identifier: Apache-2.0
"""The verb `fit`: a model with honest probabilities and a decision rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, listing, number, one_of, sentence
from equipoise._core.seeds import seed_of
from equipoise._core.types import FloatArray, IntArray
from equipoise.diagnosis.diagnosis import refuse_stored
from equipoise.errors import UnsupportedError
from equipoise.jobs import Progress, scaled
from equipoise.learners.classifier.kept import require_kept
from equipoise.learners.user_model.images import image_pair
from equipoise.models.average import Average, average_models
from equipoise.models.explaining import require_table, with_columns_judged
from equipoise.models.facts import fit_facts, folds_of_seen
from equipoise.models.fit_rows import (
    hold_out,
    require_scored_floors,
    with_weights,
)
from equipoise.models.fitted_rule import (
    UnseenRows,
)
from equipoise.models.goal import Goal, as_goal
from equipoise.models.model import hashes_of, pooled, pooled_scores
from equipoise.reading.options import ReadingOptions
from equipoise.reading.read import read_stored
from equipoise.reading.target import Positives
from equipoise.stores.rare_stored import treat_rare_store
from equipoise.stores.stored_table import StoredTable
from equipoise.strategies.catalogue import as_strategies, columns_to_draw_by
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import tuned_strategies
from equipoise.table.table import require_classes
from equipoise.table.units import DUPLICATES
from equipoise.training.settings import TrainingSettings, with_precision
from equipoise.trials.expected_work import share_of_fits
from equipoise.trials.idle_notes import idle_notes
from equipoise.trials.independent_rows import unit_notes
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import Runner, opened
from equipoise.trials.schedule import Repeats, fit_repeats
from equipoise.trials.sources import (
    TrialRows,
    read_trial,
    split_by,
    with_rare_classes,
)
from equipoise.verbs.fit_parts import (
    doubts_about,
    judge_model,
    tuning_notes,
    what_is_averaged,
)
from equipoise.verbs.model import FittedModel
from equipoise.verbs.progress import shown_progress
from equipoise.verbs.stored_fit import fit_on_store

NETWORK = "default"
JUDGED = 2
"""What judging the model takes, in arms of a trial, for progress."""
USUAL_TRIALS = 32
"""Candidates of each search with `tune=True`."""
WEIGHTED = (
    "Rows have weights: they count in training, calibration, threshold and evaluation, "
    "as so many copies of a row. Intervals rest on the effective number of rows, which "
    "is smaller if weights differ."
)
EQUAL_WEIGHTS = (
    "All weights above 0 are equal, so their only effect is to leave out the rows of "
    "weight 0."
)


def fit(
    source: Any,
    target: Any = None,
    *,
    positive: Positives | None = None,
    task: str | None = None,
    targets: str | Sequence[str] | None = None,
    rare: str = "keep",
    group: Any = None,
    time: Any = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    unlabelled: str = "refuse",
    day_first: bool | None = None,
    strategy: Any = "auto",
    goal: Goal | str | None = None,
    folds: int = 5,
    minutes: float = 5.0,
    repeats: int | str = "auto",
    calibration: str = "auto",
    duplicates: str = "auto",
    network: str = NETWORK,
    training: TrainingSettings | None = None,
    precision: str | None = None,
    weights: npt.ArrayLike | None = None,
    model: Callable[[], Any] | None = None,
    tune: bool | int = False,
    importance: bool = False,
    seed: int = 0,
    random_state: int | None = None,
    runner: Runner | None = None,
    progress: Progress | bool | None = None,
    memory: str | float | None = None,
) -> FittedModel:
    """Fit a model, calibrate it and choose its decision rule.

    The models of all outer folds are kept and averaged, so no row is spent on
    calibration or on the threshold: both come from out-of-fold scores. A row has such
    scores of few models, and the average of all is less noisy. So the scores of each
    class are first given the distribution that the average's have in it (see
    `ensembles.average_scale`): what is calibrated is what is returned.

    Args:
        source: A `Table`, or anything that `read_table` takes.
        target: The target's name if `source` is a path or a frame; or the labels of
            `source`, as scikit-learn takes them: `fit(X, y)`.
        positive: The positive class of a table of two classes, by default the rarest;
            or the class that is set against all others of several.
        task: "binary", "multiclass" or "multilabel", if the target does not tell.
        targets: The columns of several labels, or a pattern such as "label_*", in
            place of `target`.
        rare: What becomes of classes with fewer rows than folds: "keep" trains on
            them and does not score them, "merge" makes them one class, "drop" leaves
            their rows out.
        group: A column whose equal values stay on one side of a split, as in
            `read_table`; it is not a feature. With `model`, an array with one value per
            row.
        time: A column by which the rows are ordered and split in time; it is not a
            feature. With `model`, an array with one value per row.
        drop: Columns to leave out.
        keep: Columns that are features even if they look like identifiers.
        unlabelled: What becomes of rows without a label: "refuse", "drop" or "keep",
            as in `read_table`.
        day_first: Whether 03/04/2021 is 3 April if no date settles it, as in
            `read_table`.
        strategy: A name, a `Strategy`, several of them, or "auto": an average of
            networks, boosted and randomised trees and linear models, whose weights are
            chosen by how well out-of-fold scores rank. A classifier with scikit-learn's
            interface is taken if it can be kept as plain numbers: LightGBM's,
            XGBoost's and CatBoost's, histogram gradient boosting and linear ones.
        goal: What the decision rule is to reach: a `Goal`, or the name of an
            objective such as "balanced_accuracy"; the best F1 by default, of several
            classes or labels the best mean of their F1.
        folds: The number of outer folds, 2 to 20.
        minutes: The time budget of `repeats="auto"`.
        repeats: How often the folds are drawn, 1 to 20; each repeat adds its models
            to the average. "auto": up to 3 times, while `minutes` lasts.
        calibration: How log-odds are calibrated, see `fit_calibrator`; of several
            classes or labels `fit_class_calibrator`.
        duplicates: "auto", "group" or "ignore", see `outer_splits`.
        network: The network of the network strategies: "default", "small" or
            "linear".
        training: How networks are trained; the usual settings if None.
        precision: Of the products of hidden layers while our networks are trained:
            "float32", or "bfloat16", see `TrainingSettings`; None for that of
            `training`.
        weights: `[rows]` at least 0: how much each row counts, as so many copies of
            it, in training, stopping, calibration, the choice of the threshold and
            the evaluation, whose intervals rest on the effective number of rows;
            None for 1 each.
        model: A function that returns your own uncompiled `keras.Model` with one
            logit per row, or one per class or label; `source` is then `(x, y)` with x
            of any shape, for example images, or a folder of images (`read_images`), and
            "auto" is `plain`. The fitted model takes such arrays.
        tune: Whether the options of the strategies are searched for inside each
            training part, see `Tuned`; or how many candidates each search tries.
        importance: Whether the model's facts and its card say which columns its
            ranking depends on, see `FittedModel.importance`; of tables only.
        seed: One seed gives one result for the same number of repeats.
        random_state: Another name of `seed`.
        runner: Who does the fits, as in `compare`; this process by default.
        progress: Called with a sentence and the share of the work done; False for
            nothing. None shows a bar in a notebook and in a terminal.
        memory: How much memory the rows may take, such as "2GB", if they are larger
            than memory; as in `compare`.

    Returns:
        A `FittedModel`.

    Raises:
        InputError: An argument is out of range or unknown.
        SplitError: There are too few positives for the folds.
        RefusedError: `goal.certify` asks for more than the rows can carry.
        UnsupportedError: A strategy or the goal does not serve the task of the table;
            or rows have weights and a floor is to be certified, a strategy is a
            sampler object, or your own network has a loss of pairs.

    Warns:
        TrialWarning: Rows look as if they had been computed from others, by SMOTE or
            a similar method, before they were given here: no figure can be trusted.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(300, positives=60, auroc=0.9, seed=1).table
        >>> model = fit(table, strategy="logistic", repeats=1)
        >>> model
        <FittedModel 1.00 logistic; target 'target'>
        >>> model.predict_proba(table).shape
        (300, 2)
    """
    started = monotonic()
    goal, seed = as_goal(goal, Goal()), seed_of(seed, random_state)
    training = with_precision(training, precision)
    reading: dict[str, Any] = {
        "positive": positive,
        "task": task,
        "targets": targets,
        "group": group,
        "time": time,
        "drop": drop,
        "keep": keep,
        "unlabelled": unlabelled,
        "day_first": day_first,
    }
    if memory is not None or isinstance(source, StoredTable):
        refuse_stored(
            {
                "model": model,
                "weights": weights,
                "goal.certify": goal.certify,
            }
        )
        with shown_progress(progress) as report:
            store = read_stored(source, target, ReadingOptions(**reading), memory)
            folds = integer(folds, "folds", 2, 20)
            store, _, said = treat_rare_store(store, rare, folds)
            return fit_on_store(
                store,
                _tuned_if(as_strategies(strategy), tune),
                goal,
                Protocol(
                    folds=folds,
                    by="",
                    duplicates=one_of(duplicates, DUPLICATES, "duplicates"),
                    seed=seed,
                ),
                LearnerChoice(network, training=training),
                repeats=repeats,
                minutes=number(minutes, "minutes", 0, open_ends=True),
                calibration=calibration,
                report=report,
                runner=runner,
                notes=said,
                importance=importance,
            )
    if model is not None:
        source, target = image_pair(source, target)
    strategies = as_strategies(
        "plain" if model is not None and strategy == "auto" else strategy
    )
    drawn_by = columns_to_draw_by(strategies, group) if model is None else ()
    rows, _ = read_trial(
        source, target, verb="fit", model=model, draw_by=drawn_by, **reading
    )
    rows = with_weights(rows, weights, goal)
    folds = integer(folds, "folds", 2, 20)
    rows, _, rare_notes = with_rare_classes(rows, rare, folds, duplicates)
    if rows.table.task.kind == "binary":
        goal.require_binary(rows.table.task)
    else:
        require_classes(rows.table)
        goal.of_task(rows.table.task)
        require_scored_floors(goal, rows.table, folds, duplicates)
    strategies = _tuned_if(strategies, tune)
    arms, average_of = what_is_averaged([s.with_table(rows.table) for s in strategies])
    if rows.x is not None:
        _require_networks(arms)
    if importance:
        require_table(rows)
    require_kept(arms)
    doubts = doubts_about(rows.table, seed)
    fit_on, held_out = hold_out(rows.table, goal, seed, duplicates)
    training_rows = rows if held_out is None else rows.take(fit_on)
    plan = TrialPlan(
        training_rows.table,
        tuple(arms),
        Protocol(
            folds=folds,
            by=split_by(rows.table, None),
            duplicates=duplicates,
            seed=seed,
        ),
        LearnerChoice(network, model=model, x=training_rows.x, training=training),
        weights=training_rows.weights,
        keep=True,
    )
    number(minutes, "minutes", 0, open_ends=True)
    often = Repeats.of(repeats, minutes, plan.protocol.by).one_by_one()
    with shown_progress(progress) as report:
        with opened(runner) as who:
            report("dividing the rows", 0.0)
            fits = share_of_fits(plan, judged=JUDGED)
            step = scaled(report, 0.0, fits)
            scores = fit_repeats(plan, often, step, started=started, runner=who)
        scores = scores.of_task(plan.table.task)
        report("averaging the models", fits)
        average = average_models(
            training_rows,
            plan,
            scores,
            blended=average_of,
        )
        unseen = _unseen(average, rows, held_out)
        report("calibrating, and computing intervals", fits + 0.3 * (1.0 - fits))
        judged = judge_model(plan, scores, average, goal, calibration, unseen)
        hashes = hashes_of(training_rows.model_input)
        fitted = FittedModel(
            schema=rows.table.schema,
            components=average.components,
            rule=judged.rule,
            evaluation=judged.evaluation,
            facts=fit_facts(
                rows.table,
                plan,
                scores,
                average,
                goal,
                hashes=hashes,
                seconds=monotonic() - started,
            ),
            seen=np.unique(hashes),
            tested=None if rows.x is not None else folds_of_seen(hashes, scores.folds),
            notes=(
                *doubts,
                *rare_notes,
                *judged.cautions,
                *idle_notes(scores),
                *unit_notes(plan.table, plan.keys.units),
                *judged.notes,
                *scores.notes,
                *scores.share_notes(plan.table.task),
                *tuning_notes(plan, scores),
                *_weight_notes(average.weights),
                *_certificate_notes(plan, held_out),
            ),
            user_input=average.components[0].user_input,
        )
        if importance:
            fitted = with_columns_judged(
                fitted,
                training_rows.table,
                training_rows.weights,
                seed=plan.protocol.seed,
            )
        return fitted


def _tuned_if(strategies: list[Strategy], tune: bool | int) -> list[Strategy]:
    """Return strategies whose options are searched for, if that is asked for."""
    if tune is False:
        return strategies
    trials = USUAL_TRIALS if tune is True else integer(tune, "tune", 1)
    return tuned_strategies(strategies, trials)


def _require_networks(arms: Sequence[Strategy]) -> None:
    others = [arm.name for arm in arms if not arm.learner_record.trains_networks]
    if others:
        raise UnsupportedError(
            sentence(
                f"{listing(others)} with model=",
                "strategies for networks",
                "Fit it on a table of columns.",
            )
        )


def _unseen(
    average: Average, rows: TrialRows, held_out: IntArray | None
) -> UnseenRows | None:
    """Return the average's scores of the rows that certify; None if none do."""
    if held_out is None:
        return None
    new = rows.take(held_out)
    scoring = pooled if rows.table.task.kind == "binary" else pooled_scores
    return UnseenRows(scoring(average.components, new.model_input), new.table.labels())


def _weight_notes(weights: FloatArray | None) -> tuple[str, ...]:
    if weights is None:
        return ()
    return (WEIGHTED if np.ptp(weights) else EQUAL_WEIGHTS,)


def _certificate_notes(plan: TrialPlan, held_out: IntArray | None) -> tuple[str, ...]:
    """Say for which rows a certified floor holds if rows are tied."""
    if held_out is None or plan.keys.units is None:
        return ()
    what = "group" if plan.keys.grouped else "distinct row"
    return (
        f"The certificate counts one row of each {what} that was held out: it holds "
        f"for a row drawn at random from a {what} drawn at random.",
    )
