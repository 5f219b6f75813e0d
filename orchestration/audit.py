"""What the auditor's commands `diff` and `verify` print for people (SPEC §8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape

from orchestration import console
from releases.verify import Item

SHOWN = 20
FIGURES = {"noisy": "with noise", "exact": "exact", "hidden": "exact, with small ones hidden"}
WIDEST = 40  # characters of a text that changed, such as a check's query


def render_diff(facts: dict[str, Any]) -> None:
    """Print what ``releases.diff.diff`` found: the summary, and the rows that changed most."""
    title = f"From release {facts['old']} to {facts['new']}"
    for column in facts["columns"]:
        console.out.print(
            f"Not compared: column {column['column']} of {column['table']}, which only {column['only_in']} has.",
            markup=False, highlight=False,
        )  # fmt: skip
    for table in facts["not_compared"]:
        console.out.print(f"Not compared: {table['table']}. {table['why']}.", markup=False, highlight=False)
    if facts["figures"]["old"] != facts["figures"]["new"]:
        console.out.print(
            "The releases do not show figures alike, so that nearly all differ: "
            + "; ".join(f"{facts[side]}, {FIGURES[facts['figures'][side]]}" for side in ("old", "new"))
            + ".",
            markup=False, highlight=False,
        )  # fmt: skip
    if not facts["summary"]:
        every = "every table that was compared" if facts["not_compared"] else "every table"
        console.out.print(f"{title}: every cell of {every} is the same.", highlight=False)
        return
    counts = ("added", "gone", "changed", "status_changed")
    summary = [
        [
            line["table"],
            line["indicator"] or line["measure"],
            *(f"{line[c]:,}" for c in counts),
            _moved(line["largest"]),
        ]
        for line in facts["summary"]
    ]
    columns = ("table", "indicator / measure", "added", "gone", "changed", "status changed", "largest change")
    console.out.print(console.table(title, columns, summary, numeric=columns[2:]))
    leading = [(row, row["changes"][0]) for row in facts["largest"][:SHOWN]]
    if leading:
        largest = [
            [row["table"], _named(row["key"]), c["measure"], _said(c["old"]), _said(c["new"]), _moved(c)]
            for row, c in leading
        ]
        of_cells = ("table", "cell", "measure", facts["old"], facts["new"], "change")
        title = f"The {len(largest)} cells that changed most"
        console.out.print(console.table(title, of_cells, largest, numeric=of_cells[3:]))


def _named(key: dict[str, str | None]) -> str:
    """A cell's key in short: what is a total need not be said."""
    return escape(" ".join(part for part in key.values() if part is not None and part != "total"))


def _said(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, int | float):
        return f"{value:,.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
    text = " ".join(str(value).split())
    return escape(text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…")


def _moved(change: dict[str, Any] | None) -> str:
    """How far a figure moved; of a text there is nothing to say."""
    if change is None or change["absolute"] is None:
        return ""
    if change["relative"] is None:
        return f"{change['absolute']:+,.6g} from 0"
    return f"{change['relative']:+,.1%}"


NUMBERED = {
    "site": "files of the site",
    "input": "files of deliveries",
}  # too many to name each that is as it was


def amiss(items: Sequence[Item]) -> list[Item]:
    """What is not as it was published."""
    return [item for item in items if item.state != "ok"]


def verified(release_id: str, items: Sequence[Item], protection: str | None) -> str:
    """The verdict in words: everything as published, and how the release says it is protected; or what is not, and where."""
    wrong = amiss(items)
    if not wrong:
        return f"Release {release_id} is as it was published: {len(items)} items looked at. {protection or ''}".rstrip()
    lines = [f"  {i.state}: {i.where}{f' ({i.why})' if i.why else ''}" for i in wrong]
    return (
        f"Release {release_id} is not as it was published; {len(wrong)} of {len(items)} items:\n"
        + "\n".join(lines)
    )


def render_verify(release: Path, items: Sequence[Item]) -> None:
    """Print what was looked at: each part of the release by itself, files of site and inputs by their number."""
    rows = [
        [i.kind, escape(i.where.removeprefix(f"{release}/")), i.state, escape(i.why)]
        for i in items
        if i.kind not in NUMBERED or i.state != "ok"
    ]
    for kind, what in NUMBERED.items():
        states = Counter(i.state for i in items if i.kind == kind)
        rows.append([kind, f"{states.total():,} {what}", f"{states['ok']:,} ok", ""])
    console.out.print(console.table(f"Release {release.name}", ("kind", "where", "state", "why"), rows))
