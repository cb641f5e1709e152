# SPDX-License-Identifier: Apache-2.0
"""Places for results are checked before the work, and results never lost after it."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import pytest

from equipoise._core.outputs import writable_file, writable_folder, write_or_rescue
from equipoise.errors import InputError


def test_a_place_that_can_be_written_leaves_no_trace(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "m.csv"
    assert writable_file(deep, "out", suffixes=[".csv"]) == deep
    assert writable_folder(tmp_path / "c" / "d", "out") == tmp_path / "c" / "d"
    assert writable_file(Path("m.csv"), "out") == Path("m.csv")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text("a")
    for path in (file / "m.csv", file / "deep" / "m.csv"):
        with pytest.raises(InputError, match=r"'.*file\.csv' is a file\. Accepted"):
            writable_file(path, "out")
        with pytest.raises(InputError, match="is a file"):
            writable_folder(path, "out")
    with pytest.raises(InputError, match="which is a file"):
        writable_folder(file, "out")
    with pytest.raises(InputError, match=r"a folder\. Accepted: a file's name"):
        writable_file(tmp_path, "out")
    with pytest.raises(InputError, match="which is read as well"):
        writable_file(tmp_path / "." / "file.csv", "out", inputs=["none", file])
    with pytest.raises(InputError, match=r"ends in '.html', '.htm'. Try '.*m.html'"):
        writable_file(tmp_path / "m.pdf", "html", suffixes=[".html", ".htm"])
    assert writable_file(tmp_path / "m.html", "html", suffixes=[".html", ".htm"])


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a system without /proc")
def test_a_folder_that_takes_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'/proc' cannot be written to \(.+\)"):
        writable_file("/proc/absent/m.csv", "out")
    assert writable_file(tmp_path / "m.csv", "out")


def test_a_result_that_finds_no_room_is_written_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spare"))
    (tmp_path / "spare").mkdir()
    full = tmp_path / "new" / "m.csv"

    def write(path: Path) -> int:
        if path == full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return path.write_text("kept")

    size, elsewhere = write_or_rescue(write, full)
    assert size == 4
    assert "could not be written (No space left on device)" in elsewhere
    (other,) = (tmp_path / "spare").rglob("m.csv")
    assert str(other) in elsewhere
    assert other.read_text() == "kept"
    assert write_or_rescue(lambda path: path.write_text("x"), full) == (1, "")
