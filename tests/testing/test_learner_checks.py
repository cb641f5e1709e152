# SPDX-License-Identifier: Apache-2.0
"""A learner that breaks a contract is found, whichever contract it is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from equipoise.jobs import Outcome
from equipoise.learners.linear.logistic import LogisticLearner
from equipoise.strategies.learner_records import LEARNERS
from equipoise.testing import check_learner

LOGISTIC = LEARNERS["logistic"]


@dataclass(frozen=True)
class Changed:
    """A logistic regression whose jobs or outcomes are changed."""

    job: Any = lambda job, table: job
    outcome: Any = lambda outcome, table: outcome

    def run(
        self, table: Any, jobs: Any, *, keep: bool = False, progress: Any = None
    ) -> Iterator[Outcome]:
        for job in jobs:
            fitted = LogisticLearner().run(table, [self.job(job, table)], keep=keep)
            for outcome in fitted:
                yield self.outcome(replace(outcome, job=job), table)


def shifted(outcome: Outcome, by: Any) -> Outcome:
    return replace(outcome, log_odds=outcome.log_odds + by)


COUNT = itertools.count()


def lone(job: Any, table: Any) -> Any:
    """Add a row of the other class, so that one class is never noticed."""
    train = job.train_rows
    others = np.flatnonzero(table.y != table.y[train[0]])[:1]
    return replace(job, train_rows=np.append(train, others))


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (Changed(outcome=lambda o, t: replace(o, log_odds=o.log_odds[1:])), "shape"),
        (Changed(outcome=lambda o, t: shifted(o, np.nan)), "finite"),
        (Changed(outcome=lambda o, t: replace(o, job=replace(o.job))), "order"),
        (Changed(outcome=lambda o, t: shifted(o, next(COUNT))), "same job"),
        (
            Changed(outcome=lambda o, t: shifted(o, t.y[o.job.scored_rows].mean())),
            "other scored rows",
        ),
        (Changed(outcome=lambda o, t: shifted(o, 1.0)), "gives the outcome's scores"),
        (
            Changed(job=lambda job, t: replace(job, row_weights=None)),
            "heavier positives",
        ),
        (Changed(job=lone), "class 0 alone"),
    ],
)
def test_a_broken_promise_is_found(broken: Any, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        check_learner(LOGISTIC, broken)


def test_a_record_must_not_boast() -> None:
    with pytest.raises(AssertionError, match="one score for every row"):
        check_learner(replace(LOGISTIC, constant=True))
