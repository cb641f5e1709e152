# SPDX-License-Identifier: Apache-2.0
"""A strategy whose options are searched for inside each training part."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, listing, nearest, sentence
from equipoise._core.numerals import significant
from equipoise._core.options import Number, SearchRange
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.priors import Correction, Link
from equipoise.strategies.blended import Blend
from equipoise.strategies.catalogue import strategy as named_strategy
from equipoise.strategies.learner_records import DEFERRED
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.weights.schemes import SCHEMES

__all__ = [
    "SearchSpace",
    "Tuned",
    "expected_flattery",
    "flattery_note",
    "tuned_strategies",
]

MOST_TRIALS = 4096

SPREAD_OF_EQUALS = 0.1
"""The share of the variance of average precision that equal candidates do not share:
their correlation over test rows is about .9."""

SearchSpace = Mapping[str, SearchRange]
"""By option, the values that are tried."""


@dataclass(frozen=True, repr=False, init=False)
class Tuned(Strategy):
    """A strategy with options that are searched for, as an arm of a trial.

    The search is part of the arm: it happens inside each training part, whose test rows
    it never sees, so the arm is judged as any other. Inner folds, the same for all
    candidates, give out-of-fold scores; a candidate's loss is the mean log loss after
    a recalibration by one number (a temperature about the classes' shares). The
    strategy as it is stays, unless the best candidate's loss is lower by more than one
    standard error of the paired difference; among candidates that can hardly be told
    apart the highest average precision decides. What is chosen is fitted on the whole
    training part.

    Candidates for networks are a scrambled Sobol' sequence over the search space, the
    same for all parts. After 3, 9 and 27 epochs a third of them goes on (successive
    halving), each judged by all inner folds together. For other learners Optuna
    proposes them one after the other and gives up those that lag behind after the
    first folds (the extra [tune]).

    Attributes:
        base: The strategy as it is.
        trials: How many candidates there are besides it, 1 to 4096.
        folds: The number of inner folds, 2 to 10.
        space: What is tried: option to (low, high), or to a list of values; "weights"
            to a list of names of weight schemes and None. If empty, all options of
            the strategy's parts that have a search range and that it does not set
            itself.

    Args:
        base: A name of the catalogue, or a `Strategy`.
        trials: As above.
        folds: As above.
        space: As above, or None.
        name: Its name in leaderboards; "tuned NAME" if empty.

    Raises:
        InputTypeError: A value has the wrong type.
        InputError: A number is out of range, or an option cannot be searched.
        UnsupportedError: The strategy is an average, a sampler object or tuned already.

    Example:
        >>> Tuned("plain", trials=16, space={"learning_rate": (1e-3, 1e-2)})
        Tuned('tuned plain', trials=16, folds=3, learning_rate=0.001 to 0.01 (log))

    References:
        Jamieson and Talwalkar (2016), Non-stochastic best arm identification and
        hyperparameter optimization, AISTATS, algorithm 1; Breiman et al. (1984),
        Classification and regression trees, section 3.4.3, for the rule of one
        standard error.
    """

    base: Strategy = field(default_factory=Strategy)
    trials: int = 32
    folds: int = 3
    space: tuple[tuple[str, SearchRange], ...] = ()

    def __init__(
        self,
        base: str | Strategy = "plain",
        *,
        trials: int = 32,
        folds: int = 3,
        space: Any = None,
        name: str = "",
        **_: Any,
    ) -> None:
        # `dataclasses.replace` hands over every field; those of the parts are `base`'s.
        chosen = named_strategy(base) if isinstance(base, str) else base
        _require_plain(chosen)
        values = {f.name: getattr(chosen, f.name) for f in fields(Strategy)}
        values |= {
            "base": chosen,
            "trials": integer(trials, "trials", 1, MOST_TRIALS),
            "folds": integer(folds, "folds", 2, 10),
            "space": _ranges(chosen, space),
            "name": name or f"tuned {chosen.name}",
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)
        self.__post_init__()

    def __repr__(self) -> str:
        parts = [repr(self.name), f"trials={self.trials}", f"folds={self.folds}"]
        parts += [f"{option}={range_}" for option, range_ in self.space]
        return f"Tuned({', '.join(parts)})"

    @property
    def default(self) -> Strategy:
        """The strategy as it is, under the tuned one's name."""
        return replace(self.base, name=self.name)

    def with_classes(self, task: Task) -> Self:
        """Return the search for a table, as `Strategy.with_classes`.

        Args:
            task: The table's.

        Raises:
            InputError: There is a weight of a class that the table does not have.
        """
        return replace(self, base=self.base.with_classes(task))

    def with_table(self, table: Table) -> Self:
        """Return the search for a table, as `Strategy.with_table`.

        Args:
            table: The rows.
        """
        return replace(self, base=self.base.with_table(table))

    def candidate(self, values: Mapping[str, Number]) -> Strategy:
        """Return the strategy with some of its options set.

        Args:
            values: By option; "weights" is the name of a scheme, or None.
        """
        options = {k: v for k, v in values.items() if k != "weights"}
        changed: dict[str, Any] = {
            "options": tuple({**self.base.settings, **options}.items())
        }
        if "weights" in values:
            changed["weights"] = values["weights"]
            if values["weights"] is None:  # nothing is left to put off
                both = dict(changed["options"])
                both.pop(DEFERRED, None)
                changed["options"] = tuple(both.items())
        return replace(self.default, **changed)

    def design(self, without: Sequence[str] = ()) -> list[dict[str, Number]]:
        """Return the candidates that are tried, a scrambled Sobol' sequence.

        Args:
            without: Options that do nothing for who learns, and are left alone.

        Returns:
            The values of each; no candidate comes twice.

        Example:
            >>> tuned = Tuned("plain", trials=4, space={"depth": [1, 2, 3]})
            >>> sorted(each["depth"] for each in tuned.design())
            [1, 2, 3]
        """
        from scipy.stats import qmc

        names = [name for name, _ in self.space if name not in without]
        if not names:
            raise InputError(
                sentence(
                    f"a search over {listing([n for n, _ in self.space])} for who "
                    f"learns {self.name!r}",
                    "an option that has an effect there",
                    "Pass space= with one, or leave the strategy as it is.",
                )
            )
        power = max(1, int(np.ceil(np.log2(2 * self.trials))))
        sobol = qmc.Sobol(len(names), seed=np.random.default_rng(0))
        points = sobol.random_base2(power)
        ranges, settings = dict(self.space), self.base.parts.settings
        candidates: dict[tuple[Number, ...], dict[str, Number]] = {}
        for point in points:
            values = {
                name: ranges[name].at(float(share), _whole(settings, name))
                for name, share in zip(names, point, strict=True)
            }
            candidates.setdefault(tuple(values.values()), values)
        return list(candidates.values())[: self.trials]

    def correction(self, totals: npt.ArrayLike, link: Link | None = None) -> Correction:
        """Return the correction of the strategy as it is.

        That of a candidate with other weights is another, and is applied to its scores.
        """
        return self.base.correction(totals, link)

    def describe(self, totals: npt.ArrayLike | None = None) -> str:
        """Return one sentence that says what it does."""
        ranges = "; ".join(f"{name} {range_}" for name, range_ in self.space)
        text = self.base.describe(totals).removesuffix(".")
        return (
            f"{text}; the best of {self.trials} candidates by {self.folds} inner folds "
            "of each training part, if it is better by more than one standard error "
            f"({ranges})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the strategy as plain data."""
        return {
            **super().to_dict(),
            "base": self.base.to_dict(),
            "space": {name: dataclasses.asdict(range_) for name, range_ in self.space},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Tuned:
        """Rebuild a tuned strategy from `to_dict`.

        Args:
            values: What `to_dict` gave.

        Raises:
            InputError: A value is not accepted.
        """
        ranges = {
            name: SearchRange(**{**each, "values": tuple(each["values"])})
            for name, each in values["space"].items()
        }
        base = Strategy.from_dict(values["base"])
        return cls(
            base,
            trials=values["trials"],
            folds=values["folds"],
            space=tuple(ranges.items()),
            name=values["name"],
        )


def tuned_strategies(
    items: Sequence[Strategy], trials: int, *, names: Sequence[str] | None = None
) -> list[Strategy]:
    """Return strategies as tuned ones, under their own names.

    Args:
        items: The strategies; an average is tuned by tuning what it averages.
        trials: How many candidates there are for each.
        names: Which of them; all if None.

    Returns:
        Those that have nothing to search stay as they are.

    Raises:
        InputError: None has.

    Example:
        >>> from equipoise.strategies.catalogue import CATALOGUE
        >>> arms = tuned_strategies([CATALOGUE["prior"], CATALOGUE["plain"]], 8)
        >>> [type(arm).__name__ for arm in arms]
        ['Strategy', 'Tuned']
    """
    result = [
        _tuned(item, trials) if names is None or item.name in names else item
        for item in items
    ]
    if not any(map(_searches, result)):
        raise InputError(
            sentence(
                f"a search over {listing([item.name for item in items])}, none of "
                "whose options has a search range",
                "a strategy with such options",
                "Try strategy='plain' or strategy='trees'.",
            )
        )
    return result


def _tuned(item: Strategy, trials: int) -> Strategy:
    if isinstance(item, Blend):
        members = tuple(_tuned(member, trials) for member in item.blended)
        return replace(item, blended=members)
    settings = item.parts.settings.items()
    searched = any(s.search is not None and n not in item.settings for n, s in settings)
    if type(item) is not Strategy or not searched:
        return item
    return Tuned(item, trials=trials, name=item.name)


def _searches(item: Strategy) -> bool:
    if isinstance(item, Blend):
        return any(map(_searches, item.blended))
    return isinstance(item, Tuned)


def expected_flattery(trials: int, positives: float) -> float:
    """Return by how much the best of equal candidates looks better than it is.

    The expected maximum of as many independent normal errors, whose standard deviation
    is that of the part of the average precision (at .5, where it is largest) that
    candidates with a correlation of .9 over the test rows do not share.

    Args:
        trials: How many candidates are compared, at least 1.
        positives: How many positives they are judged by, above 0.

    Returns:
        In units of average precision.

    Example:
        >>> [round(expected_flattery(50, n), 3) for n in (8, 20, 50, 200)]
        [0.126, 0.08, 0.05, 0.025]
    """
    from scipy import integrate, stats

    count = integer(trials, "trials", 1)
    if count == 1:
        return 0.0

    def density(z: float) -> float:
        return float(z * count * stats.norm.pdf(z) * stats.norm.cdf(z) ** (count - 1))

    most, _ = integrate.quad(density, -12, 12, limit=200)
    return float(most * np.sqrt(SPREAD_OF_EQUALS * 0.25 / positives))


def flattery_note(arm: Tuned, positives: float) -> str:
    """Return what to say before a search begins.

    Args:
        arm: What is tuned.
        positives: How many rows the rarest class has.

    Example:
        >>> print(flattery_note(Tuned("plain", trials=50), 20))
        tuned plain: the best of 50 candidates that are all alike would look better by
        about .08 of average precision with 20 rows in the rarest class. That is why a
        choice is judged on rows that it has not seen, and must gain more than one
        standard error.
    """
    gain = expected_flattery(arm.trials, max(positives, 1))
    amount = significant(gain, 1).replace("0.", ".", 1)
    return (
        f"{arm.name}: the best of {arm.trials} candidates that are all alike would "
        f"look better by about {amount} of average precision with "
        f"{positives:g} rows in the rarest class. That is why a choice is judged on "
        "rows that it has not seen, and must gain more than one standard error."
    )


def _require_plain(strategy: Any) -> None:
    if not isinstance(strategy, Strategy):
        raise InputTypeError(
            sentence(
                f"a search over {strategy!r}", "a name of the catalogue, or a Strategy"
            )
        )
    if type(strategy) is not Strategy:
        advice = "Tune the strategies that it averages."
        raise UnsupportedError(
            sentence(
                f"a search over {strategy!r}",
                "a Strategy that is made of parts",
                advice if hasattr(strategy, "blended") else "",
            )
        )


def _whole(settings: Mapping[str, Any], name: str) -> bool:
    return name in settings and bool(settings[name].whole)


def _ranges(strategy: Strategy, space: Any) -> tuple[tuple[str, SearchRange], ...]:
    """Return what is tried, checked at both ends."""
    settings = strategy.parts.settings
    usual = {
        name: setting.search
        for name, setting in settings.items()
        if setting.search is not None and name not in strategy.settings
    }
    if space is None or not dict(space):
        if not usual:
            raise InputError(
                sentence(
                    f"a search over {strategy.name!r}, none of whose options has a "
                    "search range",
                    "a strategy with such options",
                    "Pass space= with what is to be tried.",
                )
            )
        return tuple(usual.items())
    ranges = []
    for name, asked in dict(space).items():
        if name not in settings and name != "weights":
            raise InputError(
                sentence(
                    f"the option {name!r} in space=",
                    listing([*settings, "weights"], 20),
                    nearest(name, [*settings, "weights"]),
                )
            )
        range_ = _range(name, asked, usual.get(name), _whole(settings, name))
        ends = range_.values or (range_.low, range_.high)
        for end in ends:
            if name == "weights":
                _check_scheme(end)
            else:
                settings[name].check(end, name)
        ranges.append((name, range_))
    return tuple(ranges)


def _range(
    name: str, asked: Any, usual: SearchRange | None, whole: bool
) -> SearchRange:
    if isinstance(asked, SearchRange):
        return asked
    if isinstance(asked, list):
        if not asked:
            raise InputError(sentence(f"space={{{name!r}: []}}", "at least one value"))
        return SearchRange(values=tuple(asked))
    if isinstance(asked, tuple) and len(asked) == 2 and name != "weights":
        low, high = (round(end) if whole else float(end) for end in asked)
        if low > high:
            raise InputError(
                sentence(f"space={{{name!r}: {asked!r}}}", "the lower end first")
            )
        log = usual is not None and usual.log and low > 0
        return SearchRange(low, high, log=log)
    raise InputTypeError(
        sentence(
            f"space={{{name!r}: {asked!r}}}",
            "a pair (low, high), or a list of values",
        )
    )


def _check_scheme(name: Any) -> None:
    if name is not None and name not in SCHEMES:
        raise InputError(
            sentence(
                f"weights={name!r} in space=",
                f"None or one of {listing(SCHEMES, 20)}",
                nearest(str(name), list(SCHEMES)),
            )
        )
