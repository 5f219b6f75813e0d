"""What people see on the terminal: progress, tables, messages; or JSON where it was asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table

from releases.pages.words import VERDICTS
from releases.release import REPORT, Release
from releases.site.reference import INDEX
from releases.targets import targets_of
from sources.plain import json_printable, printable


class SafeConsole(Console):
    """A console on which no text, whoever wrote it, steers the terminal: only what rich itself adds does."""

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """What ``renderable`` shows, without characters that steer a terminal."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


# off a terminal (a log, a pipe) tables keep a width they can be read in
out = SafeConsole(soft_wrap=True, width=None if sys.stdout.isatty() else 170)
err = SafeConsole(stderr=True, soft_wrap=True)

COLOURS = {"met": "green", "not_met": "red", "indeterminate": "yellow", "no_data": "dim"}


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json_printable(json.dumps(value, ensure_ascii=False, indent=1, default=str)) + "\n")


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], numeric: Sequence[str] = ()
) -> Table:
    """A table of cells that may hold rich's markup; title and ``columns`` are plain, ``numeric`` ones aligned right."""
    made = Table(title=escape(title), title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(escape(column), justify="right" if column in numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*("" if cell is None else str(cell) for cell in row))
    return made


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"


def target_table(release: Release) -> Table:
    """Where each province stands against its plan, from the release's own tables."""
    shown = [
        (
            f"{t['province_code']} {t['area_name'] or ''}".strip(), t["year"], t["label"], t["people"], t["basis"],
            f"{t['comparator']} {t['target_value']:g}", _figure(t["value"]), _interval(t["ci_low"], t["ci_high"]),
            _verdict(t["verdict"]), _figure(t["other_value"]),
        )
        for t in targets_of(release)
    ]  # fmt: skip
    columns = (
        "province", "year", "indicator", "group", "basis", "target", "value", "95 % CI", "verdict", "other basis",
    )  # fmt: skip
    return table(
        f"Plan targets, release {release.id}", columns, shown, numeric=("target", "value", "other basis")
    )


def _interval(low: float | None, high: float | None) -> str:
    return f"{low:.1f}–{high:.1f}" if low is not None and high is not None else ""


def _verdict(code: str) -> str:
    vi, en = VERDICTS[code]
    return f"[{COLOURS[code]}]{en.lower()} / {vi.lower()}[/]"


def banner(manifest: dict[str, Any]) -> str:
    """The labels that must stand wherever a release is read."""
    synthetic = "  [bold magenta]SYNTHETIC DATA[/bold magenta]" if manifest["synthetic"] else ""
    return f"[bold yellow]{manifest['protection']}[/bold yellow]{synthetic}"


def where_next(home: Path, release: Release) -> str:
    """Where to look after a run."""
    return (
        f"Site:     {release.path / INDEX}   (labourdb serve --home {home})\n"
        f"Tables:   {release.path / 'tables'} (Parquet), {release.path / 'labour.duckdb'}\n"
        f"Quality:  {release.path / REPORT}\n"
        f"Manifest: {release.path / 'manifest.json'}\n"
        f"Next:     labourdb status --home {home}   ·   make ui   ·   docs/tutorial.md"
    )
