# SPDX-License-Identifier: Apache-2.0
"""Run every check on a table and collect what they found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from equipoise._core.checks import (
    listing,
    nearest,
    number,
    one_of,
    sentence,
)
from equipoise._core.layout import display_width, wrap
from equipoise._core.notebook import html_card, html_table, lines_html
from equipoise._core.plotting import draw_intervals, plot_axes
from equipoise._core.seeds import seed_of
from equipoise.diagnosis.by_class import run_check
from equipoise.diagnosis.catalogue import CHECKS
from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.facts import facts_of, headline
from equipoise.diagnosis.finding import (
    SEVERITIES,
    Finding,
    NotApplicable,
    Severity,
)
from equipoise.diagnosis.predictive import FOLDS
from equipoise.diagnosis.stored_subjects import StoredSubjects
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.task_facts import task_facts, task_headline
from equipoise.errors import UnknownNameError, UnsupportedError, printable
from equipoise.reading.new_rows import read_stored_test
from equipoise.reading.options import ReadingOptions
from equipoise.reading.read import read_stored, read_with_test
from equipoise.reading.target import Positives
from equipoise.stores.rare_stored import treat_rare_store
from equipoise.stores.stored_table import StoredTable
from equipoise.table.rare_classes import RARE, treat_rare, with_classes_of
from equipoise.table.table import Table, require_classes
from equipoise.table.units import DUPLICATES, tied_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Diagnosis:
    """What is known about a table before anything is trained.

    Attributes:
        facts: Rows, columns by kind, class counts, missing values, duplicates:
            plain data.
        findings: The findings, the most severe first.
        not_applicable: Checks that make no sense on this data, with the reason.
        muted: Codes that were left out on request.
        passed: Codes of the checks that have nothing to report.
    """

    facts: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()
    muted: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()

    @property
    def worst(self) -> Severity | None:
        """The highest severity; None if there is no finding."""
        return self.findings[0].severity if self.findings else None

    def failed(self, on: str = "error") -> bool:
        """Return whether there is a finding of severity `on` or above.

        Args:
            on: "error", "warning" or "info".

        Raises:
            InputError: `on` is none of them.
        """
        limit = SEVERITIES.index(one_of(on, SEVERITIES, "on"))
        return any(SEVERITIES.index(f.severity) <= limit for f in self.findings)

    def __getitem__(self, code: str) -> Finding:
        for finding in self.findings:
            if finding.code == code:
                return finding
        codes = [finding.code for finding in self.findings]
        raise UnknownNameError(
            sentence(
                f"the code {code!r}",
                f"one of the findings, {listing(codes, 30)}" if codes else "no finding",
                nearest(str(code), codes),
            )
        )

    def __contains__(self, code: object) -> bool:
        return any(finding.code == code for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return {
            "facts": dict(self.facts),
            "findings": [finding.to_dict() for finding in self.findings],
            "not_applicable": [skipped.to_dict() for skipped in self.not_applicable],
            "muted": list(self.muted),
            "passed": list(self.passed),
        }

    def __str__(self) -> str:
        return self.text(display_width())

    def __repr__(self) -> str:
        severities = [finding.severity for finding in self.findings]
        times = ", ".join(
            f"{severities.count(word)} {word}{'s' * (severities.count(word) != 1)}"
            for word in SEVERITIES
            if word != "info" and word in severities
        )
        codes = ", ".join(finding.code for finding in self.findings)
        return f"<Diagnosis: {times or 'no error, no warning'}; {codes or 'nothing'}>"

    def plot(self, kind: str = "classes", *, ax: Axes | None = None) -> Axes:
        """Draw the sizes of the classes, or how well single columns tell them apart.

        Args:
            kind: "classes", or "columns": the AUROC of the strongest ones.
            ax: Axes to draw into; new ones by default.

        Returns:
            The axes.

        Raises:
            InputError: There is no such plot.
        """
        rows = self.plot_rows(kind)
        ax = plot_axes(ax)
        if kind == "columns":
            draw_intervals(ax, rows, "name", zero=0.5)
            ax.set_xlabel("AUROC of the column alone")
            return ax
        places = range(len(rows))[::-1]
        ax.barh(places, [row["rows"] for row in rows])
        ax.set_yticks(places, [row["name"] for row in rows])
        ax.set_xlabel("rows")
        return ax

    def plot_rows(self, kind: str = "classes") -> list[dict[str, Any]]:
        """Return the numbers behind a plot, one plain row each.

        Args:
            kind: As in `plot`.

        Raises:
            InputError: There is no such plot.
        """
        one_of(kind, ("classes", "columns"), "kind")
        facts = self.facts
        if kind == "columns":
            return [
                {
                    "name": f"{column['name']} ({column['class']})"
                    if "class" in column
                    else column["name"],
                    "value": column["auroc"],
                    "low": column["low"],
                    "high": column["high"],
                }
                for column in facts["strongest_columns"]
            ]
        if "classes" in facts:
            return [
                {"name": one["name"], "rows": one["rows"]} for one in facts["classes"]
            ]
        return [
            {"name": facts["negative_class"], "rows": facts["negatives"]},
            {"name": facts["positive_class"], "rows": facts["positives"]},
        ]

    def notebook_parts(self) -> str:
        """Return the diagnosis as HTML for a notebook, without a frame."""
        head = task_headline if "task" in self.facts else headline
        rows = [
            (f.severity, f"{f.code} {f.title}", f.message, f.advice)
            for f in self.findings
        ]
        table = html_table(("severity", "finding", "what", "advice"), rows)
        return (
            lines_html(head(self.facts, 100))
            + (table if rows else "")
            + lines_html(self._footer(10_000))
        )

    def _repr_html_(self) -> str:
        return html_card("What to know before training", self.notebook_parts())

    def text(self, width: int) -> str:
        """Return the diagnosis in lines of at most some width.

        Args:
            width: Columns; words are never cut.
        """
        head = task_headline if "task" in self.facts else headline
        parts = [head(self.facts, width)]
        parts += [_paragraph(finding, width) for finding in self.findings]
        parts.append(self._footer(width))
        return printable("\n\n".join(parts))

    def _footer(self, width: int) -> str:
        lines = []
        if self.passed:
            lines.append(f"Nothing to report: {', '.join(self.passed)}.")
        reasons: dict[str, list[str]] = {}
        for skipped in self.not_applicable:
            reasons.setdefault(skipped.reason, []).append(skipped.code)
        lines += [
            f"Not applicable, because {reason}: {', '.join(codes)}."
            for reason, codes in reasons.items()
        ]
        if self.muted:
            lines.append(f"Muted: {', '.join(self.muted)}.")
        return "\n".join(wrap(line, width) for line in lines)


def diagnose(
    source: Any,
    target: Any = None,
    *,
    test: Any = None,
    positive: Positives | None = None,
    task: str | None = None,
    targets: str | Sequence[str] | None = None,
    rare: str = "keep",
    group: str | None = None,
    time: str | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    unlabelled: str = "refuse",
    day_first: bool | None = None,
    deep: bool = False,
    mute: Iterable[str] = (),
    precision: float = 0.8,
    duplicates: str = "auto",
    seed: int = 0,
    random_state: int | None = None,
    memory: str | float | None = None,
) -> Diagnosis:
    """Look for what would make a result on this table wrong or unclear.

    Without `deep` it needs seconds for a million rows and trains nothing. `deep` trains
    small models on a sub-sample: neighbours of the positives, suspicious labels, and
    whether more data would help.

    Args:
        source: The training rows: a `Table`, or anything that `read_table` takes. Of
            several classes or labels, what is found of each is one finding, the worst
            first.
        target: The target's name if `source` is a path or a frame; or the labels of
            `source`, as scikit-learn takes them: `diagnose(X, y)`.
        test: Separate test rows with the same columns, or None.
        positive: The positive class of two, by default the rarest; or the class that
            is set against all others.
        task: "binary", "multiclass" or "multilabel", as in `read_table`.
        targets: The columns of several labels, or a pattern such as "label_*", in
            place of `target`.
        rare: What becomes of classes with fewer cases than 5 folds: "keep", "merge" or
            "drop", as in `compare`.
        group: The column whose equal values belong together, as in `read_table`.
        time: The column that orders the rows in time, as in `read_table`.
        drop: Columns to leave out.
        keep: Columns that are features even if they look like identifiers.
        unlabelled: What becomes of rows without a label: "refuse", "drop" or "keep",
            as in `read_table`.
        day_first: Whether 03/04/2021 is 3 April if no date decides it, as in
            `read_table`.
        deep: Whether to make the slow checks too.
        mute: Codes of checks to leave out.
        precision: The precision that flagged cases should have, strictly in (0, 1);
            the number of positives that it needs is reported.
        duplicates: "auto", "group" or "ignore": whether equal rows count as one
            case, see `outer_splits`.
        seed: Of the random sub-samples.
        random_state: Another name of `seed`.
        memory: How much memory the rows may take, such as "2GB", if they are larger
            than memory; as in `read_table`. Columns are then examined on the rows that
            fit, which hold the rarest classes whole.

    Returns:
        A `Diagnosis`.

    Raises:
        TableError: A source cannot be read as a table.
        TargetError: The target cannot be used, or the table lacks one of the classes;
            a test file may.
        InputError: A code in `mute` is unknown, or `precision` is out of range.

    Example:
        >>> import numpy as np
        >>> from equipoise.table.table import Column, Table
        >>> from equipoise.task import Task
        >>> x = np.random.default_rng(0).normal(size=400)
        >>> y = (np.arange(400) % 20 == 7).astype("int8")
        >>> task = Task("binary", ("no", "yes"))
        >>> table = Table((Column("x", "numeric", x),), y, task)
        >>> diagnosis = diagnose(table)
        >>> diagnosis.worst
        'warning'
        >>> diagnosis["EQP001"].evidence["positives"]
        20
    """
    options = ReadingOptions(
        positive=positive,
        task=task,
        targets=targets,
        group=group,
        time=time,
        drop=drop,
        keep=keep,
        unlabelled=unlabelled,
        day_first=day_first,
    )
    if memory is not None or isinstance(source, StoredTable):
        one_of(duplicates, DUPLICATES, "duplicates")
        store = read_stored(source, target, options, memory)
        later = read_stored_test(store, test, options.unlabelled)
        store, later, said = treat_rare_store(store, rare, FOLDS, later)
        store = replace(store, notes=(*store.notes, *said))
        stored = StoredSubjects.of(
            store,
            later,
            precision=number(precision, "precision", 0, 1, open_ends=True),
            seed=seed_of(seed, random_state),
            duplicates=duplicates,
        )
        return _run(stored.kept, deep, _codes(mute), stored)
    table, later = read_with_test(source, target, test, options)
    one_of(duplicates, DUPLICATES, "duplicates")
    table, later = _with_rare(table, later, rare, duplicates)
    require_classes(table)
    subject = Subject(
        table,
        later,
        precision=number(precision, "precision", 0, 1, open_ends=True),
        seed=seed_of(seed, random_state),
        duplicates=duplicates,
    )
    return _run(subject, deep, _codes(mute))


def refuse_stored(arguments: Mapping[str, Any]) -> None:
    """Refuse what is not served for rows that are larger than memory.

    Args:
        arguments: By name; None if it was not used.

    Raises:
        UnsupportedError: One was.
    """
    for name, value in arguments.items():
        if value is not None:
            raise UnsupportedError(
                sentence(
                    f"{name}= for rows larger than memory",
                    f"rows on disk without {name}=",
                    f"Leave {name}= out, or memory= if the rows fit into memory.",
                )
            )


def _run(
    subject: Subject,
    deep: bool,
    muted: tuple[str, ...],
    stored: StoredSubjects | None = None,
) -> Diagnosis:
    """Run the checks in order, and sort their findings.

    Args:
        subject: The table.
        deep: Whether to make the slow checks.
        muted: Codes of checks that are left out.
        stored: What each check looks at if the table is a part of larger rows.
    """
    findings: list[Finding] = []
    skipped: list[NotApplicable] = []
    passed: list[str] = []
    kind, classes = subject.table.task.kind, ClassSubjects(subject)
    for check in CHECKS:
        if check.code in muted or (check.deep and not deep) or kind not in check.tasks:
            continue
        looked_at = subject if stored is None else stored.subject(check)
        if isinstance(looked_at, NotApplicable):
            skipped.append(looked_at)
            continue
        if subject.binary:
            result = check.run(looked_at)
        else:
            same = looked_at is subject
            result = run_check(check, classes if same else ClassSubjects(looked_at))
        if result is None:
            passed.append(check.code)
        elif isinstance(result, NotApplicable):
            skipped.append(result)
        else:
            findings.append(result)
    findings.sort(key=lambda f: (SEVERITIES.index(f.severity), f.code))
    facts = facts_of(subject) if subject.binary else task_facts(classes)
    return Diagnosis(
        facts=facts if stored is None else stored.facts(facts),
        findings=tuple(findings),
        not_applicable=tuple(skipped),
        muted=muted,
        passed=tuple(passed),
    )


def _with_rare(
    table: Table, later: Table | None, rare: str, duplicates: str
) -> tuple[Table, Table | None]:
    """Return both files without rare classes, or with one class of them."""
    one_of(rare, RARE, "rare")
    if rare == "keep" or table.task.kind == "binary":
        return table, later
    units = tied_rows(table, duplicates)
    treated, notes = treat_rare(table, rare, FOLDS, units=units)
    treated = replace(treated, notes=(*treated.notes, *notes))
    return treated, None if later is None else with_classes_of(later, treated)[0]


def _codes(mute: Iterable[str]) -> tuple[str, ...]:
    codes = [mute] if isinstance(mute, str) else list(mute)
    all_codes = [check.code for check in CHECKS]
    return tuple(one_of(code, all_codes, "mute") for code in codes)


def _paragraph(finding: Finding, width: int) -> str:
    mark = {"error": "ERROR  ", "warning": "WARNING", "info": "info   "}
    head = f"{mark[finding.severity]} {finding.code}  "
    indent = " " * len(head)
    return "\n".join(
        [
            wrap(finding.message, width, first=head),
            wrap(finding.advice, width, first=indent + "-> "),
        ]
    )
