# SPDX-License-Identifier: Apache-2.0
"""Every synthesis by name."""

from __future__ import annotations

from typing import Any

from equipoise._core.checks import one_of
from equipoise._core.options import Number, defaults_of, require_options
from equipoise.synthesis.adasyn import Adasyn
from equipoise.synthesis.balanced_mixup import BalancedMixup
from equipoise.synthesis.borderline import BorderlineSmote, BorderlineSmote2
from equipoise.synthesis.jitter import Jitter
from equipoise.synthesis.label_smote import LabelSmote
from equipoise.synthesis.mixup import Mixup
from equipoise.synthesis.remix import Remix
from equipoise.synthesis.smote import Smote
from equipoise.synthesis.synthesis import Synthesis

SYNTHESES: dict[str, type[Synthesis]] = {
    kind.name: kind
    for kind in (
        Smote,
        BorderlineSmote,
        BorderlineSmote2,
        Adasyn,
        LabelSmote,
        Jitter,
        Mixup,
        Remix,
        BalancedMixup,
    )
}


def synthesis_names() -> list[str]:
    """Return the names of all syntheses.

    Example:
        >>> synthesis_names()[:3]
        ['smote', 'borderline_smote', 'borderline_smote_2']
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
