# SPDX-License-Identifier: Apache-2.0
"""What a trial says of remedies that had no effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equipoise.strategies.strategy import Strategy
from equipoise.table.generators import GeneratedTable, gaussian_shift
from equipoise.trials.fold_scores import Scores, join
from equipoise.trials.idle_notes import idle_notes
from equipoise.verbs.compare import compare
from equipoise.verbs.fit import fit

FOLDS = np.stack([np.arange(40) % 4, np.arange(40)[::-1] // 10])


def scores_of(log_odds: dict[str, Any], **more: Any) -> Scores:
    zeros = dict.fromkeys(log_odds, 0.0)
    extra = {name: np.zeros((8, 0)) for name in log_odds}
    kept: dict[str, Any] = dict.fromkeys(log_odds, ())
    return Scores(log_odds, FOLDS, extra, zeros, zeros, kept, **more)


@pytest.fixture
def z() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, 40))


def test_arms_that_differ_are_not_named(z: np.ndarray) -> None:
    assert idle_notes(scores_of({"a": z, "b": z + 1, "c": 2 * z})) == ()


def test_arms_of_one_score_are_named_together(z: np.ndarray) -> None:
    arms = {"a": z, "b": z.copy(), "c": z + 1, "d": z.copy()}
    assert idle_notes(scores_of(arms)) == (
        "a, b and d gave the same scores on all rows: nothing sets them apart here.",
    )
    (text,) = idle_notes(scores_of({"a": z, "b": z + 1e-6}))
    assert "to within 0.0001 of the log-odds" in text


def test_folds_of_one_score_are_counted(z: np.ndarray) -> None:
    other = z + 1
    other[0, FOLDS[0] == 2] = z[0, FOLDS[0] == 2]
    other[1, FOLDS[1] == 0] = z[1, FOLDS[1] == 0]
    (text,) = idle_notes(scores_of({"a": z, "b": other}))
    assert text == "a and b gave the same scores on all rows of 2 of 8 folds."
    half = z + 1
    half[:, ::2] = z[:, ::2]  # half of the rows of the second repeat's folds
    (text,) = idle_notes(scores_of({"a": z, "b": half}))
    assert "2 of 8 folds" in text


def test_many_pairs_are_counted(z: np.ndarray) -> None:
    arms = {str(k): np.where(FOLDS == 1, z, z + k) for k in range(5)}
    notes = idle_notes(scores_of(arms))
    assert len(notes) == 6
    assert notes[-1] == "So did 5 more pairs of arms in some folds."


def test_rows_that_no_fold_tests_do_not_count(z: np.ndarray) -> None:
    one, other = z[:1].copy(), z[:1] + 1
    one[:, :10] = other[:, :10] = np.nan
    folds = np.where(np.arange(40) < 10, -1, FOLDS[0])[None]
    zeros = {"a": 0.0, "b": 0.0}
    assert idle_notes(Scores({"a": one, "b": other}, folds, {}, zeros, zeros)) == ()


def test_fits_are_counted_over_repeats(z: np.ndarray) -> None:
    whole, part = "weights have no effect.", "smote has no effect."
    first = scores_of({"a": z}, idle={"a": {whole: 8, part: 1}})
    second = scores_of({"a": z}, idle={"a": {whole: 8, part: 2}})
    both = join(first, second)
    assert idle_notes(both) == (
        f"a: {whole}",
        f"a: {part} So it was in 3 of 16 fits.",
    )


@pytest.fixture(scope="module")
def even() -> GeneratedTable:
    return gaussian_shift(rows=240, positives=120, seed=3)


def test_a_trial_and_a_model_say_it(even: GeneratedTable) -> None:
    """Of a balanced table: weights, whatever the learner, and what equals plain."""
    arms = [
        "plain",
        "class_weight",
        Strategy("trees_weighted", learner="trees", weights="balanced"),
    ]
    how: dict[str, Any] = {"folds": 2, "repeats": 1, "network": "linear"}
    trial = compare(even.table, strategies=arms, **how)
    text = " ".join(trial.notes)
    for name in ("class_weight", "trees_weighted"):
        assert f"{name}: weights='balanced' has no effect" in text
    assert "plain and class_weight gave the same scores on all rows" in text
    assert trial.summary()["notes"] == list(trial.notes)
    assert trial.to_dict()["notes"] == list(trial.notes)
    assert "weights='balanced' has no effect" in " ".join(str(trial).split())
    model = fit(even.table, strategy="class_weight", **how)
    assert "weights='balanced' has no effect" in model.card()
    weighted = fit(even.table, strategy="logistic", weights=np.full(240, 3.0), **how)
    assert any("All weights above 0 are equal" in note for note in weighted.notes)


def test_a_sampler_that_changes_nothing_is_named(even: GeneratedTable) -> None:
    from imblearn.over_sampling import RandomOverSampler

    trial = compare(
        even.table,
        strategies=[RandomOverSampler()],
        folds=2,
        repeats=1,
        network="linear",
    )
    assert any(
        "it returned the training rows as they were" in note for note in trial.notes
    )
