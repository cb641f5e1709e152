# SPDX-License-Identifier: Apache-2.0
"""The verb `compare`: every arm on the same splits, and what the trial shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from equipoise._core.checks import integer, listing, number, one_of, sentence
from equipoise._core.seeds import seed_of
from equipoise.diagnosis.diagnosis import diagnose, refuse_stored
from equipoise.errors import UnsupportedError
from equipoise.jobs import ArmProgress, Progress, scaled
from equipoise.learners.user_model.images import image_pair
from equipoise.models.goal import Goal, as_goal, require_goal_alone
from equipoise.reading.new_rows import read_stored_test
from equipoise.reading.options import ReadingOptions
from equipoise.reading.read import read_stored
from equipoise.reading.target import Positives
from equipoise.stores.rare_stored import treat_rare_store
from equipoise.stores.stored_table import StoredTable
from equipoise.strategies.catalogue import (
    as_strategies,
    columns_to_draw_by,
    strategy,
)
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned, flattery_note
from equipoise.table.table import require_classes
from equipoise.table.units import DUPLICATES
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings, with_precision
from equipoise.trials.arm_importance import require_shuffled, with_importance
from equipoise.trials.basis import TrialBasis, rows_digest, with_arms
from equipoise.trials.blended_arms import fitted_arms
from equipoise.trials.conclude import Criteria
from equipoise.trials.early_scores import EarlyScores
from equipoise.trials.expected_work import share_of_fits
from equipoise.trials.kinds import find_kinds, without_column
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import Runner, opened
from equipoise.trials.schedule import Repeats, fit_repeats
from equipoise.trials.sources import read_trial, split_by, with_rare_classes
from equipoise.trials.tuned_arms import with_defaults
from equipoise.trials.unseen import (
    UNSEEN_SHARE,
    column_kept,
    kind_notes,
    kind_split_by,
    with_unseen_kinds,
)
from equipoise.verbs.earlier import earlier_basis, require_no_trial
from equipoise.verbs.progress import shown_progress
from equipoise.verbs.stored_trial import compare_stored
from equipoise.verbs.trial import Trial
from equipoise.verbs.trial_again import reading_of
from equipoise.workers.resumable import ResumableRunner

DEFAULT_STRATEGIES = ("prior", "logistic", "trees", "plain", "class_weight", "auto")
BASELINE = "plain"
USER_MODEL_STRATEGIES = ("prior", "plain", "class_weight")


def compare(
    source: Any,
    target: Any = None,
    *,
    test: Any = None,
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
    strategies: Iterable[Any] | str | None = None,
    folds: int = 5,
    repeats: int | str = "auto",
    minutes: float = 2.0,
    by: str | None = None,
    duplicates: str = "auto",
    unseen: str | None = None,
    importance: bool = False,
    goal: Goal | str | None = None,
    objective: str | None = None,
    costs: Any = None,
    margin: float | None = None,
    metric: str | None = None,
    network: str = "default",
    model: Callable[[], Any] | None = None,
    training: TrainingSettings | None = None,
    precision: str | None = None,
    checkpoints: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    force: bool = False,
    seed: int = 0,
    random_state: int | None = None,
    runner: Runner | None = None,
    progress: Progress | bool | None = None,
    memory: str | float | None = None,
) -> Trial:
    """Try every strategy on the data in one fair trial.

    Outer folds give out-of-fold scores; an inner split of each training part alone
    decides early stopping. Calibration is cross-fitted, and the decisions that are
    judged are those of the one rule that is returned, see
    `evaluation.cross_validated`. Differences are paired with `plain`, which is always
    in the trial.

    Args:
        source: A `Table`, or anything that `read_table` takes: a path, a data
            frame, `(X, y)`.
        target: The target's name if `source` is a path or a frame; or the labels of
            `source`, as scikit-learn takes them: `compare(X, y)`.
        test: A separate test file or table, scored by the average of the fold
            models and never used for a choice.
        positive: The positive class of a table of two classes, by default the rarest;
            or the class that is set against all others of several.
        task: "binary", "multiclass" or "multilabel", if the target does not tell.
        targets: The columns of several labels, or a pattern such as "label_*", in
            place of `target`.
        rare: What becomes of classes with fewer rows than folds: "keep" trains on
            them and does not score them, "merge" makes them one class, "drop" leaves
            their rows out.
        group: A column whose equal values stay on one side of a split (a patient, a
            customer); it is not a feature. With `model`, an array with one value per
            row.
        time: A column by which the rows are ordered and split in time; it is not a
            feature. With `model`, an array with one value per row.
        drop: Columns to leave out.
        keep: Columns that are features even if they look like identifiers.
        unlabelled: What becomes of rows without a label: "refuse", "drop" or "keep",
            as in `read_table`.
        day_first: Whether 03/04/2021 is 3 April if no date settles it, as in
            `read_table`.
        strategies: Names of the catalogue, `Strategy` objects, classifiers with
            scikit-learn's interface, or pairs (name, classifier); by default
            `prior`, `logistic`, `trees`, `plain`, `class_weight` and `auto`, the
            average that `fit` makes by default. The strategies that an average needs
            are fitted even if they are not arms. With a `Tuned` one its strategy as it
            is becomes an arm too.
        folds: The number of outer folds, 2 to 20.
        repeats: How many times the folds are drawn, 1 to 20; "auto" spends
            `minutes` on up to 5.
        minutes: The time budget of `repeats="auto"`, above 0.
        by: "stratified", "group" or "time"; by default what the table has columns for.
        duplicates: "auto", "group" or "ignore", see `outer_splits`.
        unseen: The column that says of which kind a positive is, or "auto" for clusters
            of the positives: each fold leaves one kind out of training and tests on it,
            so that the trial says how well a kind is found that nobody has seen before.
            There are as many folds as kinds, in place of `folds`. The column is not a
            feature. Two classes only.
        importance: Whether the trial says which columns the ranking of the strategy
            that it chooses depends on; the strategy is fitted once more for that.
        goal: What the decisions are for, as in `fit`: a `Goal`, or the name of an
            objective; in place of `objective` and `costs`. Floors are estimated.
        objective: What the decisions are best at. Two classes: "f1" (the default),
            "balanced_accuracy", "g_mean", "mcc". Several classes or labels: "macro_f1"
            (the default), "balanced_accuracy", "accuracy", and more, see
            `decision.objective_names`. With `costs` it is "cost".
        costs: Two classes: (cost of a false alarm, cost of a missed positive), or
            `Costs(...)`, with `abstain` for a rule that leaves rows undecided if that
            is cheaper. Several classes: a `CostMatrix`, or one row and one column of
            costs per class, the true class by row.
        margin: Differences in the metric up to this are equivalent; by default 2% of
            what the best arm gains over guessing, at most .01.
        metric: By which arms are ranked and the verdict is reached: average precision
            (of several classes or labels their mean, "macro_average_precision") by
            default, or for example "balanced_accuracy"; "cost" with `costs`.
        network: The network of the network strategies: "default", "small" (two layers
            of 64, a first look) or "linear".
        model: A function that returns your own uncompiled `keras.Model` with one
            logit per row; `source` is then `(x, y)` with x of any shape, for
            example images, and only network strategies can be tried. Or `source` is a
            folder of images, or `(folder, labels)`, see `read_images`.
        training: How networks are trained; the usual settings by default. If your own
            network learns slowly, it may need more patience.
        precision: Of the products of hidden layers while our networks are trained:
            "float32", or "bfloat16", see `TrainingSettings`; None for that of
            `training`.
        checkpoints: A folder for the state of the trial: what each fit gave, at once,
            and networks as of their last checkpoint, every half minute. If the trial is
            interrupted, the same call resumes from there, with the same numbers. A
            model of your own, and strategies that hold your own objects, are fitted
            again.
        folder: The folder of an earlier trial (`Trial.write`). If it is the same trial,
            only arms that are new are fitted; other costs, metrics or margins need no
            fit. Nothing is written there.
        force: Whether another trial in `folder` is passed over, instead of an error.
        seed: One seed gives one result.
        random_state: Another name of `seed`.
        runner: Who does the fits: `Workers(4)` for processes of this machine and others
            that see a folder, `Ray(address="auto")` for a Ray cluster; this process by
            default. The result is the same, bit for bit.
        progress: Called with a sentence and the share of the work done; False for
            nothing. None shows a bar in a notebook and in a terminal.
        memory: How much memory the rows may take, such as "2GB", if they are larger
            than memory; as in `read_table`, whose `StoredTable` is also a source.
            Models are then fitted on the rows that fit, the rarest classes whole, and
            all rows are scored out of fold.

    Returns:
        A `Trial`: print it; `trial.frame()`, `trial.best`, `trial.verdict`.

    Raises:
        InputError: An argument is out of range or unknown, or `folder` holds another
            trial.
        SplitError: There are too few positives for the folds.
        UnsupportedError: A strategy does not serve the task of the table.
        TrainingError: The baseline's training met a number that is not finite. An
            error in another arm ends only that arm: see `Trial.failed`.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(rows=300, positives=60, seed=1).table
        >>> trial = compare(table, strategies=["prior"], folds=2, repeats=1)
        >>> trial.names
        ('plain', 'prior')
        >>> trial["prior"].evaluation["roc_auc"].value
        0.5
    """
    started = monotonic()
    seed = seed_of(seed, random_state)
    training = with_precision(training, precision)
    if runner is None and checkpoints is not None:
        runner = ResumableRunner(Path(checkpoints))
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
    named = _arms(strategies, columns=model is None)
    if memory is not None or isinstance(source, StoredTable):
        refuse_stored({"model": model})
        require_no_trial(folder, force=force)
        if unseen is not None and not isinstance(source, StoredTable):
            reading["keep"] = column_kept(source, unseen, keep, model)
        folds = integer(folds, "folds", 2, 20)
        with shown_progress(progress) as report:
            store = read_stored(source, target, ReadingOptions(**reading), memory)
            later = read_stored_test(store, test, unlabelled)
            store, later, said = treat_rare_store(store, rare, folds, later)
            return _compare_stored(
                store,
                named,
                _criteria(store.task, goal, objective, costs, margin, metric),
                Protocol(
                    folds=folds,
                    by=by or "",
                    duplicates=one_of(duplicates, DUPLICATES, "duplicates"),
                    seed=seed,
                ),
                LearnerChoice(network, checkpoints, training=training),
                repeats,
                number(minutes, "minutes", 0, open_ends=True),
                report,
                runner,
                notes=said,
                test_table=later,
                unseen=unseen,
                importance=importance,
            )
    if model is not None:
        source, target = image_pair(source, target)
    read_as = reading_of(source, target, test, **reading)
    if unseen is not None:
        reading["keep"] = column_kept(source, unseen, keep, model)
    rows, test_table = read_trial(
        source,
        target,
        test,
        verb="compare",
        model=model,
        draw_by=columns_to_draw_by(named, group) if model is None else (),
        **reading,
    )
    folds = integer(folds, "folds", 2, 20)
    one_of(duplicates, DUPLICATES, "duplicates")
    rows, test_table, rare_notes = with_rare_classes(
        rows, rare, folds, duplicates, test_table
    )
    require_classes(rows.table)
    kinds = None
    if unseen is not None:
        table, kinds = find_kinds(rows.table, unseen, duplicates, seed)
        rows = replace(rows, table=table)
        test_table, folds = without_column(test_table, unseen), len(kinds)
    arms = [arm.with_table(rows.table) for arm in named]
    plan = TrialPlan(
        rows.table,
        tuple(fitted_arms(arms)),
        Protocol(
            folds=folds,
            by=split_by(rows.table, by) if kinds is None else kind_split_by(table, by),
            duplicates=duplicates,
            seed=seed,
        ),
        LearnerChoice(network, checkpoints, model, rows.x, training),
        test_table,
        baseline=BASELINE,
        kinds=kinds,
    )
    if importance:
        require_shuffled(plan)
    number(minutes, "minutes", 0, open_ends=True)
    criteria = _criteria(rows.table.task, goal, objective, costs, margin, metric)
    often = Repeats.of(repeats, minutes, plan.protocol.by)
    share = 1.0 if kinds is None else UNSEEN_SHARE
    asked: dict[str, Any] = {"repeats": repeats, "rare": rare, "unseen": unseen}
    if repeats == "auto":
        asked["minutes"] = minutes
    digest = rows_digest(plan)
    with shown_progress(progress) as report, opened(runner) as who:
        report("dividing the rows", 0.0)
        early = None
        if isinstance(report, ArmProgress):
            names = tuple(arm.name for arm in arms)
            early = EarlyScores(plan, names, report.arm)
        earlier = earlier_basis(folder, plan, asked, digest, force=force)
        if earlier is not None:
            step = scaled(report, 0.0, 0.95)
            earlier = earlier.judged_by(criteria)
            basis = with_arms(earlier, arms, step, runner=who, early=early)
            report("computing intervals", 0.97)
            again = basis.conclude()
            if importance and again.importance is None:
                whole = replace(plan, strategies=tuple(fitted_arms(basis.arms)))
                again = with_importance(whole, again, scaled(report, 0.98, 0.02), who)
            return Trial.of(again)
        fits = share * share_of_fits(plan, len(arms))
        fitted = fit_repeats(
            plan,
            often,
            scaled(report, 0.0, fits),
            started=started,
            runner=who,
            early=early,
        )
        fitted = fitted.of_task(plan.table.task)
        rarest = float(np.min(rows.table.task.totals(rows.table.labels())))
        warned = [flattery_note(arm, rarest) for arm in arms if isinstance(arm, Tuned)]
        report("looking at the data", fits)
        diagnosis = diagnose(
            rows.table, test=test_table, duplicates=duplicates, seed=seed
        )
        if rows.x is not None:
            shape = [int(size) for size in rows.x.shape[1:]]
            facts = {**diagnosis.facts, "input_shape": shape}
            diagnosis = replace(diagnosis, facts=facts)
        report("computing intervals", fits + 0.1 * (share - fits))
        basis = TrialBasis(
            plan,
            tuple(arms),
            fitted,
            criteria,
            diagnosis,
            asked,
            digest,
            notes=(*rare_notes, *warned, *kind_notes(kinds)),
            training=plan.learners.record(),
            reading=read_as,
        )
        trial = basis.conclude(started)
        if kinds is not None:
            rest = scaled(report, share, 1.0 - share)
            more = with_unseen_kinds(plan, arms, trial, criteria, rest, who)
            basis = replace(
                basis,
                unseen=more.unseen,
                later=more.notes[len(trial.notes) :],
                seconds=monotonic() - started,
            )
            trial = replace(more, seconds=basis.seconds, basis=basis)
        if importance:
            trial = with_importance(plan, trial, scaled(report, 0.98, 0.02), who)
            seconds = monotonic() - started
            basis = replace(trial.basis, seconds=seconds)
            trial = replace(trial, seconds=seconds, basis=basis)
        return Trial.of(trial)


def _criteria(
    task: Task,
    goal: Goal | str | None,
    objective: str | None,
    costs: Any,
    margin: float | None,
    metric: str | None,
) -> Criteria:
    """Return by what the arms are judged, once it is checked."""
    if goal is None:
        return Criteria(objective or "", costs, margin, metric or "").of(task)
    require_goal_alone(objective, costs)
    return as_goal(goal, Goal()).criteria(task, margin, metric).of(task)


def _compare_stored(
    store: StoredTable,
    strategies: Iterable[Strategy],
    criteria: Criteria,
    protocol: Protocol,
    learners: LearnerChoice,
    repeats: int | str,
    minutes: float,
    report: Progress,
    runner: Runner | None,
    *,
    notes: Sequence[str],
    **more: Any,
) -> Trial:
    """Compare on rows that are larger than memory, see `compare_stored`."""
    arms = [arm.with_store(store.task, store.names, store.group) for arm in strategies]
    rarest = float(store.totals.min())
    record = compare_stored(
        store,
        arms,
        criteria,
        protocol=protocol,
        learners=learners,
        repeats=repeats,
        minutes=minutes,
        baseline=BASELINE,
        report=report,
        runner=runner,
        notes=[
            *notes,
            *(flattery_note(arm, rarest) for arm in arms if isinstance(arm, Tuned)),
        ],
        **more,
    )
    return Trial.of(record)


def _arms(strategies: Iterable[Any] | str | None, *, columns: bool) -> list[Strategy]:
    """Return the strategies, the baseline always among them.

    Args:
        strategies: What the user named; None for the usual ones.
        columns: Whether the rows have columns; the user's own network takes none.

    Raises:
        UnsupportedError: A strategy needs columns, and there are none.
    """
    usual = DEFAULT_STRATEGIES if columns else USER_MODEL_STRATEGIES
    arms = as_strategies(usual if strategies is None else strategies)
    arms = with_defaults(arms)
    if not any(arm.name == BASELINE for arm in arms):
        arms.append(strategy(BASELINE))
    others = [arm.name for arm in arms if arm.learner_record.needs_columns]
    if others and not columns:
        raise UnsupportedError(
            sentence(
                f"{listing(others)} with model=",
                "strategies for networks, and prior",
                "The others need columns, and your own network takes none.",
            )
        )
    return arms
