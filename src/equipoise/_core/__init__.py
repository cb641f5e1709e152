# SPDX-License-Identifier: Apache-2.0
"""What every other part uses: lazy names, argument checks, seeds, safe files."""
