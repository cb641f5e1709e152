# SPDX-License-Identifier: Apache-2.0
"""Every byte of a bundle counts, and no small file can ask for much."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.errors import BundleError, InputError
from equipoise.models import container, read_bundle, write_bundle

PARTS = {"model.json": b'{"a": 1}', "model/0": bytes(range(256)) * 20, "empty": b""}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "m.equipoise"
    write_bundle(path, PARTS)
    return path


def forge(path: Path, manifest: Any, body: bytes = b"") -> Path:
    """Write a bundle whose manifest says anything, with a right checksum."""
    text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    head = struct.pack("<8sQ", b"EQUIPOIS", len(text)) + text
    path.write_bytes(head + hashlib.sha256(head).digest() + body)
    return path


def entry(name: str, data: bytes = b"", **changes: Any) -> dict[str, Any]:
    made = {
        "name": name,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return {**made, **changes}


def test_round_trip(bundle: Path) -> None:
    assert read_bundle(bundle) == PARTS


def test_a_thousand_flipped_bits_are_all_refused(bundle: Path) -> None:
    whole = bytearray(bundle.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.choice(len(whole) * 8, 1000, replace=False):
        whole[place // 8] ^= 1 << (place % 8)
        bundle.write_bytes(whole)
        with pytest.raises(BundleError):
            read_bundle(bundle)
        whole[place // 8] ^= 1 << (place % 8)
    bundle.write_bytes(whole)
    assert read_bundle(bundle) == PARTS


def test_two_hundred_truncations_are_all_refused(bundle: Path) -> None:
    whole = bundle.read_bytes()
    for length in np.linspace(0, len(whole) - 1, 200).astype(int):
        bundle.write_bytes(whole[:length])
        with pytest.raises(BundleError):
            read_bundle(bundle)


def test_the_damaged_part_is_named(bundle: Path) -> None:
    whole = bytearray(bundle.read_bytes())
    whole[-1] ^= 1
    bundle.write_bytes(whole)
    with pytest.raises(BundleError, match="'model/0'"):
        read_bundle(bundle)


def test_bytes_after_the_end_are_refused(bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes() + b"x")
    with pytest.raises(BundleError, match="1 bytes follow"):
        read_bundle(bundle)


def test_swapped_parts_are_refused(tmp_path: Path) -> None:
    a, b = b"first", b"other"
    path = forge(
        tmp_path / "m", {"format": 1, "parts": [entry("a", a), entry("b", b)]}, b + a
    )
    with pytest.raises(BundleError, match="'a'"):
        read_bundle(path)


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ({"format": 4, "parts": []}, "format 4"),
        ({"format": 1}, "does not list parts"),
        ([], "not a JSON object"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        ({"format": 1, "parts": [entry("../up")]}, "is not an entry"),
        ({"format": 1, "parts": [entry("/etc/passwd")]}, "is not an entry"),
        ({"format": 1, "parts": [entry("a\x00b")]}, "is not an entry"),
        ({"format": 1, "parts": [entry("a"), entry("a")]}, "listed twice"),
        ({"format": 1, "parts": [entry("a", size=-1)]}, "is not an entry"),
        ({"format": 1, "parts": [entry("a", size=True)]}, "is not an entry"),
        ({"format": 1, "parts": [entry("a", size=2**62)]}, "ends before"),
        ({"format": 1, "parts": [entry("a", more=1)]}, "is not an entry"),
        ({"format": 1, "parts": ["a"]}, "is not an entry"),
        ({"format": 1, "parts": [entry("a")] * 20_001}, "does not list parts"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_forged_manifests_are_refused(tmp_path: Path, manifest: Any, says: str) -> None:
    with pytest.raises(BundleError, match=says):
        read_bundle(forge(tmp_path / "m", manifest))


@pytest.mark.parametrize("start", [b"", b"PK\x03\x04", b"\x80\x04\x95", b"\x89HDF\r\n"])
def test_other_files_are_refused(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "m.equipoise"
    path.write_bytes(start + b"\0" * 100)
    with pytest.raises(BundleError, match="does not begin like a bundle"):
        read_bundle(path)


def test_what_is_no_model_is_told_what_one_is(tmp_path: Path) -> None:
    """As a table in the model's place on the command line, or a trial's folder."""
    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n1,0\n")
    for path, what in ((rows, "does not begin like a bundle"), (tmp_path, "a folder")):
        with pytest.raises(BundleError, match=what) as refused:
            read_bundle(path)
        assert "a model's or a trial's file, as `save` or --out" in str(refused.value)


def test_refusing_costs_no_memory(tmp_path: Path) -> None:
    """A file that claims a huge manifest, and one that is huge itself."""
    claims = tmp_path / "claims"
    claims.write_bytes(struct.pack("<8sQ", b"EQUIPOIS", 2**40) + b"\0" * 64)
    large = tmp_path / "large"
    with large.open("wb") as stream:
        stream.write(b"EQUIPOIS")
        os.truncate(large, 2**33)  # sparse: 8 GiB that take no disk
    tracemalloc.start()
    try:
        for path, says in [(claims, "length"), (large, "bytes")]:
            with pytest.raises(BundleError, match=says):
                read_bundle(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * 2**20


def test_a_name_that_cannot_be_read_back_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write_bundle(path, {"scorers/0/1.json": b"{}", "a_b-c.d": b""})
    assert list(read_bundle(path)) == ["scorers/0/1.json", "a_b-c.d"]


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_PARTS", 2), ("MOST_MANIFEST", 90), ("MOST_BYTES", 999)]
)
def test_what_could_not_be_read_is_not_written(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    before = bundle.read_bytes()
    monkeypatch.setattr(container, limit, value)
    with pytest.raises(InputError, match="fewer repeats"):
        write_bundle(bundle, PARTS)
    assert bundle.read_bytes() == before
    assert os.listdir(bundle.parent) == [bundle.name]
