# SPDX-License-Identifier: Apache-2.0
"""Sentences of a report: what to use, what next, how it was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from equipoise.report.summary_words import decision_sentences, methods, next_steps
from equipoise.verbs.trial import Trial


def test_more_repeats_are_advised_only_while_they_help(
    make_trial: Callable[..., Trial],
) -> None:
    once, often = (" ".join(make_trial(repeats=r).summary()["next"]) for r in (1, 5))
    assert "repeats=5" in once
    assert "repeats=5" not in often
    assert "more positives would" in often


def test_words_name_the_protocol(summary: dict[str, Any]) -> None:
    text = {m["term"]: m["text"] for m in summary["methods"]}
    assert "4/5 of this table" in text["What is estimated"]
    assert "600 rows with 60 positives" in text["Rows"]
    assert text["Splits"].startswith("5 folds, 1 repeat, at random")
    assert text["Seed"].startswith("0.")
    assert set(summary["versions"]) >= {"python", "tensorflow", "equipoise"}


def test_the_decision_is_told_in_counts(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial()
    found = trial.results[trial.verdict.choice].evaluation
    text = " ".join(decision_sentences(trial))
    assert text.startswith(f"Use {trial.best.name}, and flag a row from")
    c = found.confusion
    assert c is not None
    flagged = 1000 * (c.tp + c.fp) / found.rows
    assert f"{flagged:,.0f} are flagged" in text


def test_errors_in_the_data_come_first(make_trial: Callable[..., Trial]) -> None:
    steps = next_steps(make_trial(later=True))
    assert "(EQP" in steps[0]
    assert not any("came later" in step for step in steps)


def test_methods_name_each_thing_once(make_trial: Callable[..., Trial]) -> None:
    terms = [item["term"] for item in methods(make_trial(repeats=2))]
    assert len(terms) == len(set(terms))
    assert {"Rows", "Splits", "Intervals", "Verdict", "Seed"} <= set(terms)


def test_costs_are_told_beside_those_of_no_model(
    make_trial: Callable[..., Trial],
) -> None:
    trial = make_trial(rows=600, positives=60, costs=(1, 20))
    sentences = decision_sentences(trial)
    assert "a false alarm costs 1 and a missed positive 20." in sentences[0]
    cost = trial.results[trial.verdict.choice].evaluation["cost"].value
    assert sentences[-1] == (
        f"That costs {cost:.3g} per row; flagging no row would cost 2, flagging every "
        "row 0.9."
    )
    assert "cost" not in " ".join(decision_sentences(make_trial()))


@pytest.mark.parametrize(
    ("given", "call", "options"),
    [
        ({}, ")", ""),
        ({"objective": "mcc"}, ', goal="mcc")', " --objective mcc"),
        (
            {"costs": (1, 20)},
            ", goal=equipoise.Goal(costs=(1, 20)))",
            " --cost-fp 1 --cost-fn 20",
        ),
    ],
)
def test_the_step_to_a_model_has_the_aim_of_the_trial(
    given: dict[str, Any],
    call: str,
    options: str,
    make_trial: Callable[..., Trial],
) -> None:
    trial = make_trial(**given)
    text = " ".join(next_steps(trial))
    name = trial.best.name
    assert f'equipoise.fit(table, strategy="{name}"{call}, or on' in text
    assert f"equipoise fit FILE --strategy {name}{options} --out model" in text


@pytest.mark.parametrize(
    ("metric", "says", "not_said"),
    [
        ("average_precision", ("average precision is", "share of positives)."), ()),
        ("roc_auc", ("in AUROC is", "excludes .5. Diff"), ("average precision",)),
        ("f1", ("in F1 is", "differs from plain. Differences"), ("AUROC",)),
    ],
)
def test_the_verdict_is_on_the_metric_of_the_trial(
    metric: str,
    says: tuple[str, ...],
    not_said: tuple[str, ...],
    make_trial: Callable[..., Trial],
) -> None:
    terms = {m["term"]: m["text"] for m in methods(make_trial(metric=metric))}
    assert all(words in terms["Verdict"] for words in says)
    assert not any(words in terms["Verdict"] for words in not_said)
