# SPDX-License-Identifier: Apache-2.0
"""Optional packages: asked for where they are used, with the command that helps."""

from __future__ import annotations

import importlib.util

from equipoise._core.checks import listing, sentence
from equipoise.errors import MissingExtraError


def require_extra(extra: str, modules: tuple[str, ...], purpose: str) -> None:
    """Raise if a module of an extra is not installed.

    Args:
        extra: The extra's name in `pip install "equipoise[extra]"`.
        modules: Top-level modules that it brings.
        purpose: What they are needed for, as the subject of a sentence.

    Raises:
        MissingExtraError: One of them is absent.

    Example:
        >>> require_extra("none", ("json",), "plain data")
    """
    absent = [name for name in modules if importlib.util.find_spec(name) is None]
    if absent:
        raise MissingExtraError(
            sentence(
                f"{purpose} without {listing(absent)}",
                f"the extra [{extra}]",
                f'Run: pip install "equipoise[{extra}]"',
            )
        )
