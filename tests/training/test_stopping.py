# SPDX-License-Identifier: Apache-2.0
"""What early stopping minimises, and when it stops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss

from equipoise.errors import InputError
from equipoise.priors import Correction, one_against_rest, probability
from equipoise.task import Task
from equipoise.training.stopping import Patience, stop_value


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    z = random.normal(-2, 1.5, 4000)
    return (random.random(4000) < probability(z)).astype(np.int8), z


def test_log_loss_of_the_corrected_scores(rows) -> None:
    y, z = rows
    value = stop_value("log_loss", y, z + 1.3, Correction("offset", -1.3))
    assert value == pytest.approx(log_loss(y, probability(z)), abs=1e-12)


def test_other_metrics_are_turned_so_that_less_is_better(rows) -> None:
    y, z = rows
    found = stop_value("average_precision", y, z, Correction())
    assert found == pytest.approx(-average_precision_score(y, z))
    found = stop_value("brier", y, z, Correction())
    assert found == pytest.approx(brier_score_loss(y, probability(z)))


@pytest.mark.parametrize("name", ["log_loss", "brier", "average_precision"])
@pytest.mark.parametrize("kind", ["offset", "calibrate"])
def test_a_weight_is_so_many_copies(rows, name, kind) -> None:
    y, z = rows
    times = np.random.default_rng(1).integers(1, 5, len(y))
    correction = Correction(kind, 0.4)
    repeated = np.repeat(y, times), np.repeat(z, times)
    wanted = stop_value(name, *repeated, correction)
    found = stop_value(name, y, z, correction, times.astype(float))
    assert found == pytest.approx(wanted, rel=1e-9)
    assert found != pytest.approx(stop_value(name, y, z, correction), rel=1e-4)


def test_scores_that_only_order_are_judged_by_their_best_line(rows) -> None:
    """The least log loss over lines is scikit-learn's, whatever the scale."""
    y, z = rows
    model = LogisticRegression(C=1e12).fit(z[:, None], y)
    least = log_loss(y, model.predict_proba(z[:, None])[:, 1])
    order = Correction("calibrate", reason="ranks")
    for scale, shift in ((1.0, 0.0), (0.01, 5.0), (300.0, -40.0)):
        value = stop_value("log_loss", y, scale * z + shift, order)
        assert value == pytest.approx(least, abs=1e-5)


def test_a_reversed_order_is_worth_no_more_than_the_prior(rows) -> None:
    y, z = rows
    value = stop_value("log_loss", y, -z, Correction("calibrate"))
    assert value >= log_loss(y, np.full(len(y), y.mean())) - 1e-9


@pytest.mark.parametrize("name", ["average_precision", "roc_auc"])
def test_an_undefined_metric_is_an_error_not_a_model_that_never_improves(name) -> None:
    with pytest.raises(InputError, match="40 stop rows of which 0 are positive"):
        stop_value(name, np.zeros(40), np.arange(40.0), Correction())
    assert stop_value("log_loss", np.zeros(40), np.arange(40.0), Correction()) > 0


@pytest.mark.parametrize("y", [[0, 0, 0, 1], [0, 1, 1, 1]])
def test_separable_rows_stay_finite(y) -> None:
    value = stop_value("log_loss", y, [-3.0, 1.0, 2.0, 3.0], Correction("calibrate"))
    assert 0 <= value < 1


def test_patience_keeps_the_first_of_equal_epochs() -> None:
    patience = Patience.start(3)
    which = np.array([0, 2])
    for epoch, values in enumerate(([5.0, 1.0], [4.0, 1.0], [np.nan, 0.5]), start=1):
        patience, improved = patience.after(epoch, which, np.array(values))
    assert improved.tolist() == [False, True]
    assert patience.epoch.tolist() == [2, 0, 3]
    assert patience.best.tolist() == [4.0, np.inf, 0.5]


def test_the_log_loss_of_several_classes() -> None:
    random = np.random.default_rng(0)
    task = Task("multiclass", tuple("abcd"))
    y, z = random.integers(0, 4, 60), random.normal(size=(60, 4)) * 3
    weights, offset = random.random(60), (0.0, 1.0, -2.0, 0.5)
    value = stop_value("log_loss", y, z, Correction(offset=offset), weights, task)
    logs = log_softmax(z + offset, axis=1)[np.arange(60), y]
    assert value == pytest.approx(-np.average(logs, weights=weights), rel=1e-12)


def test_the_log_loss_of_labels_is_over_those_that_are_known() -> None:
    random = np.random.default_rng(0)
    task = Task("multilabel", ("x", "y"))
    y, z = random.integers(-1, 2, (60, 2)), random.normal(size=(60, 2))
    weights = random.random(60)
    correction = Correction(offset=(1.0, -1.0))
    value = stop_value("log_loss", y, z, correction, weights, task)
    p = expit(z + np.array([1.0, -1.0]))
    cells = np.where(y == 1, -np.log(p), -np.log(1 - p))
    share = (y >= 0) * weights[:, None]
    assert value == pytest.approx((cells * share).sum() / share.sum(), rel=1e-12)
    with pytest.raises(InputError, match="without any label"):
        stop_value("log_loss", np.full((3, 2), -1), z[:3], correction, None, task)


@pytest.mark.parametrize("name", ["average_precision", "roc_auc", "brier"])
def test_other_metrics_are_means_over_classes_that_can_be_judged(name: str) -> None:
    random = np.random.default_rng(1)
    task = Task("multiclass", tuple("abcd"))
    y, z = random.integers(0, 3, 60), random.normal(size=(60, 4))
    correction = Correction(offset=(0.0, 0.5, 0.0, 1.0))
    value = stop_value(name, y, z, correction, None, task)
    odds = one_against_rest(z + correction.offset)
    each = [
        stop_value(name, (y == c).astype(int), odds[:, c], Correction())
        for c in range(3)
    ]
    assert value == pytest.approx(np.mean(each), rel=1e-12)
    with pytest.raises(InputError, match="the same classes"):
        stop_value(name, np.zeros(60, int), z, correction, None, task)


def test_scores_that_only_order_are_judged_by_a_line_per_class() -> None:
    """A monotone stretch of one class' log-odds changes nothing."""
    random = np.random.default_rng(1)
    task = Task("multilabel", ("x", "y"))
    y = random.integers(0, 2, (80, 2))
    z = random.normal(size=(80, 2)) + y
    only = Correction("calibrate", (0.0, 0.0))
    one = stop_value("log_loss", y, z, only, None, task)
    other = stop_value("log_loss", y, z * (3.0, 0.2) + (5.0, -9.0), only, None, task)
    assert one == pytest.approx(other, rel=1e-6)
    assert one < np.log(2)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
@pytest.mark.parametrize("weighted", [False, True])
def test_lines_fitted_together_are_those_fitted_alone(kind, weighted) -> None:
    random = np.random.default_rng(2)
    z = 3 * random.normal(size=(300, 4)) + [0, -1, -2, -3]
    task = Task(kind, ("a", "b", "c", "d"))
    y = z.argmax(axis=1)
    if kind == "multilabel":
        y = (random.random((300, 4)) < expit(z)).astype(np.int8)
        y[::3, 1] = -1
        y[:, 3] = 0  # one value only: left out
    weights = random.uniform(0.5, 3, 300) if weighted else None
    raw = Correction("calibrate", reason="it orders", offset=(0.0,) * 4)
    value = stop_value("log_loss", y, z, raw, weights, task)
    alone = []
    for view in task.views(y, z):
        here = np.ones(300, bool) if view.labelled is None else view.labelled
        one = view.y[here].astype(float)
        if 0 < one.sum() < len(one):
            each = None if weights is None else weights[here]
            alone.append(
                stop_value(
                    "log_loss", one, view.scores[here], Correction("calibrate"), each
                )
            )
    assert len(alone) == (3 if kind == "multilabel" else 4)
    assert value == pytest.approx(np.mean(alone), abs=1e-9)
