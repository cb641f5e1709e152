# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise._core.files import remove_leftovers, to_json, write_whole


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_whole(path, b"old")
    write_whole(path, b"new and longer")
    assert path.read_bytes() == b"new and longer"
    assert os.listdir(tmp_path) == ["a.json"]


def test_usual_permissions(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_whole(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_a_file_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_whole(path, b"mine alone")
    path.chmod(0o600)
    write_whole(path, b"still")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_umask_of_the_process_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread may make a file at any moment."""
    monkeypatch.setattr(os, "umask", None)
    write_whole(tmp_path / ("é" * 120), b"a long name too")
    assert len(os.listdir(tmp_path)) == 1


@pytest.mark.skipif(os.name != "posix", reason="a folder cannot be synced elsewhere")
def test_a_folder_that_cannot_be_synced_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def picky(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(22, "Invalid argument")
        sync(handle)

    monkeypatch.setattr(os, "fsync", picky)
    write_whole(tmp_path / "a", b"there")
    assert (tmp_path / "a").read_bytes() == b"there"
    assert os.listdir(tmp_path) == ["a"]


def test_a_failure_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    write_whole(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="a folder cannot be synced elsewhere")
def test_the_content_is_on_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash of the machine, too, leaves the old file or the whole new one."""
    happened: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        kind = os.fstat(handle)
        folder = stat.S_ISDIR(kind.st_mode)
        happened.append("folder" if folder else f"{kind.st_size} bytes")
        sync(handle)

    def replaced(source: str, target: Path) -> None:
        happened.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    write_whole(tmp_path / "a", b"12345")
    assert happened == ["5 bytes", "rename", "folder"]


def test_a_process_killed_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_whole(path, b"old")
    code = (
        "import os, signal, sys\n"
        "from equipoise._core.files import write_whole\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_whole(sys.argv[1], b'new')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    assert path.read_bytes() == b"old"


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    path, unique = tmp_path / "a[1].json", "0" * 32
    write_whole(path, b"whole")
    write_whole(path.with_name("b.json"), b"another")
    others = [f".b.json.{unique}.part", f".a1.json.{unique}.part", ".a[1].json.x.part"]
    for name in (f".a[1].json.{unique}.part", *others):
        (tmp_path / name).write_bytes(b"half")
    remove_leftovers(path)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"a[1].json", "b.json", *others}
    remove_leftovers(tmp_path / "no such folder" / "a.json")


def test_json_holds_no_nan() -> None:
    value = {
        "nan": float("nan"),
        "inf": np.float32("inf"),
        "n": np.int64(3),
        "list": (1, np.float64(0.5), None, True, "é"),
        5: {"nested": np.array(2)},
    }
    assert json.loads(to_json(value)) == {
        "nan": None,
        "inf": None,
        "n": 3,
        "list": [1, 0.5, None, True, "é"],
        "5": {"nested": 2},
    }
