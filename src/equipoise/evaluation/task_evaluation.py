# SPDX-License-Identifier: Apache-2.0
"""What is known about a model of several classes or labels: every metric, per class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from equipoise._core.checks import listing, sentence
from equipoise._core.frames import make_frame
from equipoise._core.layout import display_width, wrap
from equipoise._core.notebook import html_table, paragraph
from equipoise._core.numerals import estimate, percent, share
from equipoise.diagnosis.words import count
from equipoise.errors import InputError, printable
from equipoise.evaluation.evaluation import EstimateMapping, Evaluation
from equipoise.evaluation.slice_search import FoundSlices
from equipoise.metrics.class_confusion import ClassConfusion, confusion_rows
from equipoise.metrics.estimate import Estimate
from equipoise.task import Task

SHOWN_BY_CLASS = ("average_precision", "roc_auc", "recall", "precision", "f1")
"""The metrics of a class in the order of its table."""
MOST_SHOWN = 60
"""A text shows at most so many classes, the rarest first."""


@dataclass(frozen=True, eq=False)
class TaskEvaluation(EstimateMapping):
    """Metrics of several classes or labels, with what they rest on.

    It maps the names of the task's metrics to estimates. `by_class` holds the same for
    each class against the rest, or each label.

    Attributes:
        estimates: Metric name to estimate, in the order of reading.
        task: The classes, or labels.
        rows: How many rows were scored.
        by_class: Class or label to its own metrics, as a problem of two classes.
        confusion: The K x K confusion matrix, a mean over the repeats of a
            cross-validation; None for labels, or without decisions.
        unjudged: Class or label that cannot be judged to the reason; it is in no
            average.
        rule: How decisions are made, in sentences, one per line; "" without decisions.
        estimand: What the numbers are estimates of.
        level: Nominal coverage of the intervals.
        notes: What the reader should know.
        slices: Parts of the rows with more errors, if they were searched for.
    """

    estimates: Mapping[str, Estimate]
    task: Task
    rows: int
    by_class: Mapping[str, Evaluation]
    confusion: ClassConfusion | None = None
    unjudged: Mapping[str, str] = field(default_factory=dict)
    rule: str = ""
    estimand: str = "this model, on rows like these"
    level: float = 0.95
    notes: tuple[str, ...] = ()
    slices: FoundSlices | None = None
    plots: ClassVar[tuple[str, ...]] = ("metrics", "classes", "confusion")

    @property
    def rarest(self) -> str:
        """The class or label that has the fewest rows among those that are judged."""
        judged = [name for name in self.by_class if name not in self.unjudged]
        return min(judged or self.by_class, key=lambda n: self.by_class[n].positives)

    def class_frame(self, library: str | None = None) -> Any:
        """Return the metrics of each class or label as a data frame.

        Args:
            library: As in `frame`.
        """
        rows = [
            {"class": name, **row}
            for name, evaluation in self.by_class.items()
            for row in evaluation.plain_rows()
        ]
        return make_frame(rows, library)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            **self.task.to_dict(),
            "rows": self.rows,
            "metrics": {name: e.as_dict() for name, e in self.estimates.items()},
            "by_class": {name: e.as_dict() for name, e in self.by_class.items()},
            "confusion": None if self.confusion is None else self.confusion.as_dict(),
            "unjudged": dict(self.unjudged),
            "rule": self.rule,
            "estimand": self.estimand,
            "level": self.level,
            "notes": list(self.notes),
            **({} if self.slices is None else {"slices": self.slices.to_dict()}),
        }

    def __str__(self) -> str:
        return self.text(display_width())

    def __repr__(self) -> str:
        noun = "labels" if self.task.kind == "multilabel" else "classes"
        return (
            f"<TaskEvaluation on {self.rows:,} rows, {len(self.by_class)} {noun}: "
            f"{listing(list(self.estimates), 4)}>"
        )

    def notebook_parts(self) -> str:
        """Return the evaluation as HTML for a notebook, without a frame."""
        shown = list(next(iter(self.by_class.values())).estimates)[:4]
        rows = [
            [name, f"{one.positives:,}", *(str(one[m]) for m in shown if m in one)]
            for name, one in self.by_class.items()
        ]
        about = "".join(map(paragraph, self._about()))
        notes = "".join(paragraph(note, "note") for note in self.notes)
        by_class = html_table(("class", "rows", *shown), rows)
        return about + self.estimates_html() + by_class + notes

    def _confusion_rows(self) -> list[dict[str, Any]]:
        cells = self.confusion
        if cells is None:
            raise InputError(
                sentence(
                    "a confusion matrix of an evaluation that has none",
                    "several classes, with decisions",
                )
            )
        return confusion_rows(cells.counts, cells.classes)

    def plot_rows(self, kind: str = "metrics") -> list[dict[str, Any]]:
        """Return the numbers behind a plot, one plain row each.

        Args:
            kind: As in `plot`.

        Raises:
            InputError: There is no such plot; labels have no confusion matrix, or
                nothing was decided.
        """
        if kind != "classes":
            return super().plot_rows(kind)
        names = ("value", "low", "high")
        return [
            {"class": name, **{k: one["average_precision"].as_dict()[k] for k in names}}
            for name, one in self.by_class.items()
            if one["average_precision"].defined
        ]

    def text(self, width: int) -> str:
        """Return the evaluation in lines of at most some width.

        Args:
            width: Columns; words, numbers and intervals are never cut.
        """
        before = [wrap(line, width) for line in self._about()]
        after = [wrap(note, width) for note in self.notes]
        after += [] if self.slices is None else ["", *self.slices.lines(width)]
        return printable(
            "\n".join(
                [
                    *before,
                    *self.estimate_lines(width),
                    "",
                    *class_table(self, width),
                    *after,
                ]
            )
        )

    def _about(self) -> list[str]:
        nouns = _nouns(self.task.kind == "multilabel")
        of_each = count(len(self.by_class), *nouns)
        rarest = self.by_class[self.rarest]
        lines = [
            f"{count(self.rows, 'row')}, {of_each}; the rarest, "
            f"{self.rarest}, has {count(rarest.positives, 'row')} ("
            f"{percent(rarest.prevalence)})",
            f"Of {self.estimand}; {share(self.level)} intervals.",
        ]
        if self.unjudged:
            lines.append(unjudged_words(self.unjudged, nouns[1]))
        return [*lines, *(self.rule.split("\n") if self.rule else [])]


def _nouns(labels: bool) -> tuple[str, str]:
    """Return what a class is called, and several of them."""
    return ("label", "labels") if labels else ("class", "classes")


def unjudged_words(unjudged: Mapping[str, str], noun: str = "classes") -> str:
    """Say which classes or labels are in no average, and why.

    Args:
        unjudged: Class to reason.
        noun: "classes" or "labels".

    Example:
        >>> print(unjudged_words({"a": "no rows of class 'a'"}))
        1 of the classes cannot be judged and is in no average: no rows of class 'a'.
    """
    reasons = list(dict.fromkeys(unjudged.values()))
    more = len(reasons) - 3
    tail = f"; and {more} more" if more > 0 else ""
    one = len(unjudged) == 1
    return (
        f"{len(unjudged)} of the {noun} cannot be judged and "
        f"{'is' if one else 'are'} in no average: {'; '.join(reasons[:3])}{tail}."
    )


def class_table(
    evaluation: TaskEvaluation, width: int, most: int = MOST_SHOWN
) -> list[str]:
    """Return the lines of a table with one class or label per line.

    Classes are in their own order, or the rarest first if there are more than are
    shown. Columns that do not fit are left out from the right, and said to be.

    Args:
        evaluation: The evaluation.
        width: Columns that a line may have.
        most: At most so many classes.
    """
    names = list(evaluation.by_class)
    if len(names) > most:
        names = sorted(names, key=lambda n: evaluation.by_class[n].positives)
        names = names[:most]
    metrics = [
        m
        for m in SHOWN_BY_CLASS
        if any(m in evaluation.by_class[name] for name in names)
    ]
    noun = "label" if evaluation.task.kind == "multilabel" else "class"
    titles = {"average_precision": "AP", "roc_auc": "AUROC", "f1": "F1"}
    columns = [[noun, *names]]
    columns.append(
        ["rows", *(f"{evaluation.by_class[name].positives:,}" for name in names)]
    )
    for metric in metrics:
        cells = [_cell(evaluation.by_class[name].get(metric)) for name in names]
        columns.append([titles.get(metric, metric), *cells])
    while len(columns) > 3 and _table_width(columns) > width:
        columns.pop()
    lines = _aligned(columns)
    hidden = len(metrics) + 2 - len(columns)
    if hidden:
        left = [titles.get(m, m) for m in metrics[-hidden:]]
        lines.append(f"({', '.join(left)}: see by_class)")
    if len(names) < len(evaluation.by_class):
        rest = len(evaluation.by_class) - len(names)
        lines.append(f"... and {rest:,} more frequent; see by_class")
    return lines


def _cell(value: Estimate | None) -> str:
    if value is None or not value.defined:
        return "-"
    return estimate(value.value, value.low, value.high, short=True)


def _table_width(columns: list[list[str]]) -> int:
    return sum(max(map(len, column)) for column in columns) + 2 * (len(columns) - 1)


def _aligned(columns: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for cells in zip(*columns, strict=True):
        first, *rest = (
            text.ljust(size) if place < 1 else text.rjust(size)
            for place, (text, size) in enumerate(zip(cells, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    return lines
