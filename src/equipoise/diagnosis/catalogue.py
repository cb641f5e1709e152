# SPDX-License-Identifier: Apache-2.0
"""The list of checks: adding one is a file in `checks` and a line here."""

from __future__ import annotations

import importlib

from equipoise.diagnosis.finding import Check

_FILES = (
    "estimate_precision",
    "precision_floor",
    "small_test",
    "prevalence_gap",
    "misleading_metric",
    "duplicate_rows",
    "shared_rows",
    "conflicting_labels",
    "lone_predictor",
    "identifier",
    "row_order",
    "file_shift",
    "time_drift",
    "groups",
    "rare_categories",
    "telling_gaps",
    "extreme_values",
    "idle_columns",
    "overlap",
    "small_disjuncts",
    "positive_types",
    "label_noise",
    "more_data",
    "near_copies",
    "made_rows",
    "unequal_classes",
    "scarce_classes",
    "label_pairs",
    "inseparable_classes",
    "similar_names",
    "constant_labels",
    "unknown_labels",
)

CHECKS: list[Check] = [
    importlib.import_module(f"equipoise.diagnosis.checks.{name}").CHECK
    for name in _FILES
]
"""Every check, in the order of its code; those of users after ours."""
