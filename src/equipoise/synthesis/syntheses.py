# SPDX-License-Identifier: Apache-2.0
"""Every synthesis by name."""

from __future__ import annotations

from typing import Any

from equipoise._core.checks import one_of
from equipoise._core.options import Number, defaults_of, require_options
from equipoise.synthesis.mixup import Mixup
from equipoise.synthesis.smote import Smote
from equipoise.synthesis.synthesis import Synthesis

SYNTHESES: dict[str, type[Synthesis]] = {kind.name: kind for kind in (Smote, Mixup)}


def synthesis_names() -> list[str]:
    """Return the names of all syntheses.

    Example:
        >>> synthesis_names()
        ['smote', 'mixup']
    """
    return list(SYNTHESES)


def synthesis_options(name: str) -> dict[str, Number]:
    """Return the options of a synthesis with their defaults.

    Args:
        name: One of `synthesis_names()`.

    Raises:
        InputError: There is no such synthesis.

    Example:
        >>> synthesis_options("smote")
        {'neighbours': 5}
    """
    return defaults_of(SYNTHESES[one_of(name, SYNTHESES, "synthesis")].settings())


def make_synthesis(name: str, **options: Any) -> Synthesis:
    """Return the synthesis of a name.

    Args:
        name: One of `synthesis_names()`.
        **options: Its numbers, see `synthesis_options`.

    Raises:
        InputError: The name or an option is unknown, or an option is out of range.

    Example:
        >>> make_synthesis("smote", neighbours=3)
        Smote(neighbours=3)
    """
    require_options(options, synthesis_options(name), f"synthesis={name!r}")
    return SYNTHESES[name](**options)
