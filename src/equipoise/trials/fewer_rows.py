# SPDX-License-Identifier: Apache-2.0
"""Where rows are many, fits learn from a share of the largest class.

What a fit can learn of a rare class is limited by the rows of that class. So if there
are very many rows, networks, linear models and randomised trees are fitted on all rows
of the other classes and on a share of the largest one, drawn at random. The share is
undone exactly in all scores (`stores.class_shares`), and all rows of the other folds
are scored. Boosted trees, which are fast, learn from all rows.

Small tables are not concerned: nothing is left out up to `MANY_ROWS` training rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing
from equipoise._core.numerals import significant
from equipoise._core.types import IntArray
from equipoise.stores.class_shares import KeptShares, row_keys, smallest_keys
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.task import Task

MANY_ROWS = 32_000
"""Training rows up to which none is left out: those of tables of 50,000 rows, of which
a fifth is tested and a fifth of the rest decides when to stop."""

LARGEST_PER_OTHER = 10
"""Training rows of the largest class that are kept at least, per row of the others."""


@dataclass(frozen=True, eq=False)
class FewerRows:
    """The rows of a part that are fitted on.

    Attributes:
        train: Rows to learn from, ascending.
        stop: Rows that decide when training stops, ascending: about the same share.
        shares: Which share of each class the training rows are.
    """

    train: IntArray
    stop: IntArray
    shares: KeptShares


def rows_learned_from(strategy: Strategy) -> int:
    """Return how many of very many rows of the largest class a strategy keeps.

    At least so many are kept; 0 for all of them.

    A search keeps as many as the strategy that it searches for, which it is compared
    with. An ensemble that goes by rounds chooses its rows itself, and a sampler object
    gets all of them.

    Args:
        strategy: The strategy.

    Example:
        >>> from equipoise.strategies.catalogue import strategy
        >>> names = "plain", "trees", "rusboost"
        >>> [rows_learned_from(strategy(name)) for name in names]
        [20000, 0, 0]
    """
    base = strategy.base if isinstance(strategy, Tuned) else strategy
    if base.resamples or base.parts.by_rounds:
        return 0
    return base.learner_record.fewer_rows


def may_leave_out(rows: int, task: Task) -> bool:
    """Return whether fits on so many rows may learn from a share of them.

    Args:
        rows: The training rows, at most.
        task: What the target is.

    Example:
        >>> two = Task("binary", ("no", "yes"))
        >>> may_leave_out(32_000, two), may_leave_out(32_001, two)
        (False, True)
    """
    return task.kind != "multilabel" and rows > MANY_ROWS


def largest_kept(rows: int, largest: int, least: int) -> int:
    """Return how many rows of the largest class are fitted on.

    Args:
        rows: The training rows.
        largest: Those of the largest class.
        least: How many of them are kept at least; 0 for all.

    Example:
        >>> largest_kept(90_000, 89_000, 20_000), largest_kept(90_000, 86_000, 20_000)
        (20000, 40000)
        >>> largest_kept(30_000, 29_000, 20_000)
        29000
    """
    if not least or rows <= MANY_ROWS:
        return largest
    return min(largest, max(least, LARGEST_PER_OTHER * (rows - largest)))


def fewer_rows(
    y: npt.ArrayLike,
    train: IntArray,
    stop: IntArray,
    task: Task,
    seed: int,
    least: int,
) -> FewerRows | None:
    """Return the rows of a part that are fitted on; None if all are.

    All rows are kept but those of the largest class beyond `least`, or
    `LARGEST_PER_OTHER` times the rows of the other classes if that is more. Which are
    kept follows from their places and the seed alone.

    Args:
        y: `[rows of the table]` class numbers.
        train: Rows to learn from.
        stop: Rows that decide when training stops.
        task: What the target is; nothing is left out if it is several labels.
        seed: The part's seed.
        least: Training rows of the largest class that are kept at least.
    """
    if not may_leave_out(len(train), task):
        return None
    labels, classes = np.asarray(y), len(task.classes)
    counts = np.bincount(labels[train].astype(np.int64), minlength=classes)
    largest = int(np.argmax(counts))
    total = int(counts[largest])
    most = largest_kept(len(train), total, least)
    if most >= total:
        return None

    def chosen(rows: IntArray, share: float) -> IntArray:
        places = np.asarray(rows)
        here = labels[places] == largest
        keep = ~here
        keys = row_keys(places[here], seed, "fewer rows")
        keep[here] = smallest_keys(keys, max(1, round(share * int(here.sum()))))
        return np.sort(places[keep])

    rest = np.where(np.arange(classes) == largest, most, counts)
    shares = KeptShares(
        tuple(int(count) for count in counts), tuple(int(count) for count in rest)
    )
    return FewerRows(chosen(train, most / total), chosen(stop, most / total), shares)


def fewer_facts(shares: Sequence[KeptShares], classes: Sequence[str]) -> dict[str, Any]:
    """Return what an arm was fitted on, as plain data: means over its fits.

    Args:
        shares: Of its fits, at least one.
        classes: Their names.

    Returns:
        "fitted_on" and "totals", the training rows of each class that a fit learned
        from and those that there were, and "added_to_scores".

    Example:
        >>> facts = fewer_facts([KeptShares((900, 10), (90, 10))], ("no", "yes"))
        >>> facts["fitted_on"], facts["totals"]
        ({'no': 90.0, 'yes': 10.0}, {'no': 900.0, 'yes': 10.0})
    """

    def mean(rows: Sequence[Sequence[float]]) -> list[float]:
        return [float(value) for value in np.mean(rows, axis=0)]

    return {
        "fitted_on": dict(zip(classes, mean([s.kept for s in shares]), strict=True)),
        "totals": dict(zip(classes, mean([s.totals for s in shares]), strict=True)),
        "added_to_scores": mean([s.shift for s in shares]),
    }


def fewer_note(
    shares: Mapping[str, Sequence[KeptShares]], classes: Sequence[str]
) -> str:
    """Say what was left out, and that it is undone; "" if nothing was.

    Args:
        shares: By arm, those of its fits; none if it learned from all rows.
        classes: Their names.
    """
    by_share: dict[str, list[str]] = {}
    whole = []
    largest = ""
    for arm, each in shares.items():
        if not each:
            whole.append(arm)
            continue
        facts = fewer_facts(each, classes)
        largest = max(facts["totals"], key=lambda label: facts["totals"][label])
        share = facts["fitted_on"][largest] / facts["totals"][largest]
        by_share.setdefault(significant(100 * share, 2), []).append(arm)
    if not by_share:
        return ""
    which = "; ".join(
        f"each fit of {listing(arms)} from about {share}%"
        for share, arms in by_share.items()
    )
    others = (
        f"Nothing was left out for {listing(whole)}: what differs between "
        f"{'this arm' if len(whole) == 1 else 'these arms'} and the others may be due "
        "to that. "
        if whole
        else ""
    )
    return (
        f"There are many rows, so not all training rows of {largest!r} were learned "
        f"from: {which}, drawn at random, and all training rows of the rest. The share "
        "is undone exactly in all scores and probabilities, and all rows are scored. "
        f"{others}"
        "To learn from all rows, pass --all-rows on the command line, or in Python "
        "training=equipoise.training.TrainingSettings(fewer_rows=False)."
    )
