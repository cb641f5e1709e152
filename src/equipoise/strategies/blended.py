# SPDX-License-Identifier: Apache-2.0
"""A strategy that averages others, with weights learned on out-of-fold scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy.typing as npt

from equipoise._core.checks import number, one_of, sentence
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.priors import Correction, Link
from equipoise.sampling.by_group import ByGroup
from equipoise.strategies.citations import bibtex
from equipoise.strategies.corrections import no_correction
from equipoise.strategies.learner_records import LearnerRecord
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.task import Task

LOG_LOSS, AVERAGE_PRECISION = "log_loss", "average_precision"

BLEND_RULES: dict[str, tuple[str, ...]] = {
    LOG_LOSS: (),
    AVERAGE_PRECISION: ("caruana2004",),
}
"""What the weights of an average are learned by, and whose idea it is."""

BLEND = LearnerRecord(
    "blend",
    "an average",
    learner="",
    scorer="",
    scores="population",
    citations=("genest1986", "breiman_stacked1996"),
)
"""An average learns from the out-of-fold scores of its components: no learner runs."""


@dataclass(frozen=True, repr=False)
class Blend(Strategy):
    """A weighted average of the log-odds of several strategies.

    The weights are learned on out-of-fold scores and drawn towards prior shares (see
    `equipoise.ensembles.blend` and `equipoise.ensembles.select`). In a trial the
    weights for a fold come from the other folds. The catalogue's `auto` is one: what
    `fit` makes by default.

    Attributes:
        blended: The strategies that are averaged, with different names.
        shares: The share of each in the average before any data, above 0, in any unit.
        rule: What the weights are learned by: "log_loss", the least log loss, or
            "average_precision", a greedy choice of what ranks best.

    Raises:
        InputTypeError: Something to average is not a `Strategy`.
        InputError: There are fewer than two, two have one name, a share is not above
            0, or the rule is unknown.
        UnsupportedError: Another part of a strategy is set, or a blend is averaged.

    Example:
        >>> two = Blend("two", blended=(Strategy("logistic", learner="logistic"),
        ...     Strategy("plain")), shares=(1, 3))
        >>> two
        Blend('two', logistic=1, plain=3)
        >>> print(two.describe())
        The average of the log-odds of logistic and plain, whose weights are learned on
        out-of-fold scores and start at 25% and 75%; its time is that of their fits;
        scores return to probabilities as they are.
    """

    learner: str = "blend"
    blended: tuple[Strategy, ...] = ()
    shares: tuple[float, ...] = ()
    rule: str = LOG_LOSS

    def __post_init__(self) -> None:
        object.__setattr__(self, "blended", tuple(self.blended))
        object.__setattr__(self, "shares", tuple(self.shares))
        object.__setattr__(self, "options", tuple(self.options))
        self._check_parts()
        names = [member.name for member in self.blended]
        if len(names) < 2 or len(set(names)) < len(names):
            raise InputError(
                sentence(
                    f"blended={names}", "at least two strategies with different names"
                )
            )
        if len(self.shares) != len(names):
            raise InputError(
                sentence(f"{len(self.shares)} shares", f"{len(names)}, one each")
            )
        for share in self.shares:
            number(share, "a share", 0, open_ends=True)
        one_of(self.rule, BLEND_RULES, "rule")
        if not isinstance(self.name, str):
            raise InputTypeError(sentence(f"name={self.name!r}", "a string"))
        object.__setattr__(self, "name", self.name or "+".join(names))

    def _check_parts(self) -> None:
        usual = Strategy()
        for part in ("sampling", "synthesis", "weights", "loss", "plan", "options"):
            if getattr(self, part) != getattr(usual, part):
                raise UnsupportedError(
                    sentence(
                        f"{part}={getattr(self, part)!r} with a blend",
                        f"{part}={getattr(usual, part)!r}",
                        "Set it in the strategies that are averaged.",
                    )
                )
        if self.learner != "blend":
            raise UnsupportedError(
                sentence(f"learner={self.learner!r} with a blend", "learner='blend'")
            )
        for member in self.blended:
            if not isinstance(member, Strategy):
                raise InputTypeError(
                    sentence(f"blended with {member!r}", "strategies only")
                )
            if isinstance(member, Blend):
                raise UnsupportedError(
                    sentence(
                        f"{member.name!r} within a blend",
                        "strategies other than blends",
                        "List the strategies that it averages.",
                    )
                )

    def __repr__(self) -> str:
        parts = [f"{name}={share:g}" for name, share in self.prior.items()]
        return f"Blend({self.name!r}, {', '.join(parts)})"

    @property
    def learner_record(self) -> LearnerRecord:
        """What is known of an average."""
        return BLEND

    @property
    def prior(self) -> dict[str, float]:
        """The shares by the names of the strategies."""
        names = (member.name for member in self.blended)
        return dict(zip(names, self.shares, strict=True))

    def with_classes(self, task: Task) -> Self:
        """Return the blend with each member for a table, as `Strategy.with_classes`.

        Args:
            task: The table's.
        """
        members = tuple(member.with_classes(task) for member in self.blended)
        if members == self.blended:
            return self
        return dataclasses.replace(self, blended=members)

    def with_table(self, table: Table) -> Self:
        """Return the blend with each member for a table, as `Strategy.with_table`.

        Args:
            table: The rows.
        """
        members = tuple(member.with_table(table) for member in self.blended)
        if members == self.blended:
            return self
        return dataclasses.replace(self, blended=members)

    @property
    def draws_by(self) -> tuple[ByGroup, ...]:
        """By which groups the rows of its members are drawn."""
        return tuple(each for member in self.blended for each in member.draws_by)

    def correction(self, totals: npt.ArrayLike, link: Link | None = None) -> Correction:
        """Return that the average is taken as it is: its parts are corrected.

        Raises:
            InputError: A class is empty.
        """
        return no_correction(totals, link)

    def describe(self, totals: npt.ArrayLike | None = None) -> str:
        """Return one sentence that says what it does."""
        names = _joined([member.name for member in self.blended])
        total = sum(self.shares)
        starts = _joined([f"{share / total:.0%}" for share in self.shares])
        learned = (
            "learned on" if self.rule == LOG_LOSS else "chosen for the best ranking of"
        )
        return (
            f"The average of the log-odds of {names}, whose weights are {learned} "
            f"out-of-fold scores and start at {starts}; its time is that of their "
            "fits; scores return to probabilities as they are."
        )

    def citation(self) -> str:
        """Return the sources of what is averaged and of the average, as BibTeX."""
        keys = [key for member in self.blended for key in member.parts.citations]
        return bibtex([*keys, *BLEND.citations, *BLEND_RULES[self.rule]])

    def to_dict(self) -> dict[str, Any]:
        """Return the strategy as plain data."""
        values = {
            **super().to_dict(),
            "blended": [member.to_dict() for member in self.blended],
            "shares": list(self.shares),
        }
        if self.rule == LOG_LOSS:
            del values["rule"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Blend:
        """Rebuild a blend of plain strategies from `to_dict`.

        Args:
            values: What `to_dict` gave; see `of_members` for members of other kinds.

        Raises:
            InputError: A field is unknown, or a value is not accepted.
        """
        members = tuple(Strategy.from_dict(v) for v in values.get("blended", ()))
        return cls.of_members(values, members)

    @classmethod
    def of_members(
        cls, values: Mapping[str, Any], members: Sequence[Strategy]
    ) -> Blend:
        """Rebuild a blend from `to_dict`, its members being strategies of any kind.

        Args:
            values: What `to_dict` gave; what it says of the members is passed over.
            members: The strategies that are averaged.

        Raises:
            InputError: A field is unknown, or a value is not accepted.

        Example:
            >>> two = (Strategy("plain"), Strategy("logistic", learner="logistic"))
            >>> blend = Blend("two", blended=two, shares=(1, 3))
            >>> Blend.of_members(blend.to_dict(), two) == blend
            True
        """
        options = tuple(dict(values.get("options", {})).items())
        fields = {**values, "blended": tuple(members), "options": options}
        return cast("Blend", super().from_dict(fields))


def _joined(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"
