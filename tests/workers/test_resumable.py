# SPDX-License-Identifier: Apache-2.0
"""A trial that is stopped anywhere gives what one gives that is not."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.neighbors import KNeighborsClassifier

from equipoise.learners.resampled.learner import resampled
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.classifier_object import classified
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.generators import gaussian_shift
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.trials.fold_scores import Scores, fit_parts
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import opened
from equipoise.trials.schedule import MOST_REPEATS, Repeats, fit_repeats
from equipoise.workers.resumable import FITS, ResumableRunner

Same = Callable[[Scores, Scores], None]
ROUNDS = Strategy("ensemble", learner="tree", plan="easy_ensemble")


def plan_with(names: Sequence[object], seed: int = 1, **fields: Any) -> TrialPlan:
    table = gaussian_shift(rows=240, positives=60, seed=seed).table
    plan = TrialPlan(
        table,
        tuple(as_strategies(names)),
        Protocol(folds=3),
        test_table=table.take(range(9)),
        baseline="prior",
    )
    return replace(plan, **fields)


def files(folder: Path) -> list[Path]:
    return sorted((folder / FITS).glob("*.checkpoint"))


def stopped_after(plan: TrialPlan, folder: Path, calls: int, kind: type) -> str:
    """Run a plan until progress was told something so often; return what is said."""
    told: list[str] = []

    def press(text: str, share: float) -> None:
        told.append(text)
        if len(told) == calls:
            raise kind(143) if kind is SystemExit else kind

    with (
        pytest.raises(kind) as stop,
        opened(ResumableRunner(folder)) as runner,
    ):
        fit_parts(plan, plan.parts([0]), press, runner=runner)
    return str(stop.value.__notes__[-1])


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("calls", [2, 5, 9, 12])
def test_a_stop_anywhere_loses_the_fit_at_hand(
    calls: int, kind: type, same: Same, tmp_path: Path
) -> None:
    # The first two share a learner, and ensembles end together.
    plan = plan_with(["logistic", "piecewise", "prior", "trees", ROUNDS])
    note = stopped_after(plan, tmp_path, calls, kind)
    before = files(tmp_path)
    assert before
    count = f"{min(len(before), 3)} fit{'s' if len(before) > 1 else ''}"
    assert note.startswith(f"Saved in {str(tmp_path)!r}: {count} of logistic")
    fitted: list[str] = []
    runner = ResumableRunner(tmp_path)
    parts = plan.parts([0])
    again = fit_parts(plan, parts, lambda text, _: fitted.append(text), runner=runner)
    same(fit_parts(plan, parts), again)
    assert len(files(tmp_path)) == 15
    assert sum(runner.saved.values()) == 15
    assert len([text for text in fitted if ": fit " in text]) <= 12


def test_what_is_saved_is_not_fitted_again(
    same: Same, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = Tuned("trees", name="tuned", trials=2, folds=2, space={"leaves": [2, 4]})
    plan = plan_with(["prior", "trees", "isolation_forest", tuned], keep=True)
    parts = plan.parts([0])
    whole = fit_parts(plan, parts, runner=ResumableRunner(tmp_path))
    assert not whole.failed
    assert len(files(tmp_path)) == 12
    for name in ("prior:_fit", "trees.histogram:TreesLearner._fit"):
        module, _, attribute = name.partition(":")
        owner: Any = importlib.import_module(f"equipoise.learners.{module}")
        *path, last = attribute.split(".")
        for each in path:
            owner = getattr(owner, each)
        monkeypatch.setattr(owner, last, lambda *_: pytest.fail("fitted again"))
    again = fit_parts(plan, parts, runner=ResumableRunner(tmp_path))
    same(whole, again)
    for name, scorers in whole.scorers.items():
        for one, other in zip(scorers, again.scorers[name], strict=True):
            expected = one.log_odds(plan.table)
            np.testing.assert_array_equal(expected, other.log_odds(plan.table))
    assert dict(whole.seconds) == dict(again.seconds)


def test_other_rows_weights_or_options_are_fitted(same: Same, tmp_path: Path) -> None:
    def strategies(leaves: int) -> list[Any]:
        return ["prior", Strategy("t", learner="trees", options={"leaves": leaves})]

    plans = [
        plan_with(strategies(4)),
        plan_with(strategies(8)),
        plan_with(strategies(4), seed=2),
        plan_with(strategies(4), test_table=None),
        plan_with(strategies(4), weights=np.linspace(1.0, 2.0, 240)),
    ]
    for plan in plans:
        parts = plan.parts([0])
        for _ in range(2):
            saved = fit_parts(plan, parts, runner=ResumableRunner(tmp_path))
            same(fit_parts(plan, parts), saved)
    assert len(files(tmp_path)) == 5 * 6 - 3  # the prior of the second is the first's


def test_objects_of_the_user_s_are_fitted_again(same: Same, tmp_path: Path) -> None:
    """Nobody can tell whether two of them are the same."""
    broken = resampled(SMOTE(k_neighbors=400), "logistic", name="too wide")
    own = classified(KNeighborsClassifier(3), "neighbours")
    plan = plan_with(["prior", own, broken, "logistic"])
    parts = plan.parts([0])
    for _ in range(2):
        saved = fit_parts(plan, parts, runner=ResumableRunner(tmp_path))
        same(fit_parts(plan, parts), saved)
        assert list(saved.failed) == ["too wide"]
    assert len(files(tmp_path)) == 6


def test_a_strategy_that_fails_leaves_those_of_its_learner(
    same: Same, tmp_path: Path
) -> None:
    labels = np.tile(["a", "b", "c"], 40)
    random = np.random.default_rng(0)
    x = np.where(labels == "a", 1.0, 0.0) + random.normal(size=120)
    y = np.searchsorted(["a", "b", "c"], labels)
    table = Table((Column("x", "numeric", x),), y, Task("multiclass", ("a", "b", "c")))
    plan = TrialPlan(
        table,
        tuple(as_strategies(["prior", "logistic", "trees"])),
        Protocol(folds=3),
        baseline="prior",
    )
    parts = plan.parts([0])
    for _ in range(2):
        runner = ResumableRunner(tmp_path)
        same(fit_parts(plan, parts), fit_parts(plan, parts, runner=runner))
    assert len(files(tmp_path)) == 9


@pytest.mark.parametrize("how", ["cut", "other", "empty"])
def test_a_damaged_file_is_renamed_and_its_fit_done_again(
    how: str, same: Same, tmp_path: Path
) -> None:
    plan = plan_with(["prior", "logistic"])
    parts = plan.parts([0])
    whole = fit_parts(plan, parts, runner=ResumableRunner(tmp_path))
    first, second = files(tmp_path)[:2]
    contents = {
        "cut": first.read_bytes()[:-20],
        "other": second.read_bytes(),
        "empty": b"",
    }
    first.write_bytes(contents[how])
    same(whole, fit_parts(plan, parts, runner=ResumableRunner(tmp_path)))
    assert first.with_name(first.name + ".damaged").exists()
    assert len(files(tmp_path)) == 6


def test_detectors_that_are_trained_together_stay_whole(
    same: Same, tmp_path: Path
) -> None:
    plan = plan_with(["prior", "deep_sad"])
    parts = plan.parts([0])
    same(
        fit_parts(plan, parts), fit_parts(plan, parts, runner=ResumableRunner(tmp_path))
    )
    assert len(files(tmp_path)) == 3


def test_the_note_names_some_and_counts_the_rest(tmp_path: Path) -> None:
    runner = ResumableRunner(tmp_path)
    assert runner.note() == "Nothing is saved yet: no fit had ended."
    runner.saved.update({f"s{n}": n + 1 for n in range(8)})
    text = runner.note()
    assert "1 fit of s0, 2 fits of s1" in text
    assert text.endswith("6 fits of s5, fits of 2 more strategies.")
    (tmp_path / "a.checkpoint").touch()
    assert runner.note().endswith("the networks as of their last checkpoint.")


def test_time_before_a_stop_counts_for_the_number_of_repeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is saved comes at once, and would leave time for more repeats."""
    plan = plan_with(["prior"], learners=LearnerChoice(checkpoints=tmp_path))
    auto = Repeats.of("auto", 1.0, "stratified")

    def press(text: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_repeats(plan, auto, press, started=time.monotonic() - 40.0)
    scores = fit_repeats(plan, auto, lambda *_: None, started=time.monotonic())
    assert scores.repeats == 1 < MOST_REPEATS
