# SPDX-License-Identifier: Apache-2.0
"""What is done with a finished trial: further arms, other goals, any two arms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.checks import listing, number, one_of, sentence
from equipoise._core.frames import make_frame
from equipoise._core.layout import display_width, wrap
from equipoise._core.types import FloatArray
from equipoise.comparison.verdict import PairVerdict, judge_all_pairs, judge_pairs
from equipoise.errors import InputError, UnsupportedError
from equipoise.evaluation.evaluation import Evaluation
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.jobs import Progress
from equipoise.models.goal import Goal, as_goal
from equipoise.reading.paths import is_path
from equipoise.strategies.catalogue import as_strategies, columns_to_draw_by
from equipoise.strategies.strategy import Strategy
from equipoise.trials.basis import StoredPlan, TrialBasis, rows_digest, with_arms
from equipoise.trials.plan import TrialPlan
from equipoise.trials.sources import read_trial, with_rare_classes
from equipoise.trials.trial import TrialRecord


@dataclass(frozen=True)
class ArmPairs:
    """Every pair of a trial's arms, as one family of tests.

    Attributes:
        verdicts: One per pair; the arm that measured better comes first.
        metric: In which the arms were compared.
        level: One minus the probability of any false difference.
    """

    verdicts: tuple[PairVerdict, ...]
    metric: str
    level: float

    def __len__(self) -> int:
        return len(self.verdicts)

    def __getitem__(self, names: tuple[str, str]) -> PairVerdict:
        """Return the verdict on one pair, in the order of the two names.

        Args:
            names: Of two arms.

        Raises:
            InputError: They are no two arms of the trial.
        """
        for one in self.verdicts:
            if (one.first, one.second) == tuple(names):
                return one
            if (one.second, one.first) == tuple(names):
                return turned(one)
        arms = {name for one in self.verdicts for name in (one.first, one.second)}
        raise InputError(sentence(f"{names!r}", f"two of the arms {listing(arms, 20)}"))

    def frame(self, library: str | None = None) -> Any:
        """Return the pairs as a data frame, one row each.

        Args:
            library: "pandas", "polars" or "pyarrow", as in `Trial.frame`.
        """
        rows = [
            {
                "first": one.first,
                "second": one.second,
                "difference": one.difference.value,
                "low": one.difference.low,
                "high": one.difference.high,
                "p": one.p,
                "outcome": one.outcome,
            }
            for one in self.verdicts
        ]
        return make_frame(rows, library)

    def __str__(self) -> str:
        return "\n".join(wrap(str(one), display_width()) for one in self.verdicts)


def turned(one: PairVerdict) -> PairVerdict:
    """Return the verdict on the same pair, the second against the first.

    Args:
        one: A verdict.

    Example:
        >>> from equipoise.metrics.estimate import Estimate
        >>> ends = Estimate(0.2, 0.1, 0.4)
        >>> one = turned(PairVerdict("a", "b", "better", ends, 0.01, 0.1))
        >>> one.first, one.outcome, one.difference.low
        ('b', 'worse', -0.4)
    """
    words: Mapping[str, Any] = {"better": "worse", "worse": "better"}
    d = one.difference
    beliefs = one.beliefs
    if beliefs is not None:
        beliefs = beliefs._replace(worse=beliefs.better, better=beliefs.worse)
    return replace(
        one,
        first=one.second,
        second=one.first,
        outcome=words.get(one.outcome, one.outcome),
        difference=replace(d, value=-d.value, low=-d.high, high=-d.low),
        beliefs=beliefs,
    )


def all_pairs(trial: TrialRecord) -> ArmPairs:
    """Judge every two arms of a trial, with Holm's correction for their number.

    Args:
        trial: A trial.
    """
    level = trial.verdict.level
    verdicts = judge_all_pairs(
        trial.results, trial.names, margin=trial.verdict.margin, level=level
    )
    return ArmPairs(verdicts, trial.results.metric, level)


def one_pair(trial: TrialRecord, first: str, second: str) -> PairVerdict:
    """Judge two arms of a trial as its only question.

    Args:
        trial: A trial.
        first: An arm.
        second: Another.

    Raises:
        InputError: They are no two arms of the trial.
    """
    one_of(second, trial.results.arms, "arm")
    (verdict,) = judge_pairs(
        trial.results,
        [(first, second)],
        margin=trial.verdict.margin,
        level=trial.verdict.level,
    )
    return verdict


def basis_for(trial: TrialRecord, what: str) -> TrialBasis:
    """Return what a trial follows from.

    Args:
        trial: A trial.
        what: Who asks, for the message.

    Raises:
        UnsupportedError: That is not known.
    """
    if isinstance(trial.basis, TrialBasis):
        return trial.basis
    raise UnsupportedError(
        sentence(f"a trial made by hand for {what}", "what compare or load gave")
    )


def judged_again(
    trial: TrialRecord, goal: Any, metric: str | None, margin: float | None
) -> TrialRecord:
    """Return the same scores, judged by another goal, metric or margin.

    Args:
        trial: A trial.
        goal: What the decisions are for; None for what the trial had.
        metric: By which arms are compared; None for what the trial had.
        margin: Differences up to this are equivalent; None for what the trial had.
    """
    basis = basis_for(trial, "another goal")
    before = basis.criteria
    criteria = replace(
        before,
        metric=before.metric if metric is None else metric,
        margin=before.margin if margin is None else margin,
    )
    if goal is not None:
        asked = as_goal(goal, Goal())
        criteria = asked.criteria(trial.task, criteria.margin, criteria.metric)
    return basis.judged_by(criteria.of(trial.task)).conclude()


def evaluated_again(
    trial: TrialRecord,
    name: str,
    goal: Any,
    threshold: float | None,
    lower: float | None,
) -> Evaluation | TaskEvaluation:
    """Judge one arm's decisions for another goal, or at a threshold that is given.

    Args:
        trial: A trial.
        name: An arm.
        goal: What the decisions are for; None if there is a threshold.
        threshold: Two classes: a row is flagged from this probability on.
        lower: A row is left undecided from this one up to it; None for none.

    Raises:
        InputError: Both are given, or a lower threshold alone.
    """
    basis = basis_for(trial, "another threshold")
    one_of(name, trial.results.arms, "arm")
    if (goal is None) == (threshold is None) or (
        lower is not None and goal is not None
    ):
        raise InputError(
            sentence(
                f"goal={goal!r}, threshold={threshold!r} and lower={lower!r}",
                "a goal, or a threshold with or without a lower one",
            )
        )
    if threshold is not None:
        number(threshold, "threshold", 0, 1)
        if lower is not None:
            number(lower, "lower", 0, threshold)
        results = trial.of_two_classes
        return basis.evaluate(name, trial.scores, results, threshold, lower)
    return judged_again(trial, goal, None, None).results[name].evaluation


def with_more_arms(
    trial: TrialRecord,
    strategies: Iterable[Any] | str,
    source: Any = None,
    target: Any = None,
    test: Any = None,
    progress: Progress | None = None,
) -> TrialRecord:
    """Return the trial with further arms; only these are fitted.

    Args:
        trial: A trial.
        strategies: As in `compare`.
        source: The rows, if the trial was loaded and they are not where they were.
        target: As in `compare`.
        test: As in `compare`.
        progress: Called with a sentence and the share of the work done.

    Raises:
        UnsupportedError: The trial left kinds of positives out, or trained a network of
            the user's.
        InputError: The rows are others, or are not known.
    """
    basis = basis_for(trial, "further arms")
    if trial.leaves_kinds_out:
        raise UnsupportedError(
            sentence(
                "further arms for a trial with unseen=",
                "an ordinary trial",
                "Compare all arms again.",
            )
        )
    arms = as_strategies(strategies)
    if isinstance(basis.plan, StoredPlan):
        basis = replace(basis, plan=_with_rows(basis, arms, source, target, test))
    arms = [arm.with_table(basis.plan.table) for arm in arms]
    others = [arm for arm in basis.arms if arm.name not in {a.name for a in arms}]
    return with_arms(basis, [*others, *arms], progress).conclude()


def _with_rows(
    basis: TrialBasis, arms: Iterable[Strategy], source: Any, target: Any, test: Any
) -> TrialPlan:
    """Return the plan of a trial from a file with its rows, read as before."""
    plan, reading = basis.plan, basis.reading
    if basis.training.get("network") is None:
        raise UnsupportedError(
            sentence(
                "further arms for a loaded trial of your own network",
                "a trial of columns",
                "Call compare with the same arguments, more strategies and folder=.",
            )
        )
    if source is None:
        source, target = reading.get("source"), reading.get("target")
        test = reading.get("test")
    if source is None or (is_path(source) and not Path(source).exists()):
        where = "" if source is None else f", which were in {str(source)!r}"
        raise InputError(
            sentence(
                f"a loaded trial without its rows{where}",
                "the rows of the trial",
                "Pass them as they were given to compare: trial.add(arms, source, "
                "target), with test= if there was one.",
            )
        )
    options = dict(reading.get("options", {}))
    options["draw_by"] = columns_to_draw_by(arms, options.get("group"))
    rows, test_table = read_trial(
        source, target, test, verb="compare", model=None, **options
    )
    rows, test_table, _ = with_rare_classes(
        rows,
        basis.asked.get("rare", "keep"),
        plan.protocol.folds,
        plan.protocol.duplicates,
        test_table,
    )
    made = TrialPlan(
        rows.table,
        plan.strategies,
        plan.protocol,
        plan.learners,
        test_table,
        baseline=plan.baseline,
    )
    if rows_digest(made) != basis.digest:
        raise InputError(
            sentence(
                f"{rows.table.source}, whose rows or columns are others",
                "the rows of the trial, read as they were for compare",
                "Compare all arms again, in a new folder.",
            )
        )
    return made


def reading_of(source: Any, target: Any, test: Any, **options: Any) -> dict[str, Any]:
    """Return how rows were read, to read them again: where from only if from files.

    Args:
        source: As in `compare`.
        target: As in `compare`.
        test: As in `compare`.
        **options: What `ReadingOptions` takes.

    Returns:
        Plain data: "options", without arrays; of files also "source", "target" and
        "test".
    """
    plain = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if _is_plain(value)
    }
    if not is_path(source) or not (test is None or is_path(test)):
        return {"options": plain}
    return {
        "source": str(Path(source).absolute()),
        "target": target,
        "test": None if test is None else str(Path(test).absolute()),
        "options": plain,
    }


def _is_plain(value: Any) -> bool:
    """Return whether a value, or each of several, is a name, a number or nothing."""
    each = value if isinstance(value, list | tuple) else (value,)
    return all(isinstance(one, str | int | float | None) for one in each)


def fold_rows(trial: TrialRecord) -> list[dict[str, Any]]:
    """Return every arm's values within each fold, one plain row each.

    Args:
        trial: A trial.
    """
    return [
        {
            "strategy": name,
            "metric": metric,
            "repeat": repeat,
            "fold": fold,
            "value": float(value),
        }
        for name in trial.names
        for metric, values in trial.results[name].splits.items()
        for repeat, of_repeat in enumerate(values)
        for fold, value in enumerate(of_repeat)
    ]


def out_of_fold_columns(trial: TrialRecord) -> dict[str, list[Any]]:
    """Return the out-of-fold probabilities of all arms as columns.

    Args:
        trial: A trial.

    Returns:
        "repeat", "row" (its position among those of the trial), "fold", the target
        ("y"; of labels "y_" and each), and for each arm its calibrated probability of
        the positive class; of several classes or labels the arm, "_" and each.
    """
    results, task = trial.results, trial.task
    tested = np.flatnonzero(trial.scores.tested)
    repeats, rows = results.folds.shape
    columns: dict[str, list[Any]] = {
        "repeat": np.repeat(np.arange(repeats), rows).tolist(),
        "row": np.tile(tested[:rows], repeats).tolist(),
        "fold": results.folds.ravel().tolist(),
    }
    y = np.asarray(results.y)
    if task.kind == "binary":
        columns["y"] = np.tile(y.astype(int), repeats).tolist()
    elif task.kind == "multiclass":
        names = np.array(task.classes, object)
        columns["y"] = np.tile(names[y], repeats).tolist()
    else:
        for j, label in enumerate(task.classes):
            columns[f"y_{label}"] = np.tile(y[:, j], repeats).tolist()
    for name in trial.names:
        p = probabilities(trial, name)
        if task.kind == "binary":
            columns[name] = p.ravel().tolist()
            continue
        for j, each in enumerate(task.classes):
            columns[f"{name}_{each}"] = p[..., j].ravel().tolist()
    return columns


def probabilities(trial: TrialRecord, name: str) -> FloatArray:
    """Return an arm's calibrated out-of-fold probabilities.

    Args:
        trial: A trial.
        name: The arm.

    Returns:
        `[repeats, rows]` of the positive class; `[repeats, rows, classes]` if there are
        several.
    """
    arm = trial.results[name]
    if trial.task.kind == "binary":
        return trial.of_two_classes[name].probability
    scores: Any = arm.fitted
    return trial.task.probability(scores.scores)
