# SPDX-License-Identifier: Apache-2.0
"""What a check reports: a finding with a stable code, or why it does not apply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from equipoise.diagnosis.subject import Subject
from equipoise.errors import printable

Severity = Literal["error", "warning", "info"]
"""How grave a finding is: something is wrong, may be wrong, or is worth knowing."""
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
Evidence = Mapping[str, Any]


@dataclass(frozen=True)
class Observation:
    """What a check saw, before it has its code.

    Attributes:
        severity: "error": a result on this data would be wrong. "warning": it may
            mislead. "info": worth knowing.
        message: One or two sentences that stand alone.
        advice: What to do, in one or two sentences.
        evidence: The numbers behind the message, plain data.
    """

    severity: Severity
    message: str
    advice: str
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Something to know about the data.

    Attributes:
        code: Stable, for example "EQP004".
        title: What the check looks for, in a few words.
        severity: "error", "warning" or "info".
        message: One or two sentences that stand alone.
        advice: What to do.
        evidence: The numbers behind the message, plain data.

    Example:
        >>> found = Finding("EQP000", "An example", "info", "All is well.", "Go on.")
        >>> found.page
        'docs/findings/EQP000.md'
        >>> print(found)
        EQP000 info: All is well. Go on.
    """

    code: str
    title: str
    severity: Severity
    message: str
    advice: str
    evidence: Evidence = field(default_factory=dict)

    @property
    def page(self) -> str:
        """The documentation page of the code."""
        return f"docs/findings/{self.code}.md"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "code": self.code,
            "title": self.title,
            "severity": self.severity,
            "message": self.message,
            "advice": self.advice,
            "evidence": dict(self.evidence),
            "page": self.page,
        }

    def __str__(self) -> str:
        text = f"{self.code} {self.severity}: {self.message} {self.advice}"
        return printable(text.rstrip(), lines=False)


@dataclass(frozen=True)
class NotApplicable:
    """A check that cannot be made on this data, which is a normal result.

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
    """One check: a code, a title, and a function of the subject.

    The function returns an `Observation` where there is something to say,
    `NotApplicable` where the question makes no sense on this data, and None where
    all is well.

    Attributes:
        code: "EQP" and three digits; never reused.
        title: What the check looks for, in a few words.
        look: The function. Its thresholds are keyword arguments with defaults.
        deep: Whether the check is made only on request (`deep=True`).
    """

    code: str
    title: str
    look: Callable[[Subject], Observation | NotApplicable | None]
    deep: bool = False

    def run(self, subject: Subject) -> Finding | NotApplicable | None:
        """Look at the subject and put the code on what was seen."""
        seen = self.look(subject)
        if isinstance(seen, NotApplicable):
            return NotApplicable(seen.reason, self.code, self.title)
        if seen is None:
            return None
        return Finding(
            self.code,
            self.title,
            seen.severity,
            seen.message,
            seen.advice,
            seen.evidence,
        )
