# SPDX-License-Identifier: Apache-2.0
"""Plans: how many models a strategy is, and what each of them sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from equipoise._core.options import Number, Setting


@dataclass(frozen=True)
class Plan:
    """Several models of one strategy, whose probabilities are averaged.

    The models differ in their seed only: the sampler makes of it which rows each
    of them sees.

    Attributes:
        name: Its name in a `Strategy`.
        sampling: The sampler that replaces natural sampling.
        phrase: What it is, in words; option names in braces are filled in.
        options: Its own options.
        fixed: The options of its sampler that the plan itself sets.
        samples: Whether the plan decides which rows a member sees, so that a strategy
            can name no other sampling.
        citations: Keys of the sources.
    """

    name: str
    sampling: str
    phrase: str
    options: Mapping[str, Setting] = field(
        default_factory=lambda: {"members": Setting(10, 1, 1000, whole=True)}
    )
    fixed: Mapping[str, Number] = field(default_factory=dict)
    samples: bool = False
    citations: tuple[str, ...] = ()


PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan(
            "bagging",
            "bootstrap",
            "the average of {members} {learner}s, each",
        ),
        Plan(
            "under_bagging",
            "undersample",
            "the average of {members} {learner}s, each",
            fixed={"fresh": False},
            samples=True,
            citations=("barandela2003",),
        ),
    )
}
