# SPDX-License-Identifier: Apache-2.0
"""EQP028: labels that occur together always, nearly always, or never."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.diagnosis.class_subjects import ClassSubjects
from equipoise.diagnosis.finding import Check, NotApplicable, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import capital, count, quoted, share

MOST_PAIRS = 50
"""How many pairs of a kind the evidence lists."""


@dataclass(frozen=True, eq=False)
class PairCounts:
    """How often two labels occur together, in rows in which both are known.

    Attributes:
        rows: `[labels, labels]` rows in which both are known.
        first: `[labels, labels]` of these, rows with the first.
        second: `[labels, labels]` rows with the second.
        both: `[labels, labels]` rows with both.
    """

    rows: FloatArray
    first: FloatArray
    second: FloatArray
    both: FloatArray

    @classmethod
    def of(cls, y: Any) -> PairCounts:
        """Count a label matrix `[rows, labels]`: 1, 0, or -1 if unknown.

        Example:
            >>> pairs = PairCounts.of([[1, 1], [1, 0], [0, -1]])
            >>> [each[0, 1].item() for each in (pairs.both, pairs.first, pairs.rows)]
            [1.0, 2.0, 2.0]
        """
        labels = np.asarray(y)
        having = (labels == 1).astype(np.float64)
        labelled = (labels >= 0).astype(np.float64)
        return cls(
            labelled.T @ labelled,
            having.T @ labelled,
            labelled.T @ having,
            having.T @ having,
        )

    def absent_together(self) -> FloatArray:
        """Return the probability of no common row, if labels were independent.

        It is C(n - a, b) / C(n, b) for labels that a and b of n rows have.
        """
        from scipy.special import gammaln

        n, a, b = self.rows, self.first, self.second
        room = n - a - b >= 0
        left = np.where(room, n - a - b, 0.0)
        log = gammaln(n - a + 1) - gammaln(left + 1)
        log -= gammaln(n + 1) - gammaln(n - b + 1)
        return np.where(room, np.exp(log), 0.0)

    def all_together(self) -> FloatArray:
        """Return the probability that all rows with the first have the second.

        It is C(b, a) / C(n, a), if labels were independent.
        """
        from scipy.special import gammaln

        n, a, b = self.rows, self.first, self.second
        room = b >= a
        left = np.where(room, b - a, 0.0)
        log = gammaln(b + 1) - gammaln(left + 1)
        log -= gammaln(n + 1) - gammaln(n - a + 1)
        return np.where(room, np.exp(log), 0.0)


def check_label_pairs(
    subject: Subject, *, alike: float = 0.9, fewest: int = 5
) -> Observation | NotApplicable | None:
    """Look for labels that exclude, include or repeat each other.

    Nearly equal: of the rows with either label the share `alike` or more has both
    (Jaccard 1901). Never together, and one never without the other: only if that
    would not happen by chance to independent labels of these sizes, at the level over
    all pairs (hypergeometric, Bonferroni).

    Args:
        subject: The table that is checked.
        alike: From this share of common rows on two labels are nearly equal.
        fewest: Labels with fewer rows are passed over.
    """
    names = subject.table.classes
    if len(names) < 2:
        return NotApplicable("there is one label")
    y = subject.table.labels()
    pairs = PairCounts.of(y)
    enough = ClassSubjects(subject).sides[:, 1] >= fewest
    judged = enough[:, None] & enough[None, :] & ~np.eye(len(names), dtype=np.bool_)
    judged &= (pairs.first >= fewest) & (pairs.second >= fewest)
    if not judged.any():
        return NotApplicable(f"fewer than two labels have {fewest} rows")
    upper = np.triu(judged)
    either = np.maximum(pairs.first + pairs.second - pairs.both, 1.0)
    jaccard = pairs.both / either
    same = upper & (jaccard >= alike)
    level = subject.alpha / (3 * max(int(upper.sum()), 1))
    never = upper & (pairs.both == 0) & (pairs.absent_together() <= level)
    within = judged & (pairs.both == pairs.first) & (pairs.first < pairs.second)
    within &= (pairs.all_together() <= level) & ~(same | same.T)
    if not (same.any() or never.any() or within.any()):
        return None
    return _observation(names, same, never, within, jaccard, pairs)


def _observation(
    names: tuple[str, ...],
    same: Any,
    never: Any,
    within: Any,
    jaccard: FloatArray,
    pairs: PairCounts,
) -> Observation:
    nearly = _listed(same, -jaccard)
    apart = _listed(never, pairs.absent_together())
    inside = _listed(within, -pairs.first)
    parts = []
    if nearly:
        i, j = nearly[0]
        equal = "equal" if jaccard[i, j] == 1 else "nearly equal"
        parts.append(
            f"the labels {quoted(names[i])} and {quoted(names[j])} are {equal}: of the "
            f"rows with either, {share(float(jaccard[i, j]))} have both{_more(nearly)}"
        )
    if inside:
        i, j = inside[0]
        parts.append(
            f"every row with {quoted(names[i])} has {quoted(names[j])} too"
            f"{_more(inside)}"
        )
    if apart:
        i, j = apart[0]
        parts.append(
            f"no row has both {quoted(names[i])} and {quoted(names[j])}{_more(apart)}"
        )
    return Observation(
        "info",
        f"{capital('; '.join(parts))}. Chance does not explain this.",
        "Labels that exclude each other may be one question of several classes; of two "
        "that are nearly equal one is enough, and in an average they count twice. A "
        "label that includes another says more of it than most columns.",
        {
            "nearly_equal": _named(names, nearly),
            "never_together": _named(names, apart),
            "within": _named(names, inside),
        },
    )


def _listed(which: Any, order: FloatArray) -> list[tuple[int, int]]:
    """Return pairs, those of the lowest `order` first."""
    pairs = [(int(i), int(j)) for i, j in np.argwhere(which)]
    return sorted(pairs, key=lambda pair: float(order[pair]))


def _more(pairs: list[tuple[int, int]]) -> str:
    more = len(pairs) - 1
    return f" ({count(more, 'more such pair')})" if more else ""


def _named(names: tuple[str, ...], pairs: list[tuple[int, int]]) -> list[list[str]]:
    return [[names[i], names[j]] for i, j in pairs[:MOST_PAIRS]]


CHECK = Check(
    "EQP028",
    "Labels that occur together or never",
    check_label_pairs,
    scope="table",
    tasks=("multilabel",),
)
