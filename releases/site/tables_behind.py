"""The table behind each picture, as CSV that a spreadsheet opens rightly: one for each language."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from releases.pages.page import LANGUAGES
from releases.pages.words import Pair
from sources.plain import no_formula

FOLDER = "tables"
Value = str | int | float | None | Pair


class TablesBehind:
    """Writes ``<language>/tables/<name>.csv``: Vietnamese with semicolon and decimal comma, English with comma and point.

    Both are UTF-8 with its mark, by which Excel knows it. Texts that a spreadsheet would take for a formula begin with an apostrophe.
    """

    def __init__(self, site: Path) -> None:
        """``site``: the folder the languages' folders lie in."""
        self._site = site
        for language in LANGUAGES:
            (site / language / FOLDER).mkdir(parents=True, exist_ok=True)

    def write(self, name: str, header: Sequence[Pair], rows: Iterable[Sequence[Value]]) -> str:
        """Write a table; returns its address as a page of either language names it."""
        kept = [list(row) for row in rows]
        for number, language in enumerate(LANGUAGES):
            made = io.StringIO()
            writer = csv.writer(made, delimiter=";" if language == "vi" else ",", lineterminator="\r\n")
            writer.writerow([pair[number] for pair in header])
            writer.writerows([[_written(v, number) for v in row] for row in kept])
            (self._site / language / FOLDER / f"{name}.csv").write_text(
                "\ufeff" + made.getvalue(), "utf-8", newline=""
            )
        return f"{FOLDER}/{name}.csv"


def _written(value: Value, language: int) -> str:
    """A value as a cell; the language decides words and the decimal sign."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        value = value[language]
    if isinstance(value, str):
        return no_formula(value)
    text = repr(round(value, 6)) if isinstance(value, float) and not value.is_integer() else str(int(value))
    return text.replace(".", ",") if language == 0 else text
