# SPDX-License-Identifier: Apache-2.0
"""Plans: how many models a strategy is, and what each of them sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from equipoise._core.options import Setting

if TYPE_CHECKING:
    from equipoise.strategies.strategy import Strategy


@dataclass(frozen=True)
class Plan:
    """Several models of one strategy, whose probabilities are averaged.

    The models differ in their seed only: the sampler makes of it which rows each
    of them sees.

    Attributes:
        name: What it is called in a `Strategy`.
        sampling: The sampler that stands in for natural sampling.
        phrase: What it is, in words; option names in braces are filled in.
        options: Its own options.
        citations: Keys of the sources.
    """

    name: str
    sampling: str
    phrase: str
    options: Mapping[str, Setting] = field(
        default_factory=lambda: {"members": Setting(10, 1, 1000, whole=True)}
    )
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
            citations=("barandela2003",),
        ),
    )
}


def effective_sampling(strategy: Strategy) -> str:
    """Return the name of the sampler that a strategy's members draw with.

    Natural sampling under a plan means the plan's own sampler.
    """
    if strategy.plan is not None and strategy.sampling == "natural":
        return PLANS[strategy.plan].sampling
    return strategy.sampling
