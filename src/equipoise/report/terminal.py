# SPDX-License-Identifier: Apache-2.0
"""A trial on one screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from equipoise._core import numerals
from equipoise._core.layout import WIDEST, columns, wrap
from equipoise._core.numerals import (
    as_probability,
    decimals_for,
    duration,
    exact,
    figure,
    percent,
    ratio,
    share,
    significant,
)
from equipoise.comparison.held_out_task_rows import TaskHeldOut
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.decimals import decimal
from equipoise.decision.label_rule import LabelRule
from equipoise.diagnosis.words import count, inputs_in_words
from equipoise.errors import printable
from equipoise.evaluation.fixed_model import as_costs
from equipoise.evaluation.task_cross_validation import TaskArm, TaskCrossValidated
from equipoise.evaluation.task_evaluation import class_table
from equipoise.metrics.estimate import Estimate
from equipoise.metrics.registry import METRICS
from equipoise.metrics.task_registry import TASK_METRICS
from equipoise.report.columns_that_matter import importance_lines
from equipoise.report.summary_choice import standing
from equipoise.report.summary_words import (
    best_words,
    else_left,
    else_words,
    margin_words,
)
from equipoise.report.unseen import unseen_lines
from equipoise.trials.independent_rows import doubt
from equipoise.trials.rare_notes import findings_beside

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.text import Text

    from equipoise.evaluation.evaluation import Evaluation
    from equipoise.trials.trial import TrialRecord

MOST_WARNINGS = 4
MOST_CLASSES = 15
"""A screen shows at most so many classes or labels, the rarest; the report more."""


def screen(trial: TrialRecord, words: Callable[[str], str] = str) -> RenderableType:
    """Return facts, leaderboard, verdict, decision and warnings for a terminal.

    Args:
        trial: The trial.
        words: Writes advice in the terms of whoever reads it.
    """
    return _Screen(trial, words)


@dataclass(frozen=True, eq=False)
class _Screen:
    """A trial that lays itself out for the width at hand."""

    trial: TrialRecord
    words: Callable[[str], str]

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[Text]:
        from rich.text import Text

        for line, style in lines(
            self.trial, min(options.max_width, WIDEST), self.words
        ):
            yield Text(line, style=style, no_wrap=True, overflow="ignore")


def lines(
    trial: TrialRecord, width: int, words: Callable[[str], str] = str
) -> Iterator[tuple[str, str]]:
    """Yield the lines of the screen and their styles.

    Args:
        trial: The trial.
        width: Columns that a line may have.
        words: Writes advice in the terms of whoever reads it.
    """

    def wrapped(texts: Iterable[str], style: str = "") -> Iterator[tuple[str, str]]:
        for text in texts:
            for line in wrap(printable(text), width).split("\n"):
                yield line, style

    warning = doubt(trial.diagnosis, trial.task.classes)
    yield from wrapped([warning] if warning else [], "bold red")
    yield from wrapped([facts(trial)], "bold")
    yield from wrapped([how(trial)], "dim")
    yield "", ""
    yield from leaderboard(trial, width)
    yield "", ""
    yield from wrapped(map(words, failures(trial)), "yellow")
    yield from wrapped([words(str(trial.verdict))], "bold")
    yield "", ""
    if isinstance(trial.results, TaskCrossValidated):
        yield from task_decision(trial, width)
    else:
        yield from wrapped(decision(trial))
    yield from wrapped(test_lines(trial))
    for line in unseen_lines(trial, width):
        yield line, ""
    for line in importance_lines(trial.importance, trial.verdict.choice, width):
        yield line, ""
    doubts = warnings(trial)
    if doubts:
        yield "", ""
        yield from wrapped(map(words, doubts), "yellow")


def _name(text: str) -> str:
    return printable(text, lines=False)


def facts(trial: TrialRecord) -> str:
    """Return what the data are, in one line."""
    data = trial.facts
    if trial.task.kind != "binary":
        return f"{data['source']}: {class_facts(trial)}; {inputs_in_words(data)}"
    return (
        f"{data['source']}: {data['positives']:,} of {data['rows']:,} rows are "
        f"{_name(data['target'])} = {_name(data['positive_class'])} "
        f"({percent(data['prevalence'])}, "
        f"{ratio(data['ratio'])}); {inputs_in_words(data)}"
    )


def how(trial: TrialRecord) -> str:
    """Return how the numbers were obtained, in one sentence."""
    plan = trial.protocol
    repeats = trial.scores.repeats
    times = f" x {repeats} repeats" if repeats > 1 else ""
    by = plan.by if plan.by == "stratified" else f"by {plan.by}"
    if trial.leaves_kinds_out:
        by = "each without one kind of positives"
    return (
        f"{plan.folds} folds{times}, {by}, seed {plan.seed}; "
        f"{duration(trial.seconds)}. Estimates of {trial.results.estimand}, with "
        f"{share(trial.results.level)} intervals; equivalent is within "
        f"{margin_words(trial)} of {trial.results.record(trial.results.metric).label}."
    )


RANKED = ("average_precision", "roc_auc")
SHOWN = (*RANKED, "brier")
OF_CLASSES = ("macro_average_precision", "macro_roc_auc", "balanced_accuracy")
SHORT = {
    "average_precision": "AP",
    "macro_average_precision": "macro AP",
    "brier": "Brier",
}
"""What metrics are called in the title of a narrow column."""


def leaderboard_metrics(trial: TrialRecord) -> tuple[str, ...]:
    """Return the metrics of the leaderboard: the usual ones, and the trial's own.

    Args:
        trial: The trial.
    """
    metric = trial.verdict.metric
    usual = SHOWN if trial.task.kind == "binary" else OF_CLASSES
    return usual if metric in usual else (metric, *usual)


def _titles(trial: TrialRecord) -> tuple[str, ...]:
    """Return the titles of the columns; all but the last two are of numbers."""
    metric, baseline = trial.verdict.metric, trial.results.baseline
    record = trial.results.record
    difference = f"{SHORT.get(metric, record(metric).label)} - {baseline}"
    if not record(metric).higher_is_better:  # differences are above 0 if better
        difference = f"gain over {baseline}"
    titles = (
        "Brier" if name == "brier" else record(name).label
        for name in leaderboard_metrics(trial)
    )
    return (*titles, difference, "verdict", "time")


def leaderboard(trial: TrialRecord, width: int) -> list[tuple[str, str]]:
    """Return the lines of the arms, the best first, and their styles.

    One line per arm if the width allows; else intervals stand below their values, and
    the time below the verdict; else names stand on lines of their own, too; else every
    number does. Nothing is left out or cut.

    Args:
        trial: The trial.
        width: Columns that a line may have.
    """
    arms = [*trial.names, *trial.failed]
    cells = {name: _cells(trial, name) for name in arms}
    titles = _titles(trial)
    for layout in (_in_one_line, _below_each_other, _below_names):
        head, body = layout(titles, cells, width)
        if max(map(len, head)) <= width:
            styles = ["bold" if n == trial.verdict.choice else "" for n in arms]
            shown = [(line, "") for line in head]
            for block, style in zip(body, styles, strict=True):
                shown += [(line, style) for line in block]
            return shown
    return _blocks(trial, cells, width)


Cells = list[tuple[str, ...]]
"""Of one arm, for each title: the value and, if it has one, its interval."""


def _cells(trial: TrialRecord, name: str) -> Cells:
    """Return an arm's cells in the order of the titles."""
    if name in trial.failed:
        return [*((),) * (len(leaderboard_metrics(trial)) + 1), ("failed",), ()]
    evaluation = trial.results[name].evaluation
    finding = trial.verdict.arms.get(name)
    return [
        *(
            (short_brier(evaluation[metric]),)
            if metric == "brier"
            else _parts(evaluation[metric])
            for metric in leaderboard_metrics(trial)
        ),
        () if finding is None else _parts(finding.difference, signed=True),
        ("",) if finding is None else (finding.outcome,),
        (duration(trial.scores.seconds[name]),),
    ]


def _parts(estimate: Estimate, *, signed: bool = False) -> tuple[str, ...]:
    value, *ends = numerals.estimate_parts(
        estimate.value, estimate.low, estimate.high, signed=signed, short=True
    )
    return (value, f"[{ends[0]}, {ends[1]}]") if ends else (value,)


Lines = tuple[list[str], list[list[str]]]


def _in_one_line(
    titles: Sequence[str], cells: Mapping[str, Cells], width: int
) -> Lines:
    rows = [
        [[_name(name)], *([" ".join(cell)] for cell in row)]
        for name, row in cells.items()
    ]
    head = [["strategy"], *([title] for title in titles)]
    return columns(head, rows, left=(0, len(titles) - 1))


def _below_each_other(
    titles: Sequence[str], cells: Mapping[str, Cells], width: int
) -> Lines:
    rows = [[[_name(name)], *_stacked(row)] for name, row in cells.items()]
    return columns(
        [["strategy"], *_stacked_titles(titles)], rows, left=(0, len(titles) - 1)
    )


def _below_names(
    titles: Sequence[str], cells: Mapping[str, Cells], width: int
) -> Lines:
    rows = [[[""], *_stacked(row)] for row in cells.values()]
    head, body = columns(
        [[""], *_stacked_titles(titles)], rows, left=(0, len(titles) - 1), gap=2
    )
    names = [wrap(_name(name), width).split("\n") for name in cells]
    shown = [
        [*name, *(line[1:] for line in block)]
        for name, block in zip(names, body, strict=True)
    ]
    return [line[1:] for line in head], shown


def _stacked_titles(titles: Sequence[str]) -> list[list[str]]:
    *figures, verdict, time = titles
    return [*(title.split(" ", 1) for title in figures), [verdict, time]]


def _stacked(row: Cells) -> list[list[str]]:
    *figures, verdict, time = row
    return [*(list(cell) for cell in figures), [*verdict, *time]]


def _blocks(
    trial: TrialRecord, cells: Mapping[str, Cells], width: int
) -> list[tuple[str, str]]:
    """Return each arm as a paragraph, one number per line."""
    shown = []
    titles = _titles(trial)
    size = max(map(len, titles))
    for name, row in cells.items():
        style = "bold" if name == trial.verdict.choice else ""
        shown += [(line, style) for line in wrap(_name(name), width).split("\n")]
        for title, cell in zip(titles, row, strict=True):
            text = " ".join(cell)
            if text:
                line = wrap(text, width, first=f"  {title:<{size}}  ")
                shown += [(part, style) for part in line.split("\n")]
    return shown


MOST_NAMED = 3


def class_facts(trial: TrialRecord) -> str:
    """Return the rows and the classes, or labels, of a trial in one line.

    Args:
        trial: A trial of several classes or labels.
    """
    data, labels = trial.facts, trial.task.kind == "multilabel"
    sizes = [(each["name"], each["rows"]) for each in data["classes"]]
    sizes.sort(key=lambda one: -one[1])
    rows = data["rows"]
    most, least = sizes[0], sizes[-1]
    noun = "labels" if labels else "classes"
    what = "" if labels else f"{_name(data['target'])}: "
    return (
        f"{rows:,} rows, {what}{len(sizes)} {noun}, from {_name(most[0])} "
        f"({percent(most[1] / rows)}) to {_name(least[0])} "
        f"({count(least[1], 'row')}, {percent(least[1] / rows)})"
    )


def task_decision(trial: TrialRecord, width: int) -> Iterator[tuple[str, str]]:
    """Yield how the arm to take decides, how well, and what it says of each class.

    Args:
        trial: A trial of several classes or labels.
        width: Columns that a line may have.
    """
    name = trial.verdict.choice
    arm = trial.results[name]
    if not isinstance(arm, TaskArm):
        return
    evaluation = arm.evaluation
    first, *more = rule_sentences(arm.rule)
    sentences = [f"Decision with {name}: {first_lower(first)}"]
    sentences += [f"  {line}" for line in more]
    if why := standing(trial):
        sentences.append(f"  {why}")
    shown = [m for m in ("balanced_accuracy", "macro_f1", "cost") if m in evaluation]
    shown += [m for m in ("accuracy", "subset_accuracy") if m in evaluation]
    measured = ", ".join(
        f"{TASK_METRICS[m].label} {short_interval(evaluation[m])}" for m in shown
    )
    sentences.append(f"  {measured}")
    for text in sentences:
        for line in wrap(printable(text), width).split("\n"):
            yield line, ""
    yield "", ""
    for line in class_table(evaluation, width, MOST_CLASSES):
        yield printable(line), ""


MOST_LISTED = 12
"""With more classes or labels than this, what each is decided by is not listed."""


def rule_sentences(rule: ClassRule | LabelRule) -> list[str]:
    """Return how several classes or labels are decided, in few sentences.

    Args:
        rule: Of an arm.
    """
    if isinstance(rule, LabelRule):
        cuts = [as_probability(r.threshold) for r in rule.rules]
        each = [
            f"{name} from {cut}" for name, cut in zip(rule.labels, cuts, strict=True)
        ]
        listed = ", ".join(each[:MOST_LISTED])
        rest = len(each) - MOST_LISTED
        more = f" and {rest} more" if rest > 0 else ""
        return [
            f"Each label has a threshold of its own, in probability: {listed}{more}.",
            *(f"{note[0].upper()}{note[1:].rstrip('.')}." for note in rule.notes),
        ]
    lines = rule.describe().split("\n")
    if rule.multipliers is not None and len(rule.classes) > MOST_LISTED:
        low, high = (exact(float(f"{v:.3g}")) for v in _ends(rule.multipliers))
        lines[0] = (
            "Decide the class whose probability times its multiplier is highest; the "
            f"multipliers are {low} to {high}."
        )
    return lines


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def first_lower(text: str) -> str:
    """Return a sentence that goes on after a colon.

    Example:
        >>> first_lower("The most probable class")
        'the most probable class'
    """
    return text[:1].lower() + text[1:]


def failures(trial: TrialRecord) -> list[str]:
    """Return why arms gave no scores, one sentence each."""
    return [f"{name} failed: {reason}" for name, reason in trial.failed.items()]


def decision(trial: TrialRecord) -> list[str]:
    """Return the chosen threshold and what it costs, in sentences."""
    name = trial.verdict.choice
    evaluation = trial.of_two_classes[name].evaluation
    if evaluation.threshold is None or evaluation.confusion is None:
        return []
    c = evaluation.confusion
    if c.tp + c.fp + c.undecided == 0:
        return [f"Decision with {name}: no row would be flagged."]
    per = 1000 / evaluation.rows
    left = f", and {significant(per * c.undecided)} rows are left undecided"
    left = left if c.undecided else ""
    lines = [
        f"Decision with {name}, for {_goal(trial)} on rows it was not trained on: flag "
        f"from a probability of {decimal(evaluation.threshold)}{else_left(trial)}.",
        *threshold_lines(trial),
        *([f"  {why}"] if (why := standing(trial)) else []),
        f"  {_measured(evaluation, ('recall', 'precision', 'f1'))}",
        f"  Of 1,000 rows {significant(per * (c.tp + c.fp))} are flagged: "
        f"{significant(per * c.tp)} rightly, {significant(per * c.fp)} false alarms; "
        f"{significant(per * c.fn)} of {significant(per * c.positives)} positives are "
        f"missed{left}.",
    ]
    if "cost" in evaluation:
        lines.append(
            f"  cost per row {short_interval(evaluation['cost'])}; {else_words(trial)}"
        )
    return lines


def _measured(evaluation: Evaluation, metrics: Iterable[str]) -> str:
    """Return metrics by their names, with their intervals."""
    return ", ".join(
        f"{METRICS[name].label} {short_interval(evaluation[name])}" for name in metrics
    )


def _goal(trial: TrialRecord) -> str:
    costs = as_costs(trial.costs)
    if costs is None:
        return best_words(trial.objective, trial.options)
    prices = f"a false alarm {exact(costs.fp)}, a missed positive {exact(costs.fn)}"
    if costs.abstain is not None:
        prices += f", a row left undecided {exact(costs.abstain)}"
    return f"the lowest cost ({prices})"


def threshold_lines(trial: TrialRecord) -> list[str]:
    """Say how much the threshold depends on the rows; nothing if costs set it."""
    ends = trial.of_two_classes[trial.verdict.choice].evaluation.threshold_range
    if ends is None:
        return []
    low, high = (as_probability(end) for end in ends)
    return [f"  With one fold left out, the threshold would be {low} to {high}."]


def test_lines(trial: TrialRecord) -> list[str]:
    """Return what the separate test file says, in sentences."""
    if isinstance(trial.held_out, TaskHeldOut):
        return _task_test_lines(trial, trial.held_out)
    if trial.held_out is None:
        return []
    tested = trial.held_out.evaluations
    first = next(iter(tested.values()))
    lines = [
        "",
        f"On the test file ({first.positives:,} of {first.rows:,} positive, "
        f"{percent(first.prevalence)}), average of the fold models:",
    ]
    lines += [
        f"  {name}: {_measured(tested[name], RANKED)}{_against(trial, name)}"
        for name in trial.names
    ]
    lines += [f"  {note}" for note in dict.fromkeys(first.notes)]
    return lines


def _task_test_lines(trial: TrialRecord, held_out: TaskHeldOut) -> list[str]:
    """Return what the test file says of several classes or labels, in sentences."""
    tested = held_out.evaluations
    first = next(iter(tested.values()))
    metrics = dict.fromkeys([trial.results.metric, *OF_CLASSES])
    noun = "labels" if trial.task.kind == "multilabel" else "classes"
    judged = len(first.by_class) - len(first.unjudged)
    lines = [
        "",
        f"On the test file ({count(first.rows, 'row')}, {judged} {noun} that can be "
        "judged), average of the fold models:",
    ]
    for name in trial.names:
        values = ", ".join(
            f"{TASK_METRICS[m].label} {short_interval(tested[name][m])}"
            for m in metrics
        )
        lines.append(f"  {name}: {values}{_against(trial, name)}")
    return [*lines, *(f"  {note}" for note in dict.fromkeys(first.notes))]


def _against(trial: TrialRecord, name: str) -> str:
    """Return an arm's paired difference on the test file; nothing of the baseline."""
    difference = None if trial.held_out is None else trial.held_out.difference(name)
    if difference is None or not difference.defined:
        return ""
    words = short_interval(difference, signed=True)
    label = METRICS["average_precision"].label
    if isinstance(trial.held_out, TaskHeldOut):
        label = TASK_METRICS[trial.held_out.metric].label
    return f"; {words} {label} against {trial.results.baseline}"


def warnings(trial: TrialRecord) -> list[str]:
    """Return the gravest findings and the notes of the learners."""
    beside = findings_beside(trial.diagnosis.findings, trial.notes)
    grave = [f for f in beside if f.severity != "info"]
    lines = [
        f"{f.code} {f.severity}: {f.message}"
        for f in grave[: MOST_WARNINGS - min(1, len(trial.notes))]
    ]
    if len(grave) > len(lines):
        lines.append(
            f"... and {len(grave) - len(lines)} more; diagnose prints all of them"
        )
    lines += [f"note: {note}" for note in trial.notes[:MOST_WARNINGS]]
    rest = len(trial.notes) - MOST_WARNINGS
    if rest > 0:
        lines.append(f"... and {rest} more notes; see trial.notes or the report")
    return lines


def short_interval(estimate: Estimate, *, signed: bool = False) -> str:
    """Write an estimate shortly, for example ".762 [.70, .81]"."""
    ends = estimate.low, estimate.high
    return numerals.estimate(estimate.value, *ends, signed=signed, short=True)


def short_brier(estimate: Estimate) -> str:
    """Write a Brier score: small numbers need their own digits."""
    return figure(estimate.value, max(4, decimals_for(estimate.value, 3)))
