# SPDX-License-Identifier: Apache-2.0
"""The file of a trial: sound bytes that hold nonsense are refused with one error."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import BundleError
from equipoise.models.container import read_bundle
from equipoise.models.trial_file import basis_of, is_trial, read_trial_file, save_trial
from equipoise.table.generators import gaussian_shift
from equipoise.training.settings import TrainingSettings
from equipoise.trials.basis import ALL_ROWS
from equipoise.trials.learner_choice import LearnerChoice


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    table = gaussian_shift(200, positives=40, seed=1).table
    trial = eq.compare(
        table, strategies=["prior"], network="linear", folds=2, repeats=1
    )
    path = save_trial(trial.basis, tmp_path_factory.mktemp("trial") / "t.equipoise")
    assert read_trial_file(path).digest == trial.basis.digest
    return read_bundle(path)


def change(*keys: str, to: Any) -> Callable[[Any], None]:
    def apply(state: Any) -> None:
        for key in keys[:-1]:
            state = state[key]
        state[keys[-1]] = to

    return apply


def gone(key: str) -> Callable[[Any], None]:
    return lambda state: state.pop(key) and None


@pytest.mark.parametrize(
    "wrong",
    [
        gone("table"),
        gone("fitted"),
        change("protocol", to={"$record": "Protocol", "seeds": 1}),
        change("criteria", to={"$record": "os.system"}),
        change("table", "task", "task", to="regression"),
        change("strategies", to=[{"name": "x", "loss": "none of ours"}]),
        change("settings", "epochs", to=-1),
        change("seconds", to="many"),
        change("importance", to={"of": "plain", "metric": "roc_auc"}),
        change("fitted", "folds", to=[[0, 1]]),
    ],
)
def test_nonsense_is_one_error(
    parts: dict[str, bytes], wrong: Callable[[Any], None]
) -> None:
    state = json.loads(parts["trial.json"])
    wrong(state)
    with pytest.raises(BundleError, match=r"trial\.json|needs the loss"):
        basis_of({**parts, "trial.json": json.dumps(state).encode()})


def test_scores_of_other_rows(parts: dict[str, bytes]) -> None:
    state = json.loads(parts["trial.json"])
    state["table"]["y"]["shape"] = [100]
    name = state["table"]["y"]["$array"]
    with pytest.raises(BundleError, match="shape"):
        basis_of(
            {
                **parts,
                name: np.zeros(100, np.int8).tobytes(),
                "trial.json": json.dumps(state).encode(),
            }
        )


def test_what_a_trial_is(parts: dict[str, bytes], tmp_path: Path) -> None:
    assert is_trial(parts)
    assert not is_trial({"model.json": b"{}"})


def test_the_precision_of_products_is_kept_if_it_is_not_the_usual_one(
    parts: dict[str, bytes], tmp_path: Path
) -> None:
    settings = json.loads(parts["trial.json"])["settings"]
    assert "precision" not in settings
    assert settings["fewer_rows"] is True
    table = gaussian_shift(200, positives=60, seed=1).table
    short = {"network": "small", "folds": 2, "repeats": 1}
    trial = eq.compare(
        table,
        strategies=["plain"],
        training=TrainingSettings(epochs=2),
        precision="bfloat16",
        **short,
    )
    assert trial.to_dict()["training"]["precision"] == "bfloat16"
    path = save_trial(trial.basis, tmp_path / "t.equipoise")
    again = read_trial_file(path)
    settings = TrainingSettings(epochs=2, precision="bfloat16")
    assert again.plan.learners.training == settings
    usual = trial.basis.plan
    assert again.differs(usual, trial.basis.asked, again.digest) == ""
    learners = replace(usual.learners, training=TrainingSettings(epochs=2))
    other = replace(usual, learners=learners)
    assert again.differs(other, trial.basis.asked, again.digest) == "'training'"


@pytest.mark.parametrize(
    ("rows", "own", "left_out"),
    [
        (45_000, False, False),
        (50_000, False, False),
        (55_000, False, True),
        (55_000, True, False),
    ],
)
def test_an_old_trial_is_of_all_rows_only_if_some_would_be_left_out(
    parts: dict[str, bytes], rows: int, own: bool, left_out: bool
) -> None:
    """In five folds of 45,000 rows a fit learns from 28,800 and stops by 7,200."""
    state = json.loads(parts["trial.json"])
    assert state["settings"].pop("fewer_rows")  # older versions had no such thing
    trained = state["fitted"]["trained"]
    assert trained["dtype"] == "int64"
    each = np.full(trained["shape"], rows * 4 // 5)
    if own:
        state["training"] |= {"network": None, "patience_updates": 250}
    older = basis_of(
        {
            **parts,
            trained["$array"]: each.tobytes(),
            "trial.json": json.dumps(state).encode(),
        }
    )
    assert older.fitted.trained is not None
    assert older.fitted.trained.max() == 0.8 * rows
    assert older.training.get("fewer_rows", True) is not left_out
    learners = LearnerChoice(model=dict) if own else LearnerChoice("linear")
    now = replace(older.plan, learners=learners)
    said = older.differs(now, older.asked, older.digest)
    assert said == (ALL_ROWS if left_out else "")
