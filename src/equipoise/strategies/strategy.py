# SPDX-License-Identifier: Apache-2.0
"""A remedy as a recipe of five small things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Number = float | int | str | bool | None


@dataclass(frozen=True)
class Strategy:
    """What is done about the imbalance: a frozen, printable, hashable record.

    Attributes:
        name: What it is called in leaderboards; derived where empty.
        learner: Which learner does it: "network", "linear" (a network without
            hidden layers is not the same thing), "trees", "prior".
        sampling: Which examples are drawn into a batch.
        synthesis: What is put between examples: None, "smote", "mixup".
        weights: How much each example counts: a scheme's name, or None.
        loss: What is minimised.
        plan: How many members, and what they share: None for a single model,
            "bagging", "under_bagging".
        options: Further numbers by name, for example `{"gamma": 2.0}`.
    """

    name: str = ""
    learner: str = "network"
    sampling: str = "natural"
    synthesis: str | None = None
    weights: str | None = None
    loss: str = "cross_entropy"
    plan: str | None = None
    options: Mapping[str, Number] = field(default_factory=dict)
