# SPDX-License-Identifier: Apache-2.0
"""Ensembles that are made round after round, over any learner."""
