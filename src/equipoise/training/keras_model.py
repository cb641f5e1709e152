# SPDX-License-Identifier: Apache-2.0
"""Trained networks as one ordinary Keras model that takes raw columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from equipoise._core.checks import one_of, sentence
from equipoise.errors import InputError
from equipoise.training.scorer import NetworkScorer


def network_keras_model(
    scorers: Sequence[NetworkScorer], *, output: str = "probability"
) -> Any:
    """Return a `keras.Model` of one member, or of the average of several.

    The model takes a dictionary of raw columns, as `Table.raw` gives them. Each
    network's logits are corrected first; then the probabilities are averaged: of
    the networks of a scorer, and of the scorers.

    Args:
        scorers: One fitted model, or those of all folds, with the same columns.
        output: "probability" of the positive class, or "log_odds", `[rows, 1]`.

    Raises:
        InputError: There is no scorer, or their columns differ.
    """
    import keras

    from equipoise.networks.encoding import EncodingLayer, raw_inputs
    from equipoise.networks.layer import (
        AverageLogOdds,
        CorrectedLogOdds,
        TabularNetwork,
    )

    one_of(output, ("probability", "log_odds"), "output")
    _require_alike(scorers)
    inputs = raw_inputs(scorers[0].encoding)
    averages = []
    for number, scorer in enumerate(scorers):
        encoding = EncodingLayer(scorer.encoding, name=f"equipoise-encoding-{number}")
        network = TabularNetwork(scorer.spec, scorer.layout, scorer.networks)
        network.assign(scorer.weights)
        correction = scorer.correction
        corrected = CorrectedLogOdds(
            correction.kind, correction.offset, correction.gamma
        )
        odds = corrected(network(encoding(inputs)))
        averages.append(AverageLogOdds()(odds) if scorer.networks > 1 else odds)
    result = averages[0]
    if len(averages) > 1:
        result = AverageLogOdds()(keras.layers.Concatenate()(averages))
    if output == "probability":
        result = keras.layers.Activation("sigmoid", name="probability")(result)
    return keras.Model(inputs, result)


def _require_alike(scorers: Sequence[NetworkScorer]) -> None:
    columns = {tuple(sorted(s.encoding.columns.items())) for s in scorers}
    if len(columns) != 1:
        raise InputError(
            sentence(
                f"{len(scorers)} fitted models with {len(columns)} sets of columns",
                "one or more with the same columns",
            )
        )
