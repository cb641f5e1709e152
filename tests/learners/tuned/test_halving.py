# SPDX-License-Identifier: Apache-2.0
"""Successive halving: it changes no number of those that go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner
from equipoise.learners.tuned import halving
from equipoise.learners.tuned.halving import halved_scores
from equipoise.learners.tuned.inner import inner_job
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table

Jobs = Callable[..., list[Job]]


def test_without_rungs_candidates_are_plain_fits(
    rare_table: Table,
    jobs_of: Jobs,
    monkeypatch: pytest.MonkeyPatch,
    tuned_by: Any,
    networks: NetworkLearner,
    searched: Any,
) -> None:
    """Bit for bit those of the learner of networks, one network where it has copies."""
    monkeypatch.setattr(halving, "RUNGS", ())
    (job,) = jobs_of(rare_table, Strategy(), parts=1)
    arm = tuned_by()
    candidates = [arm.default, *(arm.candidate(v) for v in arm.design()[:2])]
    part = searched(rare_table, job)
    (scores,) = halved_scores(
        rare_table, [part], candidates, networks, lambda epoch, left: None
    )
    single = NetworkLearner(
        dataclasses.replace(networks.network, copies=1), networks.settings
    )
    for number, candidate in enumerate(candidates):
        jobs = [inner_job(candidate, job, fold, 9) for fold in part.folds]
        alone = [next(iter(single.run(rare_table, [each]))).log_odds for each in jobs]
        np.testing.assert_array_equal(scores[number], np.concatenate(alone))


def test_halving_drops_candidates_and_changes_no_other(
    rare_table: Table,
    jobs_of: Jobs,
    monkeypatch: pytest.MonkeyPatch,
    tuned_by: Any,
    networks: NetworkLearner,
    searched: Any,
) -> None:
    jobs = jobs_of(rare_table, Strategy(), parts=2)
    arm = tuned_by(trials=6)
    candidates = [arm.default, *map(arm.candidate, arm.design())]
    parts = [searched(rare_table, job) for job in jobs]
    active: list[int] = []
    args = rare_table, parts, candidates, networks
    halved = halved_scores(*args, lambda epoch, left: active.append(left))
    assert active[0] == 7 * 2 * 2
    assert min(active[3:]) < active[0]
    monkeypatch.setattr(halving, "RUNGS", ())
    whole = halved_scores(*args, lambda epoch, left: None)
    for one, every in zip(halved, whole, strict=True):
        assert 0 in one
        assert len(one) == 2  # 6 -> 2 -> 1, and the strategy as it is
        assert len(every) == 7
        for c, scores in one.items():
            np.testing.assert_array_equal(scores, every[c])
