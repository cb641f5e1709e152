# SPDX-License-Identifier: Apache-2.0
"""How a column's texts are written, so that a later file is read in the same way."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from equipoise._core.checks import one_of, sentence
from equipoise.errors import InputError

DECIMALS = (".", ",")
THOUSANDS = (",", ".", " ", "'")
SIGNS = ("%", "$", "€", "£", "¥")
ORDERS = ("day", "month")


@dataclass(frozen=True)
class Notation:
    """How the texts of one column are written; "" for what they do not show.

    Attributes:
        decimal: The decimal mark, "." or ",".
        thousands: The marks seen between thousands, out of `,. '`.
        sign: The currency or percent sign that all values share.
        order: Which comes first in dates such as 03/04/2021, "day" or "month".

    Example:
        >>> Notation(decimal=",").with_seen(Notation(thousands=".", order="day"))
        Notation(decimal=',', thousands='.', sign='', order='day')
    """

    decimal: str = ""
    thousands: str = ""
    sign: str = ""
    order: str = ""

    def with_seen(self, other: Notation) -> Notation:
        """Return this notation, completed by what later rows show."""
        marks = dict.fromkeys(self.thousands + other.thousands)
        return Notation(
            self.decimal or other.decimal,
            "".join(marks),
            self.sign or other.sign,
            self.order or other.order,
        )

    def to_dict(self) -> dict[str, str]:
        """Return plain data, for a saved model."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Notation:
        """Return a notation from what `to_dict` gave.

        Raises:
            InputError: A mark is none that is read.
        """
        if set(data) != {field.name for field in dataclasses.fields(cls)}:
            raise InputError(sentence(f"a notation with {sorted(data)}", str(cls())))
        one_of(data["decimal"], ("", *DECIMALS), "decimal")
        one_of(data["sign"], ("", *SIGNS), "sign")
        one_of(data["order"], ("", *ORDERS), "order")
        for mark in str(data["thousands"]):
            one_of(mark, THOUSANDS, "thousands")
        return cls(**data)
