# SPDX-License-Identifier: Apache-2.0
"""The sentences of a report: the decision, the next steps, how it was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from equipoise._core.numerals import as_probability, exact, significant
from equipoise._core.numerals import share as as_share
from equipoise.decision.decimals import decimal
from equipoise.decision.objectives import objective as build_objective
from equipoise.diagnosis.words import count
from equipoise.evaluation.fixed_model import as_costs
from equipoise.metrics.registry import METRICS, metric
from equipoise.report.summary_choice import advice, standing

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

UNDECIDED = {
    "word": "Undecided",
    "meaning": "share of the rows that are left to somebody else",
}
SPLITS = {
    "stratified": "at random, with the same share of positives in every fold",
    "group": "by group: no group is on both sides of a split",
    "time": "by time: each fold is tested on rows later than those it was trained on",
}
DUPLICATES = {
    "auto": "Equal rows are kept on one side of a split if they are probably copies.",
    "group": "Equal rows are kept on one side of every split.",
    "ignore": "Equal rows may be on both sides of a split.",
}


def goal_words(objective: str, options: Mapping[str, Any] | None = None) -> str:
    """Return what a threshold is best at, in words.

    Args:
        objective: Its name.
        options: Its numbers.
    """
    if options:
        return build_objective(objective, **options).words.removeprefix("the ")
    if objective in METRICS:
        return METRICS[objective].label
    return objective.replace("_", " ")


def best_words(objective: str, options: Mapping[str, Any] | None = None) -> str:
    """Return the value that a threshold is chosen for, in words.

    Args:
        objective: Its name.
        options: Its numbers.

    Example:
        >>> best_words("f1"), best_words("cost")
        ('the best F1', 'the lowest expected cost')
        >>> best_words("precision", {"floor": 0.5})
        'the highest recall at a precision of at least 0.5'
    """
    if options:
        return f"the {goal_words(objective, options)}"
    record = METRICS.get(objective)
    least = record is not None and not record.higher_is_better
    return f"the {'lowest' if least else 'best'} {goal_words(objective)}"


def metric_words(name: str) -> dict[str, str]:
    """Return a metric's name for people and what it is."""
    if name == "undecided":
        return UNDECIDED
    record = metric(name)
    return {"word": record.title, "meaning": record.meaning}


def decision_sentences(trial: TrialRecord) -> list[str]:
    """Return which arm to use, its threshold, and what that gives on 1,000 rows."""
    name = trial.verdict.choice
    evaluation = trial.of_two_classes[name].evaluation
    c = evaluation.confusion
    if evaluation.threshold is None or c is None:
        return [f"Use {name}."]
    if c.tp + c.fp + c.undecided == 0:
        best = best_words(trial.objective, trial.options)
        return [f"Use {name}. At {best} no row is flagged."]
    per = 1000 / evaluation.rows
    left = (
        f", and {significant(per * c.undecided)} rows are left undecided"
        if c.undecided
        else ""
    )
    return [
        f"Use {name}, and flag a row from a probability of "
        f"{decimal(evaluation.threshold)}{else_left(trial)}: {aim_words(trial)}.",
        *([why] if (why := standing(trial)) else []),
        f"Of 1,000 rows like these, {significant(per * (c.tp + c.fp))} are flagged: "
        f"{significant(per * c.tp)} rightly and {significant(per * c.fp)} as "
        f"false alarms. "
        f"{significant(per * c.fn)} of {significant(per * c.positives)} positives "
        f"are missed{left}.",
        *_cost_sentences(trial),
        *_range_sentences(trial),
    ]


def else_left(trial: TrialRecord) -> str:
    """Return the lower threshold in words; nothing if every row is decided."""
    lower = trial.of_two_classes[trial.verdict.choice].evaluation.lower
    return "" if lower is None else f", and leave it undecided from {decimal(lower)}"


def _range_sentences(trial: TrialRecord) -> list[str]:
    """Say how much the threshold depends on the rows; nothing if costs set it."""
    ends = trial.of_two_classes[trial.verdict.choice].evaluation.threshold_range
    if ends is None:
        return []
    return [
        "The threshold was chosen on these rows, and the intervals allow for that. "
        f"With one fold left out, it would be {as_probability(ends[0])} to "
        f"{as_probability(ends[1])}."
    ]


def aim_words(trial: TrialRecord) -> str:
    """Return what the threshold is best at, with the costs if there are any."""
    costs = as_costs(trial.costs)
    if costs is None:
        return best_words(trial.objective, trial.options)
    prices = (
        f"a false alarm costs {exact(costs.fp)} and a missed positive {exact(costs.fn)}"
    )
    if costs.abstain is not None:
        prices = (
            f"a false alarm costs {exact(costs.fp)}, a missed positive "
            f"{exact(costs.fn)} and a "
            f"row left undecided {exact(costs.abstain)}"
        )
    return f"the lowest cost, if {prices}"


def _cost_sentences(trial: TrialRecord) -> list[str]:
    evaluation = trial.of_two_classes[trial.verdict.choice].evaluation
    if "cost" not in evaluation:
        return []
    cost = significant(evaluation["cost"].value)
    return [f"That costs {cost} per row; {else_words(trial)}."]


def else_words(trial: TrialRecord) -> str:
    """Return what a row would cost without a model; nothing without costs."""
    costs = as_costs(trial.costs)
    if costs is None:
        return ""
    share = trial.of_two_classes[trial.verdict.choice].evaluation.prevalence
    none = share * costs.fn + (1 - share) * costs.tn
    every = share * costs.tp + (1 - share) * costs.fp
    text = f"flagging no row would cost {significant(none)}, flagging every row "
    text += f"{significant(every)}"
    if costs.abstain is not None:
        text += f", leaving every row undecided {significant(costs.abstain)}"
    return text


def next_steps(trial: TrialRecord) -> list[str]:
    """Return what to do next, the most useful first."""
    steps = first_steps(trial)
    if trial.objective != "cost":
        goal = goal_words(trial.objective, trial.options)
        steps.append(
            f"The threshold is the best for {goal}. If you know "
            "what a false alarm and a missed positive cost, compare again with "
            "costs=(false alarm, missed positive), or --cost-fp and --cost-fn: the "
            "threshold then follows from them."
        )
    if not trial.test:
        steps.append(
            "Before you rely on the model, score rows that are more recent than these: "
            "cross-validation cannot show how the data change over time."
        )
    return steps


def first_steps(trial: TrialRecord) -> list[str]:
    """Return what to do before all else: fix the data, choose, decide what is open."""
    steps = [
        f"{f.title} ({f.code}): {f.advice}"
        for f in trial.diagnosis.findings
        if f.severity == "error"
    ]
    return [*steps, advice(trial), *undecided_steps(trial)]


def undecided_steps(trial: TrialRecord) -> list[str]:
    """Return how an undecided trial could decide."""
    verdicts = trial.verdict.arms.values()
    undecided = sum(v.outcome == "cannot tell" for v in verdicts)
    if not undecided:
        return []
    who = f"{count(undecided, 'arm')} of {len(verdicts)} could not be told apart from "
    if trial.scores.repeats < 5 and trial.protocol.by != "time":
        return [
            f"{who}{trial.results.baseline}. With repeats=5 (--repeats 5) the noise of "
            "splitting shrinks, and smaller differences can be detected; it takes "
            f"about {_times(5 / trial.scores.repeats)} as long."
        ]
    scarce = "positives" if trial.task.kind == "binary" else "rows of what is rare"
    return [
        f"{who}{trial.results.baseline}. More repeats would change little; more "
        f"{scarce} would help."
    ]


def methods(trial: TrialRecord) -> list[dict[str, str]]:
    """Return how the numbers were obtained, as terms and sentences."""
    plan, results = trial.protocol, trial.of_two_classes
    times = count(trial.scores.repeats, "repeat")
    positives = int(results.y.sum())
    items = {
        "What is estimated": f"The performance of {results.estimand}, on new rows "
        "with the same share of positives.",
        "Rows": f"{count(results.y.size, 'row')} with "
        f"{count(positives, 'positive')}{_tied(trial)}, each tested "
        f"{'once' if trial.scores.repeats == 1 else 'once in every repeat'}. No "
        "model is tested on rows that it was trained on.",
        "Splits": f"{plan.folds} folds, {times}, {SPLITS[plan.by]}. "
        f"{DUPLICATES[plan.duplicates]}",
        "Early stopping": f"{as_share(plan.stop_share)} of each training part is held "
        "out to decide when training stops, and for nothing else.",
        "Calibration and threshold": "A fold's calibrator is fitted to the scores of "
        "the other folds. One threshold serves all folds and repeats: that of "
        f"{best_words(trial.objective, trial.options)} on the calibrated scores. "
        "All decisions shown are those of this one rule; with repeats, counts are "
        "means over them.",
        "Intervals": f"{as_share(results.level)} intervals from {results.replicates:,} "
        f"random weightings of whole {trial.facts.get('case_kind') or 'rows'}; the "
        "models are not refitted. A threshold that was chosen on these rows is chosen "
        "again under each weighting, and the optimism of that choice is taken off the "
        "intervals of the decisions.",
        "Verdict": _verdict_words(trial),
        "Seed": f"{plan.seed}. The same data, versions and seed give the same numbers.",
        "Time": f"{written_time(trial.seconds)} in all.",
    }
    return [{"term": term, "text": text} for term, text in items.items()]


def _verdict_words(trial: TrialRecord) -> str:
    """Return how the verdict is reached, for the metric that it is on."""
    record = trial.results.record(trial.verdict.metric)
    baseline = trial.results.baseline
    text = (
        f"The difference in {record.label} is compared with the larger of two standard "
        "errors, over the splits (corrected resampled t-test) and over the rows, with "
        "Holm's correction for the number of arms, to decide whether an arm differs "
        f"from {baseline}."
    )
    if record.kind == "ranking":
        text += (
            " If one of the two gives every row the same score, they differ if the "
            "interval of the other's AUROC excludes .5"
        )
        if record.name == "average_precision":
            text += (
                " (or that of its average precision, at a fifth of the error rate, the "
                "share of positives)"
            )
        text += "."
    return f"{text} Differences within {margin_words(trial)} count as equivalent."


def _tied(trial: TrialRecord) -> str:
    """Return in how many independent cases the positives lie, if they are tied."""
    kind = trial.facts.get("case_kind")
    return f" in {trial.facts['positive_cases']:,} {kind}" if kind else ""


def margin_words(trial: TrialRecord) -> str:
    """Return up to what a difference does not matter, and why."""
    verdict = trial.verdict
    value, basis = significant(verdict.margin, 2), verdict.margin_basis
    return value if basis.startswith(value) else f"{value} ({basis})"


def _times(factor: float) -> str:
    return f"{significant(factor, 2)} times"


def written_time(seconds: float) -> str:
    """Write a duration in words."""
    if seconds < 10:
        return f"{seconds:.1f} seconds"
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
