# SPDX-License-Identifier: Apache-2.0
"""Independent random streams that depend on names, never on order.

A stream is addressed by the user's seed and a path of names and numbers, so
adding an arm or a fold to a trial never changes the numbers of another.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from equipoise._core.checks import integer, sentence
from equipoise.errors import InputError


def seed_of(seed: Any, random_state: Any) -> int:
    """Return the seed that was given under either of its two names.

    Args:
        seed: As `seed=`; 0 if it was not given.
        random_state: As `random_state=`, scikit-learn's name; None if it was not given.

    Raises:
        InputError: Both were given, and differ.
        InputTypeError: It is no integer.

    Example:
        >>> seed_of(0, 7), seed_of(3, None)
        (7, 3)
    """
    if random_state is None:
        return integer(seed, "seed")
    state = integer(random_state, "random_state")
    if seed not in (0, state):
        raise InputError(
            sentence(
                f"seed={seed!r} and random_state={random_state!r}",
                "one of them: they are two names of the same",
            )
        )
    return state


def derive(seed: int, *path: str | int) -> int:
    """Return a 63-bit seed for one purpose.

    Args:
        seed: The user's seed, any integer.
        *path: What the stream is for, for example `"fold", 3`.

    Example:
        >>> derive(0, "fold", 1) == derive(0, "fold", 1) != derive(0, "fold", 2)
        True
    """
    text = "\x1f".join([str(seed), *(f"{type(p).__name__}:{p}" for p in path)])
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator(seed: int, *path: str | int) -> np.random.Generator:
    """Return a NumPy generator for one purpose (PCG64 on the derived seed)."""
    return np.random.default_rng(derive(seed, *path))
