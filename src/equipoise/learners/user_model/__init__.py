# SPDX-License-Identifier: Apache-2.0
"""A network of the user as an arm of a trial."""
