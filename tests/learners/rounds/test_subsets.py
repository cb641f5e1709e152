# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.learners.rounds.subsets import BalanceCascade, EasyEnsemble, margins


def drive(algorithm, answer):
    fits = []
    rounds = algorithm.rounds()
    asked = next(rounds)
    try:
        while True:
            fits.append(asked)
            asked = rounds.send([answer(fit) for fit in asked])
    except StopIteration:
        return fits


def test_the_subsets_of_easy_ensemble_are_boosted_side_by_side(rows_of):
    rows = rows_of([0] * 40 + [1] * 8)
    random = np.random.default_rng(0)
    said = {}

    def answer(fit):
        p = np.clip(0.5 + 0.15 * (2 * rows.y - 1) + random.normal(0, 0.2, 48), 0, 1)
        said[id(fit)] = p
        return np.stack([1 - p, p], axis=1)

    options = {"members": 3, "rounds": 4, "ratio": 1.0}
    rounds = drive(EasyEnsemble(rows, options, 0), answer)
    assert len(rounds) == 4
    assert [len(fits) for fits in rounds[:2]] == [3, 3]
    for first in rounds[0]:
        places = first.places
        fits = [f for each in rounds for f in each if f.places is places]
        assert np.bincount(rows.y[places]).tolist() == [8, 8]
        weights = np.full(16, 1 / 16)
        for fit in fits:
            assert np.array_equal(fit.places, places)
            shown = np.ones(16) if fit.weights is None else fit.weights
            np.testing.assert_allclose(shown, weights * 16, rtol=1e-9)
            wrong = (said[id(fit)] > 0.5)[places] != (rows.y[places] == 1)
            error = weights[wrong].sum()
            if not error:
                assert fit is fits[-1]
                assert fit.share == pytest.approx(1 / 3)
                break
            alpha = math.log((1 - error) / error)
            if alpha <= 0:
                assert fit is fits[-1]
                assert fit.share == 0.0
                break
            assert fit.share == pytest.approx(alpha / 3)
            weights = weights * np.exp(alpha * wrong)
            weights /= weights.sum()
    assert len({tuple(fit.places) for fit in rounds[0]}) == 3


def test_the_cascade_drops_what_it_is_surest_of(rows_of):
    rows = rows_of([0] * 80 + [1] * 5)
    hardness = np.linspace(0.05, 0.6, 80)
    p = np.concatenate([hardness, np.full(5, 0.55)])

    def answer(_):
        return np.stack([1 - p, p], axis=1)

    # one round each: F is 1 where p > .5, -1 elsewhere, so nine negatives are mistaken
    mistaken = set(np.flatnonzero(hardness > 0.5).tolist())
    options = {"members": 4, "rounds": 1}
    rounds = drive(BalanceCascade(rows, options, 0), answer)
    fits = [fit for (fit,) in rounds]
    assert len(fits) == 4
    for fit in fits:
        assert int((rows.y[fit.places] == 0).sum()) == 5
    # f = (5 / 80)^(1 / 3): 80, 32, 13 and 5 negatives to draw from; the last are all
    assert {*fits[3].places[:5].tolist()} <= mistaken


def test_the_cascade_keeps_the_share_of_the_paper(rows_of):
    rows = rows_of([0] * 1000 + [1] * 10)
    seen = []
    algorithm = BalanceCascade(rows, {"members": 5, "rounds": 1}, 0)
    original = rows.subset

    def subset(random, ratio, groups):
        seen.append([len(group) for group in groups])
        return original(random, ratio, groups)

    object.__setattr__(rows, "subset", subset)
    random = np.random.default_rng(0)
    p = np.where(rows.y == 1, 0.8, 0.0) + 0.2 * random.random(1010)
    drive(algorithm, lambda _: np.stack([1 - p, p], axis=1))
    f = (10 / 1000) ** (1 / 4)
    assert [sizes[0] for sizes in seen] == [round(1000 * f**i) for i in range(5)]
    assert {sizes[1] for sizes in seen} == {10}


def test_each_class_is_cut_down_to_the_rarest(rows_of):
    rows = rows_of([0] * 60 + [1] * 30 + [2] * 6, classes=3)
    p = np.random.default_rng(0).dirichlet(np.ones(3), 96)
    rounds = drive(BalanceCascade(rows, {"members": 3, "rounds": 2}, 0), lambda _: p)
    for fits in rounds:
        for fit in fits:
            assert np.bincount(rows.y[fit.places]).tolist() == [6, 6, 6]


def test_one_member_needs_no_share_to_keep(rows_of):
    rows = rows_of([0] * 8 + [1] * 2)
    rounds = drive(
        BalanceCascade(rows, {"members": 1, "rounds": 1}, 0),
        lambda _: np.full((10, 2), 0.5),
    )
    assert len(rounds) == 1


def test_subsets_without_an_error_are_counted_in_a_note(rows_of):
    rows = rows_of([0] * 8 + [1] * 2)
    algorithm = EasyEnsemble(rows, {"members": 2, "rounds": 5, "ratio": 1.0}, 0)
    drive(algorithm, lambda _: np.eye(2)[rows.y])
    assert algorithm.notes[0].startswith(
        "AdaBoosts of EasyEnsemble ended before round 5"
    )


def test_margins_are_against_the_best_other_class():
    total = np.array([[1.0, 5.0, 3.0], [4.0, 0.0, 2.0]])
    assert margins(total, 0).tolist() == [-4.0, 2.0]
