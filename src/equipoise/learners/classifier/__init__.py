# SPDX-License-Identifier: Apache-2.0
"""Classifiers with scikit-learn's interface as learners."""
