# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from equipoise.errors import InputError, UnsupportedError
from equipoise.heads import (
    learned_scales,
    nearest_means,
    split_at_features,
    tau_normalised,
    train_heads,
)
from equipoise.heads.feature_part import FeaturePart
from equipoise.heads.train import (
    DEFAULT_HEADS,
    HeadJob,
    fit_heads,
    is_plain,
    require_head,
)
from equipoise.jobs import Job
from equipoise.priors import softmax
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings
from equipoise.weights import class_weights

SETTINGS = TrainingSettings(epochs=60, patience=8)
COUNTS = (600, 240, 60)
TASK = Task("multiclass", ("a", "b", "c"))
MEANS = np.array([[0.0, 0, 0, 0], [1.5, 0, 1, 0], [0, 1.5, 0, 1]])


def clouds(counts: tuple[int, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = random.permutation(np.repeat(np.arange(len(counts)), counts))
    return (MEANS[y] + random.normal(size=(len(y), 4))).astype(np.float32), y


def truth(x: np.ndarray) -> np.ndarray:
    density = -0.5 * ((x[:, None] - MEANS) ** 2).sum(-1)
    return softmax(density + np.log(np.array(COUNTS) / sum(COUNTS)))


def test_every_exact_head_comes_near_the_true_probabilities() -> None:
    """Balanced draws and logit adjustment are undone; so is LDAM with late weights."""
    x, y = clouds(tuple(8 * n for n in COUNTS))
    heads = train_heads(
        x, y, ["plain", "crt", "logit_adjusted_head", "ldam_head"], training=SETTINGS
    )
    fresh, _ = clouds((500, 500, 500), seed=1)
    for name, head in heads.items():
        assert head.correction.exact, name
        error = np.abs(head.probability(fresh) - truth(fresh)).mean()
        assert error < 0.02, (name, error)
    # and before they are undone they favour the rare class
    raw = {n: softmax(h.logits(fresh))[:, 2].mean() for n, h in heads.items()}
    assert raw["crt"] > raw["plain"] + 0.1
    assert raw["logit_adjusted_head"] > raw["plain"] + 0.1


def test_computed_heads_are_their_formulas() -> None:
    x, y = clouds(COUNTS)
    stop = np.arange(len(y)) % 5 == 0
    kernel = np.random.default_rng(0).normal(size=(4, 3))
    bias = np.array([0.3, 0.0, -0.3])
    arms = [
        "plain",
        Strategy("half", learner="tau_norm", options={"power": 0.5}),
        Strategy("firm", learner="lws", weights="balanced", options={"penalty": 0.1}),
        "ncm",
        "tau_norm",
        "lws",
    ]
    heads = train_heads(x, y, arms, last=(kernel, bias), stop=stop)
    assert list(heads) == ["plain", "half", "firm", "ncm", "tau_norm", "lws"]
    np.testing.assert_array_equal(heads["plain"].kernel, kernel)
    np.testing.assert_array_equal(heads["half"].kernel, tau_normalised(kernel, 0.5))
    assert (heads["half"].bias == 0).all()
    train, labels = x[~stop].astype(float), y[~stop]
    weights = class_weights("balanced", np.bincount(labels))[labels]
    scales = learned_scales(train @ kernel + bias, labels, weights, 0.1)
    np.testing.assert_allclose(heads["firm"].kernel, kernel * scales)
    np.testing.assert_allclose(heads["firm"].bias, bias * scales)
    means = nearest_means(train, labels, heads["ncm"].task)
    np.testing.assert_allclose(heads["ncm"].kernel, means[0])
    power = heads["tau_norm"].chosen["power"]
    np.testing.assert_array_equal(
        heads["tau_norm"].kernel, tau_normalised(kernel, power)
    )
    assert heads["lws"].chosen["penalty"] > 0
    assert not heads["tau_norm"].correction.exact
    assert not heads["lws"].correction.exact
    positions = train_heads(x, y, arms, last=(kernel, bias), stop=np.flatnonzero(stop))
    for name, head in heads.items():
        np.testing.assert_array_equal(head.kernel, positions[name].kernel)


def test_two_classes() -> None:
    x, y = clouds((400, 40))
    heads = train_heads(x, y, ["plain", "crt", "ncm"], training=SETTINGS)
    reference = LogisticRegression(C=1e6).fit(x, y)
    fresh, _ = clouds((300, 300), seed=2)
    expected = reference.decision_function(fresh)
    for name in ("plain", "crt"):
        found = heads[name].log_odds(fresh)[:, 0]
        assert np.corrcoef(found, expected)[0, 1] > 0.97, name
        assert abs(found.mean() - expected.mean()) < 1.2, name
    assert heads["crt"].task == Task("binary", ("0", "1"))
    for name in ("tau_norm", "lws"):
        with pytest.raises(UnsupportedError, match="several classes"):
            train_heads(x, y, [name])


def test_labels_some_of_them_unknown() -> None:
    x, y = clouds(COUNTS)
    labels = np.stack([y == 1, y == 2], 1).astype(float)
    labels[::7, 0] = np.nan
    heads = train_heads(
        x, labels, ["plain", "crt", "ncm", "ldam_head"], training=SETTINGS
    )
    for name, head in heads.items():
        scores = head.log_odds(x)
        assert scores.shape == (len(y), 2)
        for j in (0, 1):
            at = ~np.isnan(labels[:, j])
            cut = np.quantile(scores[at, j], 1 - labels[at, j].mean())
            rate = balanced_accuracy_score(labels[at, j], scores[at, j] > cut)
            assert rate > 0.6, (name, j)


def test_weights_count_as_copies_in_computed_heads() -> None:
    x, y = clouds(COUNTS)
    times = np.random.default_rng(0).integers(1, 3, len(y)).astype(float)
    copies = np.repeat(np.arange(len(y)), times.astype(int))
    stop = np.arange(len(y)) % 4 == 0
    last = np.random.default_rng(1).normal(size=(4, 3)), np.zeros(3)
    for name in ("tau_norm", "lws", "ncm"):
        (weighed,) = train_heads(
            x, y, [name], last=last, stop=stop, weights=times
        ).values()
        (copied,) = train_heads(
            x[copies], y[copies], [name], last=last, stop=stop[copies]
        ).values()
        np.testing.assert_allclose(weighed.kernel, copied.kernel, rtol=1e-6)
        assert weighed.chosen == copied.chosen


def test_one_seed_one_result_and_all_by_default() -> None:
    x, y = clouds(COUNTS)
    quick = TrainingSettings(epochs=5)
    heads = train_heads(x, y, training=quick)
    assert tuple(heads) == DEFAULT_HEADS
    again = train_heads(x, y, training=quick)
    other = train_heads(x, y, ["crt"], training=quick, seed=1)
    for name, head in heads.items():
        np.testing.assert_array_equal(head.kernel, again[name].kernel)
    assert (other["crt"].kernel != heads["crt"].kernel).any()
    assert heads["crt"].limit == 5
    assert heads["tau_norm"].updates == heads["tau_norm"].limit == 0


def test_what_is_a_head() -> None:
    assert is_plain(Strategy("any name"))
    assert not is_plain(strategy("crt"))
    for name in ("crt", "tau_norm", "lws", "ncm", "plain", "ldam_head"):
        require_head(strategy(name))
    for name in ("focal", "trees", "bagging"):
        with pytest.raises(UnsupportedError, match="learner='head'"):
            require_head(strategy(name))

    require_head(Strategy(learner="head", loss="focal"))


def test_a_head_of_the_last_layer_needs_one() -> None:
    x, y = clouds(COUNTS)
    job = Job(strategy("tau_norm"), *(np.arange(900),) * 3, seed=0)
    part = FeaturePart.of(Table((), y, TASK), job, x)
    with pytest.raises(InputError, match="last="):
        fit_heads([HeadJob(job, part)], SETTINGS)
    last = np.ones((4, 3)), np.zeros(3)
    (head,) = fit_heads([HeadJob(job, part, last)], SETTINGS)
    assert head.kernel.shape == (4, 3)


def test_the_features_of_a_network() -> None:
    """What the documents show: split, train heads, put one back."""
    x, y = clouds(COUNTS)
    names = np.array(["a", "b", "c"])[y]
    layers = [keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((4,)), *layers])
    split = split_at_features(model, x)
    with pytest.raises(InputError, match="split_at_features"):
        train_heads(x[:, None], y)
    with pytest.raises(InputError, match="return_inverse"):
        train_heads(x, names)
    numbers = np.unique(names, return_inverse=True)[1]
    features = split.features(x)
    heads = train_heads(
        features, numbers, ["plain", "ncm"], last=(split.kernel, split.bias)
    )
    np.testing.assert_array_equal(heads["plain"].kernel, split.kernel)
    made = split.put_back(heads["ncm"].kernel, heads["ncm"].bias)
    np.testing.assert_allclose(
        made.predict(x, verbose=0), heads["ncm"].logits(features), rtol=1e-3, atol=1e-3
    )


GOOD = np.ones((6, 2))
LABELS = np.array([0, 1, 0, 1, 0, 1])


@pytest.mark.parametrize(
    ("features", "y", "options", "match"),
    [
        (np.ones(6), LABELS, {}, r"\[rows, width\]"),
        (GOOD * np.nan, LABELS, {}, "finite"),
        (GOOD, LABELS[:5], {}, "6 rows of features and 5 of y"),
        (GOOD, LABELS - 1, {}, "class numbers from 0"),
        (GOOD, LABELS * 0.5, {}, "class numbers from 0"),
        (GOOD, list("abcabc"), {}, "return_inverse"),
        (GOOD, LABELS * 2, {"task": Task("binary", ("a", "b"))}, "0 to 1"),
        (GOOD, LABELS, {"stop": np.ones(6, bool)}, "6 of 6 rows"),
        (GOOD, LABELS, {"stop": [7]}, "positions"),
        (GOOD, LABELS, {"weights": np.zeros(6)}, "above 0"),
        (GOOD, LABELS, {"weights": np.ones(5)}, "6 finite numbers"),
        (GOOD, LABELS, {"last": (np.ones((3, 1)), [0.0])}, r"\(2, 1\)"),
        (GOOD, LABELS * 0, {"stop": [0]}, "1 classes to train on"),
    ],
)
def test_bad_input_is_refused(features, y, options, match) -> None:
    with pytest.raises(InputError, match=match):
        train_heads(features, y, ["plain"], **options)
