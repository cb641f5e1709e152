# SPDX-License-Identifier: Apache-2.0
"""The learner of networks: what it refuses, what an outcome carries, what it tells.

That its numbers are those of a network trained alone is in tests/training.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from equipoise._core.types import IntArray
from equipoise.errors import InputError
from equipoise.jobs import Job
from equipoise.learners.network import (
    NetworkLearner,
    NetworkScorer,
    share_of_epochs,
)
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings

Jobs = Callable[..., list[Job]]
SMALL = NetworkSpec("x", hidden=(6,), number_width=2)
QUICK = TrainingSettings(batch=64, epochs=3, patience=2)


def run(table: Table, jobs: list[Job], **how: object) -> list:
    settings = how.pop("settings", QUICK)
    spec = how.pop("spec", SMALL)
    return list(NetworkLearner(spec, settings).run(table, jobs, **how))


def test_no_jobs_are_no_outcomes(rare_table: Table) -> None:
    assert run(rare_table, []) == []


def test_outcomes_come_in_the_order_of_the_jobs(
    rare_table: Table, jobs_of: Jobs
) -> None:
    """Though the engine sorts its members by the family of their loss."""
    arms = [strategy(name) for name in ("pairwise_auc", "plain", "focal")]
    jobs = jobs_of(rare_table, *arms, parts=2)
    outcomes = run(rare_table, jobs)
    assert [outcome.job for outcome in outcomes] == jobs
    for outcome in outcomes:
        assert outcome.log_odds.shape == (len(outcome.job.scored_rows), 1)
        assert np.isfinite(outcome.log_odds).all()
        assert outcome.scorer is None
        assert outcome.groups == (6,)
        assert outcome.seconds > 0
        assert 1 <= outcome.best_epoch <= 3
        steps = QUICK.steps_for(len(outcome.job.train_rows))
        assert outcome.updates in {steps, 2 * steps, 3 * steps}


def test_the_seconds_of_a_job_are_its_share(rare_table: Table, jobs_of: Jobs) -> None:
    """Of a group's time, each network has an equal part."""
    arms = [strategy("plain"), Strategy("bag", plan="bagging", options={"members": 3})]
    one, three = run(rare_table, jobs_of(rare_table, *arms, parts=1))
    assert three.seconds == pytest.approx(3 * one.seconds)
    assert three.updates > one.updates


@pytest.mark.parametrize("copies", [1, 2])
def test_a_kept_scorer_gives_the_scores_of_its_outcome(
    rare_table: Table, jobs_of: Jobs, copies: int
) -> None:
    arms = [strategy("focal"), Strategy("bag", plan="bagging", options={"members": 2})]
    spec = dataclasses.replace(SMALL, copies=copies)
    for outcome in run(
        rare_table, jobs_of(rare_table, *arms, parts=1), keep=True, spec=spec
    ):
        assert isinstance(outcome.scorer, NetworkScorer)
        networks = outcome.scorer.weights["kernel_0"].shape[0]
        assert networks == copies * outcome.job.strategy.members
        rows = rare_table.take(outcome.job.scored_rows)
        np.testing.assert_allclose(
            outcome.scorer.log_odds(rows), outcome.log_odds, rtol=0, atol=1e-5
        )


def test_notes_of_a_synthesis_are_those_of_the_outcome(
    rare_table: Table, jobs_of: Jobs
) -> None:
    """With four positives, five neighbours do not exist."""
    (job,) = jobs_of(rare_table, strategy("smote"), parts=1)
    positives = job.train_rows[rare_table.y[job.train_rows] == 1]
    few = np.setdiff1d(job.train_rows, positives[4:])
    (outcome,) = run(rare_table, [dataclasses.replace(job, train_rows=few)])
    assert len(outcome.notes) == 1
    assert "neighbours" in outcome.notes[0]
    (usual,) = run(rare_table, [job])
    assert usual.notes == ()


def without(table: Table, rows: np.ndarray, label: int) -> np.ndarray:
    return rows[table.y[rows] != label]


def test_parts_that_nothing_can_be_learned_from(
    rare_table: Table, jobs_of: Jobs
) -> None:
    """Nothing is trained before every job has been looked at."""
    one, other = jobs_of(rare_table, strategy("plain"), parts=2)
    counts = np.bincount(rare_table.y[other.train_rows], minlength=2)
    stops = len(other.stop_rows)
    for changed, found in (
        (
            {"train_rows": without(rare_table, other.train_rows, 1)},
            f"{counts[0]} negatives and 0 positives to train on, and {stops} rows",
        ),
        (
            {"train_rows": without(rare_table, other.train_rows, 0)},
            f"0 negatives and {counts[1]} positives to train on, and {stops} rows",
        ),
        (
            {"stop_rows": other.stop_rows[:0]},
            f"{counts[0]} negatives and {counts[1]} positives to train on, and 0 rows",
        ),
    ):
        bad = dataclasses.replace(other, **changed)
        with pytest.raises(InputError, match=f"{found} to stop by, in part 1"):
            next(NetworkLearner(SMALL, QUICK).run(rare_table, [one, bad]))


def test_several_classes_are_learned(rare_table: Table, jobs_of: Jobs) -> None:
    y = np.arange(len(rare_table)) % 3
    table = dataclasses.replace(
        rare_table, y=y.astype(np.int16), task=Task("multiclass", ("a", "b", "c"))
    )
    jobs = jobs_of(rare_table, strategy("plain"), parts=1)
    (outcome,) = run(table, jobs)
    assert outcome.log_odds.shape == (len(jobs[0].scored_rows), 3)
    assert np.isfinite(outcome.log_odds).all()


def test_progress_tells_groups_epochs_and_shares(
    rare_table: Table, jobs_of: Jobs
) -> None:
    told: list[tuple[str, float]] = []
    jobs = jobs_of(rare_table, strategy("plain"), strategy("focal"), parts=2)
    run(
        rare_table,
        jobs,
        spec=NetworkSpec("wide", hidden=(256, 256), number_width=2),
        settings=dataclasses.replace(QUICK, memory_limit=2**20),
        progress=lambda text, share: told.append((text, share)),
    )
    form = re.compile(r"group (\d) of (\d), epoch (\d): (\d) of (\d) networks left")
    begun = [text for text, _ in told if "compiling" in text]
    told = [line for line in told if "compiling" not in line[0]]
    matches = [form.fullmatch(text) for text, _ in told]
    assert all(matches), told
    lines = [[int(number) for number in match.groups()] for match in matches if match]
    groups = lines[0][1]
    assert len(begun) == groups > 1
    assert [line[0] for line in lines] == sorted(line[0] for line in lines)
    assert sum({line[0]: line[4] for line in lines}.values()) == len(jobs)
    for (group, _, epoch, left, members), (_, share) in zip(lines, told, strict=True):
        of_group = max(share_of_epochs(epoch, QUICK), 1 - left / members)
        assert share == pytest.approx((group - 1 + of_group) / groups)
    assert told[-1][1] == 1.0


def test_what_a_strategy_names_of_its_network_is_trained(
    rare_table: Table, jobs_of: Jobs
) -> None:
    """Alone or among others, bit for bit the network of a recipe with these numbers."""
    named = {
        "as it is": {},
        "wide": {"width": 9},
        "deep": {"depth": 2},
        "dropping": {"dropout": 0.5},
        "shrinking": {"weight_decay": 2.0},
        "all": {"width": 9, "depth": 2, "dropout": 0.25, "weight_decay": 1.0},
    }
    arms = [Strategy(name, options=options) for name, options in named.items()]
    jobs = jobs_of(rare_table, *arms, parts=1)
    together = run(rare_table, jobs, keep=True)
    assert [outcome.job for outcome in together] == jobs
    for job, outcome, options in zip(jobs, together, named.values(), strict=True):
        spec = SMALL.changed(**options)
        plain = dataclasses.replace(job, strategy=Strategy(job.strategy.name))
        (alone,) = run(rare_table, [plain], spec=spec, keep=True)
        np.testing.assert_array_equal(outcome.log_odds, alone.log_odds)
        assert outcome.scorer.spec == spec
        (again,) = run(rare_table, [job])
        np.testing.assert_array_equal(outcome.log_odds, again.log_odds)
    scores = [outcome.log_odds for outcome in together]
    assert len({each.tobytes() for each in scores}) == len(scores)


@dataclasses.dataclass(frozen=True, eq=False)
class Others:
    """Gives the negatives of a job other rows: those of a table, moved by a number."""

    table: Table
    move: float
    digest: str = "others"

    def refill(
        self, block: int, jobs: Sequence[tuple[IntArray, IntArray]]
    ) -> Iterator[list[tuple[IntArray, Table]]]:
        labels = self.table.labels()
        for half in (0, 1):
            pieces = []
            for train, _ in jobs:
                at = train[labels[train] == 0][half::2]
                pieces.append((at, self._moved(at, block)))
            yield pieces

    def _moved(self, at: IntArray, block: int) -> Table:
        rows = self.table.take(at)
        columns = tuple(
            dataclasses.replace(c, values=c.values + self.move * block)
            if c.kind == "numeric"
            else c
            for c in rows.columns
        )
        return dataclasses.replace(rows, columns=columns)


def test_rows_that_are_replaced_by_themselves_change_nothing(
    rare_table: Table, jobs_of: Jobs
) -> None:
    jobs = jobs_of(rare_table, strategy("plain"), strategy("smote"), parts=2)
    learner = NetworkLearner(SMALL, QUICK, supply=Others(rare_table, 0.0))
    moved = NetworkLearner(SMALL, QUICK, supply=Others(rare_table, 0.5))
    plain = run(rare_table, jobs)
    for one, same, other in zip(
        plain, learner.run(rare_table, jobs), moved.run(rare_table, jobs), strict=True
    ):
        np.testing.assert_array_equal(one.log_odds, same.log_odds)
        changed = not np.array_equal(one.log_odds, other.log_odds)
        # Rows that SMOTE makes are of neighbours, which stay.
        assert changed == (one.job.strategy.name == "plain")
    assert [outcome.groups for outcome in learner.run(rare_table, jobs)] == (
        learner.group_sizes(rare_table, jobs)
    )


def test_rows_of_a_block_are_those_of_its_number(
    rare_table: Table, jobs_of: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was killed goes on with the rows that it would have had."""
    from equipoise.training.population import Population

    jobs = jobs_of(rare_table, strategy("plain"), strategy("focal"), parts=2)
    settings = dataclasses.replace(QUICK, epochs=6, patience=6, save_every=0)
    supply = Others(rare_table, 0.2)
    whole = list(NetworkLearner(SMALL, settings, supply=supply).run(rare_table, jobs))
    epochs = Population.run_epoch

    def killed(population: Population) -> None:
        if population.now.epoch == 4:
            raise MemoryError
        epochs(population)

    learner = NetworkLearner(SMALL, settings, tmp_path, supply)
    with monkeypatch.context() as patch:
        patch.setattr(Population, "run_epoch", killed)
        with pytest.raises(MemoryError):
            list(learner.run(rare_table, jobs))
    assert any(tmp_path.iterdir())
    again = list(learner.run(rare_table, jobs))
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.log_odds, other.log_odds)
    # Without the supply, the state is that of another run.
    alone = list(NetworkLearner(SMALL, settings, tmp_path).run(rare_table, jobs))
    assert not np.array_equal(alone[0].log_odds, whole[0].log_odds)


def test_networks_learn_the_same_on_a_gpu(rare_table: Table, jobs_of: Jobs) -> None:
    """Skipped in sight without one: sums differ in their order, and in no more."""
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees no GPU here")
    arms = [strategy(name) for name in ("plain", "class_weight")]
    jobs = jobs_of(rare_table, *arms, parts=1)
    on = {}
    for device in ("/CPU:0", "/GPU:0"):
        with tf.device(device):
            on[device] = [outcome.log_odds for outcome in run(rare_table, jobs)]
    for one, other in zip(on["/CPU:0"], on["/GPU:0"], strict=True):
        assert np.corrcoef(one[:, 0], other[:, 0])[0, 1] > 0.99


def test_products_in_bfloat16_learn_as_well_and_the_same_each_time() -> None:
    """Also alone: a network's bits do not depend on those beside it."""
    table = gaussian_shift(1_500, positives=200, auroc=0.9, seed=2).table
    rows = np.random.default_rng(0).permutation(len(table))
    train, stop, score = (np.sort(r) for r in np.split(rows, [800, 1_000]))
    arms = [strategy(name) for name in ("plain", "class_weight", "focal")]
    jobs = [Job(arm, train, stop, score, seed=3, part=0) for arm in arms]
    spec = NetworkSpec("x", hidden=(32, 24), number_width=4)
    usual = TrainingSettings(batch=64, epochs=12, patience=5)
    half = dataclasses.replace(usual, precision="bfloat16")
    one, again, precise = (
        run(table, jobs, settings=settings, spec=spec, keep=True)
        for settings in (half, half, usual)
    )
    named = dataclasses.replace(usual, precision="float32")
    as_named = run(table, jobs, settings=named, spec=spec)
    y = table.y[score]
    for first, second, full, same in zip(one, again, precise, as_named, strict=True):
        np.testing.assert_array_equal(first.log_odds, second.log_odds)
        np.testing.assert_array_equal(full.log_odds, same.log_odds)
        assert not np.array_equal(first.log_odds, full.log_odds)
        for name, value in first.scorer.weights.items():
            assert value.dtype == np.float32
            np.testing.assert_array_equal(value, second.scorer.weights[name])
        rank = [average_precision_score(y, r.log_odds[:, 0]) for r in (first, full)]
        assert abs(rank[0] - rank[1]) < 0.03
        # Scores are those of the weights in float32.
        np.testing.assert_allclose(
            first.scorer.log_odds(table.take(score)), first.log_odds, atol=1e-4
        )
    for job, first in zip(jobs, one, strict=True):
        (alone,) = run(table, [job], settings=half, spec=spec)
        np.testing.assert_array_equal(alone.log_odds, first.log_odds)
