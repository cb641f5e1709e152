# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from scipy import stats

from equipoise.errors import InputError, UnsupportedError
from equipoise.sampling import make_sampler
from equipoise.synthesis import Smote
from equipoise.synthesis.repeats import real_share

RANDOM = np.random.default_rng(0)
LABELS = np.repeat([0, 1], [300, 30])
POINTS = RANDOM.normal(size=(330, 4))
EPOCH = {"batch": 60, "steps": 100, "seed": 0, "epoch": 0}


def mixed(sampler="oversample", labels=LABELS, smote=None, seed=0, epoch=0, **options):
    smote = smote or Smote()
    found = smote.prepare(POINTS[: len(labels)], None, labels, seed)
    draw = make_sampler(sampler, **options).draw(labels, **EPOCH)
    return found, smote.mix(draw, found, labels, seed, epoch)


def test_neighbours_against_brute_force():
    found = Smote(3).prepare(POINTS, None, LABELS, 0)
    positives = np.flatnonzero(LABELS)
    apart = np.linalg.norm(POINTS[positives][:, None] - POINTS[positives], axis=2)
    np.fill_diagonal(apart, np.inf)
    expected = positives[np.argsort(apart, axis=1)[:, :3]]
    np.testing.assert_array_equal(found.index[found.of[positives]], expected)
    assert (found.of[LABELS == 0] == -1).all()


def test_categories_decide_who_is_near():
    codes = np.arange(6)[:, None] % 2
    found = Smote(2).prepare(np.empty((6, 0)), codes, np.ones(6), 0)
    assert (codes[found.index[found.of], 0] == codes).all()


def test_a_duplicate_is_a_neighbour_but_no_row_is_its_own():
    points = np.zeros((6, 2))
    found = Smote(2).prepare(points, None, np.ones(6), 0)
    assert (found.index[found.of] != np.arange(6)[:, None]).all()


def test_partners_are_neighbours_and_mixes_shares():
    found, draw = mixed()
    synthetic = draw.mix > 0
    of = found.index[found.of[draw.index[synthetic]]]
    assert (of == draw.partner[synthetic][:, None]).any(axis=1).all()
    assert draw.mix.min() >= 0
    assert draw.mix.max() < 1
    assert draw.mix.dtype == np.float32
    assert (draw.mix[LABELS[draw.index] == 0] == 0).all()
    np.testing.assert_array_equal(draw.targets(LABELS), LABELS[draw.index])


def test_every_neighbour_is_chosen_and_every_mix_as_likely():
    found, draw = mixed()
    synthetic = draw.mix > 0
    of = found.index[found.of[draw.index[synthetic]]]
    place = (of == draw.partner[synthetic][:, None]).argmax(axis=1)
    counts = np.bincount(place, minlength=5)
    assert stats.chisquare(counts).pvalue > 1e-4
    assert stats.kstest(draw.mix[synthetic], "uniform").pvalue > 1e-4


@pytest.mark.parametrize("negatives", [300, 45])
@pytest.mark.parametrize(
    ("sampler", "options"),
    [("oversample", {}), ("balanced", {}), ("rate", {"rate": 0.7})],
)
def test_as_many_positives_stay_real_as_natural_frequency_draws(
    sampler, options, negatives
):
    labels = np.repeat([0, 1], [negatives, 30])
    _, draw = mixed(sampler, labels=labels, **options)
    positive = labels[draw.index] == 1
    real = (positive & (draw.mix == 0)).sum()
    expected = (~positive).sum() * 30 / negatives
    assert abs(real - expected) < 4.5 * np.sqrt(expected)


def test_same_moments_as_imbalanced_learn():
    """The synthetic points have the mean and spread of the classic SMOTE."""
    _, draw = mixed()
    synthetic = draw.mix > 0
    ours = POINTS[draw.index] + draw.mix[..., None] * (
        POINTS[draw.partner] - POINTS[draw.index]
    )
    theirs, labels = SMOTE(random_state=0).fit_resample(POINTS, LABELS)
    theirs = theirs[330:][labels[330:] == 1]
    ours = ours[synthetic]
    for moment in (np.mean, np.std):
        np.testing.assert_allclose(
            moment(ours, axis=0), moment(theirs, axis=0), atol=0.25
        )


@pytest.mark.parametrize(("positives", "k"), [(7, 5), (6, 5), (5, 4), (2, 1)])
def test_k_shrinks_with_a_note(positives, k):
    labels = np.repeat([0, 1], [40, positives])
    found = Smote(5).prepare(POINTS[: len(labels)], None, labels, 0)
    assert found.k == k
    assert bool(found.notes) == (k < 5)
    if found.notes:
        assert f"only {positives} positives" in found.notes[0]


def test_a_lone_positive_is_repeated():
    labels = np.repeat([0, 1], [40, 1])
    found, draw = mixed(labels=labels)
    assert draw.partner is None
    assert "only 1 positive." in found.notes[0]


def test_pure_function_of_seed_and_epoch():
    _, one = mixed(seed=1, epoch=2)
    _, again = mixed(seed=1, epoch=2)
    np.testing.assert_array_equal(one.mix, again.mix)
    # the rows drawn are the same each time
    for other in (mixed(seed=1, epoch=3)[1], mixed(seed=2, epoch=2)[1]):
        np.testing.assert_array_equal(one.index, other.index)
        assert (one.mix != other.mix).any()


def test_bad_arguments():
    with pytest.raises(InputError, match="neighbours=0"):
        Smote(0)
    with pytest.raises(InputError, match="0 negatives and 3 positives"):
        real_share(np.ones(3), [True])
    with pytest.raises(InputError, match="shape"):
        Smote().prepare(POINTS, None, LABELS[-9:], 0)


# ---- several classes

CLASSES = np.repeat([0, 1, 2, 3, 4], [200, 40, 7, 3, 1])
SPREAD = RANDOM.normal(size=(251, 4)) + CLASSES[:, None]


def of_classes(smote=None, sampler="balanced", seed=0, **options):
    smote = smote or Smote()
    near = smote.prepare(SPREAD, None, CLASSES, seed)
    draw = make_sampler(sampler, **options).draw(CLASSES, **EPOCH)
    return near, smote.mix(draw, near, CLASSES, seed, 0)


def test_neighbours_within_each_class_against_brute_force():
    near, _ = of_classes(Smote(5))
    for label, k in ((1, 5), (2, 5), (3, 2)):
        rows = np.flatnonzero(label == CLASSES)
        apart = np.linalg.norm(SPREAD[rows][:, None] - SPREAD[rows], axis=2)
        np.fill_diagonal(apart, np.inf)
        expected = rows[np.argsort(apart, axis=1)[:, :k]]
        lines = near.of[rows]
        np.testing.assert_array_equal(near.index[lines, :k], expected)
        assert (near.counts[lines] == k).all()
    assert (near.of[np.isin(CLASSES, [0, 4])] == -1).all()


def test_partners_are_of_the_class_and_every_neighbour_is_chosen():
    near, draw = of_classes()
    synthetic = draw.mix > 0
    one, other = draw.index[synthetic], draw.partner[synthetic]
    assert (CLASSES[one] == CLASSES[other]).all()
    assert not np.isin(CLASSES[one], [0, 4]).any()
    # a class of 3 rows has 2 neighbours each, both as likely
    few = one[CLASSES[one] == 3], other[CLASSES[one] == 3]
    place = (near.index[near.of[few[0]]][:, :2] == few[1][:, None]).argmax(axis=1)
    assert stats.chisquare(np.bincount(place, minlength=2)).pvalue > 1e-4
    targets = draw.targets(CLASSES, classes=5)
    np.testing.assert_array_equal(targets.argmax(axis=2), CLASSES[draw.index])


@pytest.mark.parametrize(
    ("sampler", "options"),
    [("balanced", {}), ("oversample", {"ratio": 0.3}), ("sqrt", {}), ("rate", {})],
)
def test_as_many_rows_of_a_class_stay_real_as_natural_frequency_draws(sampler, options):
    _, draw = of_classes(sampler=sampler, **options)
    classes = CLASSES[draw.index]
    largest = (classes == 0).sum()
    for label, total in ((1, 40), (2, 7), (3, 3)):
        real = ((classes == label) & (draw.mix == 0)).sum()
        expected = min(largest * total / 200, (classes == label).sum())
        assert abs(real - expected) < 4.5 * np.sqrt(expected) + 1


def test_notes_name_the_classes():
    names = ["a", "b", "c", "d", "e"]
    notes = Smote(8).prepare(SPREAD, None, CLASSES, 0, classes=names).notes
    assert notes == (
        "SMOTE uses fewer than 8 neighbours, all other rows of the class, in 'c' "
        "(7 rows), 'd' (3 rows).",
        "SMOTE repeats a class of 1 row as it is: 'e'.",
    )
    unnamed = Smote(5).prepare(SPREAD, None, CLASSES, 0).notes
    assert "class 3 (3 rows)" in unnamed[0]


def test_an_absent_class_among_named_ones():
    """Two classes of three have rows: they are classes, not negatives and positives."""
    labels = np.repeat([2, 0], [30, 8])
    smote = Smote()
    near = smote.prepare(POINTS[:38], None, labels, 0, classes=("a", "b", "c"))
    assert near.classes == 3
    assert (near.of[labels == 2] == -1).all()
    draw = make_sampler("balanced").draw(labels, **EPOCH, classes=3)
    mixed_draw = smote.mix(draw, near, labels, 0, 0)
    assert (labels[mixed_draw.index[mixed_draw.mix > 0]] == 0).all()
    assert (mixed_draw.mix > 0).any()
    lone = smote.prepare(POINTS[:3], None, [2, 2, 0], 0, classes=("a", "b", "c"))
    assert smote.mix(draw, lone, labels, 0, 0) is draw


def test_categories_of_several_classes_decide_who_is_near():
    codes = np.arange(12)[:, None] % 2
    labels = np.repeat([0, 1, 2], [2, 4, 6])
    near = Smote(1).prepare(np.empty((12, 0)), codes, labels, 0)
    rows = np.flatnonzero(labels == 1)
    assert (codes[near.index[near.of[rows]][:, 0], 0] == codes[rows, 0]).all()


def test_rows_of_several_labels_are_refused():
    with pytest.raises(UnsupportedError, match="the sampling repeats the rows"):
        Smote().prepare(POINTS[:2], None, [[0, 1], [1, 1]], 0)


@pytest.mark.parametrize("several", [False, True])
def test_categories_are_those_of_a_vote(several: bool) -> None:
    """By hand, from the neighbours that the search gives; ties go to the nearest."""
    random = np.random.default_rng(8)
    labels = np.repeat([0, 1, 2] if several else [0, 1, 1], [60, 25, 4])
    codes = random.integers(0, 3, (len(labels), 2))
    points = random.normal(size=(len(labels), 2))
    named = {"classes": ("a", "b", "c")} if several else {}
    near = Smote(5).prepare(points, codes, labels, 0, **named)
    assert near.voters.shape == (len(near.index), 2)
    ties = 0
    for row in np.flatnonzero(near.of >= 0):
        line = near.of[row]
        own = 5 if near.counts is None else near.counts[line]
        others = near.index[line, :own]
        for column in range(2):
            seen = codes[others, column].tolist()
            most = max(map(seen.count, seen))
            winners = [value for value in seen if seen.count(value) == most]
            ties += len(set(winners)) > 1
            assert codes[near.voters[line, column], column] == winners[0]
            assert near.voters[line, column] in others
    assert ties


def test_numbers_alone_have_no_vote() -> None:
    assert Smote().prepare(POINTS, None, LABELS, 0).voters is None
    empty = np.empty((len(LABELS), 0), np.int32)
    assert Smote().prepare(POINTS, empty, LABELS, 0).voters is None
