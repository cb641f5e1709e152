# SPDX-License-Identifier: Apache-2.0
"""The reader of code blocks sees what a person sees."""

from __future__ import annotations

from pathlib import Path

import pages
import pytest

PAGE = """# A page

```python
print(1 + 1)
```

```text
2
```

Words.

<!-- long: an hour -->
```python
wait()
```

<!-- numbers vary -->
````console
$ equipoise compare a.csv \\
    --target y
# A heading
```
inner
```
````

<!-- not run: no such file -->
```console
$ equipoise predict m.equipoise b.csv --out c.csv
```
"""


def test_blocks_are_found_with_their_marks_and_outputs() -> None:
    first, second, third, fourth = pages.blocks(PAGE)
    assert (first.kind, first.code, first.text) == ("python", "print(1 + 1)\n", "2\n")
    assert (first.line, first.runs, first.long) == (4, True, False)
    assert (second.mark, second.runs, second.long) == ("long: an hour", False, True)
    assert third.kind == "console"
    assert third.runs
    assert "inner" in third.code
    assert not fourth.runs
    assert not fourth.long


def test_a_command_goes_on_after_a_backslash() -> None:
    code = pages.blocks(PAGE)[2].code
    [(command, shown)] = pages.commands(code)
    assert command == "equipoise compare a.csv --target y"
    assert shown == "# A heading\n```\ninner\n```\n"


def test_what_a_block_prints_is_caught_and_a_fault_names_the_line() -> None:
    block = pages.blocks(PAGE)[0]
    assert pages.run_python(block, {}, "page.md") == "2\n"
    names: dict[str, object] = {}
    with pytest.raises(NameError) as caught:
        pages.run_python(pages.blocks(PAGE)[1], names, "page.md")
    assert caught.traceback[-1].lineno == 14  # counted from 0


def test_commands_of_others_are_not_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="only equipoise"):
        pages.run_command("rm -r folder")
    text = tmp_path / "a.txt"
    text.write_text("one\ntwo\nthree\n")
    assert pages.run_command(f"head -n 2 {text}") == "one\ntwo\n"
    assert pages.run_command(f"cat {text}") == "one\ntwo\nthree\n"
    assert pages.run_command("equipoise diagnose --help").count("--mute") == 1


@pytest.mark.parametrize(
    ("shown", "printed", "agree"),
    [
        ("AP .81 [.67, .89]", "AP .79 [.6, .9]", True),
        ("1,663 rows +.030", "12 rows -1.5e-3", True),
        ("a b c d e f g h i j", "a b c d e f g h i k", False),
        ("plain 1\nsmote 2", "smote 2\nplain 1", True),
        ("cannot tell", "better", False),
    ],
)
def test_outputs_agree_by_their_words(shown: str, printed: str, agree: bool) -> None:
    assert (pages.agreement(shown, printed) >= 0.9) == agree


def test_an_output_is_tidied() -> None:
    assert pages.tidy("\n\na  \n\n\n\nb") == "a\n\nb\n"
