# SPDX-License-Identifier: Apache-2.0
"""What to do, in words that need no statistics; and what the words of a page mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from equipoise._core.numerals import significant
from equipoise.evaluation.task_cross_validation import TaskCrossValidated
from equipoise.metrics.registry import METRICS

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

ARM = (
    "arm",
    "one strategy of the trial: a way to learn from these rows. All arms were trained "
    "and tested on the same rows.",
)
TERMS = {
    "plain": "a neural network trained on the rows as they are, with no remedy for the "
    "rare class.",
    "prior": "no model at all: every row gets the same probability, the share of the "
    "class in the data.",
    "logistic": "a logistic regression, the simplest usual model.",
    "auto": "an average of several kinds of models, weighted by how well each ranks.",
}
"""Strategies whose names do not say what they are."""
BRIEF = {
    "plain": "a network with no remedy for the rare class",
    "prior": "the same answer for every row",
    "logistic": "the simplest usual model",
}
"""What a baseline is, in the sentence that names it first."""
SCORES = {
    "average_precision": "over all thresholds, the average share of alerts that are "
    "right; from the share of the class (guessing) to 1 (perfect).",
    "macro_average_precision": "average precision of each class against the rest, "
    "averaged over the classes, however few rows a class has.",
    "roc_auc": "the probability that a row of the class gets a higher score than "
    "another row; 0.5 is guessing.",
    "brier": "the mean squared error of the probabilities; lower is better.",
}
INTERVAL = (
    "interval",
    "a range for the true value, as wide as so few rows require; of many such ranges, "
    "the share that is named holds it.",
)


def action(trial: TrialRecord) -> str:
    """Return what to do, in one or two sentences for a reader who decides.

    Args:
        trial: The trial.
    """
    grave = [f for f in trial.diagnosis.findings if f.severity == "error"]
    if grave:
        title = grave[0].title
        return (
            "Do not rely on these numbers yet: fix the data first "
            f"({title[:1].lower()}{title[1:]})."
        )
    name, base = trial.verdict.choice, trial.results.baseline
    brief = f" ({BRIEF[base]})" if base in BRIEF else ""
    if _says_the_same_of_all(trial, name):
        return "Use no model yet: none was shown to do better than guessing."
    if name != base:
        first = f"Use {name}: it was shown to do better than {base}{brief}."
    elif trial.verdict.arms:
        first = f"Stay with {base}{brief}: nothing else was shown to do better."
    else:
        first = f"Use {name}, the only strategy that was tried."
    return f"{first} {found_words(trial)}".rstrip()


def _says_the_same_of_all(trial: TrialRecord, name: str) -> bool:
    strategy = next(s for s in trial.strategies if s.name == name)
    return strategy.learner_record.constant


def found_words(trial: TrialRecord) -> str:
    """Return what the decisions of the arm to take find, in whole numbers.

    Args:
        trial: The trial.
    """
    name = trial.verdict.choice
    if isinstance(trial.results, TaskCrossValidated):
        return _of_classes(trial, trial.results)
    cells = trial.of_two_classes[name].evaluation.confusion
    if cells is None or not cells.positives:
        return ""
    if cells.tp + cells.fp == 0:
        return "At its threshold no row is flagged."
    caught = _of_hundred(cells.tp / cells.positives)
    right = _of_hundred(cells.tp / (cells.tp + cells.fp))
    return f"It finds {caught} of 100 positives, and {right} of 100 alerts are right."


def _of_classes(trial: TrialRecord, results: TaskCrossValidated) -> str:
    evaluation = results[trial.verdict.choice].evaluation
    if "balanced_accuracy" not in evaluation:
        return ""
    one = evaluation["balanced_accuracy"]
    if not one.defined or trial.task.kind != "multiclass":
        return ""
    return (
        f"Of 100 rows of a class it decides {_of_hundred(one.value)} rightly, on "
        "average over the classes."
    )


def _of_hundred(share: float) -> str:
    """Return a share as a count of 100 in words.

    Example:
        >>> _of_hundred(0.414), _of_hundred(1.0), _of_hundred(0.0031)
        ('about 41', 'all', 'about 0.31')
    """
    if share >= 1:
        return "all"
    if share <= 0:
        return "none"
    if share < 0.01 or share > 0.99:
        return f"about {significant(100 * share, 2 if share < 0.01 else 3)}"
    return f"about {100 * share:.0f}"


def brief_terms(trial: TrialRecord) -> str:
    """Return what the names of a screen mean, in one line.

    Args:
        trial: The trial.
    """
    texts = ["arm: one of the strategies that were tried"]
    texts += [f"{name}: {BRIEF[name]}" for name in trial.names if name in BRIEF]
    return "; ".join(texts) + "."


def page_terms(trial: TrialRecord, metrics: tuple[str, ...]) -> list[dict[str, str]]:
    """Return what the words of a page mean, those that it uses.

    Args:
        trial: The trial.
        metrics: Those of the leaderboard.
    """
    pairs = [ARM, *((n, TERMS[n]) for n in trial.names if n in TERMS)]
    pairs += [
        (METRICS[m].label if m in METRICS else m.replace("_", " "), SCORES[m])
        for m in metrics
        if m in SCORES
    ]
    return [{"term": term, "text": text} for term, text in [*pairs, INTERVAL]]
