# SPDX-License-Identifier: Apache-2.0
"""Where the fits of a trial are done: in this process, or in others."""
