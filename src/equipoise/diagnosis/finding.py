# SPDX-License-Identifier: Apache-2.0
"""A check, and what it reports: a finding, or why it does not apply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from equipoise.diagnosis.needs import Need
from equipoise.diagnosis.subject import Subject
from equipoise.errors import printable
from equipoise.task import TASK_KINDS

Severity = Literal["error", "warning", "info"]
"""How serious a finding is: something is wrong, may be wrong, or is worth knowing."""
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
Evidence = Mapping[str, Any]
Examine = Callable[[Subject], "Observation | NotApplicable | None"]
Scope = Literal["class", "table"]
Effort = Literal["counts", "columns", "models", "many models"]


@dataclass(frozen=True)
class Observation:
    """What a check observed, before it has a code.

    Attributes:
        severity: "error": a result on this data would be wrong. "warning": it may
            mislead. "info": worth knowing.
        message: One or two sentences that can be read alone.
        advice: What to do, in one or two sentences.
        evidence: The numbers behind the message, plain data.
    """

    severity: Severity
    message: str
    advice: str
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Something that the user should know about the data.

    Attributes:
        code: Stable, for example "EQP004".
        title: What the check looks for, in a few words.
        severity: "error", "warning" or "info".
        message: One or two sentences that can be read alone.
        advice: What to do.
        evidence: The numbers behind the message, plain data.
        page: Where it is documented.

    Example:
        >>> print(Finding("EQP000", "An example", "info", "All is well.", "Go on."))
        EQP000 info: All is well. Go on.
    """

    code: str
    title: str
    severity: Severity
    message: str
    advice: str
    evidence: Evidence = field(default_factory=dict)
    page: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "evidence": dict(self.evidence)}

    def __str__(self) -> str:
        text = f"{self.code} {self.severity}: {self.message} {self.advice}"
        return printable(text.rstrip(), lines=False)


@dataclass(frozen=True)
class NotApplicable:
    """A check that makes no sense on this data, which is a normal result.

    Attributes:
        reason: Completes the sentence "not applicable, because ...".
        code: The check's code.
        title: The check's title.
    """

    reason: str
    code: str = ""
    title: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"code": self.code, "title": self.title, "reason": self.reason}


@dataclass(frozen=True)
class Check:
    """One check, with all that the report, the reference and the catalogue say of it.

    Attributes:
        code: "EQP" and three digits; never reused.
        title: What the check looks for, in a few words.
        examine: A function of the subject. It returns an `Observation` if there is
            something to report, `NotApplicable` if the question makes no sense on
            this data, and None if all is well. Its thresholds are keyword arguments
            with defaults.
        needs: What `examine` takes for granted. The first need that is not met is
            the reason why the check does not apply.
        deep: Whether the check is made only on request (`deep=True`).
        scope: What it looks at in a table of several classes or labels: "class", each
            class against the rest and each label by itself; or "table", all rows once.
        several: By kind of task, what examines the whole table in place of
            `examine`.
        tasks: The kinds of tasks for which there is such a check at all.
        effort: What `examine` costs, which limits how many classes are examined:
            "counts" of rows, "columns" that are read, or "models" that are fitted.
        tested: Whether it rests on a test at the level `subject.alpha`; over several
            classes that level holds together (Holm 1979).
        error_of_all: Whether it is an error of several classes only if it is one of
            all that were examined, and else a warning.
        page: Where the finding is documented; `docs/findings/CODE.md` by default.

    Example:
        >>> from equipoise.diagnosis.needs import GROUPS
        >>> check = Check("EQP000", "An example", lambda subject: None, needs=(GROUPS,))
        >>> check.page
        'docs/findings/EQP000.md'
    """

    code: str
    title: str
    examine: Examine
    needs: tuple[Need, ...] = ()
    deep: bool = False
    page: str = ""
    scope: Scope = "class"
    several: Mapping[str, Examine] = field(default_factory=dict, hash=False)
    tasks: tuple[str, ...] = TASK_KINDS
    effort: Effort = "columns"
    tested: bool = False
    error_of_all: bool = False

    def __post_init__(self) -> None:
        if not self.page:
            object.__setattr__(self, "page", f"docs/findings/{self.code}.md")

    def run(self, subject: Subject) -> Finding | NotApplicable | None:
        """Examine a subject that has what the check needs, and add the code.

        Args:
            subject: The table and what belongs to it; a binary one, or of several
                classes if the check looks at the whole table.
        """
        for need in self.needs:
            if not need.is_met(subject):
                return NotApplicable(need.reason, self.code, self.title)
        result = self.several.get(subject.table.task.kind, self.examine)(subject)
        if isinstance(result, NotApplicable):
            return replace(result, code=self.code, title=self.title)
        if result is None:
            return None
        return Finding(self.code, self.title, **vars(result), page=self.page)
