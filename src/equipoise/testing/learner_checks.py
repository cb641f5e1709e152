# SPDX-License-Identifier: Apache-2.0
"""What a learner promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.errors import InputError, UnsupportedError
from equipoise.jobs import Job, Learner, Outcome
from equipoise.models.state import pack, unpack
from equipoise.reading.read import read_table
from equipoise.strategies.learner_records import LearnerRecord
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.testing.promises import require


@dataclass(frozen=True, eq=False)
class LearnerCase:
    """A learner on trial: its record, and the object that does the jobs.

    Attributes:
        record: What it declares; it must be registered.
        learner: What does the jobs.
    """

    record: LearnerRecord
    learner: Learner

    @property
    def name(self) -> str:
        """Its name."""
        return self.record.name

    def run(self, table: Table, *jobs: Job, keep: bool = False) -> list[Outcome]:
        """Return the outcomes of some jobs."""
        return list(self.learner.run(table, jobs, keep=keep))


def check_learner(record: LearnerRecord, learner: Learner | None = None) -> None:
    """Check a learner against every learner contract, on small tables.

    Args:
        record: The record of a learner that is registered.
        learner: What does the jobs, for example with fewer epochs; the record's own
            class by default.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> from equipoise.strategies.learner_records import LEARNERS
        >>> check_learner(LEARNERS["prior"])
    """
    case = LearnerCase(record, learner or record.load_learner()())
    for check in LEARNER_CHECKS:
        check(case)


def learner_scores_every_row(case: LearnerCase) -> None:
    """One outcome per job, in their order, with a finite score for each row."""
    table = _table()
    first, second = _job(case, table), _job(case, table, part=1)
    outcomes = case.run(table, first, second)
    require(len(outcomes) == 2, f"{case.name}: an outcome for each job")
    for job, outcome in zip((first, second), outcomes, strict=True):
        require(outcome.job is job, f"{case.name}: outcomes in the order of the jobs")
        shape, expected = outcome.log_odds.shape, (len(job.scored_rows), 1)
        require(
            shape == expected, f"{case.name}: scores of shape {expected}, not {shape}"
        )
        finite = np.isfinite(outcome.log_odds).all()
        require(finite, f"{case.name}: finite log-odds")
        require(outcome.scorer is None, f"{case.name}: no fitted model unless asked")
    if case.record.constant:
        same = np.ptp(outcomes[0].log_odds) == 0
        require(same, f"{case.name}: one score for every row, as it declares")


def learner_repeats_itself(case: LearnerCase) -> None:
    """The same job gives the same scores bit for bit."""
    table = _table()
    one, other = (case.run(table, _job(case, table))[0] for _ in range(2))
    same = np.array_equal(one.log_odds, other.log_odds)
    require(same, f"{case.name}: the same scores for the same job")


def learner_never_looks_at_scored_rows(case: LearnerCase) -> None:
    """Other labels and features of the scored rows change nothing that it learned."""
    table = _table()
    job = _job(case, table)
    half = job.scored_rows[::2]
    y = table.labels().copy()
    y[half] = 1 - y[half]
    other_rows = np.arange(len(table))
    other_rows[half] = job.train_rows[: len(half)]
    changed = replace(table.take(other_rows), y=y)
    before, after = case.run(table, job)[0], case.run(changed, job)[0]
    same = np.array_equal(before.log_odds[1::2], after.log_odds[1::2])
    require(same, f"{case.name}: scores that do not depend on the other scored rows")


def learner_comes_back_from_its_state(case: LearnerCase) -> None:
    """A fitted model that is saved and loaded gives the same scores bit for bit."""
    table = _table()
    job = _job(case, table)
    (outcome,) = case.run(table, job, keep=True)
    scored = table.take(job.scored_rows)
    require(outcome.scorer is not None, f"{case.name}: a fitted model if asked")
    scorer: Any = outcome.scorer
    state = unpack(pack(scorer.state(), "state"), "state")
    again = case.record.load_scorer().from_state(state)
    same = np.array_equal(scorer.log_odds(scored), again.log_odds(scored))
    require(same, f"{case.name}: the same scores after saving and loading")
    close = np.allclose(scorer.log_odds(scored), outcome.log_odds, atol=1e-4)
    require(close, f"{case.name}: a fitted model that gives the outcome's scores")
    for rows in (0, 1):
        few = scorer.log_odds(scored.take(np.arange(rows)))
        require(few.shape == (rows, 1), f"{case.name}: {rows} rows have {rows} scores")


def learner_takes_row_weights(case: LearnerCase) -> None:
    """Weights of 1 are none; with heavier positives scores are higher on average.

    Of a learner of one class, heavier positives change nothing.
    """
    table = _table()
    job = _job(case, table)
    plain = case.run(table, job)[0].log_odds
    try:
        ones = _weighted(case, table, job, np.ones(len(table)))
    except UnsupportedError:  # a clear refusal is accepted
        return
    require(np.allclose(plain, ones, atol=1e-6), f"{case.name}: weights of 1 are none")
    heavy = _weighted(case, table, job, np.where(table.labels() == 1, 4.0, 1.0))
    if case.record.one_class:
        same = np.array_equal(heavy, ones)
        require(same, f"{case.name}: positives change nothing, as it declares")
        return
    require(heavy.mean() > plain.mean(), f"{case.name}: heavier positives count more")


def learner_needs_both_classes(case: LearnerCase) -> None:
    """Rows of one class to learn from are refused, with an error of ours."""
    table = _table()
    job = _job(case, table)
    for label in (0, 1):
        both = job.train_rows, job.stop_rows
        train, stop = (rows[table.labels()[rows] == label] for rows in both)
        try:
            case.run(table, replace(job, train_rows=train, stop_rows=stop))
        except InputError:
            continue
        raise AssertionError(f"{case.name}: training rows of class {label} alone")


LEARNER_CHECKS: tuple[Callable[[LearnerCase], None], ...] = (
    learner_scores_every_row,
    learner_repeats_itself,
    learner_never_looks_at_scored_rows,
    learner_comes_back_from_its_state,
    learner_takes_row_weights,
    learner_needs_both_classes,
)
"""The contracts of a learner, each to be called alone: `check(LearnerCase(...))`."""


def _table() -> Table:
    """Return rows with numbers, gaps and categories, a quarter of them positive."""
    random = np.random.default_rng(0)
    y = random.permutation((np.arange(240) % 4 == 0).astype(int))
    gaps = np.where(random.random(240) < 0.1, np.nan, random.normal(size=240))
    columns = {
        "shifted": random.normal(size=240) + 1.5 * y,
        "gaps": gaps,
        "kind": np.array(["a", "b", "c"])[random.integers(0, 3, 240)],
        "y": y,
    }
    return read_table(columns, "y")


def _job(case: LearnerCase, table: Table, part: int = 0) -> Job:
    rows = np.random.default_rng(part).permutation(len(table))
    return Job(
        Strategy("checked", learner=case.name),
        train_rows=rows[:140],
        stop_rows=rows[140:180],
        scored_rows=rows[180:],
        seed=7,
        part=part,
    )


def _weighted(
    case: LearnerCase, table: Table, job: Job, weights: FloatArray
) -> FloatArray:
    return case.run(table, replace(job, row_weights=weights))[0].log_odds
