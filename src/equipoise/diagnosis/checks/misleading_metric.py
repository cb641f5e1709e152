# SPDX-License-Identifier: Apache-2.0
"""EQP005: the imbalance, and the metrics that it makes misleading."""

from __future__ import annotations

import numpy as np

from equipoise._core.numerals import as_probability, figure
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import quoted, share


def check_misleading_metric(
    subject: Subject, *, able: float = 0.9
) -> Observation | None:
    """Compare the constant prediction with a model that recognises both classes.

    A model that gets the share `able` of each class right has the accuracy `able`. If
    the rare class has a share below 1 - `able`, predicting the common class for every
    row has a higher accuracy, and accuracy misleads.

    Args:
        subject: The table that is checked.
        able: The share of each class that the imagined model gets right.
    """
    prevalence = subject.table.prevalence
    rare = min(prevalence, 1 - prevalence)
    if rare >= 1 - able:
        return None
    precision = prevalence * able / (prevalence * able + (1 - prevalence) * (1 - able))
    return Observation(
        "info",
        f"Predicting the common class for every row is right {share(1 - rare)} of the "
        f"time and finds nothing. A model that gets {share(able)} of each class right "
        f"has a lower accuracy, {share(able)}, and a precision of {share(precision)}.",
        "Judge by average precision (without skill it is "
        f"{as_probability(prevalence)}), AUROC (without skill 0.5) and log loss. "
        "Ignore accuracy and the threshold 0.5.",
        {
            "prevalence": prevalence,
            "constant_accuracy": 1 - rare,
            "able": able,
            "able_precision": precision,
            "no_skill_average_precision": prevalence,
        },
    )


def check_metric_of_classes(
    subject: Subject, *, able: float = 0.9
) -> Observation | None:
    """Compare the commonest class with a model that recognises every class.

    Args:
        subject: The table that is checked.
        able: As in `check_misleading_metric`.
    """
    table = subject.table
    totals = table.task.totals(table.labels())
    commonest = int(np.argmax(totals))
    right = float(totals[commonest] / totals.sum())
    if right <= able:
        return None
    others = int(np.count_nonzero(totals)) - 1
    rest = "the other class" if others == 1 else f"any of the other {others:,} classes"
    return Observation(
        "info",
        f"Predicting {quoted(table.classes[commonest])} for every row is right "
        f"{share(right)} of the time and finds no row of {rest}. A model that gets "
        f"{share(able)} of each class right has a lower accuracy, {share(able)}.",
        f"{MACRO} Ignore accuracy.",
        {
            "commonest": table.classes[commonest],
            "constant_accuracy": right,
            "able": able,
        },
    )


def check_metric_of_labels(
    subject: Subject, *, able: float = 0.9
) -> Observation | None:
    """Compare predicting no label at all with a model that recognises every label.

    Args:
        subject: The table that is checked.
        able: The share of rows with and without each label that a model gets right.
    """
    totals = subject.table.task.totals(subject.table.labels())
    right = float(totals[:, 0].sum() / totals.sum())
    if right <= able:
        return None
    return Observation(
        "info",
        f"Predicting no label for any row is right in {share(right)} of the entries "
        f"and finds nothing. A model that gets {share(able)} of the rows with and "
        f"without each label right does worse by the Hamming loss, "
        f"{figure(1 - able)} against {figure(1 - right)}.",
        f"{MACRO} Ignore the Hamming loss.",
        {"constant_accuracy": right, "able": able},
    )


MACRO = (
    "Judge by the mean of the average precisions (macro average precision), read each "
    "of them beside the share of its rows, and judge probabilities by log loss."
)

CHECK = Check(
    "EQP005",
    "A metric that misleads",
    check_misleading_metric,
    several={
        "multiclass": check_metric_of_classes,
        "multilabel": check_metric_of_labels,
    },
)
