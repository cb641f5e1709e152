# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE, SMOTENC
from scipy import stats

from equipoise.errors import InputError, InputTypeError
from equipoise.sampling import Balanced
from equipoise.synthesis import Jitter, Smote, synthesize
from equipoise.synthesis.syntheses import synthesis_names

RANDOM = np.random.default_rng(0)
Y = np.repeat([0, 1], [1500, 60])
X = np.c_[RANDOM.normal(size=(1560, 2)) + Y[:, None], RANDOM.integers(0, 4, (1560, 2))]


def test_smote_nc_is_that_of_imbalanced_learn():
    """As many rows, and the same distributions of numbers and categories."""
    rows = synthesize(X, Y, categories=[2, 3], seed=1)
    sampler = SMOTENC(categorical_features=[2, 3], random_state=0)
    theirs, labels = sampler.fit_resample(X, Y)
    assert np.bincount(rows.y).tolist() == np.bincount(labels).tolist()
    ours, theirs = rows.x[rows.made], theirs[1560:]
    assert abs(len(ours) - len(theirs)) < 60
    for column in (0, 1):
        assert stats.ks_2samp(ours[:, column], theirs[:, column]).statistic < 0.1
    for column in (2, 3):
        pair = [
            np.bincount(e[:, column].astype(int), minlength=4) for e in (ours, theirs)
        ]
        shares = [counts / counts.sum() for counts in pair]
        np.testing.assert_allclose(*shares, atol=0.08)


def test_made_rows_lie_between_their_two_and_others_are_as_given():
    rows = synthesize(X[:, :2], Y)
    one, other = X[rows.index, :2], X[rows.partner, :2]
    expected = one + rows.mix[:, None] * (other - one)
    np.testing.assert_allclose(rows.x, expected, atol=1e-6)
    np.testing.assert_array_equal(rows.x[~rows.made], one[~rows.made])
    np.testing.assert_array_equal(rows.y, Y[rows.index])
    assert (rows.y[rows.made] == 1).all()
    theirs, labels = SMOTE(random_state=0).fit_resample(X[:, :2], Y)
    for column in (0, 1):
        pair = rows.x[rows.made, column], theirs[1560:, column]
        assert stats.ks_2samp(*pair).statistic < 0.1
    assert len(rows.y) == len(labels)


@pytest.mark.parametrize("name", synthesis_names())
def test_every_synthesis_makes_rows(name):
    y = np.c_[Y, 1 - Y, np.arange(1560) % 3 == 0] if name == "mlsmote" else Y
    rows = synthesize(X, y, name, categories=[2], seed=3)
    assert rows.made.any()
    assert np.isfinite(rows.x).all()
    assert np.isin(rows.x[:, 2], X[:, 2]).all()
    soft = name in ("mixup", "remix", "balanced_mixup")
    assert np.isin(rows.y, (0, 1)).all() != soft


def test_objects_classes_and_whole_numbers():
    y = np.repeat([0, 1, 2], [1000, 500, 60])
    rows = synthesize(X.astype(int), y, Smote(3), sampling=Balanced())
    assert rows.x.dtype == np.float64
    assert np.ptp(np.bincount(rows.y)) <= 2
    soft = synthesize(X, y, "mixup", sampling="natural")
    np.testing.assert_allclose(soft.y.sum(axis=1), 1, atol=1e-6)
    moved = synthesize(X[:, :2], Y, Jitter(0.5))
    np.testing.assert_array_equal(moved.partner, moved.index)
    same = synthesize(X[:, :2], Y, Jitter(0.5))
    np.testing.assert_array_equal(moved.x, same.x)


def test_notes_and_what_is_no_table():
    few = synthesize(X[:1503], Y[:1503])
    assert "only 3 positives" in few.notes[0]
    words = np.array([["a", "b"], ["b", "a"]])
    with pytest.raises(InputError, match="return_inverse"):
        synthesize(words, [0, 1])
    codes = np.unique(words, return_inverse=True)[1].reshape(2, 2)
    assert len(synthesize(codes, [0, 1], categories=[0, 1]).y) == 2
    with pytest.raises(InputError, match="categories=4"):
        synthesize(X, Y, categories=[4])


@pytest.mark.parametrize("synthesis", ["smote", "mixup"])
def test_targets_of_another_length_are_refused(synthesis) -> None:
    """Fewer targets than rows left the last rows out in silence."""
    x = np.random.default_rng(0).normal(size=(30, 2))
    for y in (np.arange(29) % 3, np.arange(31) % 3):
        with pytest.raises(InputError, match="as many targets as rows"):
            synthesize(x, y, synthesis)


def test_gaps_are_refused_by_every_synthesis() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    x[4, 1] = np.nan
    for synthesis in ("smote", "mixup"):
        with pytest.raises(InputError, match="row 4"):
            synthesize(x, np.arange(30) % 3 // 2, synthesis)


@pytest.mark.parametrize(
    "options", [{"synthesis": None}, {"sampling": 3}, {"categories": 1}]
)
def test_options_of_another_kind_are_refused(options) -> None:
    with pytest.raises(InputTypeError, match=next(iter(options))):
        synthesize([[0.0], [1.0], [2.0]], [0, 0, 1], **options)


@pytest.mark.parametrize("which", [0, 1])
def test_masked_values_are_not_taken_for_numbers(which):
    arrays = [np.arange(12.0)[:, None], np.arange(12) % 4 == 0]
    synthesize(*(np.ma.array(each) for each in arrays))
    arrays[which] = np.ma.array(
        arrays[which],
        mask=np.arange(12).reshape(-1) == 3 if which else (np.arange(12) == 3)[:, None],
    )
    with pytest.raises(InputError, match=r"1 is masked \(row 3\)"):
        synthesize(*arrays)
