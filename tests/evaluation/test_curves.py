"""Curves against scikit-learn, and bounded however many rows there are."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from equipoise.errors import InputError
from equipoise.evaluation import calibration_curve, precision_recall_curve, roc_curve
from equipoise.uncertainty import clopper_pearson

RANDOM = np.random.default_rng(0)
Y = (RANDOM.random(400) < 0.1).astype(int)
S = np.round(RANDOM.standard_normal(400) + 1.5 * Y, 1)


def test_all_points_are_scikit_learns() -> None:
    line = precision_recall_curve(Y, S, points=1000)
    precision, recall, at = reference.precision_recall_curve(Y, S)
    assert np.allclose(line.y, precision[:-1][::-1])
    assert np.allclose(line.x, recall[:-1][::-1])
    assert np.allclose(line.at, at[::-1])
    roc = roc_curve(Y, S, points=1000)
    fpr, tpr, _ = reference.roc_curve(Y, S, drop_intermediate=False)
    assert np.allclose(roc.x, fpr)
    assert np.allclose(roc.y, tpr)


def test_bands_are_exact_at_each_threshold() -> None:
    line = roc_curve(Y, S)
    low, high = clopper_pearson(line.y * Y.sum(), float(Y.sum()))
    assert np.allclose(line.low, low)
    assert np.allclose(line.high, high)


def test_many_rows_make_few_points_and_the_same_area() -> None:
    y = (RANDOM.random(50_000) < 0.02).astype(int)
    s = RANDOM.standard_normal(50_000) + 2 * y
    roc = roc_curve(y, s, points=100)
    assert roc.x.size <= 101
    assert roc.x[-1] == roc.y[-1] == 1
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(
        reference.roc_auc_score(y, s), abs=3e-3
    )
    assert precision_recall_curve(y, s, points=100).x.size <= 100


def test_repeats_are_averaged_and_bands_do_not_shrink() -> None:
    once = precision_recall_curve(Y, S)
    twice = precision_recall_curve(Y, np.stack([S, S]))
    for one, other in (
        (once.x, twice.x),
        (once.y, twice.y),
        (once.low, twice.low),
        (once.high, twice.high),
    ):
        assert np.allclose(one, other)


def test_calibration_groups_hold_their_rows() -> None:
    p = 1 / (1 + np.exp(-S))
    line = calibration_curve(Y, p, groups=4)
    assert line.at.sum() == 400
    assert (line.at * line.y).sum() == pytest.approx(Y.sum())
    assert (line.at * line.x).sum() == pytest.approx(p.sum())
    assert (np.diff(line.x) > 0).all()
    assert (line.low <= line.y).all()
    assert (line.y <= line.high).all()


def test_lines_are_plain_data() -> None:
    data = roc_curve([0, 1], [0.1, 0.9]).as_dict()
    assert data["name"] == "roc"
    assert data["x"] == [0.0, 0.0, 1.0]


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="points"):
        roc_curve(Y, S, points=1)
    with pytest.raises(InputError, match="groups"):
        calibration_curve(Y, np.full(400, 0.5), groups=0)
    with pytest.raises(InputError, match="shape"):
        roc_curve(Y, S[:5])
