# SPDX-License-Identifier: Apache-2.0
"""Strategies whose options are searched for inside each training part."""
