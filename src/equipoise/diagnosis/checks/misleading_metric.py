# SPDX-License-Identifier: Apache-2.0
"""EQP005: the imbalance, and the metrics that it makes misleading."""

from __future__ import annotations

from equipoise._core.numerals import as_probability
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import share


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


CHECK = Check("EQP005", "A metric that misleads", check_misleading_metric)
