# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from equipoise.strategies.classifier_object import classified
from equipoise.strategies.strategy import Strategy
from equipoise.table.generators import GeneratedTable, gaussian_shift
from equipoise.trials import schedule
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.schedule import (
    MOST_REPEATS,
    Repeats,
    _Memory,
    _Remembered,
    _Shares,
)
from equipoise.verbs.compare import compare


def test_the_budget_decides() -> None:
    auto = Repeats.of("auto", minutes=2, by="stratified")
    assert auto.more(spent=1) == MOST_REPEATS - 1
    assert auto.more(spent=50) == 1
    assert auto.more(spent=119) == 0
    assert auto.more(spent=500) == 0
    assert Repeats.of(3, minutes=2, by="group").more(spent=500) == 2
    assert Repeats.of("auto", minutes=2, by="time").more(spent=1) == 0


def test_further_repeats_follow_together_or_one_by_one() -> None:
    three = Repeats.of(3, minutes=2, by="group")
    assert list(three.following(1, 2, spent=500, last=500)) == [1, 2]
    assert list(three.following(3, 2, spent=500, last=500)) == []
    apart = three.one_by_one()
    steps = [list(apart.following(done, 2, 500, 500)) for done in (1, 2, 3)]
    assert steps == [[1], [2], []]
    auto = Repeats.of("auto", minutes=2, by="group").one_by_one()
    assert list(auto.following(1, 4, spent=60, last=60)) == [1]
    assert list(auto.following(2, 4, spent=119, last=60)) == []
    assert list(auto.following(3, 4, spent=3, last=1)) == []


def test_the_share_is_of_as_many_repeats_as_there_will_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr(schedule.time, "monotonic", lambda: clock[0])
    seen: list[float] = []
    shares = _Shares(
        lambda text, share: seen.append(share),
        Repeats.of("auto", minutes=1, by="group"),
    )
    first = shares.of(1)
    for second, share in ((4.0, 0.1), (10.0, 0.5), (20.0, 1.0)):
        clock[0] = 100.0 + second
        first("fit", share)
    # 40 s for one leaves no time for more; 20 s leave it for two more.
    assert seen == pytest.approx([0.1, 0.5 / 3, 1 / 3])
    shares.done, shares.expected = 1, 3
    rest = shares.of(2)
    rest("fit", 0.5)
    rest("fit", 0.1)  # it never falls
    rest("fit", 1.0)
    assert seen[3:] == pytest.approx([2 / 3, 2 / 3, 1.0])


def test_the_share_of_repeats_that_were_asked_for() -> None:
    seen: list[float] = []
    shares = _Shares(
        lambda text, share: seen.append(share), Repeats.of(4, minutes=1, by="group")
    )
    shares.of(1)("fit", 1.0)
    shares.done = 1
    shares.of(3)("fit", 0.5)
    assert seen == pytest.approx([0.25, 0.625])


def test_ctrl_c_after_the_first_repeat_keeps_it(
    known: GeneratedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(text: str, share: float) -> None:
        if 0.5 < share < 0.9:
            raise KeyboardInterrupt

    trial = compare(
        known.table,
        strategies=["prior", "plain"],
        folds=2,
        repeats=2,
        seed=1,
        progress=stop,
    )
    assert trial.scores.repeats == 1
    assert any("Stopped by the user" in note for note in trial.notes)
    whole = compare(
        known.table, strategies=["prior", "plain"], folds=2, repeats=1, seed=1
    )
    assert np.array_equal(
        trial.scores.log_odds["plain"], whole.scores.log_odds["plain"]
    )


def test_a_trial_that_goes_on_has_as_many_repeats(
    known: GeneratedTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On resuming, the clock starts anew; the number of repeats must not."""
    settings: dict[str, Any] = {
        "strategies": ["prior", "plain"],
        "folds": 2,
        "checkpoints": tmp_path,
    }
    first = compare(known.table, minutes=1e-6, **settings)
    again = compare(known.table, minutes=10, **settings)
    assert first.scores.repeats == again.scores.repeats == 1
    other = compare(known.table, minutes=1e-6, seed=1, **settings)
    assert other.scores.repeats == 1
    assert len(list(tmp_path.glob("*.repeats"))) == 2


def test_a_classifier_that_is_set_otherwise_is_another_trial(tmp_path: Path) -> None:
    table = gaussian_shift(60, positives=20, seed=1).table

    def memory(classifier: Any) -> Path | None:
        plan = TrialPlan(
            table,
            (Strategy(), classified(classifier, "same")),
            Protocol(folds=2),
            LearnerChoice("linear", tmp_path),
        )
        return _Memory.of(plan).path

    paths = {memory(KNeighborsClassifier(k)) for k in (3, 5)}
    assert len(paths) == 2
    assert memory(KNeighborsClassifier(3)) in paths


def damage(path: Path, how: str) -> None:
    whole = path.read_bytes()
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "flipped":
        path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 4]) + whole[-8:])
    elif how == "other version":
        path.write_bytes(b"equipoise checkpoint 9\n" + whole[23:])
    else:
        path.write_bytes(b"")


@pytest.mark.parametrize("how", ["folder", "cut", "flipped", "other version", "empty"])
def test_damaged_files_are_set_aside_and_trained_again(
    known: GeneratedTable, tmp_path: Path, how: str
) -> None:
    settings: dict[str, Any] = {
        "strategies": ["prior", "plain"],
        "folds": 2,
        "minutes": 1e-6,
        "network": "small",
    }
    whole = compare(known.table, checkpoints=tmp_path, **settings)
    assert not any("damaged" in note for note in whole.notes)
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        damage(path, "cut" if path.suffix == ".repeats" and how == "flipped" else how)
    again = compare(known.table, checkpoints=tmp_path, **settings)
    assert np.array_equal(
        again.scores.log_odds["plain"], whole.scores.log_odds["plain"]
    )
    said = " ".join(again.notes)
    for path in tmp_path.glob("*.damaged"):
        assert path.name in said
    kinds = {path.name.split(".", 1)[1] for path in tmp_path.rglob("*.*")}
    assert kinds == {"checkpoint", "checkpoint.damaged", "repeats", "repeats.damaged"}
    third = compare(known.table, checkpoints=tmp_path, **settings)
    assert not any("damaged" in note for note in third.notes)


@pytest.mark.parametrize(
    "text", ['{"more": -1}', '{"more": 1e9}', '{"spent": -1}', "[]", '{"m']
)
def test_an_impossible_number_of_repeats_is_chosen_again(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "trial.repeats"
    path.write_text(text, encoding="utf-8")
    remembered = _Memory(path).recall()
    assert remembered.more is None
    assert "trial.repeats.damaged" in remembered.note
    assert _Memory(path).recall() == _Remembered()
    _Memory(path).keep(more=3)
    assert _Memory(path).recall() == _Remembered(3)
