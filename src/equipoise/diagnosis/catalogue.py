# SPDX-License-Identifier: Apache-2.0
"""The list of checks: adding one is a file in `checks` and a line here."""

from __future__ import annotations

from equipoise.diagnosis.checks import (
    conflicting_labels,
    duplicate_rows,
    estimate_precision,
    extreme_values,
    file_shift,
    groups,
    identifier,
    idle_columns,
    label_noise,
    lone_predictor,
    made_rows,
    misleading_metric,
    more_data,
    near_copies,
    overlap,
    positive_types,
    precision_floor,
    prevalence_gap,
    rare_categories,
    row_order,
    shared_rows,
    small_disjuncts,
    small_test,
    telling_gaps,
    time_drift,
)
from equipoise.diagnosis.finding import Check

CHECKS: list[Check] = [
    estimate_precision.CHECK,
    precision_floor.CHECK,
    small_test.CHECK,
    prevalence_gap.CHECK,
    misleading_metric.CHECK,
    duplicate_rows.CHECK,
    shared_rows.CHECK,
    conflicting_labels.CHECK,
    lone_predictor.CHECK,
    identifier.CHECK,
    row_order.CHECK,
    file_shift.CHECK,
    time_drift.CHECK,
    groups.CHECK,
    rare_categories.CHECK,
    telling_gaps.CHECK,
    extreme_values.CHECK,
    idle_columns.CHECK,
    overlap.CHECK,
    small_disjuncts.CHECK,
    positive_types.CHECK,
    label_noise.CHECK,
    more_data.CHECK,
    near_copies.CHECK,
    made_rows.CHECK,
]
"""Every check, in the order of its code; those of users after ours."""
