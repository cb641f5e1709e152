# SPDX-License-Identifier: Apache-2.0
"""One number of a piece: its default, and which values are accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from equipoise._core.checks import (
    described,
    integer,
    listing,
    nearest,
    number,
    sentence,
)
from equipoise.errors import InputError, InputTypeError

Number = float | int | str | bool | None


@dataclass(frozen=True)
class SearchRange:
    """The values of an option that tuning tries, if it is told nothing else.

    Attributes:
        low: The smallest number.
        high: The largest number.
        log: Whether equal ratios count alike, in place of equal differences.
        values: The values to choose from, in place of a range.

    Example:
        >>> SearchRange(0.001, 0.1, log=True).at(0.5)
        0.01
        >>> SearchRange(values=(32, 64)).at(0.7)
        64
    """

    low: float = 0.0
    high: float = 1.0
    log: bool = False
    values: tuple[Number, ...] = ()

    def at(self, share: float, whole: bool = False) -> Number:
        """Return the value at a share of the range, rounded to three digits.

        Args:
            share: 0 for the lowest, up to 1.
            whole: Whether it is to be an integer.
        """
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if self.log:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        return round(value) if whole else float(f"{value:.3g}")

    def __str__(self) -> str:
        if self.values:
            return ", ".join(str(value) for value in self.values)
        return f"{self.low:g} to {self.high:g}{' (log)' if self.log else ''}"


Options = Mapping[str, Number]
"""The options of a piece by name."""


@dataclass(frozen=True)
class Setting:
    """An option's default and range.

    Attributes:
        default: The value if the user names none.
        low: Smallest accepted value, or None.
        high: Largest accepted value, or None.
        open_ends: Whether the ends themselves are refused.
        whole: Whether it must be an integer.
        optional: Whether None is accepted.
        boolean: Whether it is True or False instead of a number.
        meaning: What it is, in a few words; for messages.
        search: The values that tuning tries, or None if it leaves the option alone.
    """

    default: Number
    low: float | None = None
    high: float | None = None
    open_ends: bool = False
    whole: bool = False
    optional: bool = False
    boolean: bool = False
    meaning: str = ""
    search: SearchRange | None = None

    def check(self, value: Any, name: str) -> None:
        """Check that a value is accepted.

        Raises:
            InputTypeError: The value has the wrong type.
            InputError: The value is out of range.

        Example:
            >>> Setting(2.0, low=0).check(0.5, "gamma")
        """
        if value is None and self.optional:
            return
        if self.boolean:
            if not isinstance(value, bool):
                raise InputTypeError(sentence(described(name, value), "True or False"))
        elif self.whole:
            low = None if self.low is None else int(self.low)
            high = None if self.high is None else int(self.high)
            integer(value, name, low, high)
        else:
            number(value, name, self.low, self.high, open_ends=self.open_ends)


def defaults_of(settings: Mapping[str, Setting]) -> dict[str, Number]:
    """Return the default of each option.

    Example:
        >>> defaults_of({"gamma": Setting(2.0, low=0)})
        {'gamma': 2.0}
    """
    return {name: setting.default for name, setting in settings.items()}


def option(
    default: Number,
    low: float | None = None,
    high: float | None = None,
    *,
    open_ends: bool = False,
    whole: bool = False,
    boolean: bool = False,
    search: SearchRange | None = None,
) -> Any:
    """Return a field of a dataclass that is an option with a range, see `Setting`.

    Example:
        >>> @dataclass(frozen=True)
        ... class Piece:
        ...     rate: float = option(0.25, 0, 1)
        >>> settings_of(Piece)["rate"].high
        1
    """
    setting = Setting(
        default, low, high, open_ends, whole, boolean=boolean, search=search
    )
    return field(default=default, metadata={"setting": setting})


def settings_of(kind: Any) -> dict[str, Setting]:
    """Return the options of a dataclass: its fields, each made by `option`."""
    return {each.name: each.metadata["setting"] for each in fields(kind)}


def check_fields(piece: Any) -> None:
    """Check every field of a dataclass that `option` made.

    Raises:
        InputTypeError: A value has the wrong type.
        InputError: A value is out of range.
    """
    for name, setting in settings_of(piece).items():
        setting.check(getattr(piece, name), name)


def require_options(names: Iterable[str], accepted: Iterable[str], of: str) -> None:
    """Check that every option exists.

    Args:
        names: The options that are set.
        accepted: The options that there are.
        of: What they are options of, for the message.

    Raises:
        InputError: An option does not exist; the nearest one is suggested.

    Example:
        >>> require_options(["gamma"], ["gamma", "alpha"], "loss='focal'")
    """
    accepted = list(accepted)
    for name in names:
        if name not in accepted:
            raise InputError(
                sentence(
                    f"the option {name!r} for {of}",
                    listing(accepted) if accepted else "no options",
                    nearest(name, accepted),
                )
            )
