# SPDX-License-Identifier: Apache-2.0
"""Every metric of every arm of a trial, and the arm that leads."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference

from equipoise.decision.costs import Costs
from equipoise.decision.objectives import as_objective
from equipoise.errors import InputError
from equipoise.evaluation import cross_validated
from equipoise.evaluation.arm_values import ArmValues, EvaluatedRows, within_folds
from equipoise.evaluation.cv_intervals import ErrorBasis, resampled_interval
from equipoise.evaluation.decided import Decided
from equipoise.evaluation.replicates import replicate
from equipoise.metrics import Estimate, average_precision
from equipoise.uncertainty.row_weights import RowWeights


@pytest.fixture(scope="module")
def trial(drawn):
    return cross_validated(
        drawn.y, drawn.scores, drawn.folds, exact={"noisy": False}, replicates=300
    )


@pytest.mark.parametrize("positives", [5, 12, 40])
@pytest.mark.parametrize("negatives", [12, 100, 574])
@pytest.mark.parametrize("repeats", [1, 3])
def test_the_prior_reads_one_half_in_every_setting(
    make_drawn, positives: int, negatives: int, repeats: int
) -> None:
    """Its score is each training part's prior, lower where the test part has more."""
    data = make_drawn(1, positives, negatives, repeats)
    size = np.stack([np.bincount(f) for f in data.folds])
    hits = np.stack([np.bincount(f, data.y) for f in data.folds])
    share = (positives - hits) / (positives + negatives - size)
    prior = np.log(share / (1 - share))[np.arange(repeats)[:, None], data.folds]
    found = cross_validated(
        data.y,
        {"prior": prior, "plain": data.scores["plain"]},
        data.folds,
        replicates=50,
    )
    e = found["prior"].evaluation
    assert e["roc_auc"].value == 0.5
    assert e["average_precision"].value == pytest.approx(
        positives / (positives + negatives)
    )
    splits = found["prior"].splits["roc_auc"]
    assert (splits[~np.isnan(splits)] == 0.5).all()


def test_one_seed_gives_one_result(drawn, trial) -> None:
    again = cross_validated(
        drawn.y, drawn.scores, drawn.folds, exact={"noisy": False}, replicates=300
    )
    for name in trial.arms:
        assert again[name].evaluation.estimates == trial[name].evaluation.estimates
        assert again[name].differences == trial[name].differences


def test_another_arm_changes_nothing(drawn, trial) -> None:
    more = cross_validated(
        drawn.y,
        {"third": -drawn.scores["noisy"], **drawn.scores},
        drawn.folds,
        exact={"noisy": False},
        replicates=300,
    )
    assert more["noisy"].evaluation.estimates == trial["noisy"].evaluation.estimates
    assert more["noisy"].differences == trial["noisy"].differences


def test_moving_and_stretching_an_arm_keeps_its_ranking(drawn, trial) -> None:
    moved = {name: 0.5 * z + 2 for name, z in drawn.scores.items()}
    found = cross_validated(drawn.y, moved, drawn.folds, replicates=300)
    for metric in ("average_precision", "roc_auc"):
        before = trial["plain"].evaluation[metric]
        after = found["plain"].evaluation[metric]
        assert (after.value, after.low, after.high) == pytest.approx(
            (before.value, before.low, before.high), abs=1e-5
        )


def test_differences_are_differences(trial) -> None:
    better, worse = trial["plain"].evaluation, trial["noisy"].evaluation
    found = trial["noisy"].differences
    for metric, estimate in found.items():
        assert estimate.value == pytest.approx(
            worse[metric].value - better[metric].value
        )
        assert estimate.low < estimate.value < estimate.high
    assert trial["plain"].differences == {}
    # Paired: the interval is narrower than the arms' own.
    ap = better["average_precision"]
    assert found["average_precision"].high < 0.1
    assert trial.split_differences("noisy", "roc_auc").shape == (2, 5)
    assert ap.high - ap.low > 0.1


def test_auroc_is_the_mean_within_folds(drawn, trial) -> None:
    arm = trial["noisy"]
    expected = within_folds(arm.splits["roc_auc"], drawn.y == 1, drawn.folds)
    assert arm.evaluation["roc_auc"].value == pytest.approx(expected)


def test_intervals_hold_their_values_and_have_a_width(trial) -> None:
    for arm in trial.arms.values():
        for name, e in arm.evaluation.items():
            assert e.low < e.value < e.high or name == "flag_rate", name
            assert e.level == 0.95


def test_perfect_scores_are_not_certain(make_drawn) -> None:
    data = make_drawn(positives=12, shift=50.0)
    found = cross_validated(data.y, data.scores, data.folds, replicates=200)
    e = found["plain"].evaluation
    for name in ("average_precision", "roc_auc", "recall", "precision", "f1", "mcc"):
        assert e[name].value == 1.0
        assert e[name].low < 0.95, name
    assert found["noisy"].differences["roc_auc"].value == 0.0


def test_clusters_widen_the_intervals(make_drawn) -> None:
    data = make_drawn(positives=60, negatives=240)
    random = np.random.default_rng(0)
    cluster = np.where(data.y == 1, random.integers(0, 10, 300), 100 + np.arange(300))
    common = random.standard_normal(400)[cluster]
    scores = {"plain": data.scores["plain"] + 2 * common}
    alone = cross_validated(data.y, scores, data.folds, replicates=300)
    whole = cross_validated(
        data.y, scores, data.folds, replicates=300, clusters=cluster.astype(str)
    )
    a, b = (t["plain"].evaluation["roc_auc"] for t in (alone, whole))
    assert b.high - b.low > 1.3 * (a.high - a.low)
    assert a.value == b.value


def test_costs_give_the_threshold(drawn) -> None:
    found = cross_validated(
        drawn.y, drawn.scores, drawn.folds, costs=(1.0, 9.0), replicates=100
    )
    arm = found["plain"]
    assert arm.evaluation.threshold == pytest.approx(0.1)
    c = arm.evaluation.confusion
    assert c is not None
    assert arm.evaluation["cost"].value == pytest.approx((c.fp + 9 * c.fn) / 100)
    assert arm.evaluation["cost"].low < arm.evaluation["cost"].value


@pytest.mark.parametrize(
    ("objective", "options"),
    [("balanced_accuracy", {}), ("recall", {"floor": 0.8}), ("capacity", {"k": 10})],
)
def test_other_objectives_are_served(drawn, objective, options) -> None:
    found = cross_validated(
        drawn.y,
        drawn.scores,
        drawn.folds,
        objective=objective,
        replicates=60,
        **options,
    )
    assert 0 < found["plain"].evaluation["recall"].value <= 1


def test_a_single_line_of_scores_is_one_repeat(drawn) -> None:
    found = cross_validated(
        drawn.y, {"plain": drawn.scores["plain"][0]}, drawn.folds[0], replicates=60
    )
    assert (found.repeats, found.folds_per_repeat) == (1, 5)
    assert found.estimand == "a model trained on 4/5 of this table"
    assert found.leader.name == "plain"
    assert found.leader.optimism == pytest.approx(0, abs=1e-6)


def test_folds_without_positives_are_counted(make_drawn) -> None:
    data = make_drawn(positives=3)
    found = cross_validated(data.y, data.scores, data.folds, replicates=60)
    assert any("4 of 10 folds lack a class" in note for note in found.notes)
    assert np.isnan(found["plain"].splits["roc_auc"]).sum() == 4
    assert found["plain"].evaluation["roc_auc"].defined


def test_large_tables_draw_fewer_replicates(make_drawn, monkeypatch) -> None:
    from equipoise.evaluation import cross_validation

    monkeypatch.setattr(cross_validation, "CELLS", 100)
    monkeypatch.setattr(cross_validation, "FEWEST", 20)
    data = make_drawn()
    found = cross_validated(data.y, data.scores, data.folds)
    assert found.replicates == 20
    assert any("20 replicates instead of 1000" in note for note in found.notes)


def test_plain_rows(trial) -> None:
    rows = trial.frame("pyarrow").to_pylist()
    assert {row["arm"] for row in rows} == {"plain", "noisy"}
    assert len(rows) == sum(len(arm.evaluation) for arm in trial.arms.values())
    p = trial["noisy"].probability
    assert p.shape == trial.folds.shape
    assert ((p > 0) & (p < 1)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"baseline": "plane"}, "Did you mean 'plain'"),
        ({"folds": [0, 1]}, "folds of shape"),
        ({"folds": np.zeros(100, int)}, "at least two folds"),
        ({"folds": np.arange(100) % 5 - 1}, "negative"),
        ({"folds": np.arange(100) % 5 + 0.5}, "whole numbers"),
        ({"log_odds": {"plain": np.full(100, np.nan)}}, "not a number"),
        ({"log_odds": {"plain": np.zeros(99)}}, "shape"),
        ({"clusters": np.zeros(3)}, "one per row"),
        ({"costs": (1, 5), "objective": "mcc"}, "either costs"),
        ({"level": 1.0}, "level"),
        ({"objective": "accuracy"}, "objective"),
        ({"y": np.full(100, 3)}, "labels"),
    ],
)
def test_bad_input_is_one_clear_error(drawn, change, message) -> None:
    given = {
        "y": drawn.y,
        "log_odds": {"plain": drawn.scores["plain"][0]},
        "folds": drawn.folds[0],
        **change,
    }
    with pytest.raises(InputError, match=message):
        cross_validated(**given)


def test_one_rule_is_judged_and_its_choice_is_allowed_for(drawn, trial) -> None:
    """The figures are the rule's; the interval reaches lower than a fixed rule's."""
    arm = trial["noisy"]
    y, e = drawn.y == 1, arm.evaluation
    on = arm.probability >= e.threshold
    tp, fp = (on & y).sum(axis=1).mean(), (on & ~y).sum(axis=1).mean()
    assert e.confusion is not None
    assert (e.confusion.tp, e.confusion.fp) == (tp, fp)
    assert e["recall"].value == pytest.approx(tp / y.sum())
    assert e["f1"].value == pytest.approx(2 * tp / (tp + fp + y.sum()))
    low, high = e.threshold_range or (0, 0)
    each = 1 / (1 + np.exp(-arm.fitted.threshold))
    assert (low, high) == pytest.approx((each.min(), each.max()))
    assert low < high
    given = Decided(arm.decided.score, arm.decided.upper)
    fixed = cross_validated(
        drawn.y,
        {"noisy": drawn.scores["noisy"]},
        drawn.folds,
        exact={"noisy": False},
        replicates=300,
        baseline="noisy",
        decided={"noisy": given},
    )["noisy"].evaluation
    assert fixed.threshold_range is None
    for metric in ("recall", "precision", "f1", "balanced_accuracy"):
        assert fixed[metric].value == e[metric].value
        assert e[metric].low < fixed[metric].low - 0.005, metric
    assert fixed["average_precision"] == e["average_precision"]


def test_weights_are_copies_but_for_the_intervals(drawn) -> None:
    times = np.random.default_rng(0).integers(1, 4, drawn.y.size)
    rows = np.repeat(np.arange(drawn.y.size), times)
    options = {"replicates": 60, "costs": (1.0, 5.0)}
    weighted = cross_validated(
        drawn.y, drawn.scores, drawn.folds, weights=times, **options
    )
    copied = cross_validated(
        drawn.y[rows],
        {name: z[:, rows] for name, z in drawn.scores.items()},
        drawn.folds[:, rows],
        **options,
    )
    a, b = weighted["noisy"].evaluation, copied["noisy"].evaluation
    assert (a.rows, a.positives) == (100, 20)
    assert a.prevalence == pytest.approx(b.prevalence)
    aligned = weighted["noisy"].aligned
    each = [average_precision(drawn.y, z, times) for z in aligned]
    assert a["average_precision"].value == pytest.approx(np.mean(each))
    for name, estimate in a.items():
        # Copies tell more of how the folds differ, and so move average precision.
        near = 0.1 if name == "average_precision" else 1e-3
        assert estimate.value == pytest.approx(b[name].value, abs=near), name
        assert estimate.low <= estimate.value <= estimate.high
    for name in ("roc_auc", "recall"):
        assert a[name].high - a[name].low > b[name].high - b[name].low
    assert weighted.units < 20 < copied.units
    with pytest.raises(InputError, match="weights"):
        cross_validated(drawn.y, drawn.scores, drawn.folds, weights=-times)


def test_undecided_rows_are_told_over_repeats(drawn) -> None:
    costs = Costs(fp=1, fn=9, abstain=0.4)
    found = cross_validated(
        drawn.y, drawn.scores, drawn.folds, costs=costs, replicates=60
    )
    arm = found["noisy"]
    low, high = costs.band() or (0, 0)
    left = (arm.probability >= low) & (arm.probability < high)
    share = arm.evaluation["undecided"]
    assert share.value == pytest.approx(left.mean())
    assert 0 < share.low < share.value < share.high < 1
    assert arm.evaluation.lower == pytest.approx(low)
    assert any("rows are left undecided" in note for note in arm.evaluation.notes)


def test_a_rule_that_follows_from_costs_has_wider_ends_with_few_rows() -> None:
    """Its calibrator moves with the rows, though nothing is chosen on them."""
    drawn = np.random.default_rng(0).normal(0.5, 0.05, 2000)

    def width(units: int, chosen: float) -> float:
        given = ErrorBasis(units, 500.0, chosen=chosen)
        e = resampled_interval("recall", Estimate(0.5), drawn, given, 0.95)
        return e.high - e.low

    assert width(8, 0.0) > 1.1 * width(8, 1e-9)
    assert width(5000, 0.0) == pytest.approx(width(5000, 1e-9), rel=1e-3)


def rule_hits(positives: int, tables: int, seed: int) -> dict[str, float]:
    """Coverage of the chosen rule's worth on fresh rows; one fixed model."""
    found: dict[str, list[bool]] = {"recall": [], "precision": [], "f1": []}
    negatives = 9 * positives
    for table in range(tables):
        random = np.random.default_rng([seed, positives, table])
        y = np.repeat([0, 1], [negatives, positives])
        x = random.standard_t(5, y.size) + 1.5 * y
        fold = np.arange(y.size) % 5
        decided = Decided.choose(x[None], y == 1, as_objective("f1", {}))
        e = cross_validated(
            y,
            {"plain": x[None]},
            fold[None],
            replicates=150,
            seed=table,
            decided={"plain": decided},
        )["plain"].evaluation
        hit = stats.t.sf(decided.upper - 1.5, 5)
        precision = 0.1 * hit / (0.1 * hit + 0.9 * stats.t.sf(decided.upper, 5))
        f1 = 2 * hit * precision / (hit + precision)
        for name, true in (("recall", hit), ("precision", precision), ("f1", f1)):
            found[name].append(e[name].low <= true <= e[name].high)
    return {name: float(np.mean(rows)) for name, rows in found.items()}


def test_intervals_cover_what_the_chosen_rule_is_worth_small() -> None:
    for name, rate in rule_hits(10, 60, 0).items():
        assert rate >= 0.87, name  # .95 less three standard errors


@pytest.mark.slow
@pytest.mark.parametrize("positives", [8, 20, 60])
def test_intervals_cover_what_the_chosen_rule_is_worth(positives: int) -> None:
    for name, rate in rule_hits(positives, 800, 1).items():
        assert rate >= 0.93, name


def hit_rates(positives: int, tables: int, seed: int) -> dict[str, float]:
    """Coverage on normal classes; a discriminant with one known slope per split.

    The model of a split is the true direction with noise, so that its own AUROC,
    average precision and recall are known in closed form.
    """
    hits: dict[str, list[bool]] = {"roc_auc": [], "average_precision": [], "recall": []}
    negatives, share = 9 * positives, 0.1
    grid = np.linspace(-8, 9, 2000)[::-1]
    for table in range(tables):
        random = np.random.default_rng([seed, positives, table])
        y = np.repeat([0, 1], [negatives, positives])
        x = random.standard_normal((2, y.size)) + np.array([[1.5], [0.0]]) * y
        folds = np.stack([np.arange(y.size) % 5, random.permutation(y.size) % 5])
        for fold in folds:  # stratified
            for kind in (0, 1):
                rows = np.flatnonzero(y == kind)
                fold[rows] = random.permutation(rows.size) % 5
        angle = 0.6 * random.standard_normal((2, 5))
        w = np.stack([np.cos(angle), np.sin(angle)])
        own = w[:, np.arange(2)[:, None], folds]
        z = 1.5 * (own[0] * x[0] + own[1] * x[1]) - 3.0
        found = cross_validated(y, {"plain": z}, folds, replicates=200, seed=table)
        gap = 1.5 * np.cos(angle)
        auc = stats.norm.cdf(gap / math.sqrt(2)).mean()
        tpr, fpr = stats.norm.sf(grid - gap[..., None]), stats.norm.sf(grid)
        mid_t, mid_f = (tpr[..., 1:] + tpr[..., :-1]) / 2, (fpr[1:] + fpr[:-1]) / 2
        precision = share * mid_t / (share * mid_t + (1 - share) * mid_f)
        ap = (np.diff(tpr) * precision).sum(axis=-1).mean()
        arm = found["plain"]
        raw = np.empty((2, 5))
        for r in range(2):
            for k in range(5):
                c = arm.fitted.calibrators[r][k].apply(1.5 * grid - 3.0)
                raw[r, k] = np.interp(arm.decided.upper, c[::-1], grid[::-1])
        recall = stats.norm.sf(raw - gap).mean()
        for name, truth in (
            ("roc_auc", auc),
            ("average_precision", ap),
            ("recall", recall),
        ):
            e = arm.evaluation[name]
            hits[name].append(e.low <= truth <= e.high)
    return {name: float(np.mean(rows)) for name, rows in hits.items()}


def test_intervals_cover_what_they_say_small() -> None:
    for name, rate in hit_rates(12, 60, 0).items():
        assert rate >= 0.87, name  # .95 less three standard errors


@pytest.mark.slow
@pytest.mark.parametrize("positives", [8, 12, 50, 200])
def test_intervals_cover_what_they_say(positives: int) -> None:
    for name, rate in hit_rates(positives, 1000, 1).items():
        assert rate >= 0.93, name


def test_errors_of_differences_are_of_the_joint_replicates(drawn) -> None:
    trial = cross_validated(drawn.y, drawn.scores, drawn.folds, replicates=200)
    assert trial["plain"].errors == {}
    rows = EvaluatedRows(drawn.y == 1, drawn.folds, as_objective("f1", {}))
    arms = {name: ArmValues.of(z, rows) for name, z in drawn.scores.items()}
    draws = RowWeights(rows.y, None, 200, 0)
    noisy, plain = (replicate(arms, draws)[n].values for n in ("noisy", "plain"))
    gap = noisy["roc_auc"] - plain["roc_auc"]
    error = trial["noisy"].errors["roc_auc"]
    assert error == pytest.approx(np.sqrt(gap.var(ddof=1) * 20 / 19))
    assert error**2 < noisy["roc_auc"].var() + plain["roc_auc"].var()  # paired


@pytest.mark.parametrize("metric", ["balanced_accuracy", "f1", "mcc", "log_loss"])
def test_arms_are_compared_by_any_metric(drawn, metric: str) -> None:
    """Within each fold the value is scikit-learn's, of the rows and the one rule."""
    trial = cross_validated(
        drawn.y, drawn.scores, drawn.folds, metric=metric, replicates=60
    )
    scorers = {
        "balanced_accuracy": reference.balanced_accuracy_score,
        "f1": reference.f1_score,
        "mcc": reference.matthews_corrcoef,
    }
    for name, arm in trial.arms.items():
        for repeat, fold in enumerate(drawn.folds):
            for k in range(int(fold.max()) + 1):
                here = fold == k
                if metric == "log_loss":
                    p = arm.probability[repeat, here]
                    expected = reference.log_loss(drawn.y[here], p)
                else:
                    flags = arm.decided.flagged[repeat, here]
                    if metric == "mcc" and flags.all() | ~flags.any():
                        continue
                    expected = scorers[metric](drawn.y[here], flags)
                assert arm.splits[metric][repeat, k] == pytest.approx(expected)
        assert (metric in arm.differences) == (name != trial.baseline)
    values = {n: arm.evaluation[metric].value for n, arm in trial.arms.items()}
    best = min if metric == "log_loss" else max
    assert trial.leader.name == best(values, key=lambda name: values[name])
    assert trial.metric == metric


def test_a_metric_that_is_no_better_or_worse_is_refused(drawn) -> None:
    with pytest.raises(InputError, match="balanced_accuracy"):
        cross_validated(drawn.y, drawn.scores, drawn.folds, metric="flag_rate")
    with pytest.raises(InputError, match="metric"):
        cross_validated(drawn.y, drawn.scores, drawn.folds, metric="cost")
