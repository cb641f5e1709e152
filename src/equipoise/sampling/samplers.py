# SPDX-License-Identifier: Apache-2.0
"""Every sampler by name."""

from __future__ import annotations

import dataclasses
from typing import Any

from equipoise._core.checks import listing, nearest, one_of, sentence
from equipoise.errors import InputError
from equipoise.sampling.balanced import Balanced
from equipoise.sampling.bootstrap import Bootstrap
from equipoise.sampling.natural import Natural
from equipoise.sampling.oversample import Oversample
from equipoise.sampling.rate import Rate
from equipoise.sampling.sampler import Sampler
from equipoise.sampling.stratified import Stratified
from equipoise.sampling.undersample import Undersample

SAMPLERS: dict[str, type[Sampler]] = {
    kind.name: kind
    for kind in (
        Natural,
        Stratified,
        Balanced,
        Rate,
        Oversample,
        Undersample,
        Bootstrap,
    )
}


def sampler_names() -> list[str]:
    """Return the names of all samplers.

    Example:
        >>> sampler_names()[:3]
        ['natural', 'stratified', 'balanced']
    """
    return list(SAMPLERS)


def sampler_options(name: str) -> dict[str, Any]:
    """Return the options of a sampler with their defaults.

    Args:
        name: One of `sampler_names()`.

    Raises:
        InputError: There is no such sampler.

    Example:
        >>> sampler_options("undersample")
        {'ratio': 1.0, 'fresh': True}
    """
    kind: Any = SAMPLERS[one_of(name, SAMPLERS, "sampling")]
    return {field.name: field.default for field in dataclasses.fields(kind)}


def make_sampler(name: str, **options: Any) -> Sampler:
    """Return the sampler of a name.

    Args:
        name: One of `sampler_names()`.
        **options: Its numbers, see `sampler_options`.

    Raises:
        InputError: The name or an option is not known, or out of range.

    Example:
        >>> make_sampler("rate", rate=0.1)
        Rate(rate=0.1)
    """
    known = sampler_options(name)
    for option in options:
        if option not in known:
            raise InputError(
                sentence(
                    f"the option {option!r} for sampling={name!r}",
                    listing(known) if known else "no options",
                    nearest(option, known),
                )
            )
    return SAMPLERS[name](**options)
