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


def warm_run(values, most: int, borne: int = 2):
    """States of one member after each epoch, the first `most` a warm start."""
    weights = {name: v.numpy() for name, v in state_of(0, 1)["weights"].items()}
    now, states = Snapshot.start(weights, "float32"), []
    for epoch, value in enumerate(values, start=1):
        now = now.after(state_of(epoch, 1), np.array([value]), borne, np.array([most]))
        states.append(now)
    return states


@pytest.mark.parametrize(
    ("values", "most", "turned", "best"),
    [
        ([1.0, 2.0, 3.0, 9.0], 20, 3, 1),  # its patience runs out
        ([3.0, 2.0, 9.0, 9.0], 2, 2, 2),  # it has had its epochs
    ],
)
def test_a_warm_start_ends_and_its_best_weights_go_on(
    values, most, turned, best
) -> None:
    states = warm_run(values, most)
    assert [now.turned[0] for now in states[: turned - 1]] == [0] * (turned - 1)
    now = states[turned - 1]
    assert now.turned.tolist() == [turned]
    assert now.active.tolist() == [0]
    assert now.state["weights"]["bias"].numpy()[0, 0] == best
    for kind in ("m", "v"):
        assert not now.state[kind]["bias"].numpy().any()
    # The next epoch is kept, however bad: it is the first of the strategy's loss.
    after = states[turned]
    assert after.patience.epoch.tolist() == [turned + 1]
    assert after.best["bias"].numpy()[0, 0] == turned + 1


def test_patience_begins_anew_after_a_warm_start() -> None:
    states = warm_run([1.0, 2.0, 3.0, 6.0, 5.0, 5.5, 7.0], 20)
    assert [len(now.active) for now in states] == [1, 1, 1, 1, 1, 1, 0]
    assert states[-1].kept[0]["bias"][0] == 5
    again = Snapshot.from_arrays(states[3].to_arrays())
    assert again.turned.tolist() == [3]


def test_members_turn_each_by_themselves() -> None:
    weights = {name: v.numpy() for name, v in state_of(0, 3)["weights"].items()}
    now, warm = Snapshot.start(weights, "float32"), np.array([4, 0, 2])
    for epoch, values in enumerate(([3.0, 1.0, 3.0], [2.0, 2.0, 4.0]), start=1):
        now = now.after(state_of(epoch, 3), np.array(values), 2, warm)
    assert now.turned.tolist() == [0, 0, 2]
    np.testing.assert_allclose(
        now.state["weights"]["bias"][:, 0], [2.0, 2.1, 1.2], rtol=1e-6
    )
    assert now.state["m"]["bias"].numpy()[:2].all()
    later = now.after(state_of(3, 3), np.array([1.0, 3.0, 9.0]), 2, warm)
    assert later.active.tolist() == [0, 2]  # the second has no warm start
    assert later.patience.epoch.tolist() == [3, 1, 3]


def test_a_state_that_is_away_leaves_the_best_weights(after_three) -> None:
    left, state = after_three.moved()
    assert {kind: set(arrays) for kind, arrays in state.items()} == {
        kind: {"kernel", "bias"} for kind in ("weights", "m", "v")
    }
    state["weights"].clear()
    assert after_three.state["weights"]  # a dictionary of its own
    done = left.finished()
    assert sorted(done.kept) == [0, 1, 2]
    np.testing.assert_allclose(done.kept[2]["bias"], [3.2])
