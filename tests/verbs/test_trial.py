# SPDX-License-Identifier: Apache-2.0
"""What a user does with a trial."""

from __future__ import annotations

import json
from pathlib import Path

from equipoise.verbs.trial import Trial


def test_a_trial_is_a_record_with_conveniences(trial: Trial) -> None:
    again = Trial.of(trial)
    assert type(again) is Trial
    assert again.to_dict() == trial.to_dict()
    assert repr(again).startswith("<Trial of prior, logistic")
    assert str(again) == str(trial)


def test_both_files_are_written(trial: Trial, tmp_path: Path) -> None:
    written = trial.write(tmp_path / "new" / "folder")
    names = ["comparison.json", "report.html", "trial.equipoise"]
    assert [path.name for path in written] == names
    data = json.loads(written[0].read_text(encoding="utf-8"))
    assert data["verdict"] == str(trial.verdict)
    assert written[1].read_text(encoding="utf-8") == trial.report()
