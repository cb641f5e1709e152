# SPDX-License-Identifier: Apache-2.0
"""Every sampler by name."""

from __future__ import annotations

from typing import Any

from equipoise._core.checks import one_of
from equipoise._core.options import Number, defaults_of, require_options
from equipoise.sampling.balanced import Balanced
from equipoise.sampling.bootstrap import Bootstrap
from equipoise.sampling.natural import Natural
from equipoise.sampling.oversample import Oversample
from equipoise.sampling.progressive import Progressive
from equipoise.sampling.quotas import Quotas
from equipoise.sampling.rate import Rate
from equipoise.sampling.repeat_factor import RepeatFactor
from equipoise.sampling.sampler import Sampler
from equipoise.sampling.square_root import SquareRoot
from equipoise.sampling.stratified import Stratified
from equipoise.sampling.undersample import Undersample

SAMPLERS: dict[str, type[Sampler]] = {
    kind.name: kind
    for kind in (
        Natural,
        Stratified,
        Balanced,
        SquareRoot,
        Rate,
        Quotas,
        RepeatFactor,
        Progressive,
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


def sampler_options(name: str) -> dict[str, Number]:
    """Return the options of a sampler with their defaults.

    Args:
        name: One of `sampler_names()`.

    Raises:
        InputError: There is no such sampler.

    Example:
        >>> sampler_options("undersample")
        {'ratio': 1.0, 'fresh': True}
    """
    return defaults_of(SAMPLERS[one_of(name, SAMPLERS, "sampling")].settings())


def make_sampler(name: str, **options: Any) -> Sampler:
    """Return the sampler of a name.

    Args:
        name: One of `sampler_names()`.
        **options: Its numbers, see `sampler_options`.

    Raises:
        InputError: The name or an option is unknown, or an option is out of range.

    Example:
        >>> make_sampler("rate", rate=0.1)
        Rate(rate=0.1)
    """
    require_options(options, sampler_options(name), f"sampling={name!r}")
    return SAMPLERS[name](**options)
