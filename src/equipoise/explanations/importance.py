# SPDX-License-Identifier: Apache-2.0
"""How much a ranking depends on each column: what `permutation_importance` returns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, cast, get_args

from equipoise._core.checks import one_of
from equipoise._core.frames import make_frame
from equipoise._core.layout import columns as laid_out
from equipoise._core.layout import display_width, wrap
from equipoise._core.numerals import as_p_value, estimate
from equipoise._core.states import texts
from equipoise.errors import printable
from equipoise.metrics.estimate import Estimate

ColumnFinding = Literal["matters", "cannot tell from nothing", "misleads", "not used"]
FINDINGS: tuple[str, ...] = get_args(ColumnFinding)
BASES = {
    "out of fold": "by models that had not seen them",
    "new rows": "none of which the model has seen",
}
"""On which rows columns are judged, and its words."""
MOST_LINES = 15
"""So many columns are listed by `str()`."""


@dataclass(frozen=True)
class ColumnImportance:
    """By how much a metric falls if a column, or a group of them, says nothing.

    Attributes:
        columns: Their names; several if they move together.
        drop: The metric as it is, less the metric with the values shuffled, and the
            interval of that difference.
        p: Two-sided p-value of "no difference", by itself; NaN without a test.
        adjusted: The same by Holm's correction for all columns.
        finding: "matters", or "misleads" (the metric is better without it): the
            difference is real at the level of all columns together. "cannot tell from
            nothing": it may be none. "not used": the scores do not depend on it.
        by_class: Class or label to the drop of its own metric; empty for two classes.
        findings: Class or label to the finding, corrected for all columns and classes.
    """

    columns: tuple[str, ...]
    drop: Estimate
    p: float
    adjusted: float
    finding: ColumnFinding
    by_class: Mapping[str, Estimate] = field(default_factory=dict)
    findings: Mapping[str, ColumnFinding] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The names of the columns, joined by " + "."""
        return " + ".join(self.columns)


@dataclass(frozen=True)
class Importance:
    """How much a model's ranking depends on each column, on rows it has not seen.

    Attributes:
        metric: What falls.
        value: The metric with all columns as they are.
        columns: Each column or group, the largest drop first.
        rows: How many rows were scored.
        repeats: By how many models each row was scored.
        permutations: How often each column was shuffled.
        level: Coverage of the intervals; one minus the level of the findings.
        together: Columns with an association above this were shuffled together.
        basis: "out of fold": each row was scored by models that had not seen it; "new
            rows": none of the rows had been seen.
        notes: What the reader should know.
    """

    metric: str
    value: float
    columns: tuple[ColumnImportance, ...]
    rows: int
    repeats: int
    permutations: int
    level: float
    together: float
    basis: str
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> ColumnImportance:
        """Return a column, or the group that it is in.

        Args:
            name: The column's name.

        Raises:
            KeyError: There is no such column.
        """
        for one in self.columns:
            if name in one.columns or name == one.name:
                return one
        raise KeyError(name)

    def frame(self, library: str | None = None, *, by_class: bool = False) -> Any:
        """Return a data frame, one row per column or group of columns.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them
                that is installed (pyarrow always is).
            by_class: Whether there is one row per column and class or label.

        Raises:
            MissingExtraError: The library is not installed.
        """
        rows = []
        for one in self.columns:
            whole = {
                "columns": one.name,
                "drop": one.drop.value,
                "low": one.drop.low,
                "high": one.drop.high,
            }
            if not by_class:
                tests = {"p": one.p, "p_adjusted": one.adjusted, "finding": one.finding}
                rows.append({**whole, **tests})
                continue
            for name, drop in one.by_class.items():
                each = {"drop": drop.value, "low": drop.low, "high": drop.high}
                what = {"columns": one.name, "class": name}
                rows.append({**what, **each, "finding": one.findings[name]})
        return make_frame(rows, library)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return {
            **{k: v for k, v in asdict(self).items() if k not in ("columns", "notes")},
            "columns": [
                {
                    **asdict(one),
                    "drop": one.drop.as_dict(),
                    "by_class": {n: e.as_dict() for n, e in one.by_class.items()},
                    "findings": dict(one.findings),
                }
                for one in self.columns
            ],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Importance:
        """Rebuild it from `to_dict`.

        Args:
            values: What `to_dict` gave.

        Raises:
            InputError: A finding is unknown, or a name is no string.

        Example:
            >>> one = ColumnImportance(("x",), Estimate(0.1), 0.5, 0.5, "misleads")
            >>> made = Importance("roc_auc", 0.8, (one,), 9, 1, 2, 0.9, 0.8, "new rows")
            >>> Importance.from_dict(made.to_dict()) == made
            True
        """
        columns = tuple(
            ColumnImportance(
                texts(one["columns"], "the columns"),
                Estimate(**one["drop"]),
                float(one["p"]),
                float(one["adjusted"]),
                _finding(one["finding"]),
                {str(n): Estimate(**e) for n, e in one["by_class"].items()},
                {str(n): _finding(f) for n, f in one["findings"].items()},
            )
            for one in values["columns"]
        )
        return cls(
            str(values["metric"]),
            float(values["value"]),
            columns,
            int(values["rows"]),
            int(values["repeats"]),
            int(values["permutations"]),
            float(values["level"]),
            float(values["together"]),
            one_of(values["basis"], BASES, "basis"),
            tuple(map(str, values["notes"])),
        )

    def sentence(self) -> str:
        """Return in a sentence which columns matter, and of which that is unknown."""
        matter = [one.name for one in self.columns if one.finding == "matters"]
        rest = [one for one in self.columns if one.finding != "matters"]
        unknown = sum(one.finding == "cannot tell from nothing" for one in rest)
        unused = sum(one.finding == "not used" for one in rest)
        wrong = [one.name for one in rest if one.finding == "misleads"]
        if not matter:
            text = "No column can be told from nothing"
        else:
            text = f"{len(matter)} of {len(self.columns)} columns or groups matter"
        parts = []
        if matter and unknown:
            parts.append(f"of {unknown} it cannot be told from nothing")
        if unused:
            parts.append(f"the model does not use {unused}")
        if wrong:
            parts.append(f"the scores are better without {', '.join(wrong)}")
        return f"{'; '.join([text, *parts])}."

    def __str__(self) -> str:
        return self.text(display_width())

    def text(self, width: int) -> str:
        """Return the columns in lines of at most some width.

        Args:
            width: Columns. Figures and titles are not broken: lines are longer if
                they need more.
        """
        basis = BASES[self.basis]
        head = (
            f"Drop in {self.metric.replace('_', ' ')} (now {estimate(self.value)}) if "
            f"a column is shuffled, on {self.rows:,} rows, {basis}."
        )
        shown = self.columns[:MOST_LINES]
        figures: list[list[list[str]]] = [
            [
                wrap(printable(one.name, lines=False), max(20, width - 54)).split("\n"),
                [estimate(one.drop.value, one.drop.low, one.drop.high, signed=True)],
                ["" if math.isnan(one.adjusted) else as_p_value(one.adjusted)],
            ]
            for one in shown
        ]
        titles = [["column"], ["drop"], ["adjusted"]]
        taken = sum(
            max(len(line) for cell in (title, *column) for line in cell) + 2
            for title, *column in zip(titles, *figures, strict=True)
        )
        cells = [
            [*row, wrap(one.finding, max(12, width - taken)).split("\n")]
            for row, one in zip(figures, shown, strict=True)
        ]
        header, body = laid_out([*titles, ["finding"]], cells, left=(0, 3))
        more = len(self.columns) - len(shown)
        last = [f"and {more} more: see .frame()"] if more > 0 else []
        return "\n".join(
            [
                wrap(head, width),
                *header,
                *(line for lines in body for line in lines),
                *last,
                wrap(self.sentence(), width),
                *(wrap(note, width) for note in self.notes),
            ]
        )


def _finding(value: Any) -> ColumnFinding:
    return cast("ColumnFinding", one_of(value, FINDINGS, "finding"))
