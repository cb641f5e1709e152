# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.sampling import Balanced, Proportions, Stratified
from equipoise.testing import check_sampler

NAMES = ("often", "less", "rare")
CLASSES = np.repeat([0, 1, 2], [80, 20, 5])
DRAWS = {"seed": 0, "epoch": 1}


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({"rare": 0.3}, [0.56, 0.14, 0.3]),
        ({2: 0.3, 0: 0.5}, [0.5, 0.2, 0.3]),
        ({"rare": 0.2, "less": 0.2, "often": 0.6}, [0.6, 0.2, 0.2]),
        ([0.1, 0.2, 0.7], [0.1, 0.2, 0.7]),
        (np.array([0.25, 0.5, 0.25]), [0.25, 0.5, 0.25]),
        ("balanced", [1 / 3] * 3),
        ("natural", [80 / 105, 20 / 105, 5 / 105]),
    ],
)
def test_each_way_to_say_shares(shares, expected):
    sampler = Proportions(shares, classes=NAMES)
    np.testing.assert_allclose(sampler.prior([80, 20, 5]), expected, atol=2e-6)
    draw = sampler.draw(CLASSES, batch=100, steps=20, **DRAWS)
    for rows in CLASSES[draw.index]:
        counts = np.bincount(rows, minlength=3)
        assert np.abs(counts - 100 * np.array(expected)).max() <= 3


def test_two_classes_keep_every_contract():
    check_sampler(Proportions({1: 0.3}))
    check_sampler(Proportions("balanced"))


def test_names_stand_for_what_they_replace():
    options = {"batch": 21, "steps": 8, **DRAWS}
    for shares, same in (("balanced", Balanced()), ("natural", Stratified())):
        one = Proportions(shares).draw(CLASSES, **options).index
        np.testing.assert_array_equal(one, same.draw(CLASSES, **options).index)


def test_an_absent_class_has_no_share():
    shares = Proportions([0.2, 0.3, 0.5]).prior([10, 0, 5])
    np.testing.assert_allclose(shares, [2 / 7, 0, 5 / 7], atol=2e-6)


def test_labels_have_quotas():
    random = np.random.default_rng(0)
    labels = (random.random((200, 3)) < [0.5, 0.1, 0.03]).astype(np.int8)
    sampler = Proportions({"c": 0.3, "b": 0.2}, classes=("a", "b", "c"))
    draw = sampler.draw(labels, batch=50, steps=40, **DRAWS)
    counts = labels[draw.index].sum(axis=1)
    assert counts[:, 2].min() >= 15 - 2
    assert counts[:, 1].min() >= 10 - 2
    totals = labels.sum(axis=0)
    expected = 0.5 + labels[:, 1] * 40 / totals[1] + labels[:, 2] * 60 / totals[2]
    np.testing.assert_allclose(sampler.rates(labels), expected, rtol=1e-5)
    with pytest.raises(InputError, match="a sum below 1"):
        Proportions([0.5, 0.3, 0.2]).draw(labels, batch=1, steps=1, **DRAWS)
    halved = Proportions([0.25, 0.15, 0.1])
    assert (halved.rates(labels) > 0).all()


def test_one_label_is_a_label():
    """By its number, too, it has a quota, and needs no correction."""
    labels = (np.arange(1000) % 10 == 0).astype(np.int8)[:, None]
    sampler = Proportions({"c": 0.3}, classes=("c",))
    draw = sampler.draw(labels, batch=1000, steps=4, **DRAWS)
    np.testing.assert_allclose(labels[draw.index].mean(), 0.3 + 0.7 * 0.1, atol=0.01)
    expected = 0.7 + labels[:, 0] * 300.0 / labels.sum()
    np.testing.assert_allclose(sampler.rates(labels), expected, rtol=1e-5)
    assert sampler.correction(labels).offset == (0.0,)
    two = np.concatenate([labels, labels[::-1]], axis=1)
    both = Proportions({"c": 0.3}, classes=("c", "d"))
    np.testing.assert_array_equal(
        draw.index, both.draw(two, batch=1000, steps=4, **DRAWS).index
    )


@pytest.mark.parametrize(
    ("shares", "classes", "error", "words"),
    [
        ("even", (), InputError, "shares='even'"),
        ({"rare": 0.3}, (), InputError, "Pass classes=table.task.classes"),
        ({"raer": 0.3}, NAMES, InputError, "Did you mean 'rare'"),
        ({2: 0.0}, (), InputError, "the share of class 2=0.0"),
        ({2: "x"}, (), InputTypeError, "the share of class 2='x'"),
        ({2: 0.5, "rare": 0.1}, NAMES, InputError, "two shares of class 2"),
        ({0: 0.6, 1: 0.6}, (), InputError, "Divide them by their sum"),
        ({-1: 0.5}, (), InputError, "class numbers from 0"),
        ({1.5: 0.5}, (), InputTypeError, "its name or its number"),
        ([0.5, 0.5], NAMES, InputError, "2 shares for 3 classes"),
        ([], (), InputError, "shares="),
        ({}, (), InputError, "shares="),
        (0.5, (), InputError, "shares=0.5"),
    ],
)
def test_what_is_refused(shares, classes, error, words):
    with pytest.raises(error, match=words):
        Proportions(shares, classes)


def test_shares_that_do_not_fit_the_classes():
    with pytest.raises(InputError, match="Name all classes"):
        Proportions([0.2, 0.2, 0.2]).prior([80, 20, 5])
    with pytest.raises(InputError, match="sum of 1 for 2 of 3"):
        Proportions({0: 0.5, 1: 0.5}).prior([80, 20, 5])
    with pytest.raises(InputError, match="class 3"):
        Proportions({3: 0.5}).prior([80, 20, 5])


def test_words():
    assert Proportions({1: 0.3}).describe() == "with 0.3 of every batch positive"
    words = Proportions({"rare": 0.3}, NAMES).describe_classes("multiclass")
    assert words == "with shares in every batch of rare 0.3"
