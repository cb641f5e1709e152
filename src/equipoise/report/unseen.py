# SPDX-License-Identifier: Apache-2.0
"""What a report says of kinds of positives that were left out of training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from equipoise._core import numerals
from equipoise._core.layout import columns, wrap
from equipoise.diagnosis.words import count, name_list
from equipoise.errors import printable
from equipoise.evaluation.kind_values import OF_KINDS, UnseenKinds
from equipoise.metrics.estimate import Estimate
from equipoise.report.summary_parts import interval_facts

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

TITLES = ("recall", "alarms", "AP", "AUROC", "AP if seen")


def unseen_facts(trial: TrialRecord) -> dict[str, Any]:
    """Return what a page shows of unseen kinds; empty if there are none.

    Args:
        trial: The trial.
    """
    unseen = trial.unseen
    if unseen is None:
        return {}
    return {
        "unseen": {
            "source": unseen.source,
            "negatives": unseen.negatives,
            "kinds": [
                {
                    "name": kind,
                    "positives": unseen.positives[kind],
                    "sentence": kind_sentence(unseen, kind),
                    "arms": [
                        {
                            "name": arm,
                            "false_alarms": unseen.false_alarms[arm],
                            **{
                                metric: interval_facts(unseen.unseen[arm][kind][metric])
                                for metric in OF_KINDS
                            },
                            "seen": {
                                metric: interval_facts(unseen.seen[arm][kind][metric])
                                for metric in OF_KINDS
                            }
                            if arm in unseen.seen
                            else None,
                        }
                        for arm in trial.names
                    ],
                }
                for kind in unseen.names
            ],
        }
    }


def kind_sentence(unseen: UnseenKinds, kind: str) -> str:
    """Return which arms find a kind without having seen it.

    Args:
        unseen: What the trial says of its kinds.
        kind: Its name.
    """
    able = unseen.ranked(kind)
    others = [arm for arm in unseen.unseen if arm not in able]
    rows = count(unseen.positives[kind], "positive")
    if unseen.cases[kind] < unseen.positives[kind]:
        rows += f" ({unseen.cases[kind]:,} independent)"
    shown = (
        f"ranked above the negatives by {name_list(able, 20)}"
        if able
        else "shown to be ranked above the negatives by no arm"
    )
    rest = f"; not shown for {name_list(others, 20)}" if able and others else ""
    return f"{kind}, {rows}, unseen: {shown}{rest}."


def unseen_lines(trial: TrialRecord, width: int) -> Iterator[str]:
    """Yield the lines of a screen.

    Args:
        trial: The trial.
        width: Columns that a line may have.
    """
    unseen = trial.unseen
    if unseen is None:
        return
    yield ""
    text = (
        "Kinds of positives, each scored by models that have not seen it, against "
        f"{unseen.negatives:,} negatives. Recall and alarms (the share of the "
        "negatives that is flagged) are those of the arm's rule."
    )
    yield from wrap(text, width).split("\n")
    for kind in unseen.names:
        yield from wrap(printable(kind_sentence(unseen, kind)), width).split("\n")
        body = [
            [[f"  {printable(arm, lines=False)}"], *_cells(unseen, arm, kind)]
            for arm in trial.names
        ]
        head = [["  strategy"], *([title] for title in TITLES)]
        top, blocks = columns(head, body, left=(0,))
        lines = [*top, *(line for block in blocks for line in block)]
        if max(map(len, lines)) <= width:
            yield from lines
            continue
        for name, *cells in body:  # no table fits: a line for each arm
            words = ", ".join(
                f"{title} {' '.join(cell)}"
                for title, cell in zip(TITLES, cells, strict=True)
                if any(cell)
            )
            yield from wrap(f"{name[0]}: {words}", width).split("\n")


def _cells(unseen: UnseenKinds, arm: str, kind: str) -> list[list[str]]:
    """Return an arm's numbers, each over its interval."""
    here = unseen.unseen[arm][kind]
    recall, precision, area = (_stacked(here[metric]) for metric in OF_KINDS)
    alarms = [numerals.share(unseen.false_alarms[arm])]
    there = [""]
    if arm in unseen.seen:
        there = _stacked(unseen.seen[arm][kind]["average_precision"])
    return [recall, alarms, precision, area, there]


def _stacked(estimate: Estimate) -> list[str]:
    value, *ends = numerals.estimate_parts(
        estimate.value, estimate.low, estimate.high, short=True
    )
    return [value, f"[{ends[0]}, {ends[1]}]"] if ends else [value]
