# SPDX-License-Identifier: Apache-2.0
"""Detectors: what is unlike the negatives, whether or not it was seen before."""
