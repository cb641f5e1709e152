# SPDX-License-Identifier: Apache-2.0
"""Small fits stay on one thread."""

from __future__ import annotations

import contextlib
import os
from functools import cache
from typing import Any

CELLS_ALONE = 5_000_000
"""Up to so many cells, rows times columns, a fit stays on one thread. Many short
parallel loops cost more than they save. On two cores of a busy machine: 20 boosted
trees on 41,188 x 20 took 7.4 s of processor time, on one thread .16 s, with equal
trees; logistic regressions at six strengths on 1,925 x 294 took 25 s and .30 s."""


def one_thread(cells: int) -> contextlib.AbstractContextManager[Any]:
    """Return a context in which OpenMP and BLAS use one thread for few cells.

    OpenMP's limit is the calling thread's own. BLAS has one for the process; the
    former number is back when the context ends.

    Args:
        cells: Rows times columns of what is fitted.

    Example:
        >>> with one_thread(100 * 30):
        ...     total = sum(range(3))
    """
    if cells > CELLS_ALONE:
        return contextlib.nullcontext()
    limits: contextlib.AbstractContextManager[Any] = _libraries().limit(limits=1)
    return limits


def thread_count(cells: int) -> int:
    """Return how many threads a library of its own is to use for a fit.

    Never more than OMP_NUM_THREADS says: several workers share a machine.

    Args:
        cells: Rows times columns of what is fitted.

    Example:
        >>> thread_count(100 * 30)
        1
    """
    if cells <= CELLS_ALONE:
        return 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    count = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    return min(count, int(limit)) if limit.isdigit() and int(limit) else count


@cache
def _libraries() -> Any:
    """Return the loaded thread pools; to look for them takes milliseconds."""
    # scikit-learn brings its OpenMP and BLAS, so it must be loaded before.
    import sklearn.linear_model  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
