# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise import losses
from equipoise.errors import InputTypeError
from equipoise.strategies import Strategy


@pytest.mark.parametrize(
    ("loss", "instead"),
    [
        (losses.Switch({"a": losses.CrossEntropy()}), "one strategy for each of its"),
        (
            losses.Combined([losses.CrossEntropy(), losses.Focal()]),
            "one strategy for each of its",
        ),
        (
            losses.Scheduled([losses.CrossEntropy(), losses.PairwiseAUC()], [3]),
            "'warm_start': 0.25",
        ),
        (losses.ClassWeighted(losses.CrossEntropy(), [1.0, 9.0]), "weights={class"),
        (losses.Focal(gamma=3.0), "Pass loss='focal', options={'gamma': 3.0}."),
        (losses.PairwiseAUC(), "Pass loss='pairwise_auc'."),
        (losses.Dice, "Pass loss='dice'."),
        (len, "equipoise.register"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_object_is_refused_with_what_takes_its_place(loss, instead):
    with pytest.raises(InputTypeError) as raised:
        Strategy(loss=loss)
    assert instead in str(raised.value)
    assert "'cross_entropy'" in str(raised.value)


@pytest.mark.parametrize("loss", [None, 3])
def test_what_is_no_loss_is_refused_as_a_name(loss):
    with pytest.raises(InputTypeError, match=f"loss={loss}"):
        Strategy(loss=loss)


def test_what_is_said_instead_works():
    assert Strategy(loss="focal", options={"gamma": 3.0}).option("gamma") == 3.0
    Strategy(loss="pairwise_auc", sampling="balanced", options={"warm_start": 0.25})
    Strategy(weights="balanced", options={"deferred": 0.8})
