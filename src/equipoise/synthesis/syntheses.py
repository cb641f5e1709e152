# SPDX-License-Identifier: Apache-2.0
"""Every synthesis by name."""

from __future__ import annotations

import dataclasses
from typing import Any

from equipoise._core.checks import listing, nearest, one_of, sentence
from equipoise.errors import InputError
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


def synthesis_options(name: str) -> dict[str, Any]:
    """Return the options of a synthesis with their defaults.

    Args:
        name: One of `synthesis_names()`.

    Raises:
        InputError: There is no such synthesis.

    Example:
        >>> synthesis_options("smote")
        {'neighbours': 5}
    """
    kind: Any = SYNTHESES[one_of(name, SYNTHESES, "synthesis")]
    return {field.name: field.default for field in dataclasses.fields(kind)}


def make_synthesis(name: str, **options: Any) -> Synthesis:
    """Return the synthesis of a name.

    Args:
        name: One of `synthesis_names()`.
        **options: Its numbers, see `synthesis_options`.

    Raises:
        InputError: The name or an option is not known, or out of range.

    Example:
        >>> make_synthesis("smote", neighbours=3)
        Smote(neighbours=3)
    """
    known = synthesis_options(name)
    for option in options:
        if option not in known:
            raise InputError(
                sentence(
                    f"the option {option!r} for synthesis={name!r}",
                    listing(known),
                    nearest(option, known),
                )
            )
    return SYNTHESES[name](**options)
