# SPDX-License-Identifier: Apache-2.0
"""Learners on the rows that a sampler object makes."""
