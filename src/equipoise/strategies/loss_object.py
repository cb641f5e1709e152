# SPDX-License-Identifier: Apache-2.0
"""What a strategy says to a loss object: which name, or what else, takes its place."""

from __future__ import annotations

from typing import Any

from equipoise._core.checks import listing, one_of, sentence
from equipoise._core.options import Number
from equipoise.errors import InputTypeError
from equipoise.losses.records import LOSS_RECORDS, LossRecord

_ONE_EACH = (
    "Compare one strategy for each of its losses: a trial trains them side by side."
)
_INSTEAD = {
    "Switch": _ONE_EACH,
    "Combined": _ONE_EACH,
    "Scheduled": "Use options={'warm_start': 0.25} of a loss that ranks for a start "
    "with the cross-entropy, or weights= with options={'deferred': 0.8} for weights "
    "that begin late.",
    "ClassWeighted": "Pass the name of its loss, and weights={class: weight}.",
    "SOAP": "Pass loss='average_precision', which needs no memory of its rows.",
}


def loss_name(loss: Any) -> str:
    """Return the name of a loss, as a strategy keeps it.

    Args:
        loss: A name in `LOSS_RECORDS`.

    Raises:
        InputTypeError: It is an object; what takes its place is said.
        InputError: There is no loss of that name; the nearest one is suggested.

    Example:
        >>> loss_name("focal")
        'focal'
    """
    if not callable(loss):
        return one_of(loss, LOSS_RECORDS, "loss")
    kind = loss if isinstance(loss, type) else type(loss)
    raise InputTypeError(
        sentence(
            f"a loss of type {kind.__name__} in a strategy",
            f"its name, one of {listing(LOSS_RECORDS, 40)}",
            _in_place_of(loss, kind.__name__),
        )
    )


def _in_place_of(loss: Any, kind: str) -> str:
    """Return what is passed in place of a loss object."""
    if kind in _INSTEAD:
        return _INSTEAD[kind]
    for record in LOSS_RECORDS.values():
        if str(record.keras).endswith(f":{kind}"):
            named = _options(loss, record)
            more = f", options={named!r}" if named else ""
            return f"Pass loss={record.name!r}{more}."
    return "Register its function: equipoise.register(LossRecord(...))."


def _options(loss: Any, record: LossRecord) -> dict[str, Number]:
    """Return the options of a loss object that are not the defaults."""
    held = getattr(loss, "options", {})
    held = held if isinstance(held, dict) else {}
    return {
        name: held[name]
        for name, setting in record.options.items()
        if isinstance(held.get(name, setting), Number) and held[name] != setting.default
    }
