# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from equipoise.errors import InputError
from equipoise.export.saved_model import export_saved_model
from equipoise.verbs.model import FittedModel


def test_names_of_other_formats_are_refused(
    linear: FittedModel, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"which is a folder.*Try 'model'"):
        export_saved_model(linear, tmp_path / "model.keras")


def test_a_folder_that_holds_something_is_left_alone(
    linear: FittedModel, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        export_saved_model(linear, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_model_is_written_whole_into_an_empty_folder(
    linear: FittedModel, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    assert export_saved_model(linear, folder) == folder
    assert (folder / "saved_model.pb").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
