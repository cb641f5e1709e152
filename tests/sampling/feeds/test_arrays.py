# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.sampling import Balanced, GroupBalanced, Natural, Undersample, feed_from
from equipoise.synthesis import Mixup, Smote, make_synthesis

X = np.arange(120, dtype=np.float32).reshape(60, 2)
Y = np.array([0] * 50 + [1] * 10)


def test_steps_cover_the_rows_unless_told():
    assert Balanced().over(X, Y, batch=16).steps == 4
    assert Balanced().over(X, Y, batch=16, steps=9).steps == 9


def test_it_draws_what_the_sampler_draws():
    feed = Undersample().over(X, Y, batch=8, seed=3)
    alone = Undersample().draw(Y, batch=8, steps=feed.steps, seed=3, epoch=2)
    np.testing.assert_array_equal(feed.draw(2).index, alone.index)


def test_a_synthesis_learns_from_the_rows_once():
    feed = Balanced().over(X, Y, batch=20, synthesis=Smote(neighbours=3))
    alone = Smote(neighbours=3).prepare(X, None, Y, 0)
    np.testing.assert_array_equal(feed.neighbours.index, alone.index)
    draw = feed.draw(0)
    assert draw.mix is not None
    assert draw.mix[Y[draw.index] == 0].max() == 0
    assert draw.mix[Y[draw.index] == 1].max() > 0


def test_an_epoch_is_mixed_anew():
    feed = Balanced().over(X, Y, batch=20, synthesis=Mixup(), seed=4)
    epochs = [feed.draw(epoch).mix for epoch in (0, 1)]
    assert (epochs[0] != epochs[1]).any()
    other = Balanced().over(X, Y, batch=20, synthesis=Mixup(), seed=5)
    assert (epochs[0] != other.draw(0).mix).any()


def test_whole_numbers_are_made_real_for_a_synthesis():
    feed = Balanced().over(X.astype(int), Y, synthesis=Mixup())
    assert feed.features.dtype == np.float32


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"labels": Y[:-1]}, InputError, "59 labels and arrays of"),
        ({"labels": Y + 1}, InputError, "labels that hold"),
        ({"labels": []}, InputError, "at least one|shape"),
        ({"weights": -np.ones(60)}, InputError, "negative or not finite"),
        ({"weights": np.full(60, np.nan)}, InputError, "negative or not finite"),
        ({"weights": np.ones(4)}, InputError, "60 labels and arrays"),
        ({"batch": 0}, InputError, "batch"),
        ({"steps": 2.5}, InputTypeError, "steps"),
        ({"features": {"a": X}, "synthesis": Smote()}, InputError, "one table"),
        ({"features": X.astype(str), "synthesis": Smote()}, InputError, "one table"),
    ],
)
def test_what_is_refused(change, error, words):
    given = {"features": X, "labels": Y} | change
    with pytest.raises(error, match=words):
        Balanced().over(given.pop("features"), given.pop("labels"), **given)


# ---- several classes, and labels

CLASSES = np.array([0] * 40 + [1] * 14 + [2] * 6)
LABELS = np.stack([Y, np.arange(60) % 7 == 0, np.arange(60) % 2], axis=1).astype(float)
LABELS[3, 1] = np.nan


def test_classes_are_numbers_and_blends_of_them_one_hot():
    feed = Balanced().over(X, CLASSES, batch=30)
    _, targets = feed.parts()
    assert targets.dtype == np.int32
    assert targets.tolist() == CLASSES.tolist()
    drawn = np.bincount(CLASSES[feed.draw(0).index.ravel()], minlength=3)
    assert drawn.tolist() == [20, 20, 20]
    _, same = Balanced().over(X, CLASSES, batch=30, synthesis=Smote(2)).parts()
    assert same.dtype == np.int32
    _, hot = Balanced().over(X, CLASSES, batch=30, synthesis=Mixup()).parts()
    np.testing.assert_array_equal(hot, np.eye(3)[CLASSES])
    assert Balanced().over(X, Y).parts()[1].dtype == np.float32


def test_rows_of_labels_weigh_what_makes_up_for_the_draws():
    feed = Balanced().over(X, LABELS, batch=30)
    _, targets, weights = feed.parts()
    np.testing.assert_array_equal(targets, LABELS)
    np.testing.assert_allclose(weights, Balanced().importance(LABELS), rtol=1e-6)
    assert weights.std() > 0.1
    mine = np.linspace(0.5, 2, 60)
    both = Balanced().over(X, LABELS, weights=mine).parts()[2]
    np.testing.assert_allclose(both, weights * mine, rtol=1e-6)
    assert len(Natural().over(X, LABELS).parts()) == 2
    np.testing.assert_allclose(
        Natural().over(X, LABELS, weights=mine).parts()[2], mine, rtol=1e-6
    )


def test_what_labels_cannot_be():
    with pytest.raises(UnsupportedError, match="Leave the synthesis out"):
        Balanced().over(X, LABELS, synthesis=Smote())
    with pytest.raises(InputError, match="2 in row 0, column 0"):
        Balanced().over(X, LABELS + 2)
    assert Balanced().over(X, LABELS, synthesis=Mixup()).draw(0).mix is not None


# ---- where a feed is, and what it declares


def test_a_state_is_a_position_and_tells_another_feed():
    feed = Balanced().over(X, Y, batch=16, seed=3)
    state = json.loads(json.dumps(feed.state(epoch=7, step=2)))
    assert Balanced().over(X, Y, batch=16, seed=3).from_state(state) == (7, 2)
    others = {
        "sampler": Undersample().over(X, Y, batch=16, seed=3),
        "labels": Balanced().over(X, Y[::-1], batch=16, seed=3),
        "batch": Balanced().over(X, Y, batch=8, seed=3),
        "steps": Balanced().over(X, Y, batch=16, steps=9, seed=3),
        "seed": Balanced().over(X, Y, batch=16, seed=4),
        "rows": Balanced().over(X[1:], Y[1:], batch=16, seed=3),
        "synthesis": Balanced().over(X, Y, batch=16, seed=3, synthesis=Mixup()),
    }
    for name, other in others.items():
        with pytest.raises(InputError, match=f"a feed with {name}="):
            other.from_state(state)
    with pytest.raises(InputError, match="a feed with format=1"):
        feed.from_state({**state, "format": 1})
    with pytest.raises(InputError, match="without 'format'"):
        feed.from_state({"epoch": 1})
    with pytest.raises(InputError, match="first_step=4"):
        feed.state(step=4)


def test_a_state_tells_other_groups_and_other_options_of_a_synthesis():
    def state_of(groups, concentration):
        mixup = Mixup(concentration=concentration)
        feed = GroupBalanced(groups).over(X, Y, batch=16, synthesis=mixup)
        return feed, feed.state()

    groups = np.arange(len(Y)) % 7
    state = state_of(groups, 0.3)[1]
    assert state_of(groups, 0.3)[0].from_state(state) == (0, 0)
    with pytest.raises(InputError, match="a feed with groups="):
        state_of(groups[::-1], 0.3)[0].from_state(state)
    with pytest.raises(InputError, match=r"a feed with synthesis=.*0\.3"):
        state_of(groups, 0.4)[0].from_state(state)


def test_a_state_serves_in_another_process():
    class Ours:
        def draw(self, labels, *, batch, steps, seed, epoch):
            return Balanced().draw(
                labels, batch=batch, steps=steps, seed=seed, epoch=epoch
            )

    one, other = Ours(), Ours()  # with another address
    state = feed_from(one, X, Y, batch=16).state(epoch=1)
    assert feed_from(other, X, Y, batch=16).from_state(state) == (1, 0)


@pytest.mark.parametrize("synthesis", [None, Mixup()])
def test_it_goes_on_from_a_step(synthesis):
    feed = Balanced().over(X, Y, batch=16, seed=3, synthesis=synthesis)
    whole = [b.features for b in feed.batches(epochs=4)]
    rest = [b.features for b in feed.batches(1, 3, epochs=3)]
    np.testing.assert_array_equal(rest, whole[7:])
    dataset = feed.dataset(1, 3)
    passes = [[x.numpy() for x, _ in dataset] for _ in range(2)]
    np.testing.assert_allclose(np.concatenate(passes), whole[7:15], atol=1e-6)
    sequence = feed.sequence(1, 3)
    two = []
    for _ in range(2):
        two += [sequence[step][0] for step in range(len(sequence))]
        sequence.on_epoch_end()
    np.testing.assert_array_equal(two, whole[7:15])
    assert sequence.rows(0).tolist() == feed.draw(3).index[3].tolist()


def test_row_numbers_as_a_fourth_part():
    feed = Balanced().over(X, Y, batch=16)
    for step, (x, y, weights, rows) in enumerate(feed.dataset(rows=True)):
        np.testing.assert_array_equal(rows, feed.draw(0).index[step])
        np.testing.assert_array_equal(x, X[rows])
        np.testing.assert_array_equal(y, Y[rows])
        np.testing.assert_array_equal(weights, 1)
    weighted = Balanced().over(X, Y, weights=np.arange(60), batch=16)
    *_, weights, rows = next(iter(weighted.dataset(rows=True)))
    np.testing.assert_array_equal(weights, rows)


def test_the_prior_is_what_is_drawn():
    for labels in (Y, CLASSES, LABELS):
        feed = Balanced().over(X, labels, batch=60, steps=200)
        rows = feed.draw(0).index.ravel()
        if labels.ndim == 2:
            drawn = (labels[rows] == 1).mean(axis=0)
        else:
            drawn = np.bincount(labels[rows]) / len(rows)
        np.testing.assert_allclose(feed.prior, drawn, atol=0.005)
    offset = Balanced().over(X, Y).correction().offset
    assert offset == pytest.approx((np.log(10 / 50),))


def test_a_sampler_of_another_kind_declares_nothing():
    class Rows:
        def draw(self, labels, *, batch, steps, seed, epoch):
            return Natural().draw(labels, batch=batch, steps=steps, seed=0, epoch=0)

    feed = feed_from(Rows(), X, Y)
    assert feed.prior is None
    with pytest.raises(InputError, match="a sampler with correction"):
        feed.correction()


@pytest.mark.parametrize(
    ("sampler", "synthesis", "what"),
    [
        ("balanced", None, "sampler='balanced'"),
        (Balanced, None, "sampler=<class"),
        (Balanced(), "smote", "synthesis='smote'"),
    ],
)
def test_a_name_is_no_piece(sampler, synthesis, what) -> None:
    """A feed with a name was made, and failed at its first batch."""
    x, y = np.zeros((9, 2)), np.arange(9) % 3 == 0
    with pytest.raises(InputTypeError, match=rf"{what}.*an object"):
        feed_from(sampler, x, y, synthesis=synthesis)


@pytest.mark.parametrize("features", [(row for row in X), 3.0, "abc", None, {"a": 1.0}])
def test_features_that_have_no_rows_are_refused(features):
    with pytest.raises(InputTypeError, match="one row for each label; StreamFeed"):
        feed_from(Balanced(), features, Y)


@pytest.mark.parametrize("name", ["smote", "jitter", "mixup", "balanced_mixup"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_synthesis_blends_what_is_not_finite(name, value):
    x = np.ones((40, 2), np.float32)
    x[3, 1] = value
    y = np.arange(40) % 8 == 0
    with pytest.raises(InputError, match=r"1 row holds NaN or infinite.*\(row 3\)"):
        Balanced().over(x, y, synthesis=make_synthesis(name))
    assert Balanced().over(x, y).draw(0).index.size  # without one it is the model's


@pytest.mark.parametrize(
    "features",
    [[np.ones((40, 2)), np.ones((40, 3))], [np.ones((40, 2)), np.ones((40, 2))]],
)
def test_several_inputs_are_no_list(features):
    y = np.arange(40) % 8 == 0
    with pytest.raises(InputError, match="a tuple or a dictionary of arrays"):
        Balanced().over(features, y)
    assert Balanced().over(tuple(features), y).draw(0).index.size
