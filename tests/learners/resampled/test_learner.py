# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from equipoise.encoding.encoding import learn_encoding
from equipoise.encoding.matrix import linear_matrix
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.jobs import Job
from equipoise.learners.linear.logistic import LogisticLearner, LogisticScorer
from equipoise.learners.network import NetworkLearner
from equipoise.learners.registry import learner_for
from equipoise.learners.resampled.learner import Resampled, ResampledLearner, resampled
from equipoise.learners.resampled.sampler_view import sampler_view
from equipoise.learners.trees.histogram import TreesLearner, TreesScorer
from equipoise.networks.spec import NetworkSpec
from equipoise.priors import probability, softmax
from equipoise.strategies.catalogue import as_strategies, strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings

Jobs = Callable[..., list[Job]]
SMALL = ResampledLearner(
    TreesLearner(members=1, most_trees=40), LogisticLearner((1.0,))
)


class Recorder:
    """A sampler without parameters that remembers what it was shown."""

    seen: list[tuple[np.ndarray, np.ndarray]] = []  # noqa: RUF012

    def fit_resample(self, x: Any, y: Any) -> Any:
        Recorder.seen.append((x, y))
        return x, y


class Broken(Recorder):
    def fit_resample(self, x: Any, y: Any) -> Any:
        return x[:, 1:], y


def test_is_a_strategy_like_any_other() -> None:
    arm = resampled(SMOTE(k_neighbors=3), learner="logistic", name="mine")
    assert as_strategies(["plain", arm])[1] is arm
    assert hash(arm) == hash(arm)
    assert arm.correction([90, 10]).kind == "calibrate"
    assert arm.describe() == (
        "A logistic regression on the rows that SMOTE(k_neighbors=3) makes of each "
        "training part; scores need a calibrator."
    )
    assert arm.to_dict()["resampler"] == "SMOTE(k_neighbors=3)"
    assert isinstance(learner_for(arm), ResampledLearner)


def test_sees_the_training_part_and_nothing_else(
    rare_table: Table, jobs_of: Jobs
) -> None:
    Recorder.seen.clear()
    (job,) = jobs_of(rare_table, resampled(Recorder(), "logistic"), parts=1)
    list(SMALL.run(rare_table, [job]))
    ((x, y),) = Recorder.seen
    expected = sampler_view(rare_table.take(job.train_rows)).matrix
    np.testing.assert_array_equal(x, expected)
    np.testing.assert_array_equal(y, rare_table.y[job.train_rows])


def test_a_sampler_that_changes_nothing_changes_nothing(
    rare_table: Table, jobs_of: Jobs
) -> None:
    (job,) = jobs_of(rare_table, resampled(Recorder(), "logistic"), parts=1)
    (plain,) = jobs_of(rare_table, strategy("logistic"), parts=1)
    (outcome,) = SMALL.run(rare_table, [job])
    (expected,) = LogisticLearner((1.0,)).run(rare_table, [plain])
    np.testing.assert_allclose(outcome.log_odds, expected.log_odds, atol=1e-3)


def test_equals_imbalanced_learn_by_hand(rare_table: Table, jobs_of: Jobs) -> None:
    table = numbers_of(rare_table)
    arm = resampled(SMOTE(random_state=4), "logistic")
    (job,) = jobs_of(table, arm, parts=1)
    (outcome,) = SMALL.run(table, [job])
    encoding = learn_encoding(table, job.train_rows)
    x, y = linear_matrix(table, encoding), table.y
    made, labels = SMOTE(random_state=4).fit_resample(
        x[job.train_rows], y[job.train_rows]
    )
    # Whether a made value is missing is no share: the sampler's rows are whole.
    made[:, -1] = np.rint(made[:, -1])
    made[made[:, -1] == 1, 0] = 0.0
    model = LogisticRegression(tol=1e-6, max_iter=5_000).fit(made, labels)
    share = y[job.train_rows].mean()
    expected = model.decision_function(x[job.scored_rows]) + np.log(share / (1 - share))
    np.testing.assert_allclose(outcome.log_odds[:, 0], expected, atol=1e-2)
    note = f"720 training rows became {len(labels):,}, 50.0% positive"
    assert outcome.notes == (note,)


def numbers_of(table: Table) -> Table:
    return Table(table.columns[:2], table.y, table.task)


@pytest.mark.parametrize("learner", ["logistic", "trees"])
@pytest.mark.parametrize("spec", [[3], ["group"], "auto"])
def test_categories_are_the_users_own(
    rare_table: Table, jobs_of: Jobs, spec: Any, learner: str
) -> None:
    """The number of a column, its name and "auto" give the same rows, all whole."""
    table = Table(
        rare_table.columns[:2] + rare_table.columns[3:4],
        rare_table.y,
        Task("binary", NO_YES),
    )
    spec = [2] if spec == [3] else spec
    jobs = jobs_of(table, resampled(SMOTENC(spec), learner), parts=1)
    named = jobs_of(table, resampled(SMOTENC(["group"]), learner), parts=1)
    (outcome,), (expected,) = SMALL.run(table, jobs), SMALL.run(table, named)
    np.testing.assert_array_equal(outcome.log_odds, expected.log_odds)
    assert roc_auc_score(table.y[jobs[0].scored_rows], outcome.log_odds) > 0.7


NO_YES = ("no", "yes")


class Raises(Recorder):
    def fit_resample(self, x: Any, y: Any) -> Any:
        raise KeyError("anything")


def test_whatever_a_sampler_raises_is_told(rare_table: Table, jobs_of: Jobs) -> None:
    jobs = jobs_of(rare_table, resampled(Raises(), "logistic"), parts=1)
    with pytest.raises(InputError, match="raised KeyError: 'anything'"):
        next(SMALL.run(rare_table, jobs))


def test_the_advice_about_neighbours_works(rare_table: Table) -> None:
    positives, negatives = (np.flatnonzero(rare_table.y == c)[:100] for c in (1, 0))

    def job(sampler: Any) -> Job:
        train, stop = np.r_[positives[:4], negatives[:60]], np.r_[positives[4], 0]
        return Job(resampled(sampler, "logistic"), train, stop, negatives[60:], seed=0)

    with pytest.raises(InputError, match="Try k_neighbors=3 or less"):
        next(SMALL.run(rare_table, [job(SMOTE())]))
    assert next(SMALL.run(rare_table, [job(SMOTE(k_neighbors=3))]))


@pytest.mark.parametrize("sampler", [RandomUnderSampler(), SMOTEENN(smote=SMOTE())])
def test_one_seed_one_result(rare_table: Table, jobs_of: Jobs, sampler: Any) -> None:
    arm = resampled(sampler)
    runs = [
        next(SMALL.run(rare_table, jobs_of(rare_table, arm, parts=1, seed=seed)))
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(runs[0].log_odds, runs[1].log_odds)
    assert not np.array_equal(runs[0].log_odds, runs[2].log_odds)
    assert sampler.random_state is None


def test_known_shift_is_undone_first(rare_table: Table, jobs_of: Jobs) -> None:
    jobs = jobs_of(rare_table, resampled(RandomOverSampler(), "logistic"), parts=1)
    (outcome,) = SMALL.run(rare_table, jobs)
    mean = probability(outcome.log_odds).mean()
    assert mean == pytest.approx(rare_table.prevalence, abs=0.03)


@pytest.mark.parametrize(
    ("learner", "kind"), [("trees", TreesScorer), ("logistic", LogisticScorer)]
)
def test_state_rebuilds_the_same_scores(
    rare_table: Table, jobs_of: Jobs, learner: str, kind: Any
) -> None:
    (job,) = jobs_of(rare_table, resampled(SMOTE(), learner), parts=1)
    (outcome,) = SMALL.run(rare_table, [job], keep=True)
    assert isinstance(outcome.scorer, kind)
    again = kind.from_state(outcome.scorer.state())
    np.testing.assert_array_equal(
        again.log_odds(rare_table.take(job.scored_rows)), outcome.log_odds
    )
    assert roc_auc_score(rare_table.y[job.scored_rows], outcome.log_odds) > 0.7


def test_too_few_positives_name_the_sampler_and_the_counts(rare_table: Table) -> None:
    positives = np.flatnonzero(rare_table.y)[:4]
    negatives = np.flatnonzero(rare_table.y == 0)
    job = Job(
        resampled(SMOTE()),
        np.r_[positives[:2], negatives[:100]],
        np.r_[positives[2:3], negatives[100:120]],
        negatives[120:],
        seed=0,
    )
    with pytest.raises(InputError, match="2 positives and 100 negatives for SMOTE"):
        next(SMALL.run(rare_table, [job]))


def test_what_cannot_be_learned_from_is_an_error(
    rare_table: Table, jobs_of: Jobs
) -> None:
    jobs = jobs_of(rare_table, resampled(Broken()), parts=1)
    with pytest.raises(InputError, match="columns with labels 0 and 1"):
        next(SMALL.run(rare_table, jobs))
    wrong = jobs_of(rare_table, strategy("trees"), parts=1)
    with pytest.raises(InputTypeError, match="resampled"):
        next(SMALL.run(rare_table, wrong))


def test_what_is_no_sampler_is_refused() -> None:
    with pytest.raises(InputTypeError, match="fit_resample"):
        resampled("SMOTE")
    with pytest.raises(UnsupportedError, match="extra_trees"):
        resampled(SMOTE(), learner="extra_trees")
    assert isinstance(resampled(SMOTE()), Resampled)


QUICK = NetworkLearner(
    NetworkSpec("tiny", hidden=(16,), number_width=4, copies=2),
    TrainingSettings(batch=64, epochs=8),
)


def test_networks_learn_from_what_the_sampler_made(
    rare_table: Table, jobs_of: Jobs
) -> None:
    table = rare_table
    arm = resampled(SMOTE(k_neighbors=3), learner="network")
    jobs = jobs_of(table, resampled(RandomUnderSampler(), "logistic"), arm)
    learner = ResampledLearner(network=QUICK)
    found = list(learner.run(table, jobs, keep=True))
    assert [outcome.job for outcome in found] == jobs
    for outcome in found[1::2]:
        y = table.y[outcome.job.scored_rows]
        assert roc_auc_score(y, outcome.log_odds) > 0.75
        assert "50.0% positive" in outcome.notes[-1]
        # The offset takes the resampled prior back to that of the table.
        assert abs(probability(outcome.log_odds).mean() - y.mean()) < 0.08
        again = outcome.scorer.log_odds(table.take(outcome.job.scored_rows))
        np.testing.assert_allclose(again, outcome.log_odds, atol=1e-5)


def test_a_sampler_that_changes_nothing_changes_no_network(
    rare_table: Table, jobs_of: Jobs
) -> None:
    table = rare_table
    (job,) = jobs_of(table, resampled(Recorder(), "network"), parts=1)
    plain = dataclasses.replace(job, strategy=strategy("plain"))
    # One epoch: what early stopping sees is not the same for both.
    learner = dataclasses.replace(QUICK, settings=TrainingSettings(64, epochs=1))
    (one,) = ResampledLearner(network=learner).run(table, [job])
    (other,) = learner.run(table, [plain])
    np.testing.assert_allclose(one.log_odds, other.log_odds, atol=1e-5)


@pytest.mark.parametrize("learner", ["logistic", "trees", "network"])
def test_rows_of_several_classes_are_made_and_their_shares_undone(learner) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 2))
    y = np.argmax(x @ [[1.5, -1, 0], [0, 1, 1]] + [2, 0, -1], axis=1)
    y = np.where(random.random(600) < 0.2, random.integers(0, 3, 600), y)
    columns = tuple(Column(f"x{i}", "numeric", x[:, i]) for i in range(2))
    table = Table(columns, y, Task("multiclass", ("a", "b", "c")))
    rows = np.random.default_rng(1).permutation(600)
    job = Job(
        resampled(RandomOverSampler(), learner=learner),
        *(np.sort(part) for part in np.split(rows, [360, 480])),
        seed=3,
    )
    one = ResampledLearner(
        TreesLearner(most_trees=30, members=2),
        network=NetworkLearner("small", TrainingSettings(epochs=15)),
    )
    (outcome,) = one.run(table, [job])
    assert outcome.log_odds.shape == (120, 3)
    assert any("of a class" in note for note in outcome.notes)
    p = softmax(outcome.log_odds)
    share = np.bincount(y, minlength=3) / 600
    np.testing.assert_allclose(p.mean(axis=0), share, atol=0.1)
    labels = np.eye(3, dtype=np.int8)[y]
    several = dataclasses.replace(
        table, y=labels, task=Task("multilabel", ("a", "b", "c"))
    )
    with pytest.raises(UnsupportedError, match="several labels"):
        next(one.run(several, [job]))
