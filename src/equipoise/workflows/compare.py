# SPDX-License-Identifier: Apache-2.0
"""The verb `compare`: every arm on the same splits, and what the trial can tell."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from equipoise._core.checks import integer, number, one_of, sentence
from equipoise.decision.objectives import as_objective
from equipoise.diagnosis.diagnosis import diagnose
from equipoise.errors import InputError, InputTypeError
from equipoise.evaluation.arrays import as_costs
from equipoise.strategies.catalogue import as_strategies, strategy
from equipoise.strategies.jobs import Progress
from equipoise.strategies.strategy import Strategy
from equipoise.table.read import read_table
from equipoise.table.table import Table, concatenate
from equipoise.workflows.judge import judge
from equipoise.workflows.plan import Protocol, parts, split_by
from equipoise.workflows.scores import Scores, join, run, scaled
from equipoise.workflows.trial import Trial

DEFAULT_STRATEGIES = ("prior", "logistic", "trees", "plain", "class_weight")
BASELINE = "plain"
MOST_REPEATS = 5


def compare(
    source: Any,
    target: str | None = None,
    *,
    test: Any = None,
    strategies: Iterable[str | Strategy] | str | None = None,
    folds: int = 5,
    repeats: int | str = "auto",
    minutes: float = 2.0,
    by: str | None = None,
    duplicates: str = "auto",
    objective: str = "f1",
    costs: tuple[float, float] | None = None,
    margin: float = 0.01,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trial:
    """Try every strategy on the data in one fair trial.

    Outer folds give out-of-fold scores; an inner split of each training part, and
    only it, decides early stopping. Calibration and thresholds are cross-fitted.
    Differences are paired with `plain`, which is always in the trial.

    Args:
        source: A `Table`, or anything that `read_table` takes: a path, a data
            frame, `(X, y)`.
        target: The target's name where `source` is a path or a frame.
        test: A separate test file or table, scored by the average of the fold
            models and never used for a choice.
        strategies: Names of the catalogue or `Strategy` objects; by default
            `prior`, `logistic`, `trees`, `plain`, `class_weight`.
        folds: The number of outer folds, 2 to 20.
        repeats: How often the folds are drawn anew, 1 to 20; "auto" spends
            `minutes` on up to 5.
        minutes: The time budget of `repeats="auto"`, above 0.
        by: "stratified", "group" or "time"; by default what the table holds.
        duplicates: "auto", "group" or "ignore", see `outer_splits`.
        objective: What the threshold shall be best at: "f1", "balanced_accuracy",
            "g_mean", "mcc" or, with `costs`, "cost".
        costs: (cost of a false alarm, cost of a missed positive).
        margin: Differences in average precision up to this are equivalent.
        seed: One seed gives one result.
        progress: Called with a sentence and the share of the work done.

    Returns:
        A `Trial`: print it; `trial.frame()`, `trial.best`, `trial.verdict`.

    Raises:
        InputError: An argument is out of range or unknown.
        SplitError: There are too few positives for the folds.
        UnsupportedError: The table is not binary.
        TrainingError: Training met a number that is not finite.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> known = gaussian_shift(rows=600, positives=60, seed=1)
        >>> trial = compare(known.table, strategies=["prior", "logistic"], repeats=1,
        ...                 folds=3, baseline="logistic")  # doctest: +SKIP
    """
    started = time.monotonic()
    table = read_table(source, target)
    table.require_binary("compare")
    later = None if test is None else read_table(test, target, like=table)
    arms = _arms(strategies)
    protocol = Protocol(
        folds=integer(folds, "folds", 2, 20),
        by=split_by(table, by),
        duplicates=one_of(duplicates, ["auto", "group", "ignore"], "duplicates"),
        seed=integer(seed, "seed"),
    )
    budget = number(minutes, "minutes", 0, open_ends=True) * 60
    number(margin, "margin", 0, 1)
    if as_costs(costs) is None:
        as_objective(objective, {})
    wanted = _repeats(repeats, protocol.by)
    call = progress or (lambda text, share: None)
    call("looking at the data", 0.0)
    found = diagnose(table, later, seed=seed)
    whole = table if later is None else concatenate([table, later])
    scores = _fit(whole, len(table), arms, protocol, wanted, budget, started, call)
    call("computing intervals", 0.97)
    return judge(
        table,
        later,
        arms,
        protocol,
        scores,
        found,
        objective=objective,
        costs=costs,
        margin=margin,
        started=started,
    )


def _fit(
    whole: Table,
    rows: int,
    arms: Sequence[Strategy],
    protocol: Protocol,
    wanted: int | None,
    budget: float,
    started: float,
    progress: Progress,
) -> Scores:
    """Fit the first repeat, then as many more as were asked for or fit in time."""
    own = whole if len(whole) == rows else whole.take(range(rows))
    first_share = 0.3 if wanted is None else 0.95 / wanted
    first = parts(own, protocol, [0])
    scores = run(
        whole, first, arms, rows=rows, progress=scaled(progress, 0, first_share)
    )
    if wanted is None:
        spent = time.monotonic() - started
        more = min(MOST_REPEATS - 1, max(0, int((budget - spent) / max(spent, 1e-3))))
    else:
        more = wanted - 1
    if more:
        rest = parts(own, protocol, range(1, more + 1))
        call = scaled(progress, first_share, 0.95 - first_share)
        scores = join(scores, run(whole, rest, arms, rows=rows, progress=call))
    return scores


def _arms(strategies: Iterable[str | Strategy] | str | None) -> list[Strategy]:
    arms = as_strategies(DEFAULT_STRATEGIES if strategies is None else strategies)
    if not any(arm.name == BASELINE for arm in arms):
        arms.append(strategy(BASELINE))
    return arms


def _repeats(repeats: int | str, by: str) -> int | None:
    """Return the number of repeats; None where the time budget decides."""
    if repeats == "auto":
        return 1 if by == "time" else None  # time has one order: nothing to redraw
    if isinstance(repeats, str):
        raise InputTypeError(sentence(f"repeats={repeats!r}", "an integer or 'auto'"))
    count = integer(repeats, "repeats", 1, 20)
    if by == "time" and count > 1:
        raise InputError(
            sentence(
                f"repeats={count} with splits by time",
                "repeats=1: time has one order, so a repeat would change nothing",
            )
        )
    return count
