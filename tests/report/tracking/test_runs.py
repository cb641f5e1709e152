# SPDX-License-Identifier: Apache-2.0
"""What trackers get: the trial's own numbers, and curves that reach each recall."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from equipoise.report.tracking.runs import (
    counts_at_recalls,
    folder_names,
    key_names,
    tracked_runs,
)
from equipoise.verbs.trial import Trial


@pytest.fixture(scope="module")
def trial(make_trial: Callable[..., Trial]) -> Trial:
    return make_trial(names=("prior", "plain", "focal"), repeats=2)


def test_there_is_one_run_per_strategy(trial: Trial) -> None:
    runs = tracked_runs(trial)
    assert [run.name for run in runs] == list(trial.names)
    for run in runs:
        found = trial[run.name].evaluation["average_precision"]
        assert run.metrics["average_precision"] == found.value
        assert run.metrics["average_precision_low"] == found.low
        assert run.metrics["average_precision_high"] == found.high
        assert np.isfinite(list(run.metrics.values())).all()
        assert len(run.splits) == 10


def test_parameters_tell_the_parts_and_their_options(trial: Trial) -> None:
    found = {run.name: run.parameters for run in tracked_runs(trial)}
    assert found["plain"]["loss"] == "cross_entropy"
    assert found["plain"]["weights"] == "none"
    assert found["focal"]["gamma"] == 2.0
    assert "gamma" not in found["plain"]


def test_differences_are_named_after_the_baseline(trial: Trial) -> None:
    found = {run.name: run.metrics for run in tracked_runs(trial)}
    expected = trial["focal"].differences["average_precision"].value
    assert found["focal"]["average_precision_minus_plain"] == expected
    assert "average_precision_minus_plain" not in found["plain"]


def test_counts_are_the_fewest_flags_that_reach_a_recall() -> None:
    random = np.random.default_rng(0)
    y = random.random(300) < 0.1
    scores = np.round(random.normal(y[None] * 1.0, 1.0, (3, 300)), 1)  # with ties
    found = counts_at_recalls(y, scores, points=21)
    for k, recall in enumerate(np.linspace(1, 0, 21)):
        if k == 0:
            tp, fp = y.sum(), (~y).sum()
        elif k == 20:
            tp = fp = 0
        else:
            pairs = []
            for line in scores:
                cuts = np.unique(line)[::-1]
                hits = [(line[y] >= c).sum() for c in cuts]
                at = next(i for i, h in enumerate(hits) if h >= recall * y.sum() - 1e-6)
                pairs.append((hits[at], (line[~y] >= cuts[at]).sum()))
            tp, fp = np.mean(pairs, axis=0)
        assert found.tp[k] == pytest.approx(tp)
        assert found.fp[k] == pytest.approx(fp)
    np.testing.assert_allclose(found.tp + found.fn, y.sum())
    np.testing.assert_allclose(found.fp + found.tn, (~y).sum())
    assert (np.diff(found.tp) <= 0).all()


def test_runs_of_several_classes_have_no_curve(
    make_task_trial: Callable[..., Trial],
) -> None:
    trial = make_task_trial((150, 60, 30), repeats=1)
    run = tracked_runs(trial)[0]
    assert run.curve is None
    assert run.split_metric == "macro_average_precision"
    assert run.metrics["macro_f1"] == trial[run.name].evaluation["macro_f1"].value
    assert np.array_equal(
        run.splits, trial[run.name].splits["macro_average_precision"].ravel()
    )


def test_the_frame_of_several_classes_has_their_metrics(
    make_task_trial: Callable[..., Trial],
) -> None:
    trial = make_task_trial((150, 60, 30), repeats=1)
    frame = trial.frame("pandas")
    assert list(frame["strategy"]) == list(trial.names)
    assert frame["macro_f1"][0] == trial[trial.names[0]].evaluation["macro_f1"].value


ODD = ("A+", "a/b", "a:b", "a_b_2", "Ä ö", "ä ö", "", "x" * 300, "x" * 301, "(50 %)")


def test_names_are_keys_that_are_valid_different_and_stable() -> None:
    keys = key_names(ODD)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,110}", key) for key in keys)
    assert len({key.casefold() for key in keys}) == len(ODD)
    assert keys[3] == "a_b_2"  # fit as it is
    assert folder_names(ODD)[0] == "A+"
    assert key_names(["c0", "c1"]) == ["c0", "c1"]


def test_classes_that_are_keys_need_no_names(
    make_task_trial: Callable[..., Trial],
) -> None:
    trial = make_task_trial((150, 60, 30), repeats=1)
    run = tracked_runs(trial)[0]
    assert run.class_names == {}
    assert {"class/c0/recall", "class/c2/recall"} <= set(run.metrics)
