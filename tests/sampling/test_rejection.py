# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import binom

from equipoise.errors import InputError, InputTypeError
from equipoise.sampling import Rejection


def stream(shares, rows, seed=0):
    return np.random.default_rng(seed).choice(len(shares), rows, p=shares)


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    ("population", "target"),
    [
        ([0.97, 0.03], [0.5, 0.5]),
        ([0.6, 0.4], [0.9, 0.1]),
        ([0.8, 0.15, 0.05], [0.2, 0.3, 0.5]),
        ([0.5, 0.3, 0.1, 0.1], [0.25] * 4),
    ],
)
def test_it_hits_its_target_within_a_binomial_bound(population, target, declared):
    rows = 60_000
    rejection = Rejection(target, population if declared else None, seed=3)
    labels = stream(population, rows)
    kept = rejection.accept(labels)
    report = rejection.report()
    count = int(kept.sum())
    for label, share in enumerate(target):
        observed = int((labels[kept] == label).sum())
        low, high = binom.interval(1 - 1e-5, count, share)
        assert low <= observed <= high
        assert report.kept[label] == observed
        assert report.thrown_away[label] == ((labels == label) & ~kept).sum()
    # E(kept) / rows = sum_c p_c a_c = 1 / max(t / p)
    expected = 1 / (np.array(target) / population).max()
    spread = 5 * math.sqrt(expected / rows) + (0 if declared else 0.01)
    assert count / rows == pytest.approx(expected, abs=spread)


def test_rates_are_the_ratio_of_target_and_population():
    rejection = Rejection([0.2, 0.3, 0.5], [0.8, 0.15, 0.05])
    np.testing.assert_allclose(rejection.rates(), [0.025, 0.2, 1.0])


def test_whether_a_row_is_kept_depends_on_its_class_only():
    """Kept and thrown rows of a class do not differ in a feature."""
    labels = stream([0.9, 0.1], 50_000)
    feature = np.random.default_rng(1).normal(size=50_000)
    kept = Rejection("balanced", [0.9, 0.1]).accept(labels)
    negatives = labels == 0
    mean = feature[negatives & kept].mean()
    assert abs(mean) < 5 / math.sqrt((negatives & kept).sum())
    assert kept[~negatives].all()


def test_counted_shares_are_those_of_the_stream():
    rejection = Rejection("balanced", classes=3)
    rejection.accept([0] * 7 + [1] * 2)
    np.testing.assert_allclose(rejection.report().population, [8 / 12, 3 / 12, 1 / 12])
    assert not rejection.report().declared


def test_the_correction_undoes_it():
    offset = Rejection([0.5, 0.5], [0.9, 0.1]).correction().offset
    assert offset == pytest.approx((math.log(0.1 / 0.9),))
    several = Rejection([0.2, 0.3, 0.5], [0.8, 0.15, 0.05]).correction()
    rates = np.array([0.025, 0.2, 1.0])
    np.testing.assert_allclose(several.offset, -np.log(rates / rates[0]))
    assert several.link == "softmax"


def test_rows_one_by_one_in_chunks_and_after_a_break_are_the_same():
    labels = stream([0.9, 0.1], 9_000)
    whole = Rejection("balanced", classes=2, seed=5)
    expected = whole.accept(labels)
    first = Rejection("balanced", classes=2, seed=5)
    parts = [first.accept(labels[:4_500])]
    state = json.loads(json.dumps(first.state()))
    second = Rejection.from_state(state)
    parts += [second.accept(labels[4_500:5_000]), second.accept(labels[5_000:])]
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    assert second.state() == whole.state()
    other = Rejection("balanced", classes=2, seed=6).accept(labels)
    assert (other != expected).any()


def test_rows_of_any_form():
    rows = [("a", 0), ("b", 1), ("c", 0)]
    rejection = Rejection([0.5, 0.5], [0.5, 0.5])
    assert list(rejection.over(rows)) == rows
    records = [{"y": np.float32(1)}, {"y": np.array(0)}, {"y": True}]
    assert list(rejection.over(records, lambda row: row["y"])) == records
    assert rejection.report().seen.tolist() == [3, 3]


def test_what_it_says():
    rejection = Rejection("balanced", [0.75, 0.25])
    assert str(rejection.report()) == "No row has passed."
    assert np.isnan(rejection.report().shares).all()
    rejection.accept([1, 1])
    assert rejection.report().shares.tolist() == [0, 1]
    assert str(rejection.report()).startswith("2 of 2 rows kept, 0 thrown away (0.0%)")


@pytest.mark.parametrize(
    ("target", "options", "error", "words"),
    [
        ([0.5, 0.6], {}, InputError, "a sum of 1"),
        ([1.0, 0.0], {}, InputError, "above 0"),
        ([1.0], {}, InputError, "two classes or more"),
        ("abc", {}, InputError, "target='abc'"),
        ([None, "x"], {}, InputTypeError, "one number for each class"),
        ("balanced", {}, InputError, "Pass classes=2"),
        ([0.5, 0.5], {"population": [0.2, 0.3, 0.5]}, InputError, "as many of each"),
        ([0.5, 0.5], {"seed": 1.5}, InputTypeError, "seed"),
    ],
)
def test_what_is_refused(target, options, error, words):
    with pytest.raises(error, match=words):
        Rejection(target, **options)


def test_labels_and_states_that_are_refused():
    rejection = Rejection([0.5, 0.5])
    with pytest.raises(InputError, match="label=2"):
        rejection.keep(2)
    with pytest.raises(InputTypeError, match="label='a'"):
        rejection.accept(["a"])
    assert rejection.report().seen.tolist() == [0, 0]
    with pytest.raises(InputError, match=r"Rejection\.state"):
        Rejection.from_state({"seen": 3})


@pytest.mark.parametrize("target", [[0.5, 0.5], "balanced"])
def test_classes_that_contradict_the_shares(target):
    with pytest.raises(InputError, match=r"classes=3 with shares of 2.*Leave classes="):
        Rejection(target, population=[0.9, 0.1], classes=3)
    assert len(Rejection(target, population=[0.9, 0.1]).target) == 2
    assert len(Rejection(target, population=[0.9, 0.1], classes=2).target) == 2


@pytest.mark.parametrize("name", ["seen", "kept"])
def test_a_state_of_other_classes(name):
    state = {**Rejection([0.5, 0.5]).state(), name: [1, 2, 3]}
    with pytest.raises(InputError, match=rf"{name!r} of shape.*each of 2 classes"):
        Rejection.from_state(state)
