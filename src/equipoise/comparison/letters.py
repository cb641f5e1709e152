# SPDX-License-Identifier: Apache-2.0
"""Letter groups for a leaderboard: arms that share a letter cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise.errors import InputError


def letter_groups(differ: npt.ArrayLike) -> list[str]:
    """Return one string of letters per arm; two arms share one unless they differ.

    The insert-and-absorb algorithm: start with one group of all arms; each pair
    that differs splits every group that holds both; groups inside others vanish.

    Args:
        differ: `[arms, arms]` symmetric booleans, arms in leaderboard order.

    Returns:
        For each arm its letters, the first arm's group being "a".

    Raises:
        InputError: The matrix is not square or not symmetric.

    Example:
        >>> letter_groups([[0, 0, 1], [0, 0, 0], [1, 0, 0]])
        ['a', 'ab', 'b']

    References:
        Piepho (2004), An algorithm for a letter-based representation of all
        pairwise comparisons, JCGS 13.
    """
    matrix = np.asarray(differ, bool)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(sentence(f"a matrix of shape {matrix.shape}", "[arms, arms]"))
    if (matrix != matrix.T).any():
        raise InputError(sentence("a matrix that is not symmetric", "a symmetric one"))
    arms = len(matrix)
    groups: list[frozenset[int]] = [frozenset(range(arms))] if arms else []
    for i in range(arms):
        for j in range(i + 1, arms):
            if matrix[i, j]:
                groups = _absorb(_split(groups, i, j))
    ordered = sorted(groups, key=sorted)
    return [
        "".join(_letter(k) for k, group in enumerate(ordered) if arm in group)
        for arm in range(arms)
    ]


def _split(groups: Sequence[frozenset[int]], i: int, j: int) -> list[frozenset[int]]:
    result: list[frozenset[int]] = []
    for group in groups:
        both = i in group and j in group
        result += [group - {i}, group - {j}] if both else [group]
    return result


def _absorb(groups: Iterable[frozenset[int]]) -> list[frozenset[int]]:
    distinct = list(dict.fromkeys(groups))
    return [g for g in distinct if not any(g < other for other in distinct)]


def _letter(number: int) -> str:
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("a") + rest) + name
    return name
