# SPDX-License-Identifier: Apache-2.0
"""One compiled epoch against the same updates written out in NumPy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from equipoise.losses.cross_entropy import softmax_cross_entropy_loss
from equipoise.networks.layout import Category, Layout
from equipoise.networks.parameters import shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.training import adam
from equipoise.training.members import Family
from equipoise.training.program import MOST_PROGRAMS, Program, Signature, program

ROWS, STEPS, BATCH = 40, 3, 16
LAYOUT = Layout(("a", "b"), (), (), (Category("c", 3, False),))
SPEC = NetworkSpec("x", hidden=(), learning_rate=0.02)
PLAIN = Family("cross_entropy")


def signature_of(
    families: tuple[Family, ...] = (PLAIN,),
    spec: NetworkSpec = SPEC,
    layout: Layout = LAYOUT,
    **how: Any,
) -> Signature:
    return Signature(
        spec,
        tuple(shapes(spec, layout).items()),
        (len(layout.numbers), len(layout.positions)),
        layout.entries,
        families,
        **{"mixed": False, "dtype": "float64", **how},
    )


def drawn_data(layout: Layout = LAYOUT) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    codes = [random.integers(0, c.levels, ROWS) for c in layout.categories]
    return {
        "numbers": random.normal(size=(ROWS, len(layout.numbers))),
        "positions": random.uniform(0, 1, (ROWS, len(layout.positions))),
        "codes": np.array(codes, np.uint8).reshape(len(codes), ROWS).T,
        "targets": (random.random(ROWS) < 0.3).astype(float),
    }


def state_of(signature: Signature, members: int) -> dict[str, dict[str, np.ndarray]]:
    random = np.random.default_rng(1)
    drawn = {
        name: random.normal(scale=0.5, size=(members, *shape))
        for name, shape in signature.shapes
    }
    zeros = {name: np.zeros_like(value) for name, value in drawn.items()}
    return {"weights": drawn, "m": dict(zeros), "v": dict(zeros)}


def draws_of(spec: NetworkSpec, members: int, first: int = 0) -> dict[str, Any]:
    index = np.random.default_rng(2).integers(0, ROWS, (STEPS, members, BATCH))
    rates = spec.learning_rate * adam.rates(first, STEPS)
    return {
        "index": index.astype(np.int32),
        "rates": rates,
        "first": np.int32(first),
    }


def columns_of(members: int, *families: int, **how: Any) -> dict[str, Any]:
    """What differs by member; `families` are the sizes of the families."""
    random = np.random.default_rng(3)
    bounds = np.cumsum([0, *(families or (members,))]).astype(np.int32)
    return {
        "negative": random.uniform(0.5, 1.5, members),
        "positive": random.uniform(2.0, 4.0, members),
        "stream": random.integers(0, 2**32, (members, 2), dtype=np.uint32),
        "bounds": bounds,
        "warm": np.zeros(members, bool),
        "options": tuple(() for _ in bounds[1:]),
        **how,
    }


def tensors(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: tensors(value) for name, value in values.items()}
    if isinstance(values, tuple):
        return tuple(tensors(value) for value in values)
    return tf.constant(values)


def epoch(signature: Signature, state: Any, data: Any, draws: Any, columns: Any) -> Any:
    after = Program(signature).epoch(*map(tensors, (state, data, draws, columns)))
    return {
        kind: {name: np.asarray(value) for name, value in values.items()}
        for kind, values in after.items()
    }


class ByHand:
    """A logistic regression of two numbers and three categories, by Adam."""

    def __init__(self, state: Any, member: int, rate: float, decay: float = 0.0):
        names = ("kernel_0", "bias_0")
        self.w = [state["weights"][name][member].astype(float) for name in names]
        self.m = [np.zeros_like(w) for w in self.w]
        self.v = [np.zeros_like(w) for w in self.w]
        self.rate, self.decay = rate, decay

    def step(self, x: np.ndarray, slope: Any, t: int) -> None:
        """Update by the slopes of the loss at the logits, `[batch]`."""
        s = slope((x @ self.w[0] + self.w[1])[:, 0])
        gradients = (x.T @ s[:, None], s.sum(keepdims=True))
        beta_1, beta_2 = (np.float64(np.float32(b)) for b in (0.9, 0.999))
        for i, gradient in enumerate(gradients):
            if i == 0:
                self.w[i] = self.w[i] * (1 - self.rate * self.decay)
            self.m[i] = 0.9 * self.m[i] + 0.1 * gradient
            self.v[i] = 0.999 * self.v[i] + 0.001 * gradient**2
            corrected = self.rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
            self.w[i] = self.w[i] - corrected * self.m[i] / (np.sqrt(self.v[i]) + 1e-7)


def dense(data: Mapping[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
    return np.hstack([data["numbers"][rows], np.eye(3)[data["codes"][rows, 0]]])


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def assert_member(after: Any, member: int, hand: ByHand) -> None:
    for i, name in enumerate(("kernel_0", "bias_0")):
        for kind, expected in (("weights", hand.w), ("m", hand.m), ("v", hand.v)):
            np.testing.assert_allclose(
                after[kind][name][member], expected[i], rtol=0, atol=1e-9
            )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("mixed", [False, True])
def test_an_epoch_of_weighted_cross_entropy(mixed: bool, weighted: bool) -> None:
    """Class weights, row weights behind an offset, and blended examples."""
    members = 3
    signature = signature_of(mixed=mixed, weighted=weighted)
    data, state = drawn_data(), state_of(signature, members)
    draws, columns = draws_of(SPEC, members), columns_of(members)
    random = np.random.default_rng(4)
    shape = (STEPS, members, BATCH)
    partner = random.integers(0, ROWS, shape).astype(np.int32)
    mix = random.random(shape) if mixed else np.zeros(shape)
    shift = np.array([0, ROWS, ROWS], np.int32)
    if mixed:
        draws |= {"partner": partner, "mix": mix}
    if weighted:
        data["weights"] = random.uniform(0.2, 3.0, 2 * ROWS)
        columns["shift"] = shift
    after = epoch(signature, state, data, draws, columns)
    for member in range(members):
        hand = ByHand(state, member, SPEC.learning_rate)
        for step in range(STEPS):
            one, two = draws["index"][step, member], partner[step, member]
            share = mix[step, member]
            y = data["targets"][one]
            y = y + share * (data["targets"][two] - y)
            x, other = dense(data, one), dense(data, two)
            x = x + share[:, None] * (other - x)
            low, high = columns["negative"][member], columns["positive"][member]
            weights = (low + y * (high - low)) / BATCH
            if weighted:
                rows = [data["weights"][shift[member] + at] for at in (one, two)]
                weights = weights * (rows[0] + share * (rows[1] - rows[0]))
            hand.step(x, lambda z, w=weights, y=y: w * (sigmoid(z) - y), step + 1)
        assert_member(after, member, hand)


def test_the_slopes_of_several_classes_are_those_of_the_loss() -> None:
    """The closed form of the cross-entropy, and the weights of drawn classes."""
    random = np.random.default_rng(4)
    members, classes = 3, 4
    drawn = random.integers(0, classes, (members, BATCH)).astype(np.int32)
    data = {"targets": drawn.ravel()}
    index = np.arange(members * BATCH, dtype=np.int32).reshape(1, members, BATCH)
    columns = {
        "weights": tf.constant(random.uniform(0.5, 3, (members, classes))),
        "bounds": tf.constant([0, members]),
        "options": ((),),
        "warm": tf.zeros(members, tf.bool),
    }
    z = tf.constant(random.normal(scale=5, size=(members, BATCH, classes)))
    signature = dataclasses.replace(
        signature_of(task="multiclass"),
        shapes=(("kernel_0", (5, classes)), ("bias_0", (classes,))),
    )
    alone, mixed = (
        Program(signature),
        Program(dataclasses.replace(signature, mixed=True)),
    )
    one_hot = tf.one_hot(drawn, classes, dtype=tf.float64)
    seen = alone._drawn_classes(0, tensors(data), tensors({"index": index}))
    assert mixed._drawn_classes(0, tensors(data), tensors({"index": index})) is None
    assert np.asarray(seen).tolist() == drawn.tolist()
    blend = tf.constant(random.dirichlet([0.5] * classes, (members, BATCH)))
    for who, targets, here in ((alone, one_hot, seen), (mixed, blend, None)):
        slopes = who._slopes(targets, z, columns, classes=here)
        counts = tf.reduce_sum(targets * columns["weights"][:, None], -1) / BATCH
        with tf.GradientTape() as tape:
            tape.watch(z)
            loss = counts * softmax_cross_entropy_loss(targets, z)
        expected = tape.gradient(loss, z)
        np.testing.assert_allclose(slopes, expected, rtol=1e-12, atol=1e-15)


def test_a_blended_example_has_the_embedded_code_of_its_nearer_end() -> None:
    """Codes are not numbers: levels that no example chose have no gradient."""
    layout = Layout(("a", "b"), (), (), (Category("c", 9, True),))
    signature = signature_of(mixed=True, layout=layout)
    data, state = drawn_data(layout), state_of(signature, 1)
    draws, columns = draws_of(SPEC, 1), columns_of(1)
    random = np.random.default_rng(7)
    ends = np.flatnonzero(data["codes"] < 5), np.flatnonzero(data["codes"] >= 5)
    index, partner = (random.choice(end, (1, 1, BATCH)) for end in ends)
    for mix, rows in ((0.49, index), (0.5, partner)):
        how = {
            "index": index.astype(np.int32),
            "partner": partner.astype(np.int32),
            "mix": np.full((1, 1, BATCH), mix),
            "rates": draws["rates"][:1],
            "first": draws["first"],
        }
        after = epoch(signature, state, data, how, columns)
        touched = np.flatnonzero(after["v"]["levels"][0].any(axis=1))
        assert touched.tolist() == np.unique(data["codes"][rows]).tolist()


def test_made_examples_have_the_categories_of_their_vote() -> None:
    """A column of zeros and ones and an embedded one; the second member mixes."""
    layout = Layout(
        ("a", "b"), (), (), (Category("c", 3, False), Category("d", 4, True))
    )
    spec = NetworkSpec("x", hidden=(), category_width=2)
    signature = signature_of(spec=spec, layout=layout, mixed=True, voted=True)
    random = np.random.default_rng(6)
    data = drawn_data(layout)
    codes = [random.integers(0, c.levels, 2 * ROWS) for c in layout.categories]
    data["votes"] = np.array(codes, np.uint8).T
    draws = draws_of(spec, 2)
    draws["partner"] = random.integers(0, ROWS, draws["index"].shape).astype(np.int32)
    mix = np.where(random.random(draws["index"].shape) < 0.3, 0, 0.8)
    members = {
        "voted": tf.constant([True, False]),
        "votes_shift": tf.constant([ROWS, 0], tf.int32),
    }
    made = Program(signature)._examples(
        1, tensors(data), tensors({**draws, "mix": mix}), members
    )
    dense, _, embedded = (np.asarray(x) for x in made[0])
    first, second, share = draws["index"][1], draws["partner"][1], mix[1][..., None]
    numbers = data["numbers"]
    blended = numbers[first] + share * (numbers[second] - numbers[first])
    np.testing.assert_allclose(dense[..., :2], blended, atol=1e-12)
    own = np.where(
        share[0] > 0, data["votes"][first[0] + ROWS], data["codes"][first[0]]
    )
    np.testing.assert_array_equal(dense[0, :, 2:], np.eye(3)[own[:, 0]])
    np.testing.assert_array_equal(embedded[0, :, 0], own[:, 1])
    one, other = (np.eye(3)[data["codes"][rows[1], 0]] for rows in (first, second))
    np.testing.assert_allclose(dense[1, :, 2:], one + share[1] * (other - one))
    nearer = np.where(share[1, :, 0] < 0.5, first[1], second[1])
    np.testing.assert_array_equal(embedded[1, :, 0], data["codes"][nearer, 1])


def test_members_of_several_families_have_losses_and_options_of_their_own() -> None:
    """The focal loss at each member's gamma, its slope by finite differences."""
    gammas = np.array([0.5, 3.0])
    signature = signature_of((PLAIN, Family("focal", ("gamma",))))
    data, state = drawn_data(), state_of(signature, 3)
    draws = draws_of(SPEC, 3)
    columns = columns_of(3, 1, 2, options=((), (gammas,)))
    after = epoch(signature, state, data, draws, columns)

    def focal(z: np.ndarray, y: np.ndarray, gamma: float) -> np.ndarray:
        p = sigmoid(z)
        true, error = np.where(y == 1, p, 1 - p), np.where(y == 1, 1 - p, p)
        return -(error**gamma) * np.log(true)

    for member, gamma in enumerate([0.0, *gammas]):
        hand = ByHand(state, member, SPEC.learning_rate)
        for step in range(STEPS):
            rows = draws["index"][step, member]
            y = data["targets"][rows]
            low, high = columns["negative"][member], columns["positive"][member]
            w = np.where(y == 1, high, low) / BATCH

            def slope(
                z: np.ndarray,
                w: np.ndarray = w,
                y: np.ndarray = y,
                gamma: float = gamma,
            ) -> np.ndarray:
                return (
                    w * (focal(z + 1e-6, y, gamma) - focal(z - 1e-6, y, gamma)) / 2e-6
                )

            hand.step(dense(data, rows), slope, step + 1)
        for i, name in enumerate(("kernel_0", "bias_0")):
            np.testing.assert_allclose(
                after["weights"][name][member], hand.w[i], rtol=0, atol=1e-6
            )


def test_a_warm_start_minimises_the_weighted_cross_entropy() -> None:
    """Of two members of a set loss, one is warm; a third has another family."""
    pairs = Family("pairwise_auc", ("margin",), 0.5)
    signature = signature_of((PLAIN, pairs))
    data, state = drawn_data(), state_of(signature, 3)
    draws = draws_of(SPEC, 3)
    margin = (np.array([1.0, 1.0]),)
    columns = columns_of(3, 1, 2, options=((), margin))
    results = {}
    for name, warm in (
        ("none", [False] * 3),
        ("one", [False, True, False]),
        ("all", [False, True, True]),
    ):
        how = {**columns, "warm": np.array(warm)}
        results[name] = epoch(signature, state, data, draws, how)
    for member, name in ((1, "one"), (1, "all"), (2, "all")):
        hand = ByHand(state, member, SPEC.learning_rate)
        for step in range(STEPS):
            rows = draws["index"][step, member]
            y = data["targets"][rows]
            low, high = columns["negative"][member], columns["positive"][member]
            w = np.where(y == 1, high, low) / BATCH
            hand.step(
                dense(data, rows), lambda z, w=w, y=y: w * (sigmoid(z) - y), step + 1
            )
        assert_member(results[name], member, hand)
    for kind in ("weights", "m", "v"):
        cold, one = results["none"][kind]["kernel_0"], results["one"][kind]["kernel_0"]
        np.testing.assert_array_equal(cold[[0, 2]], one[[0, 2]])
        assert (cold[1] != one[1]).any()


@pytest.mark.parametrize("rated", [False, True])
def test_weight_decay_shrinks_kernels_and_leaves_biases(rated: bool) -> None:
    spec = dataclasses.replace(SPEC, weight_decay=0.5)
    signature = signature_of(spec=spec, rated=rated)
    data, state = drawn_data(), state_of(signature, 2)
    draws, columns = draws_of(spec, 2), columns_of(2)
    rates = np.array([spec.learning_rate, 0.1 if rated else spec.learning_rate])
    if rated:
        draws["own_rates"] = adam.rates(0, STEPS)[:, None] * rates
        columns["decay"] = 1.0 - rates * spec.weight_decay
    after = epoch(signature, state, data, draws, columns)
    for member in range(2):
        hand = ByHand(state, member, float(rates[member]), spec.weight_decay)
        for step in range(STEPS):
            rows = draws["index"][step, member]
            y = data["targets"][rows]
            low, high = columns["negative"][member], columns["positive"][member]
            w = np.where(y == 1, high, low) / BATCH
            hand.step(
                dense(data, rows), lambda z, w=w, y=y: w * (sigmoid(z) - y), step + 1
            )
        assert_member(after, member, hand)


DEEP = NetworkSpec("deep", hidden=(8, 6), number_width=3, dropout=0.4)
RICH = Layout(("a", "b"), ("a", "b"), (2, 2), (Category("c", 9, True),))


def test_a_member_s_dropout_is_its_own() -> None:
    """It depends on the member's stream and the update, and on no neighbour."""
    signature = signature_of(spec=DEEP, layout=RICH)
    data, state = drawn_data(RICH), state_of(signature, 3)
    draws, columns = draws_of(DEEP, 3), columns_of(3)
    together = epoch(signature, state, data, draws, columns)

    def only(values: Any, axis: int = 0) -> Any:
        return np.take(values, [1], axis)

    alone = {
        kind: {name: only(value) for name, value in values.items()}
        for kind, values in state.items()
    }
    own = {**draws, "index": only(draws["index"], 1)}
    each = {n: only(columns[n]) for n in ("negative", "positive", "stream", "warm")}
    one = {**columns_of(1), **each}
    single = epoch(signature, alone, data, own, one)
    for name, value in single["weights"].items():
        np.testing.assert_array_equal(value[0], together["weights"][name][1])
    other = {**one, "stream": one["stream"] + np.uint32(2**9)}
    later = {**own, "first": np.int32(STEPS)}
    for changed in ((own, other), (later, one)):
        moved = epoch(signature, alone, data, *changed)
        assert (moved["weights"]["kernel_1"] != single["weights"]["kernel_1"]).any()


@pytest.mark.parametrize("dropout", [0.1, 0.4])
def test_dropout_keeps_the_mean(dropout: float) -> None:
    """A share of the values is 0, and the rest is scaled by 1 / (1 - share)."""
    spec = dataclasses.replace(DEEP, dropout=dropout)
    made = Program(signature_of(spec=spec, layout=RICH))
    columns = {"stream": tf.constant([[1, 2], [3, 4]], tf.uint32)}
    values = np.zeros(2)
    for update in range(200):
        mask = made._dropout(tf.constant(update), tf.zeros((2, BATCH)), columns)
        masked = mask(tf.ones((2, BATCH, 8), tf.float64), 0).numpy()
        np.testing.assert_allclose(masked[masked > 0], 1 / (1 - dropout))
        values += masked.mean(axis=(1, 2)) / 200
    # 25,600 values each: the standard error is below .006.
    np.testing.assert_allclose(values, 1.0, atol=0.02)
    assert Program(signature_of())._dropout(None, None, {"stream": None}) is None


def test_logits_are_taken_without_dropout_and_change_nothing() -> None:
    signature = signature_of(spec=DEEP, layout=RICH)
    made = Program(signature)
    data, weights = drawn_data(RICH), state_of(signature, 2)["weights"]
    last = np.zeros((2, 2))
    rows = np.random.default_rng(5).integers(0, ROWS, (2, 20)).astype(np.int32)
    given = tuple(map(tensors, (weights, data, last, rows)))
    logits = made.logits(*given).numpy()
    np.testing.assert_array_equal(logits, made.logits(*given).numpy())
    for member in range(2):
        w = {name: value[member] for name, value in weights.items()}
        at = rows[member]
        values = np.cumsum(w["steps"], axis=1)  # two knots: a straight line
        place = data["positions"][at][..., None]
        numbers = values[:, 0] + place * (values[:, 1] - values[:, 0])
        levels = w["levels"][data["codes"][at, 0]]
        h = np.hstack([data["numbers"][at], numbers.reshape(20, -1), levels])
        for i in range(3):
            h = h @ w[f"kernel_{i}"] + w[f"bias_{i}"]
            h = np.maximum(h, 0.0) if i < 2 else h
        np.testing.assert_allclose(logits[member], h[:, 0], atol=1e-9)


def test_equal_signatures_share_a_program() -> None:
    program.cache_clear()
    first = program(signature_of())
    assert program(signature_of()) is first
    for place in range(MOST_PROGRAMS):
        program(
            signature_of(spec=dataclasses.replace(SPEC, learning_rate=(1 + place) / 9))
        )
    assert program(signature_of()) is not first
    program.cache_clear()
