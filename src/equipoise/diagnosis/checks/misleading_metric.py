# SPDX-License-Identifier: Apache-2.0
"""EQP005: the imbalance, and the metrics that it makes misleading."""

from __future__ import annotations

from equipoise._core.numerals import as_probability
from equipoise.diagnosis.finding import Check, Observation
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import share


def look(subject: Subject, *, able: float = 0.9) -> Observation | None:
    """Compare the constant prediction with a model that is right about each class.

    A model that gets the share `able` of each class right has the accuracy `able`.
    Where the rare class has a share below 1 - `able`, predicting the common class
    for every row has a better one, and accuracy misleads.

    Args:
        subject: What is looked at.
        able: The share of each class that the imagined model gets right.
    """
    prevalence = subject.table.prevalence
    rare = min(prevalence, 1 - prevalence)
    if rare >= 1 - able:
        return None
    precision = prevalence * able / (prevalence * able + (1 - prevalence) * (1 - able))
    return Observation(
        "info",
        f"Always predicting the common class is right in {share(1 - rare)} of the "
        f"rows and finds nothing. A model that gets {share(able)} of each class right "
        f"has less accuracy, {share(able)}, and a precision of {share(precision)}.",
        "Judge by average precision (no skill gives "
        f"{as_probability(prevalence)}), AUROC (no skill gives 0.5) and log loss; "
        f"leave accuracy "
        "and the threshold 0.5 aside.",
        {
            "prevalence": prevalence,
            "constant_accuracy": 1 - rare,
            "able": able,
            "able_precision": precision,
            "no_skill_average_precision": prevalence,
        },
    )


CHECK = Check("EQP005", "A metric that misleads", look)
