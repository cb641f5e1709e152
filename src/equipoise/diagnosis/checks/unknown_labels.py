# SPDX-License-Identifier: Apache-2.0
"""EQP032: labels that are not known in all rows."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import class_list, count, quoted, share
from equipoise.task import UNKNOWN_LABEL


def check_unknown_labels(
    subject: Subject, *, material: float = 0.5
) -> Observation | None:
    """Count the entries of the label matrix that are not known.

    Args:
        subject: The table that is checked.
        material: A warning if a label is unknown in this share of the rows, or more.
    """
    unknown = subject.table.labels() == UNKNOWN_LABEL
    if not unknown.any():
        return None
    names, shares = subject.table.classes, unknown.mean(0)
    order = np.argsort(-shares, kind="stable")
    order = order[shares[order] > 0]
    worst = int(order[0])
    others = [names[j] for j in order[1:].tolist()]
    more = f", then {class_list(others)}" if others else ""
    empty = int(unknown.all(1).sum())
    rows = f" In {count(empty, 'row')} no label is known." if empty else ""
    return Observation(
        "warning" if shares[worst] >= material else "info",
        f"{share(float(unknown.mean()))} of the entries of the label matrix are not "
        f"known, most of {quoted(names[worst])} ({share(float(shares[worst]))} of the "
        f"rows){more}.{rows}",
        "They weigh nothing in training and are left out of every metric. That is fair "
        "if it does not depend on the label whether it is known: ask how the rows that "
        "were labelled were chosen.",
        {
            "unknown_share": float(unknown.mean()),
            "by_class": {names[j]: float(shares[j]) for j in order.tolist()},
            "rows_without_known_label": empty,
        },
    )


CHECK = Check(
    "EQP032",
    "Labels that are not always known",
    check_unknown_labels,
    scope="table",
    tasks=("multilabel",),
)
