# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.priors import prior_offsets
from equipoise.sampling import (
    Balanced,
    Rate,
    Undersample,
    make_sampler,
    sampler_names,
    steps_per_epoch,
)
from equipoise.sampling.samplers import SAMPLERS

LABELS = np.array([0] * 41 + [1] * 6)


@pytest.mark.parametrize("name", sampler_names())
def test_epochs_continue_one_stream(name):
    """What one long epoch draws, short ones draw in the same order."""
    sampler = make_sampler(name)
    long = sampler.draw(LABELS, batch=5, steps=36, seed=1, epoch=0).index
    short = [sampler.draw(LABELS, batch=5, steps=9, seed=1, epoch=e) for e in range(4)]
    np.testing.assert_array_equal(np.concatenate([d.index for d in short]), long)


@pytest.mark.parametrize("name", sampler_names())
def test_the_declared_prior_is_the_share_drawn(name):
    sampler = make_sampler(name)
    first = -(-sampler.settles(47) // (47 * 400))
    draw = sampler.draw(LABELS, batch=47, steps=400, seed=0, epoch=first)
    declared = sampler.prior([41, 6])
    assert declared.sum() == 1
    # to what one unfinished pass can change
    assert draw.targets(LABELS).mean() == pytest.approx(declared[1], abs=0.004)


@pytest.mark.parametrize("name", sampler_names())
def test_a_lone_class(name):
    sampler = make_sampler(name)
    draw = {"batch": 2, "steps": 2, "seed": 0, "epoch": 0}
    if name in ("natural", "bootstrap"):
        assert sampler.draw([0, 0, 0], **draw).index.max() <= 2
    else:
        with pytest.raises(InputError, match=f"0 positives for sampling='{name}'"):
            sampler.draw([0, 0, 0], **draw)


@pytest.mark.parametrize("name", sampler_names())
def test_one_positive_is_enough(name):
    draw = make_sampler(name).draw([0] * 9 + [1], batch=8, steps=40, seed=0, epoch=0)
    assert 9 in draw.index


def test_steps_per_epoch_rounds_up():
    assert [steps_per_epoch(n, 64) for n in (1, 64, 65)] == [1, 1, 2]
    with pytest.raises(InputError, match="rows=0"):
        steps_per_epoch(0, 64)


def test_positions_fit_their_type(monkeypatch):
    monkeypatch.setattr("equipoise.sampling.sampler._MOST_ROWS", 46)
    with pytest.raises(InputError, match="47 rows"):
        make_sampler("natural").draw(LABELS, batch=1, steps=1, seed=0, epoch=0)


def test_a_seed_is_whole():
    with pytest.raises(InputTypeError, match="seed"):
        make_sampler("natural").draw([0, 1], batch=1, steps=1, seed=0.5, epoch=0)


# ---- several classes, and labels

CLASSES = np.array([0] * 61 + [1] * 14 + [2] * 5 + [4] * 20)
DRAWS = {"seed": 1, "epoch": 0}


@pytest.mark.parametrize("name", sampler_names())
def test_epochs_of_several_classes_continue_one_stream(name):
    sampler = make_sampler(name)
    long = sampler.draw(CLASSES, batch=5, steps=36, classes=5, **DRAWS).index
    short = [
        sampler.draw(CLASSES, batch=5, steps=9, seed=1, epoch=e, classes=5)
        for e in range(4)
    ]
    np.testing.assert_array_equal(np.concatenate([d.index for d in short]), long)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("natural", {}, [61, 14, 5, 0, 20]),
        ("stratified", {}, [61, 14, 5, 0, 20]),
        ("bootstrap", {}, [61, 14, 5, 0, 20]),
        ("balanced", {}, [1, 1, 1, 0, 1]),
        ("sqrt", {}, np.sqrt([61, 14, 5, 0, 20])),
        ("oversample", {}, [61, 61, 61, 0, 61]),
        ("oversample", {"ratio": 0.3}, [61, 18, 18, 0, 20]),
        ("undersample", {}, [5, 5, 5, 0, 5]),
        ("undersample", {"ratio": 0.25}, [20, 14, 5, 0, 20]),
        ("undersample", {"ratio": 5.0, "fresh": False}, [1, 1, 5, 0, 1]),
        (
            "quotas",
            {},
            0.125 + np.array([61, 14, 5, 0, 20]) / 200 - [0, 0, 0, 0.125, 0],
        ),
        ("repeat_factor", {"threshold": 0.2}, [61, 280**0.5, 10, 0, 20]),
        ("rate", {"rate": 0.78}, [22 * 39, 78 * 14, 78 * 5, 0, 78 * 20]),
    ],
)
def test_shares_of_several_classes(name, options, expected):
    sampler = make_sampler(name, **options)
    shares = np.array(expected) / np.sum(expected)
    totals = np.bincount(CLASSES).tolist()
    np.testing.assert_allclose(sampler.prior(totals), shares, atol=2e-6)
    draw = sampler.draw(CLASSES, batch=100, steps=300, classes=5, **DRAWS)
    drawn = np.bincount(CLASSES[draw.index.ravel()], minlength=5) / 30_000
    np.testing.assert_allclose(drawn, shares, atol=0.004)
    rates = sampler.rates(CLASSES, 5)
    np.testing.assert_allclose(np.bincount(CLASSES, rates) / 100, shares, atol=2e-6)
    np.testing.assert_allclose(sampler.importance(CLASSES, 5) * rates, 1)


def test_two_classes_are_drawn_as_before_among_class_numbers():
    """So many classes as occur is what a call without `classes` means."""
    for name in sampler_names():
        sampler = make_sampler(name)
        plain = sampler.draw(LABELS, batch=7, steps=9, **DRAWS).index
        same = sampler.draw(LABELS, batch=7, steps=9, classes=2, **DRAWS).index
        np.testing.assert_array_equal(plain, same)


def label_rows():
    random = np.random.default_rng(0)
    labels = (random.random((120, 4)) < [0.6, 0.3, 0.1, 0.04]).astype(np.int8)
    labels[5] = [1, -1, 0, 0]
    return labels


OF_LABELS = [n for n in sampler_names() if "multilabel" in SAMPLERS[n].tasks]


@pytest.mark.parametrize("name", OF_LABELS)
def test_label_matrices_are_drawn_whole_and_weighted_back(name):
    """Weighted by `importance`, the drawn rows have the shares of all rows."""
    sampler, labels = make_sampler(name), label_rows()
    weights = sampler.importance(labels)
    steps = 4000
    index = sampler.draw(labels, batch=30, steps=steps, **DRAWS).index.ravel()
    assert weights[index].mean() == pytest.approx(1, abs=0.005)
    if sampler.left_out():
        return
    sets = np.unique(labels, axis=0, return_inverse=True)[1].ravel()
    drawn = np.bincount(sets[index], weights[index]) / len(index)
    np.testing.assert_allclose(drawn, np.bincount(sets) / 120, atol=0.004)


def test_balanced_rows_of_labels_reach_the_rarest():
    labels = label_rows()
    draw = Balanced().draw(labels, batch=50, steps=50, **DRAWS)
    shares = (labels[draw.index.ravel()] == 1).mean(axis=0)
    assert shares[3] >= 0.19
    assert labels[:, 3].mean() < 0.06


def test_a_label_matrix_without_labels_is_drawn_naturally():
    for name in OF_LABELS:
        draw = make_sampler(name).draw(np.zeros((6, 2)), batch=6, steps=2, **DRAWS)
        assert sorted(draw.index[0].tolist()) == list(range(6)) or name == "bootstrap"
        assert make_sampler(name).rates(np.zeros((6, 2))).tolist() == [1.0] * 6


def test_a_sampler_of_two_classes_refuses_others():
    class TwoOnly(Rate):
        tasks = ("binary",)

    with pytest.raises(UnsupportedError, match="multiclass task for sampling='rate'"):
        TwoOnly().draw([0, 1, 2], batch=1, steps=1, **DRAWS)
    with pytest.raises(UnsupportedError, match="multilabel"):
        TwoOnly().rates([[0, 1], [1, 0]])
    assert TwoOnly().draw([0, 1], batch=1, steps=1, **DRAWS).index.shape == (1, 1)


def test_the_smallest_class_is_whole_in_every_pass():
    sampler = Undersample(ratio=3.0)
    draw = sampler.draw(CLASSES, batch=11, steps=3, classes=5, **DRAWS)
    for batch in draw.index:
        assert set(batch[CLASSES[batch] == 2]) == set(range(75, 80))


def test_words_for_several_classes():
    for name in sampler_names():
        sampler = make_sampler(name)
        for kind in {"multiclass", "multilabel"}.intersection(sampler.tasks):
            words = sampler.describe_classes(kind)
            assert words
            assert "positive" not in words
            assert "negative" not in words


@pytest.mark.parametrize("name", sampler_names())
def test_the_correction_is_minus_the_logarithm_of_the_rates(name):
    """With natural log-odds z, drawing at rates r gives z + log r: undone exactly."""
    sampler = make_sampler(name)
    two = sampler.correction(LABELS)
    rates = sampler.rates(LABELS)
    expected = -np.log(rates[LABELS == 1][0] / rates[LABELS == 0][0])
    assert two.offset == pytest.approx((expected,), abs=1e-9)
    assert (two.kind == "calibrate") == bool(sampler.obstacle) == bool(two.reason)
    several = sampler.correction(CLASSES, 5)
    each = sampler.rates(CLASSES, 5)
    rate = np.array([each[c == CLASSES].mean() for c in (0, 1, 2, 4)])
    shifts = np.array(several.offset)[[0, 1, 2, 4]]
    np.testing.assert_allclose(shifts, -np.log(rate / rate[0]), atol=1e-9)
    assert several.link == "softmax"
    shares = sampler.prior([41, 6])
    again = prior_offsets(shares, [41 / 47, 6 / 47])
    np.testing.assert_allclose(again, two.offset, atol=1e-12)


def test_drawn_labels_need_no_correction():
    correction = Balanced().correction(label_rows())
    assert correction.offset == (0.0,) * 4
    assert correction.kind == "offset"
