# SPDX-License-Identifier: Apache-2.0
"""A trial on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from equipoise._core import numerals
from equipoise._core.numerals import (
    as_probability,
    duration,
    exact,
    figure,
    percent,
    ratio,
    share,
    significant,
)
from equipoise.decision.plain import decimal
from equipoise.errors import printable
from equipoise.evaluation.arrays import as_costs
from equipoise.metrics.estimate import Estimate
from equipoise.workflows.summary_choice import standing
from equipoise.workflows.summary_words import else_left, else_words

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table as RichTable

    from equipoise.workflows.trial import Trial

MOST_WARNINGS = 4


def screen(trial: Trial) -> RenderableType:
    """Return facts, leaderboard, verdict, decision and warnings for a terminal."""
    from rich.console import Group
    from rich.text import Text

    def text(line: str, style: str = "") -> Text:
        return Text(printable(line), style=style)

    lines: list[RenderableType] = [
        text(facts(trial), "bold"),
        text(how(trial), "dim"),
        leaderboard(trial),  # with an empty line above and below it
        *(text(line, "yellow") for line in failures(trial)),
        text(trial.verdict, "bold"),
    ]
    lines += [Text(""), *(text(line) for line in decision(trial))]
    lines += [text(line) for line in test_lines(trial)]
    found = warnings(trial)
    if found:
        lines += [Text(""), *(text(line, "yellow") for line in found)]
    return Group(*lines)


def _name(text: str) -> str:
    return printable(text, lines=False)


def facts(trial: Trial) -> str:
    """Return what the data are, in one line."""
    data = trial.facts
    columns = sum(data["columns"].values())
    return (
        f"{data['source']}: {data['positives']:,} of {data['rows']:,} rows are "
        f"{_name(data['target'])} = {_name(data['positive_class'])} "
        f"({percent(data['prevalence'])}, "
        f"{ratio(data['ratio'])}); {columns} columns"
    )


def how(trial: Trial) -> str:
    """Return how the numbers came about, in one sentence."""
    plan = trial.protocol
    repeats = trial.scores.repeats
    times = f" x {repeats} repeats" if repeats > 1 else ""
    by = plan.by if plan.by == "stratified" else f"by {plan.by}"
    return (
        f"{plan.folds} folds{times}, {by}, seed {plan.seed}; "
        f"{duration(trial.seconds)}. Estimates of {trial.results.estimand}, with "
        f"{share(trial.results.level)} intervals."
    )


def leaderboard(trial: Trial) -> RichTable:
    """Return the arms from the highest average precision to the lowest."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("strategy", no_wrap=True)
    for title in ("average precision", "AUROC", "Brier", "AP - plain"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for name in trial.names:
        arm = trial.results[name]
        finding = trial.conclusion.arms.get(name)
        difference = None if finding is None else finding.difference
        table.add_row(
            name,
            interval(arm.evaluation["average_precision"]),
            interval(arm.evaluation["roc_auc"]),
            brier(arm.evaluation["brier"]),
            "" if difference is None else interval(difference, signed=True),
            "" if finding is None else finding.outcome,
            duration(trial.scores.seconds[name]),
            style="bold" if name == trial.conclusion.best else None,
        )
    for name in trial.failed:
        table.add_row(name, "", "", "", "", "failed", "")
    return table


def failures(trial: Trial) -> list[str]:
    """Return why arms gave no scores, one sentence each."""
    return [f"{name} failed: {reason}" for name, reason in trial.failed.items()]


def decision(trial: Trial) -> list[str]:
    """Return the chosen threshold and what it costs, in sentences."""
    name = trial.conclusion.best
    found = trial.results[name].evaluation
    if found.threshold is None or found.confusion is None:
        return []
    c = found.confusion
    if c.tp + c.fp + c.undecided == 0:
        return [f"Decision with {name}: no row would be flagged."]
    per = 1000 / found.rows
    left = f", {significant(per * c.undecided)} rows left undecided"
    left = left if c.undecided else ""
    lines = [
        f"Decision with {name}, {_goal(trial)} chosen out of fold: flag from a "
        f"probability of {decimal(found.threshold)}{else_left(trial)}.",
        *threshold_lines(trial),
        *([f"  {why}"] if (why := standing(trial)) else []),
        f"  recall {interval(found['recall'])}, precision "
        f"{interval(found['precision'])}, F1 {interval(found['f1'])}",
        f"  Of 1,000 rows {significant(per * (c.tp + c.fp))} are flagged: "
        f"{significant(per * c.tp)} rightly, {significant(per * c.fp)} false alarms; "
        f"{significant(per * c.fn)} of {significant(per * c.positives)} positives are "
        f"missed{left}.",
    ]
    if "cost" in found:
        lines.append(f"  cost per row {interval(found['cost'])}; {else_words(trial)}")
    return lines


def _goal(trial: Trial) -> str:
    costs = as_costs(trial.costs)
    if costs is None:
        return f"best {trial.objective.replace('_', ' ')}"
    prices = f"a false alarm {exact(costs.fp)}, a missed positive {exact(costs.fn)}"
    if costs.abstain is not None:
        prices += f", a row left undecided {exact(costs.abstain)}"
    return f"lowest cost ({prices})"


def threshold_lines(trial: Trial) -> list[str]:
    """Say how much the threshold depends on the rows; nothing if costs set it."""
    ends = trial.results[trial.conclusion.best].evaluation.threshold_range
    if ends is None:
        return []
    low, high = (as_probability(end) for end in ends)
    return [f"  With one fold left out, the threshold would be {low} to {high}."]


def test_lines(trial: Trial) -> list[str]:
    """Return what the separate test file says, in sentences."""
    if not trial.test:
        return []
    first = next(iter(trial.test.values()))
    lines = [
        "",
        f"On the test file ({first.positives:,} of {first.rows:,} positive, "
        f"{percent(first.prevalence)}), average of the fold models:",
    ]
    for name in trial.names:
        e = trial.test[name]
        lines.append(
            f"  {name}: average precision {interval(e['average_precision'])}, "
            f"AUROC {interval(e['roc_auc'])}{_against(trial, name)}"
        )
    lines += [f"  {note}" for note in dict.fromkeys(first.notes)]
    return lines


def _against(trial: Trial, name: str) -> str:
    """Return an arm's paired difference on the test file; nothing of the baseline."""
    found = None if trial.held_out is None else trial.held_out.difference(name)
    if found is None or not found.defined:
        return ""
    words = interval(found, signed=True)
    return f"; {words} average precision against {trial.results.baseline}"


def warnings(trial: Trial) -> list[str]:
    """Return the gravest findings and what the learners had to say."""
    grave = [f for f in trial.diagnosis.findings if f.severity != "info"]
    lines = [
        f"{f.code} {f.severity}: {f.message}"
        for f in grave[: MOST_WARNINGS - min(1, len(trial.notes))]
    ]
    if len(grave) > len(lines):
        lines.append(f"... and {len(grave) - len(lines)} more; diagnose prints all")
    lines += [f"note: {note}" for note in trial.notes[:MOST_WARNINGS]]
    rest = len(trial.notes) - MOST_WARNINGS
    if rest > 0:
        lines.append(f"... and {rest} more notes; trial.notes and the report have all")
    return lines


def interval(estimate: Estimate, *, signed: bool = False) -> str:
    """Write an estimate shortly, for example ".762 [.70, .81]"."""
    ends = estimate.low, estimate.high
    return numerals.estimate(estimate.value, *ends, signed=signed, short=True)


def brier(estimate: Estimate) -> str:
    """Write a Brier score: small numbers need their own digits."""
    return figure(estimate.value, 4)
