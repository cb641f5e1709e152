# SPDX-License-Identifier: Apache-2.0
"""Types of arrays that the whole package shares."""

from __future__ import annotations

from collections.abc import Mapping
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

Float32Array = npt.NDArray[np.float32]
"""An array of single-precision numbers."""

Int32Array = npt.NDArray[np.int32]
"""Positions of rows, as networks take them."""

Tensor = Any
"""A tensor of Keras or TensorFlow, neither of which is typed."""

Tensors = Mapping[str, Any]
"""Tensors by name."""
