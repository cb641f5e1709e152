# SPDX-License-Identifier: Apache-2.0
"""Independent random streams that depend on names, never on order.

A stream is addressed by the user's seed and a path of names and numbers, so
adding an arm or a fold to a trial never changes the numbers of another.
"""

from __future__ import annotations

import hashlib

import numpy as np


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
