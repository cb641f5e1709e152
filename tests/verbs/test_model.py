# SPDX-License-Identifier: Apache-2.0
"""What a user does with a fitted model."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.verbs.model import FittedModel, load


def test_saved_pickled_and_copied_models_score_alike(
    linear: FittedModel, make_rows: Callable[..., Any], tmp_path: Path
) -> None:
    rows = make_rows(50, seed=2)
    scores = linear.log_odds(rows)
    again = load(linear.save(tmp_path / "linear.equipoise"))
    for other in (again, pickle.loads(pickle.dumps(linear)), copy.copy(linear)):
        assert type(other) is FittedModel
        np.testing.assert_array_equal(other.log_odds(rows), scores)
    assert repr(linear) == "<FittedModel 1.00 logistic; target 'fraud'>"
