# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from scipy.special import softmax
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

import equipoise as eq
from equipoise.ensembles.blend import blend
from equipoise.errors import (
    InputError,
    InputTypeError,
    SplitError,
    TargetError,
)
from equipoise.strategies.blended import Blend
from equipoise.strategies.catalogue import strategy
from equipoise.table.generators import GeneratedTable, gaussian_shift
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.local import LocalRunner
from equipoise.verbs.compare import compare
from equipoise.verbs.trial import Trial


def test_scores_are_near_the_best_possible(known: GeneratedTable, trial: Trial) -> None:
    """No arm beats the true log-odds by more than noise; the good ones come near."""
    y = known.table.y
    best = average_precision_score(y, known.log_odds)
    for name in ("logistic", "plain"):
        value = trial[name].evaluation["average_precision"].value
        assert best - 0.12 < value < best + 0.03


def test_prior_reads_one_half_and_its_brier_is_the_variance(
    known: GeneratedTable, trial: Trial
) -> None:
    prior = trial["prior"].evaluation
    assert prior["roc_auc"].value == 0.5
    p = known.table.prevalence
    assert prior["brier"].value == pytest.approx(p * (1 - p), rel=1e-3)


def test_metrics_agree_with_scikit_learn_on_the_scores(
    known: GeneratedTable, trial: Trial
) -> None:
    y = known.table.y
    arm = trial["logistic"]
    scores, folds = trial.scores.log_odds["logistic"], trial.results.folds
    within = [
        roc_auc_score(y[folds[r] == k], scores[r][folds[r] == k])
        for r in range(2)
        for k in range(3)
    ]
    assert arm.evaluation["roc_auc"].value == pytest.approx(np.mean(within), abs=1e-9)
    brier = [brier_score_loss(y, p) for p in arm.probability]
    assert arm.evaluation["brier"].value == pytest.approx(np.mean(brier), abs=1e-9)
    decided = arm.decided.flagged
    recall = np.mean([decided[r][y == 1].mean() for r in range(2)])
    assert arm.evaluation["recall"].value == pytest.approx(recall, abs=1e-9)


class Counting(LocalRunner):
    """A runner of this process that counts its sessions, and keeps the plans."""

    def __init__(self) -> None:
        self.sessions, self.inside = 0, False
        self.plans: list[TrialPlan] = []

    def __enter__(self) -> Counting:
        assert not self.inside
        self.sessions, self.inside = self.sessions + 1, True
        return self

    def __exit__(self, *error: object) -> None:
        self.inside = False

    def run(self, plan: TrialPlan, *args: Any) -> Iterator[Any]:
        assert self.inside
        self.plans.append(plan)
        return super().run(plan, *args)


def test_a_runner_does_all_fits_in_one_session(tmp_path: Path) -> None:
    """Those of kinds that are seen, and of the choice once more, are among them."""
    table = gaussian_shift(rows=300, positives=60, auroc=0.9, seed=1).table
    how: dict[str, Any] = {"strategies": ["logistic"], "network": "linear"}
    how |= {"repeats": 1, "importance": True, "training": TrainingSettings(epochs=1)}
    runner = Counting()
    unseen = compare(table, **how, unseen="auto", runner=runner)
    assert unseen.unseen is not None
    assert unseen.unseen.seen
    assert unseen.importance is not None
    assert runner.sessions == 1
    assert [plan.kinds is None for plan in runner.plans] == [False, True, False]
    assert [plan.keep for plan in runner.plans] == [False, False, True]
    how["folds"] = 2
    compare(table, **(how | {"importance": False})).write(tmp_path)
    runner = Counting()
    again = compare(table, **how, folder=tmp_path, runner=runner)
    assert again.importance is not None
    assert runner.sessions == 1
    assert [plan.keep for plan in runner.plans] == [True]


def test_one_seed_gives_one_trial(known: GeneratedTable, trial: Trial) -> None:
    again = compare(
        known.table,
        strategies=["plain", "logistic"],
        folds=3,
        repeats=2,
        seed=5,
    )
    for name in ("plain", "logistic"):
        assert np.array_equal(
            again.scores.log_odds[name], trial.scores.log_odds[name]
        ), "an arm's scores must not depend on the other arms"
    other = compare(
        known.table, strategies=["logistic", "plain"], folds=3, repeats=1, seed=6
    )
    assert not np.array_equal(
        other.scores.log_odds["logistic"][0], trial.scores.log_odds["logistic"][0]
    )


def test_every_metric_has_an_interval(trial: Trial) -> None:
    names = ["average_precision", "roc_auc", "brier", "log_loss", "recall"]
    names += ["precision", "f1", "balanced_accuracy", "mcc", "g_mean"]
    for name in names:
        e = trial["plain"].evaluation[name]
        assert e.low < e.value < e.high, name


def test_plain_is_always_in_the_trial(known: GeneratedTable) -> None:
    trial = compare(known.table, strategies="logistic", folds=2, repeats=1)
    assert set(trial.names) == {"logistic", "plain"}


def test_auto_repeats_spend_the_budget(known: GeneratedTable) -> None:
    arms = ["prior", "plain"]
    short = compare(known.table, strategies=arms, folds=2, minutes=1e-6)
    assert short.scores.repeats == 1
    assert short.to_dict()["splits"]["repeats"] == 1


def test_groups_are_kept_together_and_resampled_together(known: GeneratedTable) -> None:
    groups = np.arange(500) // 4
    table = dataclasses.replace(known.table, groups=groups)
    trial = compare(table, strategies=["prior", "plain"], folds=3, repeats=1)
    assert trial.protocol.by == "group"
    for group in range(5):
        assert len(set(trial.results.folds[0][groups == group])) == 1


def test_splits_by_time_use_the_past_only(known: GeneratedTable) -> None:
    table = dataclasses.replace(known.table, time=np.arange(500.0))
    trial = compare(table, strategies=["prior", "plain"], folds=3)
    assert trial.protocol.by == "time"
    assert trial.scores.repeats == 1
    tested = trial.scores.tested
    assert 0 < np.argmax(tested) < 250  # the first block is never tested
    assert tested[np.argmax(tested) :].all()
    assert trial["plain"].evaluation.rows == tested.sum()
    with pytest.raises(InputError, match="repeats=2 with splits by time"):
        compare(table, strategies="plain", repeats=2)


def test_costs_decide_the_threshold(known: GeneratedTable) -> None:
    trial = compare(
        known.table, strategies="logistic", folds=2, repeats=1, costs=(1, 9)
    )
    assert trial["logistic"].evaluation.threshold == pytest.approx(0.1)
    assert trial["logistic"].evaluation["cost"].value > 0
    assert trial.objective == "cost"


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"folds": 1}, InputError, "folds=1"),
        ({"folds": 2.0}, InputTypeError, "folds=2.0"),
        ({"repeats": 0}, InputError, "repeats=0"),
        ({"repeats": "many"}, InputTypeError, "repeats='many'"),
        ({"minutes": 0}, InputError, "minutes=0"),
        ({"margin": -1}, InputError, "margin=-1"),
        ({"strategies": ["plane"]}, InputError, "Did you mean 'plain'"),
        ({"strategies": []}, InputError, "no strategy"),
        ({"objective": "f3"}, InputError, "objective"),
        ({"by": "random"}, InputError, "by='random'"),
        ({"duplicates": "drop"}, InputError, "duplicates='drop'"),
        ({"seed": "a"}, InputTypeError, "seed='a'"),
    ],
)
def test_bad_arguments(
    known: GeneratedTable, arguments: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        compare(known.table, **{"strategies": ["prior", "logistic"], **arguments})


def test_an_unknown_objective_is_refused_before_anything_is_trained(
    known: GeneratedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(*_: Any, **__: Any) -> None:
        raise AssertionError("trained before the arguments were checked")

    monkeypatch.setattr("equipoise.verbs.compare.fit_repeats", trained)
    with pytest.raises(InputError, match="objective"):
        compare(known.table, objective="f3")
    with pytest.raises(InputError, match="fp"):
        compare(known.table, costs=(-1, 2))


def test_fewer_positives_than_folds(known: GeneratedTable) -> None:
    y = known.table.y
    few = np.concatenate([np.flatnonzero(y == 1)[:3], np.flatnonzero(y == 0)[:200]])
    with pytest.raises(SplitError, match="3 positives"):
        compare(known.table.take(few), strategies="logistic", folds=5)


def test_other_tasks_are_named(known: GeneratedTable) -> None:
    table = dataclasses.replace(
        known.table, task=Task("multiclass", ("a", "b", "c")), y=np.arange(500) % 3
    )
    trial = compare(table, strategies="plain", network="small", folds=3, repeats=1)
    assert trial.task == table.task
    assert trial.results.metric == "macro_average_precision"
    assert list(trial["plain"].by_class) == ["a", "b", "c"]
    assert trial["plain"].confusion.rows == 500
    text = str(trial)
    assert "3 classes, from a (33.40%) to c" in text
    assert "macro average precision" in text
    assert trial.to_dict()["task"] == "multiclass"
    assert trial.frame("pandas").shape[0] == len(trial.names)


def test_labels_are_compared(known: GeneratedTable) -> None:
    table = dataclasses.replace(
        known.table, task=Task("multiclass", ("a", "b", "c")), y=np.arange(500) % 3
    )
    trial = compare(
        _labels(table), strategies="plain", network="small", folds=3, repeats=1
    )
    assert trial["plain"].decisions.shape == (1, 500, 2)
    assert trial["plain"].confusion is None
    assert "500 rows, 2 labels" in str(trial)
    first = trial.to_dict()["labels"][0]
    assert (first["name"], first["rows"], first["share"]) == ("p", 167, 0.334)
    assert (first["without"], first["unknown"]) == (333, 0)


def test_an_average_of_several_classes_is_an_arm(known: GeneratedTable) -> None:
    """Its scores are the weighted mean of the arms' own, fold by fold."""
    table = dataclasses.replace(
        known.table, task=Task("multiclass", ("a", "b", "c")), y=np.arange(500) % 3
    )
    members = (strategy("logistic"), strategy("plain"))
    average = Blend("average", blended=members, shares=(1, 1))
    arms = ["logistic", "plain", average]
    trial = compare(table, strategies=arms, network="linear", folds=3, repeats=1)
    z, folds = trial.scores.log_odds, trial.scores.folds[0]
    other = folds != 0
    weights = blend(
        {name: z[name][:, other] for name in ("logistic", "plain")},
        table.labels()[other],
        shares={"logistic": 0.5, "plain": 0.5},
        task=table.task,
    )
    expected = sum(weights[name] * z[name][0, ~other] for name in weights)
    np.testing.assert_allclose(
        softmax(z["average"][0, ~other], axis=1), softmax(expected, axis=1), atol=1e-9
    )


def _labels(table: Table) -> Table:
    y = np.stack([table.labels() == 0, table.labels() == 1], axis=1).astype(np.int8)
    return dataclasses.replace(table, task=Task("multilabel", ("p", "q")), y=y)


def test_sources_that_are_no_table() -> None:
    with pytest.raises(TargetError, match="no target"):
        compare({"x": [1.0, 2.0, 3.5], "y": [0, 1, 0]})


def test_the_public_name(known: GeneratedTable) -> None:
    assert eq.compare is compare


def test_arrays_are_a_source() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = (x[:, 0] + rng.normal(size=200) > 1.5).astype(int)
    trial = compare((x, y), strategies="logistic", folds=2, repeats=1)
    assert trial.facts["positives"] == y.sum()


def test_ctrl_c_leaves_the_caller_in_charge(
    known: GeneratedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(text: str, share: float) -> None:
        if share > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(known.table, strategies="plain", folds=2, repeats=1, progress=stop)


def test_progress_never_goes_back(known: GeneratedTable) -> None:
    seen: list[tuple[str, float]] = []
    compare(
        known.table,
        strategies=["prior", "logistic", "plain"],
        folds=2,
        repeats=2,
        progress=lambda text, share: seen.append((text, share)),
    )
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert not any(math.isnan(share) for share in shares)
    assert all(text for text, _ in seen)


def test_an_arm_that_fails_ends_its_row_and_no_other(
    known: GeneratedTable, trial: Trial
) -> None:
    """A sampler that raises is named with its reason wherever the trial is shown."""
    broken = eq.resampled(SMOTE(k_neighbors=400), "logistic", name="too wide")
    options = {"network": "small", "folds": 3, "repeats": 1, "seed": 5}
    alone = compare(known.table, strategies=["logistic"], **options)
    both = compare(known.table, strategies=[broken, "logistic"], **options)
    assert list(both.failed) == ["too wide"]
    assert "Try k_neighbors=" in both.failed["too wide"]
    assert both.names == alone.names
    for name in alone.names:
        np.testing.assert_array_equal(
            both.scores.log_odds[name], alone.scores.log_odds[name]
        )
    screen = " ".join(str(both).split())
    assert "too wide failed: Received" in screen
    assert "too wide" in both.report()
    assert both.to_dict()["failed"] == dict(both.failed)
    frame = both.frame("pyarrow").to_pydict()
    assert frame["strategy"][-1] == "too wide"
    assert frame["failed"][:-1] == [None] * len(both.names)


def test_a_goal_is_what_it_says_in_fit(known: GeneratedTable) -> None:
    """One way to say what decisions are for; floors are estimated."""
    short: dict[str, Any] = {
        "strategies": ["logistic", "prior"],
        "network": "linear",
        "folds": 3,
        "repeats": 1,
    }

    def decided(**options: Any) -> Any:
        return compare(known.table, **options, **short)

    by_goal, by_name = decided(goal="mcc"), decided(objective="mcc")
    assert (
        by_goal.to_dict()["strategies"][0]["confusion"]
        == (by_name.to_dict()["strategies"][0]["confusion"])
    )
    dear = decided(goal=eq.Goal(costs=(1, 9)))
    assert dear.objective == "cost"
    assert dear["logistic"].evaluation.threshold == 0.1
    floor = decided(goal=eq.Goal(recall_floor=0.8), random_state=0)
    assert floor["logistic"].evaluation["recall"].value >= 0.8
    words = "the fewest flags at a recall of at least 0.8"
    assert words in str(floor.summary()["methods"])
    assert words.removeprefix("the ") in " ".join(str(floor).split())
    assert "--recall-floor 0.8" in floor.summary()["next"][0]
    assert floor.to_dict()["objective_options"] == {"floor": 0.8}
    with pytest.raises(InputError, match="one of them"):
        decided(goal="mcc", costs=(1, 9))
