"""``labourdb diff``: what changed from one release to another (SPEC §8)."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of

SHOWN = 20
FIGURES = {"noisy": "with noise", "exact": "exact", "hidden": "exact, with small ones hidden"}
WIDEST = 40  # characters of a text that changed, such as a check's query


@app.command()
@guarded
def diff(
    old: Annotated[str, typer.Argument(metavar="A", help="The release to compare from, as 2025Q4.1.")],
    new: Annotated[str, typer.Argument(metavar="B", help="The release to compare with.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """What changed from release A to release B: cells added, gone and changed, largest change first."""
    from releases.audit.diff import diff as compare
    from releases.release import find_release

    folder = home_of(home).releases
    facts = compare(find_release(folder, old), find_release(folder, new))
    if as_json:
        console.print_json(facts)
    else:
        render_diff(facts)


def render_diff(facts: dict[str, Any]) -> None:
    """Print what ``releases.audit.diff.diff`` found: the summary, and the rows that changed most."""
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
