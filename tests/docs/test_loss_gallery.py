# SPDX-License-Identifier: Apache-2.0
"""The gallery shows what the losses do today."""

from __future__ import annotations

import loss_gallery as gallery
import numpy as np
import pytest

from equipoise.losses import get, loss_names

EACH = gallery.stored()
POINTWISE = [name for name in loss_names() if get(name).kind == "example"]


def test_every_loss_is_in_it() -> None:
    assert list(EACH) == loss_names() == list(gallery.WORDS)
    assert all(z.shape == gallery.P.shape for z in EACH.values())
    assert gallery.TABLE.read_text("utf-8") == gallery.as_table(EACH)
    assert gallery.P[0] < 0.001 < 0.98 < gallery.P[-1]


def test_the_page_is_that_of_the_scores() -> None:
    page = gallery.PAGE.read_text("utf-8")
    assert page == gallery.with_gallery(page, EACH), "run docs/_tools/loss_gallery.py"
    assert "-12 to 12" in page
    assert (gallery.GRID[0], gallery.GRID[-1]) == (-12, 12)
    assert f"{gallery.STEPS} steps" in page
    assert f"{len(gallery.P)} levels" in page


@pytest.mark.parametrize("name", loss_names())
def test_a_figure_is_that_of_the_scores(name: str) -> None:
    text = gallery.figure_path(name).read_text("utf-8")
    assert gallery.digest(name, EACH[name]) in text, "run docs/_tools/loss_gallery.py"


@pytest.mark.parametrize("name", POINTWISE)
def test_the_scores_are_those_of_the_loss(name: str) -> None:
    np.testing.assert_allclose(gallery.scores(name), EACH[name], atol=0.0041)


@pytest.mark.parametrize("name", POINTWISE)
def test_a_link_reads_the_truth_from_scores_that_were_found_without_it(
    name: str,
) -> None:
    read = gallery.readings(name, EACH[name])
    if name == "expected_cost":
        assert read is None
        return
    assert read is not None
    np.testing.assert_allclose(read, gallery.P, atol=0.002)
    assert (np.diff(EACH[name]) > 0).all()


def test_a_loss_over_a_set_ends_where_it_ended() -> None:
    z = gallery.scores("pairwise_auc")
    np.testing.assert_allclose(z, EACH["pairwise_auc"], atol=0.02)


def test_what_the_words_say_of_the_losses_over_sets() -> None:
    """Pairs by the logistic loss are least at the log-odds; F1 steps at its half."""
    np.testing.assert_allclose(EACH["pairwise_logistic"], gallery.LOG_ODDS, atol=0.02)
    for name in ("precision_at_recall", "recall_at_precision"):
        np.testing.assert_allclose(EACH[name], gallery.LOG_ODDS, atol=0.05)
    hit = np.cumsum((gallery.MASS * gallery.P)[::-1])
    flagged, positive = np.cumsum(gallery.MASS[::-1]), gallery.MASS @ gallery.P
    best = (2 * hit / (flagged + positive)).max()
    step = gallery.P[EACH["dice"] > 0][0]
    before = gallery.P[EACH["dice"] < 0][-1]
    assert before < best / 2 < step
    for name in ("tversky", "soft_f_beta"):
        np.testing.assert_allclose(EACH[name], EACH["dice"], atol=0.01)
    hinge = np.diff(EACH["pairwise_hinge"])
    assert hinge.min() < 0.02 < 0.4 < hinge.max()
    cost = gallery.P[EACH["expected_cost"] > 0][0]
    assert gallery.P[EACH["expected_cost"] < 0][-1] < 0.1 < cost
    top = gallery.LOG_ODDS > 1
    assert (np.diff(EACH["partial_auc"][top]) > 0).all()
