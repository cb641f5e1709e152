# SPDX-License-Identifier: Apache-2.0
"""The sentences of a report of several classes or labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from equipoise._core.numerals import share as as_share
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.decision.task_objectives import CLASS_OBJECTIVES, LABEL_OBJECTIVES
from equipoise.diagnosis.words import count
from equipoise.evaluation.task_cross_validation import TaskArm, TaskCrossValidated
from equipoise.evaluation.task_evaluation import unjudged_words
from equipoise.metrics.registry import METRICS
from equipoise.report.summary_choice import fitting, options_text, standing
from equipoise.report.summary_words import (
    DUPLICATES,
    first_steps,
    margin_words,
    written_time,
)

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

MOST_LINES, LONGEST_LINE = 4, 320
"""A rule of at most so many lines of so many letters is shown as it is."""
TASK_SPLITS = {
    "stratified": "at random, with the same share of every {noun} in every fold",
    "group": "by group: no group is on both sides of a split",
    "time": "by time: each fold is tested on rows later than those it was trained on",
}


def aim_of_decisions(trial: TrialRecord) -> str:
    """Return what the decisions of a trial of several classes are best at, in words.

    Args:
        trial: The trial.
    """
    if isinstance(trial.costs, CostMatrix):
        return trial.costs.describe()
    if trial.objective in LABEL_OBJECTIVES and trial.task.kind == "multilabel":
        return LABEL_OBJECTIVES[trial.objective]
    if trial.objective in CLASS_OBJECTIVES:
        return CLASS_OBJECTIVES[trial.objective].words
    if trial.objective in METRICS:
        return f"the best {METRICS[trial.objective].label} of each label"
    return f"the best {trial.objective.replace('_', ' ')}"


def decision_lines(trial: TrialRecord, results: TaskCrossValidated) -> list[str]:
    """Return which arm to use and how it decides, in sentences.

    Args:
        trial: The trial.
        results: Its results.
    """
    name = trial.verdict.choice
    evaluation = results[name].evaluation
    sentences = [f"Use {name}, and decide for {aim_of_decisions(trial)}."]
    if why := standing(trial):
        sentences.append(why)
    lines = _lines(evaluation.rule)
    if not rule_lines(results[name]):
        sentences += lines
    elif len(lines[0]) <= LONGEST_LINE:
        sentences.append(lines[0])
    noun = "labels" if trial.task.kind == "multilabel" else "classes"
    if evaluation.unjudged:
        sentences.append(unjudged_words(evaluation.unjudged, noun))
    return sentences


def rule_lines(arm: TaskArm) -> list[str]:
    """Return the rule of an arm line by line if it is long; nothing if it is short.

    Args:
        arm: An arm.
    """
    lines = _lines(arm.rule.describe())
    short = len(lines) <= MOST_LINES and max(map(len, lines)) <= LONGEST_LINE
    return [] if short else lines


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def task_steps(trial: TrialRecord, results: TaskCrossValidated) -> list[str]:
    """Return what to do next, the most useful first.

    Args:
        trial: The trial.
        results: Its results.
    """
    labels = trial.task.kind == "multilabel"
    steps = first_steps(trial)
    unjudged = results[trial.verdict.choice].evaluation.unjudged
    if unjudged:
        noun = "labels" if labels else "classes"
        steps.append(
            f"Of {count(len(unjudged), noun[:-2] if not labels else 'label', noun)} "
            "nothing can be said: collect more of their rows, or merge them with "
            'others (rare="merge").'
        )
    if trial.costs is None and not labels:
        steps.append(
            f"The decisions are made for {aim_of_decisions(trial)}. If you know what "
            "each error costs, compare again with costs=, one row per true class and "
            "one column per decision: the decisions then follow from them."
        )
    if not trial.test:
        steps.append(
            "Before you rely on the model, score rows that are more recent than these: "
            "cross-validation cannot show how the data change over time."
        )
    return steps


def fitting_code(trial: TrialRecord) -> dict[str, str | None]:
    """Return the call, and the command if there is one, that make the model to take.

    Args:
        trial: The trial.
    """
    made = fitting(trial, trial.verdict.choice)
    command = None
    if made.options is not None:
        text = options_text(made.options)
        command = f"equipoise fit FILE {text} --out model.equipoise"
    return {"python": made.call, "command": command}


def task_methods(
    trial: TrialRecord, results: TaskCrossValidated
) -> list[dict[str, str]]:
    """Return how the numbers were obtained, as terms and sentences.

    Args:
        trial: The trial.
        results: Its results.
    """
    plan, labels = trial.protocol, trial.task.kind == "multilabel"
    noun, nouns = ("label", "labels") if labels else ("class", "classes")
    level = as_share(results.level)
    times = count(trial.scores.repeats, "repeat")
    rows = len(results.y)
    items = {
        "What is estimated": f"The performance of {results.estimand}, on new rows "
        f"with the same shares of the {nouns}.",
        "Rows": f"{count(rows, 'row')}, each tested "
        f"{'once' if trial.scores.repeats == 1 else 'once in every repeat'}. No "
        "model is tested on rows that it was trained on.",
        "Splits": f"{plan.folds} folds, {times}, "
        f"{TASK_SPLITS[plan.by].format(noun=noun)}. {DUPLICATES[plan.duplicates]}",
        "Early stopping": f"{as_share(plan.stop_share)} of each training part is held "
        "out to decide when training stops, and for nothing else.",
        "Calibration and decisions": "A fold's calibrator and its rule are made from "
        "the scores of the other folds. All decisions shown are those; with repeats, "
        "counts are means over them. The rule that is handed over is made from all "
        "folds together.",
        "Averages": f"Macro averages are means over the {nouns} that have rows of "
        "both kinds. Which they are follows from the rows alone, so it is the same "
        "for all arms and folds. Weighted averages count rows instead, and the "
        f"frequent {nouns} dominate them.",
        "Intervals": f"{level} intervals from how much each row moves a metric, with "
        f"quantiles of t by the rows of the rarest {noun}; the models are not "
        "refitted.",
        "Verdict": f"The difference in "
        f"{results.record(trial.verdict.metric).label} is compared with the larger of "
        "two standard errors, over the splits (corrected resampled t-test) and over "
        "the rows, with Holm's correction for the number of arms. Differences within "
        f"{margin_words(trial)} count as equivalent.",
        f"Differences by {noun}": "Looked at for the arms whose average differs. "
        f"Those of all {nouns} and of these arms are one family, judged by the joint "
        "distribution of their statistics.",
        "Paired decisions": f"Of the rows of each {noun}, and of the other rows, those "
        "that only one of an arm and the baseline decides for it, by McNemar's exact "
        "test. Rows that belong together, and a row's repeats, count as one. All tests "
        "are one family, with Holm's correction.",
        "Seed": f"{plan.seed}. The same data, versions and seed give the same numbers.",
        "Time": f"{written_time(trial.seconds)} in all.",
    }
    return [{"term": term, "text": text} for term, text in items.items()]
