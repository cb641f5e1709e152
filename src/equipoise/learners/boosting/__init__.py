# SPDX-License-Identifier: Apache-2.0
"""Boosting libraries as learners, their trees kept as plain arrays."""
