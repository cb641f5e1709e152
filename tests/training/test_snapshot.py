# SPDX-License-Identifier: Apache-2.0
"""The state of a population: who leaves, what is kept, and the way to a file."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.training.snapshot import Snapshot


def state_of(value: float, members: int):
    """Weights, of which each says its epoch and its member, and two moments."""
    import tensorflow as tf

    weights = value + np.arange(members, dtype=np.float32)[:, None] / 10
    kernel = np.repeat(weights[:, :, None], 3, axis=2)
    arrays = {"kernel": tf.constant(kernel), "bias": tf.constant(weights)}
    return {kind: arrays for kind in ("weights", "m", "v")}


@pytest.fixture
def after_three() -> Snapshot:
    """Three members, patience 2: the second is best at once, the others later."""
    weights = {name: v.numpy() for name, v in state_of(0, 3)["weights"].items()}
    now = Snapshot.start(weights, "float32")
    for epoch, values in enumerate(([3.0, 1.0, 3.0], [2.0, 2.0, 4.0]), start=1):
        now = now.after(state_of(epoch, 3), np.array(values), borne=2)
        assert now.active.tolist() == [0, 1, 2]
    return now.after(state_of(3, 3), np.array([1.0, 1.0, 2.0]), borne=2)


def test_who_does_not_improve_leaves_with_the_best_epoch(after_three) -> None:
    now = after_three
    assert now.epoch == 3
    assert now.active.tolist() == [0, 2]
    assert list(now.kept) == [1]
    np.testing.assert_allclose(now.kept[1]["bias"], [1.1])  # epoch 1, member 1
    assert now.kept[1]["kernel"].shape == (1, 3)
    for arrays in (*now.state.values(), now.best):
        np.testing.assert_allclose(arrays["bias"][:, 0], [3.0, 3.2])
    assert now.patience.epoch.tolist() == [3, 1, 3]


def test_best_weights_are_those_of_the_best_epoch_not_the_last(after_three) -> None:
    later = after_three.after(state_of(9, 2), np.array([5.0, 1.0]), borne=2)
    np.testing.assert_allclose(later.best["bias"][:, 0], [3.0, 9.1])
    np.testing.assert_allclose(later.state["weights"]["bias"][:, 0], [9.0, 9.1])
    done = later.finished()
    assert len(done.active) == 0
    assert sorted(done.kept) == [0, 1, 2]
    np.testing.assert_allclose(done.kept[0]["bias"], [3.0])
    np.testing.assert_allclose(done.kept[2]["bias"], [9.1])


def test_nobody_improves_on_what_is_undefined() -> None:
    weights = {name: v.numpy() for name, v in state_of(0, 2)["weights"].items()}
    start = Snapshot.start(weights, "float32")
    now = start.after(state_of(1, 2), np.full(2, np.nan), borne=5).finished()
    assert now.patience.epoch.tolist() == [0, 0]
    np.testing.assert_allclose(now.kept[1]["bias"], [0.1])  # its first weights


@pytest.mark.parametrize("finished", [False, True])
def test_arrays_give_the_same_state(after_three, finished) -> None:
    now = after_three.finished() if finished else after_three
    arrays = now.to_arrays()
    assert all(isinstance(value, np.ndarray) for value in arrays.values())
    again = Snapshot.from_arrays(arrays).to_arrays()
    assert again.keys() == arrays.keys()
    for name, value in arrays.items():
        assert again[name].dtype == value.dtype
        np.testing.assert_array_equal(again[name], value)
