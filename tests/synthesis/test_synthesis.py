# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from equipoise.synthesis import Neighbours


def test_no_neighbours():
    none = Neighbours.none(3, "why")
    assert (none.k, none.of.tolist(), none.notes) == (0, [-1, -1, -1], ("why",))
