# SPDX-License-Identifier: Apache-2.0
"""Checkpoint files."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.training.checkpoints import CheckpointStore


def test_arrays_come_back_as_they_were(tmp_path) -> None:
    store = CheckpointStore(tmp_path / "new" / "folder")
    arrays = {"a.b": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.asarray(4)}
    store.save("key", arrays)
    found = store.load("key")
    assert found is not None
    assert found.keys() == arrays.keys()
    for name, value in arrays.items():
        assert found[name].dtype == value.dtype
        np.testing.assert_array_equal(found[name], value)
    store.clear("key")
    assert store.load("key") is None


def test_a_damaged_file_is_refused(tmp_path) -> None:
    store = CheckpointStore(tmp_path)
    store.save("key", {"a": np.arange(100.0)})
    path = store.path("key")
    whole = path.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(whole), 50):
        broken = bytearray(whole)
        broken[place] ^= 1 << int(place % 8)
        path.write_bytes(bytes(broken))
        with pytest.raises(InputError, match="checksum"):
            store.load("key")
    path.write_bytes(whole[:-1])
    with pytest.raises(InputError, match="checksum"):
        store.load("key")


def test_a_damaged_file_makes_room(tmp_path) -> None:
    store = CheckpointStore(tmp_path)
    for content in (b"", b"one", b"two"):
        store.path("key").write_bytes(content)
        aside = store.set_aside("key")
        assert aside.name == store.path("key").name + ".damaged"
        assert aside.read_bytes() == content
        assert store.load("key") is None


def test_a_folder_in_the_place_of_a_file(tmp_path) -> None:
    store = CheckpointStore(tmp_path)
    for number in range(3):
        store.path("key").mkdir()
        with pytest.raises(InputError, match="cannot be read"):
            store.load("key")
        assert store.set_aside("key").is_dir()
        assert len(list(tmp_path.iterdir())) == number + 1
    store.save("key", {"a": np.arange(2)})
    assert store.load("key") is not None


def test_what_is_no_archive_of_arrays_is_refused(tmp_path) -> None:
    """The checksum fits: another program, or another version, wrote it."""
    store = CheckpointStore(tmp_path)
    for rest in (b"", b"PK", b"\x93NUMPY", b"\x80\x04K\x01."):
        body = b"key\n" + rest
        digest = hashlib.sha256(body).hexdigest().encode()
        store.path("key").write_bytes(
            b"equipoise checkpoint 1\n" + digest + b"\n" + body
        )
        with pytest.raises(InputError, match="NumPy"):
            store.load("key")


def test_no_temporary_file_is_left(tmp_path) -> None:
    store = CheckpointStore(tmp_path)
    for number in range(3):
        store.save("key", {"a": np.full(10, number)})
    assert [path.name for path in tmp_path.iterdir()] == [store.path("key").name]
