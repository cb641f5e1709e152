# SPDX-License-Identifier: Apache-2.0
"""Plans: how many models a strategy is, and what each of them sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from equipoise._core.lazy import loaded
from equipoise._core.options import Number, Setting

_ALGORITHMS = "equipoise.learners.rounds"

SINGLE_TARGETS = ("binary", "multiclass")
"""What plans that go by rounds serve: one class for each row."""


@dataclass(frozen=True)
class Plan:
    """Several models of one strategy, which are put together.

    The models of networks may differ in their seed only: then the sampler makes of it
    which rows each of them sees, and their probabilities are averaged. Otherwise the
    plan goes by rounds: an algorithm says which rows the models of a round learn from,
    and how much each row counts, from what the models before it say of the rows.

    Attributes:
        name: Its name in a `Strategy`.
        sampling: The sampler that replaces natural sampling.
        phrase: What it is, in words; option names in braces are filled in.
        options: Its own options.
        fixed: The options of its sampler that the plan itself sets.
        samples: Whether the plan decides which rows a member sees, so that a strategy
            can name no other sampling.
        citations: Keys of the sources.
        rounds: The class of its algorithm, or where it is: "package.module:Class". With
            a sampler of its own, networks do without it. Empty if only networks can
            follow the plan.
        rounds_phrase: What it is if it goes by rounds, in words that may name
            `{learner}`.
        network_options: Its further options if networks learn by rounds.
        obstacle: Why its scores need a calibrator; empty if they are as good as those
            of its models.
        tasks: The kinds of task that it serves if it goes by rounds.
        counts: The options whose product is the number of models.
        shards: Whether, if it goes by rounds and not all rows fit into memory, each
            model may learn from rows of its own from disk.
    """

    name: str
    sampling: str = "natural"
    phrase: str = ""
    options: Mapping[str, Setting] = field(
        default_factory=lambda: {"members": Setting(10, 1, 1000, whole=True)}
    )
    fixed: Mapping[str, Number] = field(default_factory=dict)
    samples: bool = False
    citations: tuple[str, ...] = ()
    rounds: str | Callable[..., Any] = ""
    rounds_phrase: str = ""
    network_options: Mapping[str, Setting] = field(default_factory=dict)
    obstacle: str = ""
    tasks: tuple[str, ...] = SINGLE_TARGETS
    counts: tuple[str, ...] = ("members",)
    shards: bool = False

    def load_rounds(self) -> Any:
        """Return the class of the algorithm."""
        return loaded(self.rounds)

    def by_rounds(self, trains_networks: bool) -> bool:
        """Return whether its models are made round after round.

        Args:
            trains_networks: Whether the learner trains networks.
        """
        return bool(self.rounds) and (self.sampling == "natural" or not trains_networks)

    def models(self, options: Mapping[str, Number]) -> int:
        """Return how many models there are, at most.

        Args:
            options: The value of every option.
        """
        product = 1
        for name in self.counts:
            product *= int(options[name] or 1)
        return product


_MEMBERS = Setting(10, 1, 1000, whole=True, meaning="the number of models or subsets")
_ROUNDS = Setting(50, 1, 10_000, whole=True, meaning="the number of rounds, at most")
_FEW_ROUNDS = Setting(10, 1, 1000, whole=True, meaning="the rounds within each subset")
_RATIO = Setting(
    1.0, 0, open_ends=True, meaning="positives per negative in each subset"
)
_SHRINKAGE = Setting(
    1.0, 0, 10, open_ends=True, meaning="how much of each step of the weights is taken"
)
_EPOCHS = Setting(5, 1, 10_000, whole=True, meaning="the epochs of each round, at most")

_VOTES = "the votes of boosted models grow with their number, not with the evidence"
_PSEUDO = "a sum of confidences that are weighted by pseudo-loss is no probability"
_CHOSEN = "rows are chosen by how hard they are, not at random"

PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan(
            "bagging",
            "bootstrap",
            "the average of {members} {learner}s, each",
            rounds=f"{_ALGORITHMS}.averages:Bagging",
            rounds_phrase=(
                "the average of {members} models, each of them {learner} on a "
                "bootstrap sample of each class"
            ),
            citations=("breiman1996",),
        ),
        Plan(
            "under_bagging",
            "undersample",
            "the average of {members} {learner}s, each",
            fixed={"fresh": False},
            samples=True,
            rounds=f"{_ALGORITHMS}.averages:UnderBagging",
            rounds_phrase=(
                "the average of {members} models, each of them {learner} on all rows "
                "of the rarest class and a random part of each other"
            ),
            citations=("barandela2003",),
            shards=True,
        ),
        Plan(
            "easy_ensemble",
            options={
                "members": _MEMBERS,
                "rounds": _FEW_ROUNDS,
                "ratio": _RATIO,
            },
            samples=True,
            rounds=f"{_ALGORITHMS}.subsets:EasyEnsemble",
            rounds_phrase=(
                "the sum of {members} AdaBoosts of {rounds} rounds, each on all rows "
                "of the rarest class and a random part of each other; every round fits "
                "{learner}"
            ),
            network_options={"epochs": _EPOCHS},
            obstacle=_VOTES,
            citations=("liu2009", "zhu2009"),
            counts=("members", "rounds"),
        ),
        Plan(
            "balance_cascade",
            options={
                "members": _MEMBERS,
                "rounds": _FEW_ROUNDS,
            },
            samples=True,
            rounds=f"{_ALGORITHMS}.subsets:BalanceCascade",
            rounds_phrase=(
                "the sum of {members} AdaBoosts of {rounds} rounds, one after the "
                "other, each on all rows of the rarest class and as many of those that "
                "the ones before it told apart least; every round fits {learner}"
            ),
            network_options={"epochs": _EPOCHS},
            obstacle=_CHOSEN,
            citations=("liu2009", "zhu2009"),
            counts=("members", "rounds"),
        ),
        Plan(
            "self_paced",
            options={
                "members": _MEMBERS,
                "bins": Setting(20, 1, 1000, whole=True, meaning="bins of hardness"),
            },
            samples=True,
            rounds=f"{_ALGORITHMS}.averages:SelfPaced",
            rounds_phrase=(
                "the average of {members} models, each of them {learner} on all rows "
                "of the rarest class and as many of each other, drawn from {bins} bins "
                "of hardness, the more evenly the later"
            ),
            obstacle=_CHOSEN,
            citations=("liu2020",),
        ),
        Plan(
            "adaboost",
            options={
                "rounds": _ROUNDS,
                "shrinkage": _SHRINKAGE,
                "real": Setting(
                    False, boolean=True, meaning="whether probabilities vote: SAMME.R"
                ),
            },
            samples=True,
            rounds=f"{_ALGORITHMS}.boosting:AdaBoost",
            rounds_phrase=(
                "AdaBoost of {rounds} rounds at most, each of which fits {learner} to "
                "rows that count the more, the more often they were mistaken"
            ),
            network_options={"epochs": _EPOCHS},
            obstacle=_VOTES,
            citations=("freund1997", "zhu2009"),
            counts=("rounds",),
        ),
        Plan(
            "rusboost",
            options={
                "rounds": _ROUNDS,
                "shrinkage": _SHRINKAGE,
                "ratio": _RATIO,
            },
            samples=True,
            rounds=f"{_ALGORITHMS}.boosting:RusBoost",
            rounds_phrase=(
                "AdaBoost.M2 of {rounds} rounds at most, each of which fits {learner} "
                "to all rows of the rarest class and a random part of each other"
            ),
            network_options={"epochs": _EPOCHS},
            obstacle=_PSEUDO,
            citations=("seiffert2010", "freund1997"),
            counts=("rounds",),
        ),
        Plan(
            "smoteboost",
            options={
                "rounds": _ROUNDS,
                "shrinkage": _SHRINKAGE,
                "made": Setting(
                    2.0, 0, 100, open_ends=True, meaning="rows made for each real one"
                ),
                "neighbours": Setting(
                    5, 1, 1000, whole=True, meaning="the neighbours of SMOTE"
                ),
            },
            samples=True,
            rounds=f"{_ALGORITHMS}.boosting:SmoteBoost",
            rounds_phrase=(
                "AdaBoost.M2 of {rounds} rounds at most, each of which fits {learner} "
                "to all rows and {made:g} made ones for each rare one, by SMOTE"
            ),
            network_options={"epochs": _EPOCHS},
            obstacle=_PSEUDO,
            citations=("chawla2003", "chawla2002", "freund1997"),
            counts=("rounds",),
        ),
    )
}
