"""Text that others wrote steers no terminal and begins no formula."""

from __future__ import annotations

import io
import json
from typing import Any

import duckdb
import pytest

from orchestration.cli import console
from releases.tables import csv_select
from sources.plain import escaped, json_printable, no_formula, printable

FORGED = "\x1b[2J\x1b[H\x9b31mPublished 2025Q4.9\r\x07\x00\u202e\u2066\u200b\x7f\x85"
CLEAN = "[2J[H31mPublished 2025Q4.9"


def shown(thing: Any) -> str:
    screen = console.SafeConsole(file=io.StringIO(), force_terminal=True, color_system=None, width=200)
    screen.print(thing, markup=False, highlight=False)
    text: str = screen.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_nothing_printed_steers_the_terminal() -> None:
    assert shown(f"Left out: {FORGED}").strip() == f"Left out: {CLEAN}"
    table = shown(console.table(FORGED, (FORGED,), [[FORGED]]))
    assert not {"\x1b", "\x9b", "\r", "\x07", "\u202e"} & set(table) and table.count("Published") == 3


def test_titles_are_no_markup() -> None:
    assert "[red]x[/red]" in shown(console.table("[red]x[/red]", ("[red]x[/red]",), []))


def test_both_consoles_are_safe() -> None:
    assert type(console.out) is type(console.err) is console.SafeConsole


def test_json_says_the_same_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"file": FORGED, "more": "Sở Lao động\ttab\nline \U000e0041 \ud800"}
    console.print_json(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == value
    assert printed == printable(printed) and "Sở Lao động" in printed
    assert json.loads(json_printable(json.dumps("\U000e0041"))) == "\U000e0041"


def test_line_ends_and_vietnamese_stay() -> None:
    assert printable("Sở\n\tLao động – Thương binh") == "Sở\n\tLao động – Thương binh"
    assert escaped("Sở\n\x1b\u202e") == "Sở\\n\\x1b\\u202e"


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u3000=1", "＝1", "\r=1", "\n=1", "\xa0@x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_a_formula(text: str) -> None:
    assert no_formula(text) == f"'{text}"
    with duckdb.connect() as connection:
        connection.execute("create table t as select $1 as file, -1.5 as value, 'a=b' as other", [text])
        assert connection.execute(csv_select(connection, "t")).fetchone() == (
            f"'{text}",
            pytest.approx(-1.5),
            "a=b",
        )


def test_what_is_no_formula_stays_as_it_is() -> None:
    for text in ("a=1.csv", "Sở", "", "2025-12", "'=1", "–1"):
        assert no_formula(text) == text
    with duckdb.connect() as connection:
        connection.execute("create table t as select 'x' as \"a b\", null::varchar as n, 1 as i")
        assert connection.execute(csv_select(connection, "t")).fetchall() == [("x", None, 1)]
