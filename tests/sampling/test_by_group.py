# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binom

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.reading.read import read_table
from equipoise.sampling import ByGroup, GroupBalanced
from equipoise.strategies import Strategy

RANDOM = np.random.default_rng(0)
SITE = RANDOM.permutation(np.repeat(["A", "B", "C"], [700, 250, 50]))
Y = (RANDOM.random(1000) < np.where(SITE == "B", 0.4, 0.1)).astype(int)
COLUMNS = {"x": RANDOM.normal(size=1000), "site": SITE, "y": Y}
TRAIN = np.arange(0, 1000, 2)
DRAWS = {"batch": 50, "steps": 400, "seed": 0, "epoch": 0}


@pytest.fixture(scope="module")
def table():
    return read_table(COLUMNS, "y", positive=1)


def drawn(by_group, table, rows=TRAIN):
    return by_group.of(table).drawing(table, rows)


@pytest.mark.parametrize("classes", ["own", "natural", "balanced"])
def test_each_group_has_its_share_and_each_class_its_own(table, classes):
    by_group = drawn(ByGroup("site", {"A": 0.2, "C": 0.3}, classes), table)
    index = by_group.sampler().draw(Y[TRAIN], **DRAWS).index.ravel()
    site, y, size = SITE[TRAIN][index], Y[TRAIN][index], len(index)
    for name, share in {"A": 0.2, "B": 0.5, "C": 0.3}.items():
        here = site == name
        assert here.mean() == pytest.approx(share, abs=1e-3)
        rate = {
            "own": Y[TRAIN][SITE[TRAIN] == name].mean(),
            "natural": Y[TRAIN].mean(),
            "balanced": 0.5,
        }[classes]
        low, high = binom.interval(1 - 1e-6, int(here.sum()), rate)
        assert low <= y[here].sum() <= high
    prior = by_group.sampler().prior(np.bincount(Y[TRAIN]).tolist())
    assert prior[1] == pytest.approx(y.mean(), abs=5e-3)
    assert size == 20_000


def test_it_draws_as_group_balanced_does_with_the_same_shares(table):
    """One code: the draws of a trial are those of a feed."""
    shares = {"A": 0.2, "C": 0.3}
    feed = GroupBalanced(SITE[TRAIN], "natural", shares)
    trial = drawn(ByGroup("site", shares, "natural"), table).sampler()
    one, other = (s.draw(Y[TRAIN], **DRAWS).index for s in (feed, trial))
    shown = [np.bincount(each.ravel(), minlength=500) for each in (one, other)]
    np.testing.assert_allclose(*shown, atol=1)
    np.testing.assert_allclose(feed.rates(Y[TRAIN]), trial.rates(Y[TRAIN]))


@pytest.mark.parametrize("classes", ["own", "natural", "balanced"])
def test_weights_undo_the_draw(table, classes):
    """The weighted mean over drawn rows is that over all rows: Horvitz & Thompson."""
    strategy = Strategy(sampling=ByGroup("site", classes=classes, weighted=True))
    bound = strategy.drawing(table, TRAIN)
    index = bound.sampler().draw(Y[TRAIN], **DRAWS).index.ravel()
    weights = bound.importance(Y[TRAIN], 2)[index]
    value = COLUMNS["x"][TRAIN] + 3 * (SITE[TRAIN] == "C") + Y[TRAIN]
    assert weights.mean() == pytest.approx(1, abs=1e-3)
    assert (weights * value[index]).mean() == pytest.approx(value.mean(), abs=0.01)
    totals = np.bincount(Y[TRAIN])
    assert bound.correction(totals).exact
    assert bound.correction(totals).shift == 0
    assert bound.drawn_prior(totals).tolist() == (totals / totals.sum()).tolist()
    assert "weighs 1 / the rate" in strategy.describe()


def test_without_weights_it_is_to_be_calibrated_from_the_shares_that_were_drawn(table):
    strategy = Strategy(sampling=ByGroup("site")).drawing(table, TRAIN)
    totals = np.bincount(Y[TRAIN])
    correction = strategy.correction(totals)
    assert correction.kind == "calibrate"
    assert "groups" in correction.reason
    rates = [Y[TRAIN][SITE[TRAIN] == name].mean() for name in "ABC"]
    assert strategy.drawn_prior(totals)[1] == pytest.approx(np.mean(rates), rel=1e-3)
    doubled = strategy.drawn_prior(totals * [1, 2])  # positives weigh two
    odds = strategy.drawn_prior(totals)[1] / strategy.drawn_prior(totals)[0]
    assert doubled[1] / doubled[0] == pytest.approx(2 * odds)


def test_rows_with_several_labels_always_weigh(table):
    labels = np.stack([Y, (SITE == "B").astype(int), RANDOM.integers(0, 2, 1000)], 1)
    columns = {
        "x": COLUMNS["x"],
        "site": SITE,
        **dict(zip("abc", labels.T, strict=True)),
    }
    several = read_table(columns, targets=["a", "b", "c"])
    strategy = Strategy(sampling=ByGroup("site", classes="natural"))
    bound = strategy.with_table(several).drawing(several, TRAIN)
    there = labels[TRAIN]
    index = bound.sampler().draw(there, **DRAWS, classes=3).index.ravel()
    weights = bound.importance(there, 3)[index]
    shares = (weights[:, None] * there[index]).mean(axis=0)
    np.testing.assert_allclose(shares, there.mean(axis=0), atol=5e-3)
    assert bound.correction(several.task.totals(there)).exact


def test_names_of_strategies_do_not_collide():
    arms = [
        ByGroup(),
        ByGroup("site"),
        ByGroup("shop"),
        ByGroup("site", classes="balanced"),
        ByGroup("site", weighted=True),
    ]
    names = [Strategy(sampling=each).name for each in arms]
    assert names[:3] == ["groups", "groups_site", "groups_shop"]
    assert names[3:] == ["groups_site_balanced", "groups_site_weighted"]
    assert Strategy("", "trees", ByGroup("site")).name == "trees+groups_site"


def test_it_is_plain_data_and_comes_back(table):
    for by_group in (
        ByGroup(),
        ByGroup("site", {"A": 0.2, 3: 0.1}, "balanced", weighted=True),
    ):
        strategy = Strategy(sampling=by_group)
        plain = json.loads(json.dumps(strategy.to_dict()))
        again = Strategy.from_dict(plain)
        assert again == strategy
        assert hash(again) == hash(strategy)
        assert repr(again) == repr(strategy)
    bound = ByGroup("site").of(table)
    assert bound.digest
    assert Strategy.from_dict(Strategy(sampling=bound).to_dict()).sampling == bound
    other = read_table({**COLUMNS, "site": SITE[::-1]}, "y", positive=1)
    assert ByGroup("site").of(other) != bound


def test_what_the_user_should_know_is_said(table):
    assert drawn(ByGroup("site"), table).rows.notes == ()
    assert drawn(ByGroup("site"), table).rows.idle == ()
    absent = drawn(ByGroup("site", {"C": 0.5}), table, np.flatnonzero(SITE != "C"))
    assert "absent from some training parts" in absent.rows.notes[0]
    lacking = np.flatnonzero((SITE != "C") | (Y == 0))
    one = drawn(ByGroup("site", classes="balanced"), table, lacking).rows
    assert "comes from the classes that they have" in one.notes[0]
    assert drawn(ByGroup("site"), table, lacking).rows.notes == ()
    pure = np.flatnonzero((SITE == "A") == (Y == 0))
    pure = pure[SITE[pure] != "C"]
    none = drawn(ByGroup("site", classes="balanced"), table, pure).rows
    assert "no group has rows of two classes" in none.idle[0]
    alone = drawn(ByGroup("site"), table, np.flatnonzero(SITE == "A")).rows
    assert "has no effect" in alone.idle[0]


def test_what_is_refused(table):
    with pytest.raises(InputError, match=r"the group 'D'.*'A', 'B', 'C'"):
        ByGroup("site", {"D": 0.2}).of(table)
    with pytest.raises(InputError, match=r"a sum of 0\.6 for 3 of 3 groups"):
        ByGroup("site", {"A": 0.2, "B": 0.2, "C": 0.2}).of(table)
    with pytest.raises(InputError, match="a sum below 1"):
        ByGroup("site", {"A": 0.6, "B": 0.4}).of(table)
    with pytest.raises(InputError, match=r"a sum of 1.2.*Divide them"):
        ByGroup("site", {"A": 0.6, "B": 0.6})
    with pytest.raises(InputError, match="two have one name"):
        ByGroup("site", {"1": 0.6, 1: 0.2})
    with pytest.raises(InputError, match=r"shares=\{\}"):
        ByGroup("site", {})
    with pytest.raises(InputTypeError, match=r"shares=\['A'\]"):
        ByGroup("site", ["A"])
    with pytest.raises(InputTypeError, match="the group None"):
        ByGroup("site", {None: 0.6})
    with pytest.raises(InputError, match="classes='even'"):
        ByGroup("site", classes="even")
    with pytest.raises(InputTypeError, match="weighted='yes'"):
        ByGroup("site", weighted="yes")
    with pytest.raises(InputTypeError, match="column=3"):
        ByGroup(3)
    with pytest.raises(UnsupportedError, match=r"GroupBalanced\(groups\)"):
        Strategy(sampling=ByGroup("site")).sampler().draw(Y, **DRAWS)
    with pytest.raises(UnsupportedError, match=r"use ByGroup\(column\)"):
        Strategy(sampling=GroupBalanced(SITE))


def test_a_store_holds_no_names_of_groups_and_features_only():
    ByGroup().require_stored(["x"], "who")
    ByGroup("who").require_stored(["x"], "who")
    ByGroup("x", {"1": 0.5}).require_stored(["x"], None)
    with pytest.raises(InputError, match="no names of group"):
        ByGroup(shares={"1": 0.5}).require_stored(["x"], "who")
    with pytest.raises(InputError, match=r"ByGroup\('site'\)"):
        ByGroup("site").require_stored(["x"], "who")
    with pytest.raises(InputError, match=r"ByGroup\(\)"):
        ByGroup().require_stored(["x"], None)
