# SPDX-License-Identifier: Apache-2.0
"""The strategies that have a name, one line each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from equipoise._core.checks import number, one_of, sentence
from equipoise.errors import InputError, InputTypeError
from equipoise.sampling.by_group import ByGroup
from equipoise.sampling.groups import GroupBalanced
from equipoise.strategies.blended import AVERAGE_PRECISION, Blend
from equipoise.strategies.classifier_object import classified, is_classifier_object
from equipoise.strategies.sampler_object import is_sampler_object, resampled
from equipoise.strategies.strategy import Strategy

CATALOGUE: dict[str, Strategy] = {
    entry.name: entry
    for entry in (
        Strategy("prior", learner="prior"),
        Strategy("trees", learner="trees"),
        Strategy("extra_trees", learner="extra_trees"),
        Strategy(
            "deep_trees",
            learner="extra_trees",
            options={"leaf_rows": 1, "column_share": 1.0},
        ),
        Strategy("lightgbm", learner="lightgbm"),
        Strategy("xgboost", learner="xgboost"),
        Strategy("catboost", learner="catboost"),
        Strategy("logistic", learner="logistic"),
        Strategy("piecewise", learner="logistic", options={"pieces": 8}),
        Strategy("plain"),
        Strategy("class_weight", weights="balanced"),
        Strategy("log_weight", weights="log"),
        Strategy("sqrt_weight", weights="sqrt"),
        Strategy("effective_number", weights="effective_number"),
        Strategy("capped_weight", weights="capped"),
        Strategy("oversample", sampling="oversample"),
        Strategy("undersample", sampling="undersample"),
        Strategy("balanced_batches", sampling="balanced"),
        Strategy("stratified_batches", sampling="stratified"),
        Strategy("sqrt_batches", sampling="sqrt"),
        Strategy("quota_batches", sampling="quotas"),
        Strategy("repeat_factor", sampling="repeat_factor"),
        Strategy("progressive_batches", sampling="progressive"),
        Strategy("smote", sampling="oversample", synthesis="smote"),
        Strategy(
            "borderline_smote", sampling="oversample", synthesis="borderline_smote"
        ),
        Strategy(
            "borderline_smote_2", sampling="oversample", synthesis="borderline_smote_2"
        ),
        Strategy("adasyn", sampling="oversample", synthesis="adasyn"),
        Strategy("mlsmote", sampling="oversample", synthesis="mlsmote"),
        Strategy("jitter", sampling="oversample", synthesis="jitter"),
        Strategy("mixup", synthesis="mixup"),
        Strategy("remix", synthesis="remix"),
        Strategy("balanced_mixup", synthesis="balanced_mixup"),
        Strategy("focal", loss="focal"),
        Strategy("logit_adjusted", loss="logit_adjusted"),
        Strategy("class_balanced", loss="class_balanced"),
        Strategy("balanced_softmax", loss="balanced_softmax"),
        Strategy("vector_scaling", loss="vector_scaling"),
        Strategy("ldam", loss="ldam"),
        Strategy(
            "ldam_drw",
            weights="effective_number",
            loss="ldam",
            options={"deferred": 0.8},
        ),
        Strategy("poly", loss="poly"),
        Strategy("asymmetric", loss="asymmetric"),
        Strategy("pairwise_auc", sampling="balanced", loss="pairwise_auc"),
        Strategy("auc_margin", sampling="balanced", loss="auc_margin"),
        Strategy("pairwise_hinge", sampling="balanced", loss="pairwise_hinge"),
        Strategy("pairwise_logistic", sampling="balanced", loss="pairwise_logistic"),
        Strategy("partial_auc", sampling="balanced", loss="partial_auc"),
        Strategy("average_precision", sampling="balanced", loss="average_precision"),
        Strategy(
            "precision_at_recall", sampling="balanced", loss="precision_at_recall"
        ),
        Strategy(
            "recall_at_precision", sampling="stratified", loss="recall_at_precision"
        ),
        Strategy("dice", sampling="stratified", loss="dice"),
        Strategy("tversky", sampling="stratified", loss="tversky"),
        Strategy("soft_f_beta", sampling="stratified", loss="soft_f_beta"),
        Strategy("bagging", plan="bagging"),
        Strategy("under_bagging", plan="under_bagging"),
        Strategy(
            "easy_ensemble", learner="tree", plan="easy_ensemble", options={"depth": 3}
        ),
        Strategy(
            "balance_cascade",
            learner="tree",
            plan="balance_cascade",
            options={"depth": 3},
        ),
        Strategy("self_paced", learner="tree", plan="self_paced"),
        Strategy("adaboost", learner="tree", plan="adaboost", options={"depth": 3}),
        Strategy("rusboost", learner="tree", plan="rusboost", options={"depth": 3}),
        Strategy("smoteboost", learner="tree", plan="smoteboost", options={"depth": 3}),
        Strategy("crt", learner="head", sampling="balanced"),
        Strategy("tau_norm", learner="tau_norm"),
        Strategy("lws", learner="lws", weights="balanced"),
        Strategy("ncm", learner="ncm"),
        Strategy("logit_adjusted_head", learner="head", loss="logit_adjusted"),
        Strategy(
            "ldam_head",
            learner="head",
            weights="effective_number",
            loss="ldam",
            options={"deferred": 0.8},
        ),
        Strategy("isolation_forest", learner="isolation_forest"),
        Strategy("autoencoder", learner="autoencoder"),
        Strategy("deep_sad", learner="deep_sad"),
        Strategy("dev_net", learner="dev_net"),
    )
}

AUTO = {
    "logistic": 1,
    "piecewise": 1,
    "trees": 4,
    "extra_trees": 4,
    "deep_trees": 2,
    "plain": 2,
}
"""What "auto" averages, and the shares before any data: as much for boosted trees, for
randomised trees, and for the three smooth models together; half of it for deep trees,
which are far better than the others on some tables and far worse on others."""

CATALOGUE["auto"] = Blend(
    "auto",
    blended=tuple(CATALOGUE[name] for name in AUTO),
    shares=tuple(AUTO.values()),
    rule=AVERAGE_PRECISION,
)

_GROUPS = f"{GroupBalanced.name}_"
"""How names of strategies begin whose rows are drawn by groups."""

SWEEP_WEIGHTS: tuple[float, ...] = (1, 1.5, 2, 3, 5, 7, 10, 14, 20, 30)
"""Positive weights of the sweep, evenly spaced on a logarithmic scale."""


def catalogue() -> dict[str, Strategy]:
    """Return every strategy that has a name, in the order of the docs.

    Example:
        >>> list(catalogue())[:5]
        ['prior', 'trees', 'extra_trees', 'deep_trees', 'lightgbm']
    """
    return dict(CATALOGUE)


def strategy(name: str) -> Strategy:
    """Return the strategy of a name.

    Raises:
        InputError: There is none; the nearest name is suggested.

    Example:
        >>> strategy("class_weight")
        Strategy('class_weight', weights='balanced')
    """
    return CATALOGUE[one_of(name, CATALOGUE, "strategy")]


def sweep_strategies(weights: Sequence[float] = SWEEP_WEIGHTS) -> list[Strategy]:
    """Return one strategy per weight of the positives.

    Drawn against moving the threshold of the first, they show whether weighting
    does anything that a threshold does not.

    Args:
        weights: How many negatives a positive counts for, each above 0.

    Raises:
        InputError: A weight is not above 0, or comes twice.

    Example:
        >>> [s.name for s in sweep_strategies((1, 30))]
        ['weight_1', 'weight_30']
    """
    values = [number(w, "a weight", 0, open_ends=True) for w in weights]
    if len(set(values)) < len(values):
        raise InputError(sentence(f"weights={tuple(weights)!r}", "each weight once"))
    return [
        Strategy(f"weight_{w:g}", weights="fixed", options={"positive_weight": w})
        for w in values
    ]


def as_strategies(items: Iterable[Any] | str | Strategy) -> list[Strategy]:
    """Return strategies from names, strategies and samplers, in their order.

    "sweep" stands for all of `sweep_strategies()`, and "weight_3" for one of them;
    "groups" for rows drawn by the groups of `group=`, and "groups_site" by those of the
    column "site" (`equipoise.sampling.ByGroup`). An object with `fit_resample`, as
    imbalanced-learn's samplers are, stands for `resampled(object)`: trees on the
    rows that it makes of each training part. A classifier with scikit-learn's interface
    stands for `classified(object)`, and (name, object) for one with a name.

    Args:
        items: One or several names of the catalogue, strategies, samplers, or
            classifiers.

    Raises:
        InputTypeError: Something is none of these.
        InputError: A name is unknown, there is no strategy, or two have one name.

    Example:
        >>> as_strategies(["plain", Strategy(loss="focal")])
        [Strategy('plain'), Strategy('focal', loss='focal')]
    """
    alone = is_sampler_object(items) or is_classifier_object(items)
    alone = alone or isinstance(items, str | Strategy)
    several: Any = items
    each: list[Any] = [items] if alone else list(several)
    sweep = {entry.name: entry for entry in sweep_strategies()}
    strategies: list[Strategy] = []
    for item in each:
        if isinstance(item, Strategy):
            strategies.append(item)
        elif item == "sweep":
            strategies.extend(sweep.values())
        elif isinstance(item, str) and item in sweep:
            strategies.append(sweep[item])
        elif isinstance(item, str) and f"{item}_".startswith(_GROUPS):
            column = item.removeprefix(_GROUPS[:-1]).removeprefix("_")
            strategies.append(Strategy(sampling=ByGroup(column or None)))
        elif isinstance(item, str):
            name = one_of(item, [*CATALOGUE, "sweep"], "strategy")
            strategies.append(CATALOGUE[name])
        elif is_sampler_object(item):
            strategies.append(resampled(item))
        elif is_classifier_object(item):
            strategies.append(classified(item))
        elif _is_named(item):
            strategies.append(classified(item[1], item[0]))
        else:
            raise InputTypeError(
                sentence(
                    f"the strategy {item!r}",
                    "a name, a Strategy, an object with fit_resample(X, y), a "
                    "classifier with scikit-learn's interface, or (name, classifier)",
                )
            )
    _require_different_names(strategies)
    return strategies


def columns_to_draw_by(
    strategies: Iterable[Strategy], group: str | None
) -> tuple[str, ...]:
    """Return the columns that are read because rows are drawn by their groups.

    Args:
        strategies: The arms of a trial.
        group: The column of `group=`, or None.

    Example:
        >>> columns_to_draw_by(as_strategies(["plain", "groups_site", "groups"]), "who")
        ('site', 'who')
    """
    named = [each.column for arm in strategies for each in arm.draws_by]
    columns = [group if column is None else column for column in named]
    return tuple(dict.fromkeys(column for column in columns if column is not None))


def _is_named(item: Any) -> bool:
    """Return whether something is a pair of a name and a classifier."""
    pair = isinstance(item, tuple) and len(item) == 2
    return pair and isinstance(item[0], str) and is_classifier_object(item[1])


def _require_different_names(strategies: Sequence[Strategy]) -> None:
    if not strategies:
        raise InputError(
            sentence("no strategy", "at least one", "See equipoise.catalogue().")
        )
    names = [entry.name for entry in strategies]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            sentence(
                f"two strategies of the name {twice!r}",
                "different names",
                "Pass Strategy(name=...), or (name, classifier).",
            )
        )
