# SPDX-License-Identifier: Apache-2.0
"""Every registered object against every contract."""

from __future__ import annotations

import pytest

from equipoise import losses
from equipoise.learners.anomaly.autoencoder import AutoencoderLearner
from equipoise.learners.anomaly.deep_sad import DeepSadLearner
from equipoise.learners.anomaly.dev_net import DevNetLearner
from equipoise.learners.anomaly.members import DetectorSettings
from equipoise.learners.network import NetworkLearner
from equipoise.learners.trees.extra import ExtraTreesLearner
from equipoise.learners.trees.histogram import TreesLearner
from equipoise.metrics import METRICS
from equipoise.networks import network, network_names
from equipoise.sampling.samplers import SAMPLERS, make_sampler
from equipoise.strategies.catalogue import catalogue, sweep_strategies
from equipoise.strategies.learner_records import LEARNERS
from equipoise.strategies.strategy import Strategy
from equipoise.synthesis.syntheses import SYNTHESES, make_synthesis
from equipoise.testing import (
    LEARNER_CHECKS,
    LOSS_CHECKS,
    METRIC_CHECKS,
    NETWORK_CHECKS,
    SAMPLER_CHECKS,
    SCHEME_CHECKS,
    STRATEGY_CHECKS,
    SYNTHESIS_CHECKS,
    LearnerCase,
)
from equipoise.training.settings import TrainingSettings
from equipoise.weights.schemes import SCHEMES

# Settings other than the defaults, one set or more for every registered name.
LOSS_OPTIONS = {
    "cross_entropy": [{}],
    "focal": [{"gamma": 1.5, "alpha": 0.3}, {"gamma": 0.5}],
    "logit_adjusted": [{"prior": 0.04, "tau": 0.7}],
    "weighted_cross_entropy": [{"class_weight": 7.0}],
    "class_balanced": [{"prior": 0.04, "rows": 500, "beta": 0.99, "gamma": 1.5}],
    "balanced_softmax": [{"prior": 0.04}],
    "vector_scaling": [{"prior": 0.04, "tau": 0.7, "gamma": 0.2}],
    "ldam": [{"prior": 0.04, "max_margin": 0.3, "scale": 2.0}],
    "poly": [{"epsilon": 2.0}, {"epsilon": -0.5}],
    "asymmetric": [{"gamma_negative": 2.0, "cutoff": 0.1}],
    "expected_cost": [{"miss": 20.0, "false_alarm": 2.0}],
    "pairwise_auc": [{"margin": 0.6}],
    "auc_margin": [{"margin": 0.8}],
    "pairwise_hinge": [{"margin": 0.6}],
    "pairwise_logistic": [{}],
    "partial_auc": [{"max_fpr": 0.43, "min_tpr": 0.21, "margin": 0.7}],
    "average_precision": [{"margin": 0.6}],
    "precision_at_recall": [{"recall": 0.7}],
    "recall_at_precision": [{"precision": 0.6, "penalty": 3.0}],
    "dice": [{}],
    "tversky": [{"false_positives": 0.3, "false_negatives": 0.8}],
    "soft_f_beta": [{"recall_weight": 2.0}],
}
SAMPLER_OPTIONS = {
    "natural": [{}],
    "stratified": [{}],
    "balanced": [{}],
    "sqrt": [{}],
    "rate": [{"rate": 0.1}, {"rate": 1 / 3}, {"rate": 0.9}],
    "quotas": [{}, {"share": 0.2}],
    "repeat_factor": [{}, {"threshold": 0.5}],
    "progressive": [{}, {"passes": 3}],
    "oversample": [{}, {"ratio": 0.37}, {"ratio": 20.0}],
    "undersample": [{}, {"ratio": 0.4}, {"ratio": 1.0, "fresh": False}],
    "bootstrap": [{}],
}
SYNTHESIS_OPTIONS = {
    "smote": [{}, {"neighbours": 2}],
    "borderline_smote": [{}, {"neighbours": 3, "nearby": 5}],
    "borderline_smote_2": [{}, {"neighbours": 3, "nearby": 5}],
    "adasyn": [{}, {"neighbours": 3}],
    "mlsmote": [{}, {"neighbours": 2}],
    "jitter": [{}, {"spread": 0.3}],
    "mixup": [{}, {"concentration": 1.0}],
    "remix": [{}, {"concentration": 0.4, "kappa": 2.0, "tau": 0.9}],
    "balanced_mixup": [{}, {"concentration": 1.0}],
}
QUICK_LEARNERS = {
    "network": lambda: NetworkLearner("linear", TrainingSettings(epochs=8)),
    "trees": lambda: TreesLearner(members=2),
    "extra_trees": lambda: ExtraTreesLearner(trees=24, leaves=(3, 10)),
    "autoencoder": lambda: AutoencoderLearner(DetectorSettings(looks=4)),
    "deep_sad": lambda: DeepSadLearner(DetectorSettings(looks=6)),
    "dev_net": lambda: DevNetLearner(DetectorSettings(looks=6)),
}
SCHEME_OPTIONS = {
    "balanced": [{}],
    "log": [{}],
    "log_inverse": [{}],
    "sqrt": [{}],
    "effective_number": [{}, {"beta": 0.9}, {"beta": 0.0}],
    "capped": [{"cap": 4.0}, {"cap": 1.0}],
    "fixed": [{"positive_weight": 3.0}],
}
COMPOSED = [
    Strategy(weights="effective_number", sampling="balanced", loss="focal"),
    Strategy(sampling="rate", options={"rate": 0.2}, loss="logit_adjusted"),
    Strategy(sampling="balanced", synthesis="smote", weights="sqrt"),
    Strategy(plan="bagging", sampling="balanced", options={"members": 3}),
    Strategy(synthesis="mixup", loss="focal", options={"alpha": 0.25}),
    Strategy(learner="trees", weights="capped", options={"cap": 3}),
]


def pairs(options):
    return [(name, each) for name, sets in options.items() for each in sets]


def named(check):
    return check.__name__


METRIC_OPTIONS = {name: [{}] for name in METRICS} | {
    "precision_at_k": [{"k": 5}],
    "recall_at_k": [{"k": 7}],
    "f_beta": [{"beta": 2.0, "threshold": 0.4}],
    "cost": [{}, {"false_negative": 20.0}],
}


def test_every_registered_name_is_enrolled():
    assert set(LOSS_OPTIONS) == set(losses.loss_names())
    assert set(SAMPLER_OPTIONS) == set(SAMPLERS)
    assert set(SCHEME_OPTIONS) == set(SCHEMES)
    assert set(SYNTHESIS_OPTIONS) == set(SYNTHESES)


@pytest.mark.parametrize("check", LOSS_CHECKS, ids=named)
@pytest.mark.parametrize(("name", "options"), pairs(LOSS_OPTIONS), ids=str)
def test_loss(check, name, options):
    check(losses.get(name), options)


@pytest.mark.parametrize("check", SAMPLER_CHECKS, ids=named)
@pytest.mark.parametrize(("name", "options"), pairs(SAMPLER_OPTIONS), ids=str)
def test_sampler(check, name, options):
    check(make_sampler(name, **options))


@pytest.mark.parametrize("check", SCHEME_CHECKS, ids=named)
@pytest.mark.parametrize(("name", "options"), pairs(SCHEME_OPTIONS), ids=str)
def test_scheme(check, name, options):
    check(name, options)


@pytest.mark.parametrize("check", STRATEGY_CHECKS, ids=named)
@pytest.mark.parametrize(
    "strategy",
    [*catalogue().values(), *sweep_strategies(), *COMPOSED],
    ids=lambda strategy: strategy.name,
)
def test_strategy(check, strategy):
    check(strategy)


@pytest.mark.parametrize("check", METRIC_CHECKS, ids=named)
@pytest.mark.parametrize(("name", "options"), pairs(METRIC_OPTIONS), ids=str)
def test_metric(check, name, options):
    check(METRICS[name], options)


@pytest.mark.parametrize("check", SYNTHESIS_CHECKS, ids=named)
@pytest.mark.parametrize(("name", "options"), pairs(SYNTHESIS_OPTIONS), ids=str)
def test_synthesis(check, name, options):
    check(make_synthesis(name, **options))


@pytest.mark.parametrize("check", NETWORK_CHECKS, ids=named)
@pytest.mark.parametrize("name", network_names())
def test_network(check, name):
    check(network(name))


@pytest.mark.parametrize("check", LEARNER_CHECKS, ids=named)
@pytest.mark.parametrize(
    "name", [name for name, record in LEARNERS.items() if not record.needs_model]
)
def test_learner(check, name):
    record = LEARNERS[name]
    make = QUICK_LEARNERS.get(name, record.load_learner())
    check(LearnerCase(record, make()))
