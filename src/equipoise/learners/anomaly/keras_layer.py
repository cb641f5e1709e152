# SPDX-License-Identifier: Apache-2.0
"""Fitted detectors as Keras layers, for export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from equipoise.learners.anomaly.isolation_forest import IsolationForestScorer
from equipoise.learners.trees.keras_layer import TreeMatrix, forest_layer


def isolation_log_odds(
    scorer: IsolationForestScorer, name: str, inputs: Mapping[str, Any]
) -> Any:
    """Return the scores of an isolation forest, `[rows, 1]` float64.

    Args:
        scorer: The forest.
        name: The name of its layers.
        inputs: Keras inputs, the raw columns by name.
    """
    matrix = TreeMatrix(scorer.encoding, "ordinal", f"equipoise-{name}")(inputs)
    return forest_layer(scorer.forest)(matrix)
