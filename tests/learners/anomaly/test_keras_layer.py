# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from equipoise.jobs import Job
from equipoise.learners.anomaly.autoencoder import AutoencoderLearner
from equipoise.learners.anomaly.deep_sad import DeepSadLearner
from equipoise.learners.anomaly.dev_net import DevNetLearner
from equipoise.learners.anomaly.isolation_forest import IsolationForestLearner
from equipoise.learners.anomaly.members import DetectorSettings
from equipoise.strategies.learner_records import LEARNERS
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table

QUICK = DetectorSettings(looks=2)
LEARNERS_OF = {
    "isolation_forest": IsolationForestLearner(),
    "autoencoder": AutoencoderLearner(QUICK),
    "deep_sad": DeepSadLearner(QUICK),
    "dev_net": DevNetLearner(QUICK),
}


@pytest.mark.parametrize("name", LEARNERS_OF)
def test_the_layers_give_the_scores(
    name: str, rare_table: Table, jobs_of: Callable[..., list[Job]]
) -> None:
    import keras

    from equipoise._core.lazy import loaded
    from equipoise.networks.encoding import input_names, raw_inputs

    arm = Strategy(learner=name)
    (job,) = jobs_of(rare_table, arm, parts=1)
    (outcome,) = LEARNERS_OF[name].run(rare_table, [job], keep=True)
    scorer = outcome.scorer
    inputs = raw_inputs(scorer.encoding)
    model = keras.Model(inputs, loaded(LEARNERS[name].keras)(scorer, "one", inputs))
    names = input_names(scorer.encoding)
    raw = {names[k]: v for k, v in rare_table.raw().items() if k in names}
    found = np.asarray(model(raw))
    assert found.shape == (len(rare_table), 1)
    np.testing.assert_allclose(found, scorer.log_odds(rare_table), atol=1e-9)
