# SPDX-License-Identifier: Apache-2.0
"""Which arm to take: one case for each thing that a trial can say."""

from __future__ import annotations

import dataclasses
import inspect
import re
import shlex
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import typer

import equipoise as eq
from equipoise.cli.app import app
from equipoise.metrics.estimate import Estimate
from equipoise.report.summary import summarise
from equipoise.report.summary_choice import (
    advice,
    alternative,
    difference_words,
    fitting,
    gain_words,
    highest_word,
    standing,
)
from equipoise.report.summary_parts import highlighted
from equipoise.report.terminal import decision
from equipoise.strategies.catalogue import as_strategies
from equipoise.strategies.strategy import Strategy
from equipoise.training.settings import TrainingSettings
from equipoise.verbs.trial import Trial

ARMS = ("plain", "prior", "auto", "focal")
"""With the noise that this order draws, auto measures highest, then plain."""


def judged(trial: Trial, **outcomes: str) -> Trial:
    """The trial with other verdicts; the best is the first that is better."""
    arms = {
        name: dataclasses.replace(v, outcome=outcomes.get(name, v.outcome))
        for name, v in trial.verdict.arms.items()
    }
    better = [name for name in trial.names if outcomes.get(name) == "better"]
    conclusion = dataclasses.replace(
        trial.verdict, arms=arms, choice=better[0] if better else "plain"
    )
    return dataclasses.replace(trial, verdict=conclusion)


@pytest.fixture(scope="module")
def trial(make_trial: Callable[..., Trial]) -> Trial:
    return make_trial(names=ARMS)


@pytest.fixture(scope="module")
def plain_first(make_trial: Callable[..., Trial]) -> Trial:
    return make_trial(names=("auto", "prior", "plain", "focal"))


def test_an_arm_that_is_better_is_taken(trial: Trial) -> None:
    found = judged(trial, auto="better", focal="worse", prior="worse")
    text = advice(found)
    assert text.startswith('Take auto: equipoise.fit(table, strategy="auto"), or on')
    assert "plain" not in text
    assert standing(found) == ""
    assert decision(found)[0].startswith("Decision with auto,")
    assert summarise(found)["decision"]["sentences"][0].startswith("Use auto,")
    assert highlighted(found)[:2] == ["auto", "plain"]


def test_another_arm_may_have_measured_higher(trial: Trial) -> None:
    text = advice(judged(trial, focal="better"))
    assert text.startswith("Take focal: ")
    assert "auto measured higher, but was not shown to beat plain." in text
    assert text.endswith("Without a strategy, fit makes auto.")


def test_an_undecided_trial_names_both_and_what_they_cost(trial: Trial) -> None:
    found = judged(trial, auto="cannot tell", focal="cannot tell", prior="worse")
    gain = difference_words(found.verdict.arms["auto"].difference)
    why = (
        f"No arm was shown to beat plain. auto measured highest: {gain} in average "
        "precision against plain, which this trial cannot tell from no difference."
    )
    text = advice(found)
    assert text.startswith(why)
    assert "simple" in text
    assert "Keep it simple" not in text
    assert "it averages 6 kinds of models, and its fits took 3.5 s here" in text
    assert 'equipoise.fit(table, strategy="auto")' in text
    assert 'equipoise.fit(table, strategy="plain")' in text
    assert text.endswith("The decision shown is that of plain.")
    assert f"  {why}" in decision(found)
    assert why in summarise(found)["decision"]["sentences"]
    assert text in summarise(found)["next"]
    assert alternative(found) == "auto"


def test_an_equal_arm_leaves_the_simple_one(trial: Trial) -> None:
    found = judged(trial, auto="equivalent", focal="cannot tell")
    text = advice(found)
    assert text.startswith("Take plain: ")
    assert "auto measured highest: " in text
    assert "within the margin of 0.01" in text
    assert text.endswith("Without a strategy, fit makes auto.")


def test_the_baseline_may_have_measured_highest(plain_first: Trial) -> None:
    found = judged(plain_first, auto="cannot tell", focal="worse")
    assert alternative(found) is None
    text = advice(found)
    assert text.startswith("Take plain: ")
    assert "plain measured highest, and no arm was shown to beat it." in text
    assert text.endswith("Without a strategy, fit makes auto.")


def test_what_fit_makes_by_itself_is_told_if_it_was_not_measured(
    make_trial: Callable[..., Trial],
) -> None:
    text = advice(judged(make_trial(), focal="cannot tell"))
    assert text.endswith("fit makes auto, which this trial did not measure.")
    alone = make_trial(names=("plain",))
    assert standing(alone) == ""
    assert advice(alone).startswith("Take plain: ")


def test_an_arm_of_the_prior_is_no_alternative(
    make_trial: Callable[..., Trial],
) -> None:
    trial = make_trial(names=("prior", "plain"))
    assert alternative(judged(trial, prior="cannot tell")) is None


def test_difference_words() -> None:
    assert difference_words(Estimate(0.0211, -0.01, 0.052)) == "+0.021 [-0.010, +0.052]"
    assert difference_words(Estimate(0.5, reason="one split")) == "+0.500"


OPTIONS: list[dict[str, Any]] = [
    {},
    {"objective": "mcc"},
    {"costs": (1, 20)},
]


@pytest.mark.parametrize("given", OPTIONS)
@pytest.mark.parametrize("name", ["auto", "plain", "focal"])
def test_the_call_and_the_command_make_what_was_measured(
    make_trial: Callable[..., Trial], given: dict[str, Any], name: str
) -> None:
    trial = make_trial(names=ARMS, **given)
    protocol = dataclasses.replace(trial.protocol, folds=3, seed=7)
    trial = dataclasses.replace(trial, protocol=protocol, training={"network": "small"})
    words = fitting(trial, name).words()
    call, options = re.split(r", or on the command line ", words)

    def fit(*rows: Any, **arguments: Any) -> dict[str, Any]:
        return dict(inspect.signature(eq.fit).bind(*rows, **arguments).arguments)

    names = {"equipoise": type("", (), {"fit": fit, "Goal": eq.Goal}), "table": 0}
    made = eval(call, names)  # our own sentence, taken as advised
    assert as_strategies(made["strategy"]) == [
        s for s in trial.strategies if s.name == name
    ]
    assert (made["folds"], made["seed"], made["network"]) == (3, 7, "small")
    command = typer.main.get_command(app).commands["fit"]  # type: ignore[attr-defined]
    parsed = command.make_context("fit", shlex.split(options)[2:]).params
    assert (parsed["folds"], parsed["seed"], parsed["network"]) == (3, 7, "small")
    assert parsed["strategy"] == name
    assert parsed["objective"] == given.get("objective")
    assert (parsed["cost_fp"], parsed["cost_fn"]) == given.get("costs", (None, None))


def test_a_strategy_of_your_own_is_named_by_its_object(
    make_trial: Callable[..., Trial],
) -> None:
    mine = Strategy("mine", loss="focal", options={"gamma": 1.0})
    trial = make_trial(names=("plain", mine, "weight_3"))
    found = fitting(trial, "mine")
    assert found.words() == "equipoise.fit(table, strategy=trial.strategies[1])"
    assert fitting(trial, "weight_3").options == (("--strategy", "weight_3"),)


def test_networks_of_your_own_and_settings_have_no_command(
    make_trial: Callable[..., Trial],
) -> None:
    trial = make_trial(names=("plain", "focal"))
    own = dataclasses.replace(trial, training={"network": None, "epochs": 100})
    assert fitting(own, "focal").words() == (
        'equipoise.fit((x, y), strategy="focal", model=model)'
    )
    assert "Without a strategy" not in advice(own)
    longer = dataclasses.replace(trial, training={"network": "default", "epochs": 300})
    found = fitting(longer, "focal")
    assert found.words() == (
        'equipoise.fit(table, strategy="focal", '
        "training=equipoise.training.TrainingSettings(epochs=300))"
    )
    assert found.options is None


def test_learning_from_all_rows_is_named_for_all_that_leave_some_out(
    make_trial: Callable[..., Trial],
) -> None:
    trial = make_trial(names=("plain", "logistic", "extra_trees", "trees", "auto"))
    whole = dataclasses.replace(trial, training={"fewer_rows": False})
    for name in ("plain", "logistic", "extra_trees", "auto"):
        made = fitting(whole, name)
        call, command = made.words().split(", or on the command line ")
        assert f"{command} ".count(" --all-rows ") == 1
        assert dict(made.options or ())["--all-rows"] is True
        fit = SimpleNamespace(fit=lambda _, **given: given, training=eq.training)
        names = {"equipoise": fit, "table": 0}
        made = eval(call, names)  # our own sentence, taken as advised
        assert made["training"] == TrainingSettings(fewer_rows=False)
    assert "all-rows" not in fitting(whole, "trees").words()
    assert "training" not in fitting(whole, "trees").words()
    assert "training" not in fitting(trial, "logistic").words()
    longer = dataclasses.replace(whole, training={"fewer_rows": False, "epochs": 9})
    assert fitting(longer, "plain").options is None
    assert "(fewer_rows=False)" in fitting(longer, "logistic").words()


def test_the_precision_of_products_is_named(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(names=("plain", "trees"))
    trial = dataclasses.replace(trial, training={"precision": "bfloat16"})
    made = fitting(trial, "plain")
    assert 'strategy="plain", precision="bfloat16")' in made.words()
    assert made.options is not None
    assert ("--precision", "bfloat16") in made.options
    assert ("--precision", "bfloat16") not in (fitting(trial, "trees").options or ())


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("roc_auc", ("highest", "higher", "+", "in AUROC")),
        ("brier", ("lowest", "lower", "a gain of ", "in Brier score")),
    ],
)
def test_the_metric_of_the_trial_is_named(
    metric: str, words: tuple[str, str, str, str], make_trial: Callable[..., Trial]
) -> None:
    trial = make_trial(names=ARMS, metric=metric)
    assert highest_word(trial) == words[0]
    gain = gain_words(trial, "auto")
    assert gain.startswith(words[2])
    assert gain.endswith(words[3])
    arms = {"auto": "cannot tell", "focal": "cannot tell", "prior": "worse"}
    why = standing(judged(trial, **arms))
    assert f"auto measured {words[0]}: {gain} against plain" in why
    better = judged(trial, **{**arms, "focal": "better"})
    assert f"auto measured {words[1]}, but was not" in advice(better)


def test_a_loss_in_cost_is_no_gain(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(names=ARMS, metric="cost", costs=(1, 20))
    costs = {name: trial[name].evaluation["cost"].value for name in ("auto", "plain")}
    assert costs["auto"] > costs["plain"]
    assert gain_words(trial, "auto").startswith("a gain of -")
    assert standing(trial).startswith("plain measured lowest, and no arm")
