# SPDX-License-Identifier: Apache-2.0
"""The verb `fit`: a model with honest probabilities and a decision rule."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, listing, number, sentence
from equipoise._core.types import FloatArray, HashArray
from equipoise.decision.calibration import fit_calibrator
from equipoise.decision.class_scores import ClassScores
from equipoise.decision.objectives import as_objective
from equipoise.decision.rule import DecisionRule
from equipoise.decision.rule_making import certified_rule, make_rule
from equipoise.diagnosis.made import made_rows
from equipoise.ensembles.average_scale import (
    average_scores,
    crossed_array,
    crossed_table,
    score_pairs,
)
from equipoise.ensembles.blend import blend, mean_log_odds, pool
from equipoise.errors import InputError, SplitError, TrialWarning, UnsupportedError
from equipoise.evaluation.cross_validation import CrossValidated, cross_validated
from equipoise.evaluation.decided import Decided
from equipoise.evaluation.evaluation import Evaluation
from equipoise.jobs import Progress
from equipoise.learners.user_model.input import UserInput, uncompiled
from equipoise.models.fit_rows import (
    hold_out,
    read_weights,
    rows_that_count,
    user_rows,
)
from equipoise.models.goal import Goal, as_goal
from equipoise.models.model import Component, hashes_of, pooled
from equipoise.reading.options import ReadingOptions
from equipoise.reading.read import read_source
from equipoise.reading.target import Positives
from equipoise.strategies.blended import Blend
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import (
    Table,
)
from equipoise.table.units import one_of_each, tied_rows
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fold_scores import Scores, join, run, scaled
from equipoise.trials.idle_notes import idle_notes
from equipoise.trials.independent_rows import caution, counted, unit_notes
from equipoise.trials.learner_choice import LearnerChoice, refuse_columns
from equipoise.trials.protocol import Protocol, parts, require_columns, split_by
from equipoise.trials.schedule import Repeats
from equipoise.uncertainty.shares import effective_rows
from equipoise.verbs.model import FittedModel

NETWORK = "default"
GROUPS = "it groups rows"
"""Why `read_table` leaves the group column out of the features."""
MOST_REPEATS = 3
WEIGHTED = (
    "Rows have weights: they count in training, calibration, threshold and evaluation, "
    "as so many copies of a row. Intervals rest on the effective number of rows, which "
    "is smaller where weights differ."
)
LOW = 0.5
"""A certified rule that leaves recall, or precision, below it gets a warning."""
EQUAL_WEIGHTS = (
    "All weights above 0 are equal, so their only effect is to leave out the rows of "
    "weight 0."
)


def fit(
    source: Any,
    target: str | None = None,
    *,
    positive: Positives | None = None,
    group: Any = None,
    time: Any = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    unlabelled: str = "refuse",
    day_first: bool | None = None,
    strategy: str | Strategy | Iterable[str | Strategy] = "auto",
    goal: Goal | str | None = None,
    folds: int = 5,
    minutes: float = 5.0,
    repeats: int | str = "auto",
    calibration: str = "auto",
    duplicates: str = "auto",
    network: str = NETWORK,
    training: TrainingSettings | None = None,
    weights: npt.ArrayLike | None = None,
    model: Callable[[], Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> FittedModel:
    """Fit a model, calibrate it and choose its decision rule.

    The models of all outer folds are kept and averaged, so no row is spent on
    calibration or on the threshold: both come from out-of-fold scores. A row has such
    scores of few models, and the average of all is less noisy. So the scores of each
    class are first given the distribution that the average's have in it (see
    `ensembles.average_scale`): what is calibrated is what is handed over.

    Args:
        source: A `Table`, or anything that `read_table` takes.
        target: The target's name where `source` is a path or a frame.
        positive: The positive class; by default the rarest.
        group: A column whose equal values stay on one side of a split, as in
            `read_table`; it is no feature. With `model`, an array with one value per
            row.
        time: A column by which the rows are ordered and split in time; it is no
            feature. With `model`, an array with one value per row.
        drop: Columns to leave out.
        keep: Columns that are features even where they look like identifiers.
        unlabelled: What becomes of rows without a label: "refuse", "drop" or "keep",
            as in `read_table`.
        day_first: Whether 03/04/2021 is 3 April where no date tells, as in
            `read_table`.
        strategy: A name, a `Strategy`, several of them, or "auto": an average of
            networks, two kinds of trees and a linear model, whose weights are learned
            on out-of-fold scores.
        goal: What the decision rule is to reach: a `Goal`, or the name of an
            objective such as "balanced_accuracy"; the best F1 by default.
        folds: The number of outer folds, 2 to 20.
        minutes: The time budget of `repeats="auto"`.
        repeats: How often the folds are drawn, 1 to 20; each repeat adds its models
            to the average. "auto": up to 3 times, while `minutes` lasts.
        calibration: How log-odds are calibrated, see `fit_calibrator`.
        duplicates: "auto", "group" or "ignore", see `outer_splits`.
        network: The network of the network strategies: "default", "small" or
            "linear".
        training: How networks are trained; the usual settings where None.
        weights: `[rows]` at least 0: how much each row counts, as so many copies of
            it, in training, stopping, calibration, the choice of the threshold and
            the evaluation, whose intervals rest on the effective number of rows;
            None for 1 each.
        model: A function that returns your own uncompiled `keras.Model` with one
            logit per row; `source` is then `(x, y)` with x of any shape, for
            example images, and "auto" is `plain`. The fitted model takes such arrays.
        seed: One seed gives one result for the same number of repeats.
        progress: Called with a sentence and the share of the work done.

    Returns:
        A `FittedModel`.

    Raises:
        InputError: An argument is out of range or unknown.
        SplitError: There are too few positives for the folds.
        RefusedError: `goal.certify` asks for more than the rows can carry.
        UnsupportedError: The table is not binary; or rows with weights meet a floor
            that is to be certified, a sampler object, or a loss of pairs for a
            network of your own.

    Warns:
        TrialWarning: Rows look as if they had been computed from others, by SMOTE or
            a relative, before they came here: no figure can be believed.

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
    goal = as_goal(goal, Goal())
    x: npt.NDArray[Any] | None = None
    if model is None:
        options = ReadingOptions(
            positive=positive,
            group=group,
            time=time,
            drop=drop,
            keep=keep,
            unlabelled=unlabelled,
            day_first=day_first,
        )
        table = read_source(source, target, options)
    else:
        refuse_columns(target=target, drop=drop, keep=keep, day_first=day_first)
        table, x = user_rows(
            source, positive=positive, group=group, time=time, unlabelled=unlabelled
        )
    table.task.require_binary("fit")
    require_columns(table, "fit")
    each = read_weights(weights, len(table), goal)
    if each is not None:
        table, x, each = rows_that_count(table, x, each)
    arms, prior = _averaged(strategy, own=x is not None)
    _require_networks(arms, own=x is not None)
    computed = made_rows(table, seed)
    doubts = [] if computed is None else [caution(computed.label)]
    for text in doubts:
        warnings.warn(text, TrialWarning, stacklevel=2)
    kept, held = hold_out(table, goal, seed, duplicates)
    protocol = Protocol(
        folds=integer(folds, "folds", 2, 20),
        by=split_by(table, None),
        duplicates=duplicates,
        seed=integer(seed, "seed"),
    )
    call = progress or (lambda text, share: None)
    rows = table if held is None else table.take(kept)
    number(minutes, "minutes", 0, open_ends=True)
    often = Repeats.of(repeats, minutes, protocol.by)
    inputs = None if x is None else x[kept]
    learner = LearnerChoice(network, model=model, x=inputs, training=training)
    scores = _fit(rows, arms, protocol, learner, often, each, started, call)
    tested = scores.tested
    y = rows.labels()[tested]
    own = None if each is None else each[tested]
    log_odds = {name: z[:, tested] for name, z in scores.log_odds.items()}
    shares = blend(log_odds, y, shares=prior, rows=own)
    takes = None if x is None else UserInput.of(x)
    stored = scores.scorers
    if model is not None and x is not None:
        stored = {
            name: tuple(uncompiled(scorer, model, x[:1]) for scorer in own_scorers)
            for name, own_scorers in stored.items()
        }
    components = tuple(
        Component(arm, shares[arm.name], stored[arm.name], takes)
        for arm in arms
        if arm.name in shares
    )
    blended = pool(log_odds, shares)
    units = tied_rows(rows, duplicates)
    unseen = None
    if held is not None:
        new = table.take(held) if x is None else x[held]
        unseen = Unseen(pooled(components, new), table.labels()[held])
    made = (
        crossed_table(rows.take(tested), y, seed)
        if inputs is None
        else crossed_array(inputs[tested], y, seed)
    )
    pairs = score_pairs(
        {c.strategy.name: c.each(made) for c in components},
        {c.strategy.name: c.weight for c in components},
        scores.repeats,
        seed,
    )
    mean = average_scores(mean_log_odds(blended), y, *pairs, own)
    rule = _rule(mean, y, own, goal, calibration, unseen)
    results = _evaluate(
        rows, blended, scores, tested, goal, rule, mean, own, units, protocol
    )
    evaluation = results.arms["model"].evaluation
    seen = hashes_of(rows if inputs is None else inputs)
    return FittedModel(
        schema=table.schema,
        components=components,
        rule=rule,
        evaluation=evaluation,
        facts={
            **_facts(table, protocol, scores, shares, goal, started),
            **_cases(table, duplicates),
            "class_scores": ClassScores.of(mean, y, own).to_dict(),
            "repeated": _repeated(_without_copies(rows, duplicates, seen)),
        },
        seen=np.unique(seen),
        notes=(
            *doubts,
            *cautions(rule, evaluation),
            *idle_notes(scores),
            *unit_notes(rows, units),
            *results.notes,
            *scores.notes,
            *(() if own is None else (WEIGHTED if np.ptp(own) else EQUAL_WEIGHTS,)),
            *_one_each(rows, held, units),
        ),
        own=takes,
    )


@dataclass(frozen=True, eq=False)
class Unseen:
    """Rows that nothing has seen, for certified floors.

    Attributes:
        log_odds: `[rows]` of the average, before calibration.
        y: `[rows]` labels.
    """

    log_odds: FloatArray
    y: npt.NDArray[Any]


def _averaged(
    strategy: str | Strategy | Iterable[str | Strategy], *, own: bool
) -> tuple[list[Strategy], Mapping[str, float] | None]:
    """Return what is averaged, and its shares before any data; None for equal ones."""
    if own and isinstance(strategy, str) and strategy == "auto":
        return as_strategies("plain"), None
    arms = as_strategies(strategy)
    blends = [arm for arm in arms if isinstance(arm, Blend)]
    if not blends:
        return arms, None
    if len(arms) > 1:
        raise InputError(
            sentence(
                f"{blends[0].name!r} among several strategies",
                f"{blends[0].name!r} alone, or strategies that are no averages",
                "fit averages what it is given, and this is an average itself.",
            )
        )
    return list(blends[0].blended), blends[0].prior


def _require_networks(arms: Sequence[Strategy], *, own: bool) -> None:
    columns = [arm.name for arm in arms if not arm.learner_record.trains_networks]
    if own and columns:
        raise UnsupportedError(
            sentence(
                f"{listing(columns)} beside model=",
                "strategies for networks",
                "Fit it on a table of columns.",
            )
        )


def _fit(
    table: Table,
    arms: Sequence[Strategy],
    protocol: Protocol,
    learner: LearnerChoice,
    repeats: Repeats,
    weights: FloatArray | None,
    started: float,
    progress: Progress,
) -> Scores:
    """Fit one repeat, then more while the time lasts; all models are kept."""
    scores: Scores | None = None
    most = repeats.wanted or MOST_REPEATS
    for repeat in range(most):
        begun = monotonic()
        try:
            splits = parts(table, protocol, [repeat])
        except SplitError as error:
            if scores is None:
                raise
            note = f"The folds could not be drawn {repeat + 1} times. {error.facts}"
            return replace(scores, notes=(*scores.notes, note))
        found = run(
            table,
            splits,
            arms,
            rows=len(table),
            learner=learner,
            keep=True,
            weights=weights,
            progress=scaled(progress, repeat / most, 1 / most),
        )
        scores = found if scores is None else join(scores, found)
        now = monotonic()
        if repeats.wanted is None and now - started + (now - begun) > repeats.budget:
            break
    if scores is None:
        raise InputError(sentence("no repeat", "at least one"))
    return scores


def _one_each(
    rows: Table, held: npt.NDArray[np.int64] | None, units: npt.NDArray[Any] | None
) -> tuple[str, ...]:
    """Say for which rows a certified floor holds where rows are tied."""
    if held is None or units is None:
        return ()
    what = "distinct row" if rows.groups is None else "group"
    return (
        f"The certificate counts one row of each {what} that was held out: it holds "
        f"for a row drawn at random from a {what} drawn at random.",
    )


def _cases(table: Table, duplicates: str) -> dict[str, Any]:
    """Return how many independent cases there are, as plain data."""
    units = tied_rows(table, duplicates)
    cases, positive = counted(table, units)
    return {
        "duplicates": duplicates,
        "cases": cases,
        "positive_cases": positive,
        "effective_rows": effective_rows(table.labels(), units),
    }


def _evaluate(
    table: Table,
    blended: FloatArray,
    scores: Scores,
    tested: np.ndarray,
    goal: Goal,
    rule: DecisionRule,
    mean: FloatArray,
    weights: FloatArray | None,
    units: npt.NDArray[np.int64] | None,
    protocol: Protocol,
) -> CrossValidated:
    """Evaluate the average as one arm, decided by the rule that is deployed.

    The rule is applied to the scores that it was chosen on: those of the average of
    all models, as far as the out-of-fold scores tell them.
    """
    name, options = goal.estimated()
    objective = as_objective(name, options)
    decided = Decided(
        rule.log_odds(mean)[None],
        rule.threshold,
        rule.lower,
        objective if rule.basis == "estimated" else None,
    )
    return cross_validated(
        table.labels()[tested],
        {"model": blended},
        scores.folds[:, tested],
        objective=name,
        clusters=None if units is None else units[tested],
        weights=weights,
        decided={"model": decided},
        baseline="model",
        sizes=scores.sizes(protocol.by),
        **({"costs": goal.costs} if goal.costs is not None else options),
    )


def cautions(rule: DecisionRule, evaluation: Evaluation) -> tuple[str, ...]:
    """Say plainly what a certified rule does not promise, if that is little.

    Args:
        rule: The model's rule.
        evaluation: What is known of it.
    """
    if rule.basis != "certified":
        return ()
    floors = {name for name, value in rule.options if value is not None}
    found = []
    recall, precision = evaluation["recall"], evaluation["precision"]
    if "recall" not in floors and not recall.value >= LOW:
        found.append(
            "Warning: the certificate is about precision alone. This rule finds few "
            f"of the positives: recall {recall}."
        )
    if "precision" not in floors and not precision.value >= LOW:
        found.append(
            "Warning: the certificate is about recall alone. Most of what this rule "
            f"flags is negative: precision {precision}."
        )
    return tuple(found)


def _rule(
    mean: FloatArray,
    y: np.ndarray,
    weights: FloatArray | None,
    goal: Goal,
    calibration: str,
    unseen: Unseen | None,
) -> DecisionRule:
    """Calibrate and choose the threshold on the scores of the average."""
    calibrator = fit_calibrator(
        mean, y, method=calibration, exact=True, weights=weights
    )
    if unseen is None:
        name, options = goal.estimated()
        return make_rule(
            mean,
            y,
            objective=name,
            calibrator=calibrator,
            weights=weights,
            **options,
        )
    return certified_rule(
        unseen.log_odds,
        unseen.y,
        precision=goal.precision_floor,
        recall=goal.recall_floor,
        level=goal.certify or math.nan,
        calibrator=calibrator,
    )


def _facts(
    table: Table,
    protocol: Protocol,
    scores: Scores,
    weights: Mapping[str, float],
    goal: Goal,
    started: float,
) -> dict[str, Any]:
    """Return how the model came about, as plain data."""
    from importlib.metadata import version

    return {
        "source": table.source,
        "target": table.target,
        "classes": list(table.classes),
        "rows": len(table),
        "positives": table.positives,
        "prevalence": table.prevalence,
        "folds": protocol.folds,
        "trained_on": scores.sizes(protocol.by).words,
        "repeats": scores.repeats,
        "by": protocol.by,
        "seed": protocol.seed,
        "weights": dict(weights),
        "certified": goal.certify,
        "group": group_column(table),
        "seconds": monotonic() - started,
        "versions": {
            name: version(name)
            for name in ("equipoise", "tensorflow", "keras", "scikit-learn", "numpy")
        },
    }


def group_column(table: Table) -> str | None:
    """Return the name of the column whose equal values belong together, or None.

    `read_table` lists it among the columns that are no features.
    """
    if table.groups is None:
        return None
    return next((d.name for d in table.dropped if d.reason == GROUPS), None)


def _without_copies(rows: Table, duplicates: str, hashes: HashArray) -> HashArray:
    """Return the hashes of one row of each set of copies: the rest is coincidence."""
    copies = tied_rows(replace(rows, groups=None), duplicates)
    kept = one_of_each(copies, np.random.default_rng(0))
    return hashes if kept is None else hashes[kept]


def _repeated(hashes: HashArray) -> float:
    """Return the share of new rows that equal a row of these by coincidence.

    One less the share of rows that occur once (Good 1953, equation 9: the mass of
    what has not been seen).
    """
    _, times = np.unique(hashes, return_counts=True)
    return 1.0 - float(np.count_nonzero(times == 1)) / len(hashes)
