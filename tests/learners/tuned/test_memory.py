# SPDX-License-Identifier: Apache-2.0
"""Choices that are kept: found again for the same work, and for no other."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner
from equipoise.learners.tuned.candidates import TuningResult
from equipoise.learners.tuned.learner import TunedLearner
from equipoise.learners.tuned.memory import SearchMemory, learner_facts
from equipoise.table.table import Table
from equipoise.training.checkpoints import CheckpointStore

Jobs = Callable[..., list[Job]]
RESULT = TuningResult({"depth": 2, "weights": None}, 0.5, 0.1, {"depth": 2}, 8, 1, 2.0)


def test_a_choice_is_found_again_for_the_same_work_alone(
    rare_table: Table, jobs_of: Jobs, tuned_by: Any, tmp_path: Path
) -> None:
    store = CheckpointStore(tmp_path)
    memory = SearchMemory(store, rare_table, "who")
    (job,) = jobs_of(rare_table, tuned_by(), parts=1)
    assert memory.recall(job) is None
    memory.keep([job], [RESULT])
    again = SearchMemory(store, rare_table, "who").recall(job)
    assert again is not None
    assert again.to_dict() == RESULT.to_dict()
    y = rare_table.labels().copy()
    y[0] = 1 - y[0]
    others = [
        (memory, dataclasses.replace(job, seed=9)),
        (memory, dataclasses.replace(job, strategy=tuned_by(trials=7))),
        (memory, dataclasses.replace(job, train_rows=job.train_rows[1:])),
        (memory, dataclasses.replace(job, row_weights=np.ones(len(rare_table)))),
        (SearchMemory(store, rare_table, "another"), job),
        (SearchMemory(store, dataclasses.replace(rare_table, y=y), "who"), job),
        (SearchMemory(None, rare_table, "who"), job),
    ]
    assert all(other.recall(one) is None for other, one in others)


def test_a_damaged_choice_is_set_aside(
    rare_table: Table, jobs_of: Jobs, tuned_by: Any, tmp_path: Path
) -> None:
    memory = SearchMemory(CheckpointStore(tmp_path), rare_table, "who")
    (job,) = jobs_of(rare_table, tuned_by(), parts=1)
    memory.keep([job], [RESULT])
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    assert memory.recall(job) is None
    assert [path.suffix for path in tmp_path.iterdir()] == [".damaged"]


def test_a_search_that_was_done_is_not_done_again(
    rare_table: Table,
    jobs_of: Jobs,
    tuned_by: Any,
    networks: NetworkLearner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs = jobs_of(rare_table, tuned_by(trials=2), parts=2)
    learner = TunedLearner(networks, tmp_path)
    (first,) = learner.run(rare_table, jobs[:1])
    searched: list[int] = []
    halved = TunedLearner._halved

    def counted(
        self: TunedLearner, table: Any, tuned: Any, parts: Any, step: Any
    ) -> Any:
        searched.extend(part.job.part for part in parts)
        return halved(self, table, tuned, parts, step)

    monkeypatch.setattr(TunedLearner, "_halved", counted)
    again, _ = learner.run(rare_table, jobs)
    assert searched == [jobs[1].part]
    assert again.tuning == first.tuning
    np.testing.assert_array_equal(again.log_odds, first.log_odds)


def test_the_folder_of_checkpoints_changes_no_fit(networks: NetworkLearner) -> None:
    other = dataclasses.replace(networks, checkpoints="elsewhere")
    assert learner_facts(other) == learner_facts(networks)
    wider = dataclasses.replace(networks, network="default")
    assert learner_facts(wider) != learner_facts(networks)
    assert learner_facts(int) == "type"


def test_the_facts_of_usual_learners_stay_those_of_earlier_versions() -> None:
    """A search is kept under a key that holds them."""
    text = json.dumps(learner_facts(NetworkLearner()), default=str)
    assert text == (
        '["NetworkLearner", {"network": "small", "settings": "TrainingSettings('
        "batch=None, epochs=100, patience=10, metric='log_loss', "
        "memory_limit=4294967296, dtype='float32', save_every=30.0, updates=200)"
        '"}]'
    )
