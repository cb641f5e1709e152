# SPDX-License-Identifier: Apache-2.0
"""What is known about a model: every metric with its interval."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from equipoise._core.checks import listing, nearest, one_of, sentence
from equipoise._core.frames import make_frame
from equipoise._core.layout import display_width, wrap
from equipoise._core.notebook import html_card, html_table, paragraph
from equipoise._core.numerals import amount, as_probability, percent, share
from equipoise._core.plotting import draw_intervals, draw_matrix, plot_axes
from equipoise.decision.decimals import decimal
from equipoise.errors import InputError, UnknownNameError, printable
from equipoise.evaluation.slice_search import FoundSlices
from equipoise.metrics import Estimate
from equipoise.metrics.class_confusion import confusion_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix; means over the repeats of a cross-validation.

    Attributes:
        tp: Flagged positives.
        fp: Flagged negatives.
        fn: Positives that are not flagged.
        tn: Negatives that are not flagged.
        left_positives: Positives that are left undecided.
        left_negatives: Negatives that are left undecided.
    """

    tp: float
    fp: float
    fn: float
    tn: float
    left_positives: float = 0.0
    left_negatives: float = 0.0

    @property
    def positives(self) -> float:
        """All positives."""
        return self.tp + self.fn + self.left_positives

    @property
    def negatives(self) -> float:
        """All negatives."""
        return self.fp + self.tn + self.left_negatives

    @property
    def counts(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The rows that are decided, as a matrix: the true class first."""
        return (self.tn, self.fp), (self.fn, self.tp)

    @property
    def undecided(self) -> float:
        """The rows that are left undecided."""
        return self.left_positives + self.left_negatives

    def as_dict(self) -> dict[str, float]:
        """Return the cells; those of undecided rows if there are any."""
        names = ("tp", "fp", "fn", "tn")
        left = ("left_positives", "left_negatives") if self.undecided else ()
        return {name: getattr(self, name) for name in (*names, *left)}


class EstimateMapping(Mapping[str, Estimate]):
    """A mapping from metric names to estimates, and how it is shown.

    Attributes:
        estimates: Metric name to estimate, in the order of reading.
        plots: The kinds of `plot`.
    """

    estimates: Mapping[str, Estimate]
    plots: ClassVar[tuple[str, ...]] = ("metrics", "confusion")

    def __getitem__(self, name: str) -> Estimate:
        if name not in self.estimates:
            raise UnknownNameError(
                sentence(
                    f"the metric {name!r}",
                    f"one of {listing(self.estimates, 30)}",
                    nearest(str(name), self.estimates),
                )
            )
        return self.estimates[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.estimates)

    def __len__(self) -> int:
        return len(self.estimates)

    def plain_rows(self) -> list[dict[str, Any]]:
        """Return one plain row per metric."""
        return [{"metric": name, **e.as_dict()} for name, e in self.estimates.items()]

    def frame(self, library: str | None = None) -> Any:
        """Return the metrics as a data frame, one row each with its interval.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them
                that is installed.

        Raises:
            MissingExtraError: The library is not installed.
        """
        return make_frame(self.plain_rows(), library)

    def estimates_html(self) -> str:
        """Return the metrics as a table for a notebook."""
        rows = [(name, str(estimate)) for name, estimate in self.estimates.items()]
        return html_table(("metric", "value with its interval"), rows)

    def _repr_html_(self) -> str:
        return html_card("Evaluation", self.notebook_parts())

    @abstractmethod
    def notebook_parts(self) -> str:
        """Return the evaluation as HTML for a notebook, without a frame."""

    def plot(self, kind: str = "metrics", *, ax: Axes | None = None) -> Axes:
        """Draw the metrics with their intervals, or the confusion matrix.

        An evaluation holds no scores, so curves are drawn by `Trial.plot`.

        Args:
            kind: "metrics" or "confusion"; of several classes or labels also "classes",
                the average precision of each.
            ax: Axes to draw into; new ones by default.

        Returns:
            The axes.

        Raises:
            InputError: There is no such plot, or nothing was decided.
        """
        rows = self.plot_rows(kind)
        ax = plot_axes(ax)
        if kind == "confusion":
            draw_matrix(ax, rows)
        else:
            draw_intervals(ax, rows, "class" if kind == "classes" else "metric")
        return ax

    def plot_rows(self, kind: str = "metrics") -> list[dict[str, Any]]:
        """Return the numbers behind a plot, one plain row each.

        Args:
            kind: As in `plot`.

        Raises:
            InputError: There is no such plot; labels have no confusion matrix, or
                nothing was decided.
        """
        one_of(kind, self.plots, "kind")
        if kind == "confusion":
            return self._confusion_rows()
        within = [row for row in self.plain_rows() if 0 <= row["value"] <= 1]
        return [{k: r[k] for k in ("metric", "value", "low", "high")} for r in within]

    @abstractmethod
    def _confusion_rows(self) -> list[dict[str, Any]]:
        """Return the confusion matrix as plain rows."""

    def estimate_lines(self, width: int) -> list[str]:
        """Return one line per metric, wrapped at some width.

        Args:
            width: Columns; words, numbers and intervals are never cut.
        """
        size = max(map(len, self.estimates), default=0)
        return [
            wrap(str(estimate), width, first=f"{name:<{size}}  ")
            for name, estimate in self.estimates.items()
        ]


@dataclass(frozen=True, eq=False)
class Evaluation(EstimateMapping):
    """A mapping from metric names to estimates, with what they rest on.

    Attributes:
        estimates: Metric name to estimate, in the order of reading.
        rows: How many rows were scored.
        positives: How many of them are positive.
        threshold: The probability from which a row is flagged, or None.
        confusion: The decisions at the threshold, or None; with row weights, weights.
        estimand: What the numbers are estimates of, in words.
        level: The intervals' nominal coverage.
        notes: What the reader should know.
        lower: The probability from which a row is left undecided, up to the
            threshold; None if every row is decided.
        threshold_range: The lowest and the highest threshold that the splits of a
            cross-validation would have chosen; None elsewhere.
        share: The share of positives if rows have weights; None: of the rows.
        slices: Parts of the rows with more errors, if they were searched for.

    Example:
        >>> from equipoise.evaluation import evaluate
        >>> e = evaluate([0, 0, 0, 1, 1], [0.1, 0.2, 0.6, 0.5, 0.9], threshold=0.4)
        >>> print(e["recall"])
        1.000 [0.158, 1.000]
        >>> e.rows, e.positives, e.confusion.as_dict()
        (5, 2, {'tp': 2.0, 'fp': 1.0, 'fn': 0.0, 'tn': 2.0})
    """

    estimates: Mapping[str, Estimate]
    rows: int
    positives: int
    threshold: float | None = None
    confusion: Confusion | None = None
    estimand: str = "this model, on rows like these"
    level: float = 0.95
    notes: tuple[str, ...] = ()
    lower: float | None = None
    threshold_range: tuple[float, float] | None = None
    share: float | None = None
    slices: FoundSlices | None = None

    @property
    def prevalence(self) -> float:
        """The share of positives, weighted if the rows are; NaN without rows."""
        if self.share is not None:
            return self.share
        return self.positives / self.rows if self.rows else math.nan

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain data; what a rule lacks is left out."""
        shown, ends = self.confusion, self.threshold_range
        extra = {
            "lower": self.lower,
            "threshold_range": None if ends is None else [*ends],
            "share": self.share,
        }
        return {
            "rows": self.rows,
            "positives": self.positives,
            "threshold": self.threshold,
            **{name: value for name, value in extra.items() if value is not None},
            "confusion": None if shown is None else shown.as_dict(),
            "estimand": self.estimand,
            "level": self.level,
            "notes": list(self.notes),
            "metrics": {name: e.as_dict() for name, e in self.estimates.items()},
            **({} if self.slices is None else {"slices": self.slices.to_dict()}),
        }

    def __str__(self) -> str:
        return self.text(display_width())

    def __repr__(self) -> str:
        names = listing(list(self.estimates), 4)
        return (
            f"<Evaluation on {self.rows:,} rows, {self.positives:,} positive: {names}>"
        )

    def notebook_parts(self) -> str:
        """Return the evaluation as HTML for a notebook, without a frame."""
        head = f"{self.rows:,} rows, {self.positives:,} positive. Of {self.estimand}."
        if self.threshold is not None:
            head += f" Flagged from a probability of {decimal(self.threshold)}."
        cells = self.confusion
        table = ""
        if cells is not None:
            both = cells.as_dict()
            table = html_table(tuple(both), [[f"{v:,.6g}" for v in both.values()]])
        notes = "".join(paragraph(note, "note") for note in self.notes)
        return paragraph(head) + self.estimates_html() + table + notes

    def _confusion_rows(self) -> list[dict[str, Any]]:
        cells = self.confusion
        if cells is None:
            raise InputError(
                sentence(
                    "a confusion matrix of an evaluation without decisions",
                    "one with a threshold",
                    "Pass threshold= to equipoise.evaluate.",
                )
            )
        return confusion_rows(cells.counts, ("negative", "positive"))

    def text(self, width: int) -> str:
        """Return the evaluation in lines of at most some width.

        Args:
            width: Columns; words, numbers and intervals are never cut.
        """
        of = "" if self.share is None else " with weights"
        head = (
            f"{self.rows:,} rows, {self.positives:,} positive "
            f"({percent(self.prevalence)}{of})"
        )
        if self.threshold is not None:
            head += f"; flagged from a probability of {decimal(self.threshold)}"
        if self.lower is not None:
            head += f", undecided from {decimal(self.lower)}"
        lines = self.estimate_lines(width)
        about = f"Of {self.estimand}; {share(self.level)} intervals."
        sentences = [*self._spread(), *self._decided()]
        before = [wrap(line, width) for line in (head, about, *sentences)]
        after = [wrap(note, width) for note in self.notes]
        after += [] if self.slices is None else ["", *self.slices.lines(width)]
        return printable("\n".join([*before, *lines, *after]))

    def _spread(self) -> list[str]:
        if self.threshold_range is None:
            return []
        low, high = (as_probability(end) for end in self.threshold_range)
        return [f"With one fold left out, the threshold would be {low} to {high}."]

    def _decided(self) -> list[str]:
        c = self.confusion
        if c is None:
            return []
        alarms = "false alarm" if c.fp == 1 else "false alarms"
        return [
            f"caught {amount(c.tp, 4)} of {amount(c.positives, 4)} positives, with "
            f"{amount(c.fp, 4)} {alarms} among {amount(c.negatives, 4)} negatives"
        ]
