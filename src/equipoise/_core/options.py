# SPDX-License-Identifier: Apache-2.0
"""One number of a strategy: its default and what is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from equipoise._core.checks import integer, number

Number = float | int | str | bool | None


@dataclass(frozen=True)
class Setting:
    """An option's default and range.

    Attributes:
        default: Its value where the user names none.
        low: Smallest accepted value, or None.
        high: Largest accepted value, or None.
        open_ends: Whether the ends themselves are refused.
        whole: Whether it must be an integer.
        optional: Whether None is accepted.
    """

    default: Number
    low: float | None = None
    high: float | None = None
    open_ends: bool = False
    whole: bool = False
    optional: bool = False

    def check(self, value: Any, name: str) -> None:
        """Raise where the value is not accepted.

        Raises:
            InputTypeError: The value has the wrong type.
            InputError: The value is out of range.

        Example:
            >>> Setting(2.0, low=0).check(0.5, "gamma")
        """
        if value is None and self.optional:
            return
        if self.whole:
            low = None if self.low is None else int(self.low)
            high = None if self.high is None else int(self.high)
            integer(value, name, low, high)
        else:
            number(value, name, self.low, self.high, open_ends=self.open_ends)
