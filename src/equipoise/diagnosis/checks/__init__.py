# SPDX-License-Identifier: Apache-2.0
"""The checks, one file each; the list is in `equipoise.diagnosis.catalogue`."""
