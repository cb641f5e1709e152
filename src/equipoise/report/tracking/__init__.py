# SPDX-License-Identifier: Apache-2.0
"""Trials for experiment trackers."""
