# SPDX-License-Identifier: Apache-2.0
"""A number with its interval: the only form in which results are reported."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from equipoise._core.numerals import estimate

NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    Attributes:
        value: The point estimate; NaN if it is undefined.
        low: The interval's lower end; NaN if it is unknown.
        high: The interval's upper end; NaN if it is unknown.
        method: How the interval was made, for example "Clopper-Pearson".
        reason: Why something is NaN; empty if nothing is.
        level: The nominal coverage of the interval.

    Example:
        >>> print(Estimate(0.75, 0.428, 0.945, "Clopper-Pearson"))
        0.750 [0.428, 0.945]
        >>> print(Estimate.undefined("no positives"))
        undefined (no positives)
    """

    value: float
    low: float = NAN
    high: float = NAN
    method: str = ""
    reason: str = ""
    level: float = 0.95

    @classmethod
    def undefined(cls, reason: str) -> Estimate:
        """Return an estimate that is NaN for the given reason.

        Args:
            reason: Why, in words.
        """
        return cls(NAN, NAN, NAN, "", reason)

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        if not self.defined:
            return f"undefined ({self.reason})"
        return estimate(self.value, self.low, self.high)
