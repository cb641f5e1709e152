# SPDX-License-Identifier: Apache-2.0
"""Write the tables of docs/quality.md from what quality.py measured.

    python benchmarks/quality_page.py [--auto FILE] [--strategies FILE ...] [--renew]
        [--without NETWORK:STRATEGY ...]

`--auto` is a file of `quality.py --arms auto`, `--strategies` are files of its other
arms, one per network. Every table and strategy that a file holds is written, as it is,
and the differences from `plain` with their intervals to docs/quality-strategies.csv.
With `--renew` the files need only hold what was measured again: the strategies beside
`plain`, the others staying as docs/quality-strategies.csv has them, and tables of
`auto`, the others staying as the page has them. `--without` takes a strategy out of it
that no longer holds.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from equipoise.comparison.paired import nadeau_bengio
from equipoise.comparison.tables import over_tables, ranks_with_ties
from quality import AUTO, BENCH, FOLDS, PAGE, Scored, whole

MARGIN = 0.01
FEWEST = 5
"""Strategies on fewer tables are in the CSV file only."""
COLUMNS = ("network", "table", "strategy", "ap", "difference", "low", "high", "p")
DIFFERENCES = PAGE.with_name("quality-strategies.csv")
Found = dict[str, Scored]


@dataclass(frozen=True)
class Cell:
    """A strategy on a table: its average precision, and its difference from plain."""

    ap: float
    difference: float
    low: float
    high: float
    p: float


def value(entry: dict[str, Cell], arm: str) -> float:
    """Return plain's value and the difference, which has more digits in the file."""
    return entry["plain"].ap + entry[arm].difference


Cells = dict[str, dict[str, Cell]]
"""Table -> strategy -> what was measured."""


def mean(entry: dict) -> float:
    """Return the mean average precision over folds."""
    return float(np.mean(entry["ap"]))


def rows_of(cells: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """Return a Markdown table."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *cells])


def beside_peers(
    found: Found, peers: dict, before: dict[str, list[str]] | None = None
) -> str:
    """Return `auto` beside its peers, table by table, and the means.

    Args:
        found: What was measured; the "how" of an entry stands behind the table's name.
            A table that `auto` has not scored on every fold counts as not measured.
        peers: The peers' scores.
        before: Rows of the page, by table, which stay if the table was not measured.
    """
    stays = {} if before is None else before
    measured = {n for n, entry in found.items() if whole(entry.get(AUTO, {}))}
    names = [n for n in peers if n in measured or n in stays]
    common = set.intersection(*(set(peers[name]["scores"]) for name in names))
    single = {p: [mean(peers[n]["scores"][p]) for n in names] for p in sorted(common)}
    rival = max(single, key=lambda p: np.mean(single[p]))
    cells, best, ours = [], [], []
    for name in names:
        peer = peers[name]["scores"]
        top = max(peer, key=lambda p: mean(peer[p]))
        best.append(mean(peer[top]))
        if name not in measured:
            cells.append(stays[name])
            ours.append(float(stays[name][3]))
            continue
        entry = found[name][AUTO]
        test = nadeau_bengio(np.subtract(entry["ap"], peer[rival]["ap"]), 1 / FOLDS)
        ours.append(mean(entry))
        cells.append(
            [
                name + (f" ({entry['how']})" if "how" in entry else ""),
                f"{peers[name]['rows']:,}",
                f"{peers[name]['positives']:,}",
                f"{ours[-1]:.3f}",
                f"{mean(peer[rival]):.3f}",
                f"{test.mean:+.3f} [{test.low:+.3f}, {test.high:+.3f}]",
                f"{best[-1]:.3f} {top}",
            ]
        )
    value, other = np.mean(ours), np.mean(single[rival])
    cells.append(
        ["**mean**", "", ""]
        + [f"**{v}**" for v in (f"{value:.3f}", f"{other:.3f}")]
        + [f"**{value - other:+.3f}**", f"**{np.mean(best):.3f}**"]
    )
    head = ["table", "rows", "positives", "auto", rival, "difference, 95% interval"]
    table = rows_of(cells, [*head, "best peer, after the fact"])
    others = ", ".join(
        f"{p} {np.mean(single[p]):.3f}"
        for p in sorted(single, key=lambda p: -np.mean(single[p]))
    )
    wins = sum(a > b + MARGIN for a, b in zip(ours, single[rival], strict=True))
    losses = sum(a < b - MARGIN for a, b in zip(ours, single[rival], strict=True))
    return (
        f"Over {len(names)} tables `auto` has {value:.3f}. Each peer alone: {others}. "
        f"Against {rival}, the best of them, `auto` is more than {MARGIN} ahead on "
        f"{wins} tables and more than {MARGIN} behind on {losses}. Taking the best of "
        f"all peers on each table after the fact gives {np.mean(best):.3f}.\n\n{table}"
    )


def auto_rows(page: str) -> dict[str, list[str]]:
    """Return the rows of the page's table of `auto`, by the name of the table."""
    part = page.partition("<!-- auto -->")[2].partition("<!-- end -->")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines[2:-1]]
    return {line[0].partition(" ")[0]: line for line in cells}


def strategies_of(found: Cells, least: float = FEWEST) -> list[str]:
    """Return the strategies that so many tables hold, in the order they were run."""
    arms = dict.fromkeys(arm for entry in found.values() for arm in entry)
    return [
        arm
        for arm in arms
        if arm != AUTO and sum(arm in entry for entry in found.values()) >= least
    ]


def beside_plain(found: Cells) -> str:
    """Return every strategy's standing against `plain` over the tables that have it."""
    values = {
        arm: [
            value(entry, arm) if arm in entry else math.nan for entry in found.values()
        ]
        for arm in strategies_of(found)
    }
    cells = []
    for record in over_tables(values, margin=MARGIN):
        tests = [entry[record.arm] for entry in found.values() if record.arm in entry]
        cells.append(
            [
                record.arm,
                str(len(tests)),
                f"{record.mean:+.4f}",
                f"{record.wins} / {record.ties} / {record.losses}",
                f"{sum(t.low > 0 for t in tests)} / {sum(t.high < 0 for t in tests)}",
                f"{record.p:.2g}",
            ]
        )
    head = ["strategy", "tables", "mean difference from plain"]
    head += [f"better / within {MARGIN} / worse", "interval above / below 0", "p"]
    return rows_of(cells, head)


def cells_of(found: Found) -> Cells:
    """Return every strategy beside `plain`, by the corrected test of the difference."""
    cells: Cells = {}
    for name, entry in found.items():
        cells[name] = {}
        for arm in [arm for arm in entry if arm != AUTO]:
            apart = np.subtract(entry[arm]["ap"], entry["plain"]["ap"])
            test = nadeau_bengio(apart, 1 / FOLDS)
            numbers = test.mean, test.low, test.high, test.p
            cells[name][arm] = Cell(mean(entry[arm]), *numbers)
    return cells


def cells_in_file() -> dict[str, Cells]:
    """Return what the CSV file holds, by network."""
    files: dict[str, Cells] = {}
    with DIFFERENCES.open(newline="") as stream:
        for row in csv.DictReader(stream):
            numbers = [float(row[key]) for key in ("difference", "low", "high", "p")]
            table = files.setdefault(row["network"], {}).setdefault(row["table"], {})
            table[row["strategy"]] = Cell(float(row["ap"]), *numbers)
    return files


def ranks(found: Cells) -> str:
    """Return mean ranks over the tables that hold the most arms; 0.01 apart is a tie.

    The arms are those that at least half of the tables have.
    """
    arms = strategies_of(found, len(found) / 2)
    names = [n for n, entry in found.items() if all(arm in entry for arm in arms)]
    values = np.array([[value(found[n], arm) for arm in arms] for n in names])
    order = ranks_with_ties(values, MARGIN).mean(axis=0)
    listed = ", ".join(f"{arms[i]} {order[i]:.1f}" for i in np.argsort(order))
    return (
        f"Mean ranks over the {len(names)} tables with these {len(arms)}, "
        f"{MARGIN} apart counting as a tie: {listed}."
    )


def table_by_table(found: Cells) -> str:
    """Return differences from `plain` in thousandths; bold: the interval excludes 0."""
    arms = [arm for arm in strategies_of(found) if arm != "plain"]
    cells = []
    for name, entry in found.items():
        line = [name, f"{entry['plain'].ap:.3f}"]
        for arm in arms:
            if arm not in entry:
                line.append("")
                continue
            cell = entry[arm]
            apart = f"{round(1000 * cell.difference):+d}"
            text = apart if abs(cell.difference) >= 5e-4 else "0"
            line.append(f"**{text}**" if cell.low > 0 or cell.high < 0 else text)
        cells.append(line)
    return rows_of(cells, ["table", "plain", *arms])


def write_differences(files: dict[str, Cells]) -> None:
    """Write one line per network, table and strategy."""
    with DIFFERENCES.open("w", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(COLUMNS)
        for network, found in files.items():
            for name, entry in found.items():
                for arm, cell in entry.items():
                    numbers = cell.difference, cell.low, cell.high, cell.p
                    out.writerow(
                        [network, name, arm, f"{cell.ap:.4f}"]
                        + [f"{number:.4g}" for number in numbers]
                    )


def put(page: str, mark: str, text: str) -> str:
    """Return the page with what stands between a mark and the next end renewed."""
    found = re.compile(rf"(<!-- {mark} -->).*?(<!-- end -->)", re.S)
    if not found.search(page):
        raise SystemExit(f"docs/quality.md has no mark {mark!r}")
    return found.sub(lambda match: f"{match[1]}\n{text}\n{match[2]}", page)


def main() -> None:
    """Renew the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--auto", type=Path)
    parser.add_argument("--strategies", type=Path, nargs="*", default=[])
    parser.add_argument("--renew", action="store_true")
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--quick", action="store_true", help="write nothing")
    args = parser.parse_args()
    if args.quick:
        print("quality_page.py only writes what quality.py has measured")
        return
    page = PAGE.read_text()
    if args.auto:
        peers = json.loads((BENCH / "peers.json").read_text())
        before = auto_rows(page) if args.renew else None
        measured_auto = json.loads(args.auto.read_text())
        page = put(page, "auto", beside_peers(measured_auto, peers, before))
    measured = {
        path.stem: cells_of(json.loads(path.read_text())) for path in args.strategies
    }
    kept_files = args.strategies and args.renew
    files = cells_in_file() if kept_files or args.without else {}
    for word in args.without:
        network, arm = word.split(":")
        for entry in files[network].values():
            entry.pop(arm, None)
    for network, found in measured.items():
        for name, entry in found.items():
            files.setdefault(network, {}).setdefault(name, {}).update(entry)
    for network, found in files.items():
        text = "\n\n".join([beside_plain(found), ranks(found), table_by_table(found)])
        page = put(page, f"strategies {network}", text)
    if files:
        write_differences(files)
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
