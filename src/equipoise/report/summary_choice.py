# SPDX-License-Identifier: Apache-2.0
"""Which arm of a trial to take, why, and the call that makes the model measured."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from equipoise._core import numerals
from equipoise._core.numerals import exact, significant
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.decision.costs import Costs
from equipoise.decision.task_objectives import default_objective
from equipoise.evaluation.fixed_model import as_costs
from equipoise.metrics.estimate import Estimate
from equipoise.strategies.blended import Blend
from equipoise.strategies.catalogue import catalogue, sweep_strategies
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fewer_rows import rows_learned_from
from equipoise.trials.protocol import Protocol

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

_GOALS = {
    "precision": "precision_floor",
    "recall": "recall_floor",
    "capacity": "capacity",
}
"""By objective, what a `Goal` and the command line call its number."""
USUAL = "auto"
"""What `fit` makes if no strategy is named."""


@dataclass(frozen=True)
class Fitting:
    """How to make the model that an arm was measured as.

    Attributes:
        call: The call in Python, on the trial's table.
        options: Options of `equipoise fit`, as pairs of a name and a value; None if
            the command line has no word for the strategy or for how it was trained. A
            switch has the value True.
    """

    call: str
    options: tuple[tuple[str, object], ...] | None

    def words(self) -> str:
        """Return the call, and the command if there is one."""
        if self.options is None:
            return self.call
        text = options_text(self.options)
        return (
            f"{self.call}, or on the command line equipoise fit FILE {text} "
            "--out model.equipoise"
        )


def options_text(options: Iterable[tuple[str, object]]) -> str:
    """Write options as on the command line.

    Args:
        options: Pairs of a name and a value, which is True for a switch.

    Example:
        >>> options_text([("--strategy", "plain"), ("--all-rows", True)])
        '--strategy plain --all-rows'
    """
    return " ".join(
        name if value is True else f"{name} {value}" for name, value in options
    )


def alternative(trial: TrialRecord) -> str | None:
    """Return the arm that measured highest, if it is not the one to take.

    In that case the trial cannot tell it from the baseline, or it is within the
    margin. Arms that predict the prior do not count.
    """
    flat = {s.name for s in trial.strategies if s.learner_record.constant}
    first = next((name for name in trial.names if name not in flat), None)
    base, best = trial.results.baseline, trial.verdict.choice
    return None if first in (None, base, best) else first


def standing(trial: TrialRecord) -> str:
    """Return why the decision is that of the baseline; empty if an arm beats it."""
    base = trial.results.baseline
    if trial.verdict.choice != base or not trial.verdict.arms:
        return ""
    first = alternative(trial)
    if first is None:
        return (
            f"{base} measured {highest_word(trial)}, and no arm was shown to beat it."
        )
    verdict = trial.verdict.arms[first]
    against = f"{gain_words(trial, first)} against {base}"
    if verdict.outcome == "equivalent":
        return (
            f"No arm was shown to beat {base}. {first} measured {highest_word(trial)}: "
            f"{against}, which is within the margin of "
            f"{significant(trial.verdict.margin, 2)}."
        )
    return (
        f"No arm was shown to beat {base}. {first} measured {highest_word(trial)}: "
        f"{against}, which this trial cannot tell from no difference."
    )


def advice(trial: TrialRecord) -> str:
    """Return which model to make, what else there is, and what either costs."""
    best, base = trial.verdict.choice, trial.results.baseline
    fitted = f"{fitting(trial, best).words()}. That is the model as it was measured, "
    rule = "threshold" if trial.task.kind == "binary" else "decision rule"
    fitted += f"with calibration and {rule}."
    first = alternative(trial)
    if best != base:
        text = f"Take {best}: {fitted}"
        if first is not None:
            more = "higher" if higher_is_better(trial) else "lower"
            text += f" {first} measured {more}, but was not shown to beat {base}."
        return f"{text}{_usual(trial, best)}"
    why = standing(trial)
    if first is None or trial.verdict.arms[first].outcome == "equivalent":
        text = f"Take {base}: {fitted} {why}"
        return f"{text.rstrip()}{_usual(trial, base)}"
    return (
        f"{why} Take {first} if that gain, which may be none, is worth its cost "
        f"({_cost(trial, first)}): {fitting(trial, first).words()}. Take {base} if a "
        f"simple model matters more ({_cost(trial, base)}): "
        f"{fitting(trial, base).words()}. The decision shown is that of {base}."
        f"{_usual(trial, base, first)}"
    )


def higher_is_better(trial: TrialRecord) -> bool:
    """Return whether more is better in the metric that arms are compared by."""
    return trial.results.record(trial.verdict.metric).higher_is_better


def highest_word(trial: TrialRecord) -> str:
    """Return what the best value of the metric is: the highest, or the lowest."""
    return "highest" if higher_is_better(trial) else "lowest"


def gain_words(trial: TrialRecord, name: str) -> str:
    """Return what an arm gains over the baseline, and in which metric."""
    words = difference_words(trial.verdict.arms[name].difference)
    words = words if higher_is_better(trial) else f"a gain of {words}"
    return f"{words} in {trial.results.record(trial.verdict.metric).label}"


def difference_words(difference: Estimate) -> str:
    """Write a paired difference with its interval, if it has one."""
    ends = difference.low, difference.high
    return numerals.estimate(difference.value, *ends, signed=True)


def fitting(
    trial: TrialRecord, name: str, costs_file: str | os.PathLike[str] | None = None
) -> Fitting:
    """Return how to make the model of an arm, for the trial's aim and protocol.

    Args:
        trial: What was compared.
        name: The arm's.
        costs_file: Where its cost matrix was read from, if it has one.
    """
    strategy = next(s for s in trial.strategies if s.name == name)
    place = trial.strategies.index(strategy)
    catalogued = {**catalogue(), **{s.name: s for s in sweep_strategies()}}
    searched = _searched_as_usual(strategy)
    base = strategy if searched is None else searched.base
    named = catalogued.get(base.name) == base
    what = f'"{base.name}"' if named else f"trial.strategies[{place}]"
    words: list[str] = [f"strategy={what}"]
    options: list[tuple[str, object]] = [("--strategy", base.name)]
    if named and searched is not None:
        words.append(f"tune={searched.trials}")
        options.append(("--trials", searched.trials))
    matrix = isinstance(trial.costs, CostMatrix)
    costs = None if matrix else as_costs(trial.costs)
    if matrix:
        words.append("goal=equipoise.Goal(costs=costs)")
        named = named and costs_file is not None
        options.append(("--costs", str(costs_file)))
    elif costs is not None:
        words.append(f"goal=equipoise.Goal(costs={costs_code(costs)})")
        options += [("--cost-fp", exact(costs.fp)), ("--cost-fn", exact(costs.fn))]
        if costs.abstain is not None:
            options.append(("--cost-abstain", exact(costs.abstain)))
        named = named and not costs.tp and not costs.tn
    elif trial.options:
        name = _GOALS.get(trial.objective, "")
        value = next(iter(trial.options.values()))
        inside = f"{name}={exact(value)}" if name else ""
        inside = inside or f"{trial.objective!r}, options={dict(trial.options)}"
        words.append(f"goal=equipoise.Goal({inside})")
        options.append((f"--{name.replace('_', '-')}", exact(value)))
        named = named and bool(name)
    elif trial.objective != default_objective(trial.task):
        words.append(f'goal="{trial.objective}"')
        options.append(("--objective", trial.objective))
    for key in ("folds", "duplicates", "seed"):
        value = getattr(trial.protocol, key)
        if key == "folds" and trial.leaves_kinds_out:
            continue  # as many as there are kinds: no choice of the user's
        if value != getattr(Protocol(), key):
            words.append(f"{key}={value!r}")
            options.append((f"--{key}", value))
    network = trial.training.get("network", "default")
    users_network = False
    changed = _changed(trial)
    if not _has_networks(strategy):
        changed = {k: v for k, v in changed.items() if k == "fewer_rows"}
        if not any(rows_learned_from(member) for member in _members(strategy)):
            changed = {}
    else:
        users_network = network is None
        if network not in (None, "default"):
            words.append(f'network="{network}"')
            options.append(("--network", network))
        if "precision" in changed:
            precision = changed.pop("precision")
            words.append(f'precision="{precision}"')
            options.append(("--precision", precision))
    if changed:
        text = ", ".join(f"{key}={value!r}" for key, value in changed.items())
        words.append(f"training=equipoise.training.TrainingSettings({text})")
        named = named and changed == {"fewer_rows": False}
        options.append(("--all-rows", True))
    if users_network:
        words.append("model=model")
    source = "(x, y)" if users_network else "table"
    call = f"equipoise.fit({', '.join([source, *words])})"
    return Fitting(call, tuple(options) if named and not users_network else None)


def _searched_as_usual(strategy: Strategy) -> Tuned | None:
    """Return a tuned strategy that `fit(tune=TRIALS)` makes; None for any other."""
    if not isinstance(strategy, Tuned):
        return None
    usual = Tuned(strategy.base, trials=strategy.trials, name=strategy.name)
    return strategy if strategy == usual else None


def costs_code(costs: Costs) -> str:
    """Return costs as Python code: a pair if that says all.

    Example:
        >>> costs_code(Costs(fp=1, fn=20))
        '(1, 20)'
        >>> costs_code(Costs(fp=1, fn=20, abstain=0.3))
        'equipoise.decision.Costs(fp=1, fn=20, abstain=0.3)'
    """
    if costs == Costs(costs.fp, costs.fn):
        return f"({exact(costs.fp)}, {exact(costs.fn)})"
    named = {
        name: value
        for name, value in costs.to_dict().items()
        if name in ("fp", "fn") or value
    }
    inside = ", ".join(f"{name}={exact(value)}" for name, value in named.items())
    return f"equipoise.decision.Costs({inside})"


def _has_networks(strategy: Strategy) -> bool:
    return any(member.learner_record.trains_networks for member in _members(strategy))


def _members(strategy: Strategy) -> tuple[Strategy, ...]:
    return strategy.blended if isinstance(strategy, Blend) else (strategy,)


def _changed(trial: TrialRecord) -> dict[str, object]:
    """Return the training settings that are not the usual ones."""
    usual = dataclasses.asdict(TrainingSettings())
    return {
        key: value
        for key, value in trial.training.items()
        if key in usual and value != usual[key]
    }


def _cost(trial: TrialRecord, name: str) -> str:
    """Return what a strategy is made of and took, for people."""
    strategy = next(s for s in trial.strategies if s.name == name)
    spent = trial.scores.seconds[name]
    seconds = f"its fits took {spent:,.0f} s here"
    if spent < 9.95:
        seconds = f"its fits took {spent:.1f} s here"
    if isinstance(strategy, Blend):
        return f"it averages {len(strategy.blended)} kinds of models, and {seconds}"
    return seconds


def _usual(trial: TrialRecord, *named: str) -> str:
    """Say what `fit` makes without a strategy, unless that is what was named."""
    if USUAL in named or trial.training.get("network", "default") is None:
        return ""
    if USUAL in trial.names:
        return f" Without a strategy, fit makes {USUAL}."
    return f" Without a strategy, fit makes {USUAL}, which this trial did not measure."
