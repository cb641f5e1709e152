# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.models.state import pack, unpack
from equipoise.training.checkpoints import CheckpointStore
from equipoise.workers.stored import load_parts, save_parts


def test_parts_come_back(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    value = {"w": np.arange(4.0), "none": np.zeros(0), "text": "é"}
    save_parts(store, "key", {**pack(value, "a/0"), "empty": b""})
    parts = load_parts(store, "key")
    again = unpack(parts, "a/0")
    np.testing.assert_array_equal(again["w"], value["w"])
    assert again["none"].shape == (0,)
    assert again["text"] == "é"
    assert parts["empty"] == b""


def test_absent_and_damaged_files_are_said(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    with pytest.raises(InputError, match="absent"):
        load_parts(store, "key")
    save_parts(store, "key", {"a": b"some bytes"})
    path = store.path("key")
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="checksum"):
        load_parts(store, "key")
