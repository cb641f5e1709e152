# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from equipoise.errors import InputError
from equipoise.jobs import Job
from equipoise.learners.prior import PriorLearner, PriorScorer
from equipoise.priors import probability
from equipoise.strategies.catalogue import strategy
from equipoise.table.table import Table


def test_equals_the_share_of_positives(
    rare_table: Table, jobs_of: Callable[..., list[Job]]
) -> None:
    jobs = jobs_of(rare_table, strategy("prior"))
    for outcome in PriorLearner().run(rare_table, jobs, keep=True):
        y = rare_table.y[outcome.job.train_rows]
        dummy = DummyClassifier(strategy="prior").fit(np.zeros((len(y), 1)), y)
        expected = dummy.predict_proba(np.zeros((1, 1)))[0, 1]
        np.testing.assert_allclose(probability(outcome.log_odds), expected, rtol=1e-12)
        assert len(outcome.log_odds) == len(outcome.job.scored_rows)
        assert outcome.scorer is not None
        again = PriorScorer.from_state(outcome.scorer.state())
        assert again.log_odds(rare_table)[0] == outcome.log_odds[0]


def test_a_part_without_positives_is_an_error(rare_table: Table) -> None:
    negatives = np.flatnonzero(rare_table.y == 0)
    job = Job(strategy("prior"), negatives, negatives[:1], negatives[:1], 0)
    with pytest.raises(InputError, match="0 positives"):
        next(PriorLearner().run(rare_table, [job]))
