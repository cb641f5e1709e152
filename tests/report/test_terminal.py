# SPDX-License-Identifier: Apache-2.0
"""A trial on one screen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from rich.console import Console

from equipoise._core.numerals import duration, estimate_parts
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.label_rule import LabelRule
from equipoise.decision.rule import DecisionRule
from equipoise.metrics.registry import METRICS
from equipoise.report.terminal import (
    decision,
    how,
    leaderboard,
    lines,
    rule_sentences,
    short_brier,
    short_interval,
)
from equipoise.verbs.model import FittedModel
from equipoise.verbs.trial import Trial


def test_an_empty_line_stands_on_each_side_of_the_leaderboard(
    make_trial: Callable[..., Trial],
) -> None:
    lines = [line.rstrip() for line in str(make_trial()).splitlines()]
    head = next(i for i, line in enumerate(lines) if "AUROC" in line)
    end = lines.index("", head)
    assert (lines[head - 1], bool(lines[head - 2])) == ("", True)
    assert (lines[end], bool(lines[end + 1])) == ("", True)


def test_the_decision_tells_the_costs_and_what_no_model_costs(
    make_trial: Callable[..., Trial],
) -> None:
    lines = decision(make_trial(rows=600, positives=60, costs=(1, 20)))
    assert "for the lowest cost (a false alarm 1, a missed positive 20) on" in lines[0]
    assert "flagging no row would cost 2, flagging every row 0.9" in lines[-1]
    plain = decision(make_trial())
    assert "for the best F1 on rows it was not trained on: flag" in plain[0]
    assert not any("cost" in line for line in plain)


def test_how_the_rows_were_split(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial()
    assert ", stratified, seed" in how(trial)
    grouped = dataclasses.replace(trial.protocol, by="group")
    assert ", by group, seed" in how(dataclasses.replace(trial, protocol=grouped))


def test_warnings_are_in_the_words_of_the_reader(
    make_trial: Callable[..., Trial],
) -> None:
    trial = dataclasses.replace(make_trial(), notes=("Pass rare='merge'.",))
    shown = [line for line, _ in lines(trial, 80, lambda text: text.upper())]
    assert "NOTE: PASS RARE='MERGE'." in shown
    assert "note: Pass rare='merge'." in [line for line, _ in lines(trial, 80)]


LONG = "RandomOverSampler_with_a_long_name_of_its_own_and_logistic_regression"


def renamed(trial: Trial, old: str, new: str) -> Trial:
    """Give an arm of a trial another name."""

    def moved(by_name):
        return {new if name == old else name: v for name, v in by_name.items()}

    conclusion = dataclasses.replace(trial.verdict, arms=moved(trial.verdict.arms))
    results = dataclasses.replace(trial.results, arms=moved(trial.results.arms))
    scores = dataclasses.replace(trial.scores, seconds=moved(trial.scores.seconds))
    return dataclasses.replace(
        trial, verdict=conclusion, results=results, scores=scores
    )


@pytest.mark.parametrize("width", [60, 80, 96, 120])
@pytest.mark.parametrize("name", ["focal", "RandomOverSampler_logistic", LONG])
@pytest.mark.parametrize("positives", [60, 12])
def test_the_screen_fits_and_holds_every_number(
    make_trial: Callable[..., Trial], width: int, name: str, positives: int
) -> None:
    trial = renamed(make_trial(positives=positives), "focal", name)
    shown = [line for line, _ in lines(trial, width)]
    text = "\n".join(shown)
    assert max(map(len, shown)) <= width
    assert "\u2026" not in text
    assert name in (text if len(name) <= width else text.replace("\n", ""))
    for arm in trial.names:
        evaluation = trial.results[arm].evaluation
        estimates = [evaluation["average_precision"], evaluation["roc_auc"]]
        if arm in trial.verdict.arms:
            estimates.append(trial.verdict.arms[arm].difference)
            assert trial.verdict.arms[arm].outcome in text
        for k, estimate in enumerate(estimates):
            parts = estimate_parts(
                estimate.value,
                estimate.low,
                estimate.high,
                signed=k == 2,
                short=True,
            )
            assert parts[0] in text
            if len(parts) > 1:
                assert f"[{parts[1]}, {parts[2]}]" in text
        assert short_brier(evaluation["brier"]) in text
        assert duration(trial.scores.seconds[arm]) in text


def test_one_line_for_an_arm_if_there_is_room(
    make_trial: Callable[..., Trial],
) -> None:
    board = leaderboard(make_trial(), 120)
    assert len(board) == 2 + 4
    assert len(leaderboard(make_trial(), 80)) > len(board)


def test_a_terminal_and_print_show_the_same(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial()
    console = Console(width=80, no_color=True, highlight=False)
    with console.capture() as caught:
        console.print(trial.screen(), crop=False)
    shown = [line.rstrip() for line in caught.get().rstrip("\n").split("\n")]
    assert shown == [line.rstrip() for line in str(trial).split("\n")]


@pytest.mark.parametrize("width", [60, 80, 96, 120])
def test_all_that_is_printed_fits(
    make_trial: Callable[..., Trial],
    linear: FittedModel,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    trial = make_trial(later=True)
    evaluation = trial["plain"].evaluation
    texts = [str(trial), str(trial.diagnosis), str(evaluation), str(linear.card())]
    for text in texts:
        assert max(map(len, text.split("\n"))) <= width
        assert "\u2026" not in text
    for estimate in evaluation.estimates.values():
        if estimate.defined:
            assert str(estimate) in str(evaluation)
    # Words are whole: unwrapped, the card says the same.
    assert str(linear.card()).split() == linear.card()[:].split()


@pytest.mark.parametrize(
    ("metric", "costs", "title"),
    [
        ("average_precision", None, "AP - plain"),
        ("roc_auc", None, "AUROC - plain"),
        ("brier", None, "gain over plain"),
        ("balanced_accuracy", None, "balanced accuracy - plain"),
        ("cost", (1, 20), "gain over plain"),
    ],
)
def test_the_metric_of_the_trial_is_named(
    metric: str,
    costs: tuple[float, float] | None,
    title: str,
    make_trial: Callable[..., Trial],
) -> None:
    trial = make_trial(metric=metric, costs=costs)
    label = METRICS[metric].label
    assert how(trial).endswith(f"of {label}.")
    head, _, first, *_ = (line for line, _ in leaderboard(trial, 200))
    assert head.count(label if metric != "brier" else "Brier") >= 1
    assert title in head
    assert first.startswith(trial.names[0])
    ends = trial.results[trial.names[0]].evaluation[metric]
    if metric != "brier":
        assert short_interval(ends) in first
    for width in (200, 90, 60, 30):  # each layout has room for the column
        shown = "\n".join(line for line, _ in leaderboard(trial, width))
        assert title.split()[0] in shown
        assert "cannot tell" in " ".join(shown.split())


def test_the_rule_of_labels_names_each_threshold() -> None:
    rule = LabelRule(("p", "q"), (DecisionRule(0.0), DecisionRule(-2.0)))
    assert rule_sentences(rule) == [
        "Each label has a threshold of its own, in probability: p from 0.5, q from "
        "0.12."
    ]


def test_the_rule_of_many_classes_is_short() -> None:
    names = tuple(f"class {k}" for k in range(40))
    rule = ClassRule(names, multipliers=tuple(1.0 + 0.1 * k for k in range(40)))
    first, *_ = rule_sentences(rule)
    assert first.endswith("the multipliers are 1 to 4.9.")
    few = ClassRule(("a", "b", "c"), multipliers=(1.0, 1.0, 4.0))
    assert "c 4" in rule_sentences(few)[0]


def test_a_screen_shows_the_rarest_of_many_classes(
    make_task_trial: Callable[..., Trial],
) -> None:
    trial = make_task_trial([10, 12, *[20] * 15], ("plain",), labels=True, repeats=1)
    shown = str(trial)
    assert "... and 2 more frequent; see by_class" in shown
    assert "\nc0 " in shown
    assert "\nc16 " not in shown
