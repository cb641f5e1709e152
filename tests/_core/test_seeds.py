# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from equipoise._core.seeds import derive, generator


def test_streams_depend_on_every_part_of_their_path() -> None:
    seeds = {
        derive(0),
        derive(1),
        derive(0, "a"),
        derive(0, "a", 1),
        derive(0, "a", "1"),
        derive(0, "a1"),
        derive(0, 1, "a"),
    }
    assert len(seeds) == 7
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_stream_never_changes_between_versions() -> None:
    """Published numbers rest on it: a change here is a breaking change."""
    assert derive(0, "fold", 1) == 7620962925726022167
    assert generator(0, "fold").integers(1000, size=3).tolist() == [883, 308, 53]
