# SPDX-License-Identifier: Apache-2.0
"""How a broken promise is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.errors import EquipoiseError


def require(holds: bool | np.bool_, promise: str) -> None:
    """Check that a promise holds.

    Raises:
        AssertionError: It is not; the promise is the message.
    """
    if not holds:
        raise AssertionError(promise)


def refuses(call: Callable[..., object], *args: Any, **options: Any) -> None:
    """Check that a call is refused with an error that helps.

    Raises:
        AssertionError: It is not, or the error does not say what is accepted.
    """
    try:
        call(*args, **options)
    except EquipoiseError as error:
        text = str(error)
        require(
            "Received" in text and "Accepted" in text,
            f"an error that says what was received and what is accepted, not: {text}",
        )
    else:
        raise AssertionError("a bad argument was accepted")
