# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.sampling import Rate
from equipoise.strategies import Strategy
from equipoise.synthesis import Mixup


def test_options_are_normalised():
    one = Strategy(loss="focal", options={"gamma": 1.0, "alpha": 0.25})
    two = Strategy(loss="focal", options=[("alpha", 0.25), ("gamma", np.float64(1.0))])
    assert one == two
    assert hash(one) == hash(two)
    assert one.options == (("alpha", 0.25), ("gamma", 1.0))
    assert type(two.options[1][1]) is float


def test_it_is_frozen_and_can_be_copied():
    strategy = Strategy(loss="focal")
    with pytest.raises(AttributeError):
        strategy.loss = "cross_entropy"
    assert pickle.loads(pickle.dumps(strategy)) == strategy


def test_plain_data_survives_json():
    strategy = Strategy(
        "mine", sampling="undersample", options={"ratio": 0.5, "fresh": False}
    )
    again = Strategy.from_dict(json.loads(json.dumps(strategy.to_dict())))
    assert again == strategy
    with pytest.raises(InputError, match="Did you mean 'sampling'"):
        Strategy.from_dict({"samplng": "balanced"})


def test_repr_is_short():
    assert repr(Strategy()) == "Strategy('plain')"
    shown = repr(Strategy("x", sampling="rate", options={"rate": 0.1}))
    assert shown == "Strategy('x', sampling='rate', rate=0.1)"


def test_option_falls_back_to_the_parts_default():
    focal = Strategy(loss="focal", options={"gamma": 1.0})
    assert focal.option("gamma") == 1.0
    assert focal.option("alpha", 7) is None
    assert focal.option("cap", 7) == 7
    assert Strategy(weights="capped").option("cap") == 10.0
    assert Strategy(loss="auc_margin").option("warm_start") == 0.25


def test_parts_get_their_numbers():
    strategy = Strategy(
        sampling="rate", synthesis="mixup", options={"rate": 0.2, "concentration": 1.0}
    )
    assert strategy.sampler() == Rate(0.2)
    assert strategy.synthesizer() == Mixup(1.0)
    assert Strategy().synthesizer() is None


def test_class_weights():
    strategy = Strategy(weights="fixed", options={"positive_weight": 4})
    w0, w1 = strategy.class_weights([75, 25])
    assert w1 / w0 == pytest.approx(4)
    assert 0.75 * w0 + 0.25 * w1 == pytest.approx(1)
    assert Strategy().class_weights([75, 25]).tolist() == [1.0, 1.0]


def test_loss_options_hold_the_drawn_prior():
    adjusted = Strategy(loss="logit_adjusted", options={"tau": 0.5})
    assert adjusted.loss_options([90, 10]) == {"tau": 0.5, "prior": 0.1}
    rated = Strategy(loss="logit_adjusted", sampling="rate", options={"rate": 0.3})
    assert rated.loss_options([90, 10])["prior"] == 0.3
    assert Strategy(loss="auc_margin").loss_options([90, 10]) == {"margin": 1.0}


@pytest.mark.parametrize("bad", [3, {"gamma": [1]}, {3: 1.0}, [1, 2]])
def test_options_are_names_and_numbers(bad):
    with pytest.raises(InputTypeError, match="Accepted"):
        Strategy(loss="focal", options=bad)


def test_made_rows_are_neighbours_and_cannot_be_replaced():
    assert Strategy(weights="balanced").takes_new_rows
    assert not Strategy(sampling="balanced", synthesis="smote").takes_new_rows
