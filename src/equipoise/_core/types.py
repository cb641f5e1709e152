# SPDX-License-Identifier: Apache-2.0
"""Types of arrays that the whole package shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]
"""An array of any type."""

BoolArray = npt.NDArray[np.bool_]
"""An array of booleans."""

CodeArray = npt.NDArray[np.int32]
"""Codes of categories or texts."""

FloatArray = npt.NDArray[np.float64]
"""An array of double-precision numbers."""

HashArray = npt.NDArray[np.uint64]
"""One hash per row."""

IntArray = npt.NDArray[np.int64]
"""Whole numbers: counts, or positions of rows."""
