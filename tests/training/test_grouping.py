# SPDX-License-Identifier: Apache-2.0
"""Groups: within the limit, alike in a rerun, everyone once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from equipoise.networks.layout import common_layout
from equipoise.networks.spec import NetworkSpec
from equipoise.training.encoded_store import encode_parts
from equipoise.training.grouping import Seat, plan_groups, seat_groups
from equipoise.training.members import make_members
from equipoise.training.settings import TrainingSettings

SPEC = NetworkSpec("x", hidden=(64,))


@pytest.fixture
def planned(table, jobs_for):
    jobs = jobs_for(table, ["plain", "focal", "class_weight", "bagging"], folds=3)
    common = common_layout(table, SPEC)
    parts = encode_parts(table, jobs, common)
    members = make_members(jobs, parts, SPEC)

    def plan(limit: int):
        return plan_groups(members, SPEC, common, TrainingSettings(memory_limit=limit))

    return members, plan


def test_everyone_is_in_one_group_once(planned) -> None:
    members, plan = planned
    for limit in (2**20, 2**24, 2**32):
        groups = plan(limit)
        assert sorted(np.concatenate([g.members for g in groups])) == list(
            range(len(members))
        )
        assert groups == plan(limit)


def test_groups_stay_within_the_limit(planned) -> None:
    _, plan = planned
    assert len(plan(2**32)) == 1
    groups = plan(2**23)
    assert len(groups) > 1
    assert all(g.bytes <= 2**23 or len(g.members) == 1 for g in groups)


def test_families_lie_together(planned) -> None:
    members, plan = planned
    (group,) = plan(2**32)
    families = [members[place].family for place in group.members]
    assert families == sorted(families)


def test_members_with_other_numbers_of_updates_are_apart(table, jobs_for) -> None:
    one, other = jobs_for(table)
    short = replace(other, train_rows=other.train_rows[:60])
    common = common_layout(table, SPEC)
    parts = encode_parts(table, [one, short], common)
    members = make_members([one, short], parts, SPEC)
    groups = plan_groups(members, SPEC, common, TrainingSettings())
    assert [g.members for g in groups] == [(0,), (1,)]


def test_groups_are_known_before_anything_is_encoded(planned, table, jobs_for) -> None:
    members, plan = planned
    jobs = jobs_for(table, ["plain", "focal", "class_weight", "bagging"], folds=3)
    common = common_layout(table, SPEC)
    seats = [
        Seat.of(job, table, common) for job in jobs for _ in range(job.strategy.members)
    ]
    assert len(seats) == len(members)
    for limit in (2**20, 2**23, 2**32):
        settings = TrainingSettings(memory_limit=limit)
        groups = seat_groups(seats, SPEC, common, settings)
        assert [(len(g.members), g.bytes) for g in groups] == [
            (len(g.members), g.bytes) for g in plan(limit)
        ]
