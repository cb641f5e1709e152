# SPDX-License-Identifier: Apache-2.0
"""The networks that have a name, one entry each."""

from __future__ import annotations

from equipoise._core.checks import one_of, sentence
from equipoise.errors import InputTypeError
from equipoise.networks.spec import NetworkSpec

_NETWORKS: dict[str, NetworkSpec] = {
    spec.name: spec
    for spec in (
        NetworkSpec("linear", hidden=(), learning_rate=1e-2),
        NetworkSpec("small", hidden=(64, 64)),
        # Chosen by measurement over twelve tables: docs/networks.md.
        NetworkSpec(
            "default",
            hidden=(128, 128),
            number_width=8,
            dropout=0.4,
            copies=4,
            learning_rate=3e-3,
        ),
    )
}


def network_names() -> list[str]:
    """Return the names of all networks.

    Example:
        >>> network_names()[:2]
        ['linear', 'small']
    """
    return list(_NETWORKS)


def network(name: str | NetworkSpec) -> NetworkSpec:
    """Return the recipe of a name; a recipe is returned as it is.

    Args:
        name: One of `network_names()`, or a recipe.

    Raises:
        InputTypeError: It is neither a name nor a recipe.
        InputError: There is none of that name; the nearest is suggested.

    Example:
        >>> network("small").hidden
        (64, 64)
    """
    if isinstance(name, NetworkSpec):
        return name
    if not isinstance(name, str):
        raise InputTypeError(sentence(f"network={name!r}", "a name or a NetworkSpec"))
    return _NETWORKS[one_of(name, _NETWORKS, "network")]
