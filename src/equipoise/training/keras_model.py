# SPDX-License-Identifier: Apache-2.0
"""Trained networks as one ordinary Keras model that takes raw columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from equipoise._core.checks import one_of, sentence
from equipoise.errors import InputError
from equipoise.training.scorer import NetworkScorer


def network_keras_model(
    scorers: Sequence[NetworkScorer],
    *,
    output: str = "probability",
    dtypes: Mapping[str, str] | None = None,
) -> Any:
    """Return a `keras.Model` of one member, or of the average of several.

    The model takes a dictionary of raw columns, as `Table.raw` gives them. Each
    network's logits are corrected first; then the probabilities are averaged: of
    the networks of a scorer, and of the scorers.

    Args:
        scorers: One fitted model, or those of all folds, with the same columns.
        output: "probability" of the positive class, or "log_odds", `[rows, 1]`. Of
            several classes the probabilities of all, or logits, `[rows, classes]`; of
            labels each one's, `[rows, labels]`.
        dtypes: The data types of inputs that are not the usual ones; see `raw_inputs`.

    Raises:
        InputError: There is no scorer, or their columns or their outputs differ.
    """
    import keras

    from equipoise.networks.encoding import EncodingLayer, raw_inputs
    from equipoise.networks.layer import (
        AverageLogOdds,
        CorrectedLogOdds,
        TabularNetwork,
        stacked_scores,
    )

    one_of(output, ("probability", "log_odds"), "output")
    _require_alike(scorers)
    link, width = scorers[0].link, scorers[0].width
    inputs = raw_inputs(scorers[0].encoding, dtypes)
    averages = []
    for number, scorer in enumerate(scorers):
        encoding = EncodingLayer(scorer.encoding, name=f"equipoise-encoding-{number}")
        network = TabularNetwork(
            scorer.spec, scorer.layout, scorer.networks, width=width
        )
        network.assign(scorer.weights)
        corrected = CorrectedLogOdds.of(scorer.correction)
        odds = corrected(network(encoding(inputs)))
        several = scorer.networks > 1 or width > 1
        averages.append(AverageLogOdds(link)(odds) if several else odds)
    result = averages[0]
    if len(averages) > 1:
        result = AverageLogOdds(link)(stacked_scores(averages))
    if output == "probability":
        result = keras.layers.Activation(link, name="probability")(result)
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
    outputs = {(scorer.width, scorer.link) for scorer in scorers}
    if len(outputs) != 1:
        widths = " and ".join(sorted({str(scorer.width) for scorer in scorers}))
        raise InputError(
            sentence(
                f"fitted models of different tasks, with {widths} outputs",
                "models of one task",
            )
        )
