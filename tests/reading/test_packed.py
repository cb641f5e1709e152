# SPDX-License-Identifier: Apache-2.0
"""A packed text is read as the text."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

import equipoise as eq
from equipoise.errors import TableError
from equipoise.reading import packed
from equipoise.reading.blocks import read_blocks
from equipoise.reading.packed import is_packed, read_unpacked, unpacked_stream

CSV = "x,c,y\n" + "\n".join(
    f"{0.37 * k % 5:.3f},{'ab'[k % 2]},{int(k % 5 == 0)}" for k in range(60)
)
ARFF = (
    "@relation r\n@attribute x real\n@attribute c {a,b}\n@attribute y {0,1}\n@data\n"
) + CSV.partition("\n")[2]
JSON = "\n".join(
    f'{{"x": {0.37 * k % 5:.3f}, "c": "{"ab"[k % 2]}", "y": {int(k % 5 == 0)}}}'
    for k in range(60)
)


def zstandard(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue().to_pybytes())


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard,
}


@pytest.mark.parametrize("suffix", PACKINGS)
@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", CSV), ("a.arff", ARFF), ("a.jsonl", JSON)]
)
def test_it_is_read(suffix: str, name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}{suffix}"
    path.write_bytes(PACKINGS[suffix](text.encode()))
    assert is_packed(path)
    table = eq.read_table(path, "y")
    assert table.names == ("x", "c")
    assert len(table) == 60
    assert table["x"].values[1] == 0.37
    blocks = list(read_blocks(path, like=table, block_bytes=200))
    assert sum(len(block.table) for block in blocks) == 60


@pytest.mark.parametrize("suffix", PACKINGS)
def test_a_damaged_one_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.csv{suffix}"
    whole = PACKINGS[suffix](CSV.encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TableError, match=r"damaged or cut off.*write it again"):
        eq.read_table(path, "y")


@pytest.mark.parametrize("suffix", PACKINGS)
def test_one_out_of_proportion_is_refused(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, plain = tmp_path / f"bomb.csv{suffix}", tmp_path / "bomb.csv"
    plain.write_bytes(b"x,y\n" + b"0,0\n" * 2_000_000)
    path.write_bytes(PACKINGS[suffix](plain.read_bytes()))
    assert len(read_unpacked(path)) == 8_000_004
    monkeypatch.setattr(packed, "MOST_UNPACKED", 1 << 20)
    with pytest.raises(TableError, match=r"unpacks to more .* unpack it first"):
        read_unpacked(path)
    assert len(read_unpacked(plain)) == 8_000_004


@pytest.mark.parametrize("name", ["BZh", "BZh1", "PAR1", "ORC", "FEA1", "ARROW1"])
def test_a_header_may_begin_like_another_format(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(CSV.replace("x", name, 1))
    assert not is_packed(path)
    with unpacked_stream(path) as stream:
        assert stream.read(3) == name[:3].encode()
    assert eq.read_table(path, "y").names == (name, "c")
