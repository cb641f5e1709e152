# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.losses.options import checked


def test_numbers_are_checked_and_those_of_arrays():
    checked("focal", gamma=np.array([0.0, 2.0]), alpha=None)
    for wrong in ([1.0, -1.0], [np.nan, 1.0], [1.0, np.inf]):
        with pytest.raises(InputError, match="gamma"):
            checked("focal", gamma=np.array(wrong))
    with pytest.raises(InputError, match="gamma=-1"):
        checked("focal", gamma=-1.0)
    with pytest.raises(InputError, match=r"gamma=np\.float32\(nan\)"):
        checked("focal", gamma=np.float32("nan"))
    with pytest.raises(InputError, match="prior=1"):
        checked("logit_adjusted", prior=1.0)
    with pytest.raises(InputTypeError, match="margin=None"):
        checked("pairwise_auc", margin=None)
