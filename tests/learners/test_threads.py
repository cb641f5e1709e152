# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

import pytest
from sklearn.linear_model import LogisticRegression  # noqa: F401  (brings BLAS)
from threadpoolctl import ThreadpoolController, threadpool_limits

from equipoise.learners.threads import CELLS_ALONE, one_thread, thread_count


def threads() -> dict[str, int]:
    """The number of threads of every pool that is loaded."""
    pools = ThreadpoolController().info()
    return {pool["filepath"]: pool["num_threads"] for pool in pools}


def test_few_cells_stay_on_one_thread_and_the_former_number_returns() -> None:
    with threadpool_limits(2):
        before = threads()
        with one_thread(CELLS_ALONE):
            assert set(threads().values()) == {1}
        assert threads() == before
    assert 2 in before.values()


def test_many_cells_use_what_there_is() -> None:
    with threadpool_limits(2):
        before = threads()
        with one_thread(CELLS_ALONE + 1):
            assert threads() == before


def test_blocks_that_overlap_in_several_threads_leave_no_limit() -> None:
    """The one that ends last must not take another's limit for the former number."""
    within, leave = threading.Event(), threading.Event()

    def other() -> None:
        with one_thread(10):
            within.set()
            leave.wait(10)

    with threadpool_limits(2):
        before = threads()
        thread = threading.Thread(target=other)
        with one_thread(10):
            thread.start()
            within.wait(10)
        leave.set()
        thread.join()
        assert threads() == before


def test_libraries_never_have_more_threads_than_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    usual = thread_count(CELLS_ALONE + 1)
    assert usual >= 1
    for limit, count in (("1", 1), ("0", usual), ("odd", usual), ("9999", usual)):
        monkeypatch.setenv("OMP_NUM_THREADS", limit)
        assert thread_count(CELLS_ALONE + 1) == count
