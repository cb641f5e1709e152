# SPDX-License-Identifier: Apache-2.0
"""A separate test table: average of the fold models, paired differences, once."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from equipoise._core.files import to_json
from equipoise.comparison import delong_difference, resampled_difference
from equipoise.reading.read import read_table
from equipoise.report.terminal import test_lines as lines_of_test
from equipoise.trials.test_table import _of_mean_probability, evaluate_test_table
from equipoise.verbs.trial import Trial


def make_test_table(rows: int = 300, positives: int = 12):
    y = np.repeat([0, 1], [rows - positives, positives])
    x = np.random.default_rng(0).standard_normal((rows, 1))
    return read_table((x, y))


def test_the_mean_is_of_probabilities() -> None:
    z = np.array([[0.0, 3.0, -800.0], [2.0, -1.0, -800.0]])
    assert _of_mean_probability(z)[:2] == pytest.approx(
        logit(expit(z).mean(axis=0))[:2]
    )
    assert _of_mean_probability(z)[2] <= -30


def test_differences_are_paired_on_the_test_rows(trial: Trial) -> None:
    assert trial.held_out is not None
    test_table, scores = make_test_table(), trial.scores
    random = np.random.default_rng(0)
    shape = scores.extra["plain"].shape[0], 300
    extra = {
        name: np.full(shape, -2.0)
        if name == "prior"
        else random.standard_normal(shape) + 2 * test_table.y
        for name in scores.extra
    }
    held_out = evaluate_test_table(
        test_table, replace(scores, extra=extra), trial.results
    )
    mean = {name: _of_mean_probability(z) for name, z in extra.items()}
    assert set(held_out.differences) == set(trial.names) - {"plain"}
    for name, tests in held_out.differences.items():
        expected = delong_difference(test_table.y, mean[name], mean["plain"])
        assert tests["roc_auc"].mean == pytest.approx(expected.mean, abs=1e-9)
        assert tests["roc_auc"].p == pytest.approx(expected.p)
        ap = resampled_difference(test_table.y, mean[name], mean["plain"])
        assert tests["average_precision"].mean == pytest.approx(ap.mean, abs=1e-9)
        e = held_out.evaluations
        assert tests["average_precision"].mean == pytest.approx(
            e[name]["average_precision"].value - e["plain"]["average_precision"].value
        )
        assert held_out.adjusted[name] >= tests["average_precision"].p


def test_nothing_is_chosen_on_the_test_table(trial: Trial) -> None:
    """Turning its labels round moves no threshold and no probability."""
    test_table, scores = make_test_table(), trial.scores
    one = evaluate_test_table(test_table, scores, trial.results)
    turned = replace(test_table, y=(1 - test_table.y).astype(np.int8))
    other = evaluate_test_table(turned, scores, trial.results)
    for name in trial.names:
        assert one.evaluations[name].threshold == other.evaluations[name].threshold
        assert (
            one.evaluations[name]["flag_rate"].value
            == other.evaluations[name]["flag_rate"].value
        )


def test_costs_and_groups_are_passed_on(trial: Trial) -> None:
    test_table = replace(make_test_table(), groups=np.arange(300) // 3)
    alone = evaluate_test_table(make_test_table(), trial.scores, trial.results)
    found = evaluate_test_table(
        test_table, trial.scores, trial.results, costs=(1.0, 5.0), seed=3
    )
    assert found.evaluations["plain"]["cost"].defined
    name = next(n for n in trial.names if n not in ("plain", "prior"))
    both = alone.differences[name]["roc_auc"], found.differences[name]["roc_auc"]
    assert both[0].mean == pytest.approx(both[1].mean, abs=1e-6)
    assert both[1].df < both[0].df


def test_the_difference_is_shown_and_written(trial: Trial) -> None:
    assert trial.held_out is not None
    text = "\n".join(lines_of_test(trial))
    assert text.count("average precision against plain") == len(trial.names) - 1
    assert trial.held_out.difference("plain") is None
    data = json.loads(to_json(trial.to_dict()))
    arms = {arm["name"]: arm["test"] for arm in data["strategies"]}
    assert arms["plain"]["difference_to_plain"] == {}
    found = arms["prior"]["difference_to_plain"]["average_precision"]
    assert found["low"] < found["mean"] < found["high"]
    assert arms["prior"]["adjusted_p"] >= found["p"]
