"""Property tests of the readers: row accounting closes over any mess, and both ways of splitting agree."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.ingestion import INSURED, csv_text, database, insured, put, read

from sources.contract import load_contract
from sources.reading.delimited import open_delimited

texts = st.text(st.sampled_from("aé1 ,;\"'\t|-\r\n"), max_size=5)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.one_of(texts, st.sampled_from([csv_text([insured(i)]).splitlines()[1] for i in range(4)])),
        max_size=8,
    ),
    spoilt=st.lists(st.tuples(st.integers(0, 12), texts), max_size=3),
)
def test_row_accounting_closes_over_messy_files(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], spoilt: list[tuple[int, str]]
) -> None:
    rows = []
    for number, (position, text) in enumerate(spoilt):
        row = insured(number)
        row[INSURED[position]] = text
        rows.append(",".join(row.values()))
    home = tmp_path_factory.mktemp("messy")
    put(home, "a.csv", "\n".join([",".join(INSURED), *lines, *rows]))
    result = read(home, database())
    assert result.closes()
    if result.problem() is not None:
        assert re.search("quote|CR alone", str(result.problem()))
        assert result.counts()["a.csv"] == (None,) * 5
        assert result.column("row_id") == []


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('ab,"\n\r '), max_size=40))
def test_both_ways_of_splitting_agree(tmp_path_factory: pytest.TempPathFactory, body: str) -> None:
    """Where quotes follow RFC 4180, Arrow's way and the row-by-row way give the same records."""
    path = tmp_path_factory.mktemp("ways") / "a.csv"
    contract = load_contract("poor_households")
    path.write_bytes(f"household_id,year,category\n{body}".encode())
    reader = open_delimited(path, contract).reader
    fast = _records(reader.rows)
    data = path.read_bytes().split(b"\n", 1)[1]
    slow = _records(lambda: reader._one_by_one(data, BytesIO(), 2))  # type: ignore[attr-defined]
    assert fast == slow


def _records(rows: Callable[[], object]) -> object:
    found = []
    try:
        for part in rows():  # type: ignore[attr-defined]
            columns = None if part.columns is None else [c.to_pylist() for c in part.columns]
            for i, line in enumerate(part.lines.tolist()):
                fields = None if columns is None else [" ".join(c[i].split()) for c in columns]
                found.append((line, fields, part.raw[i].as_py()))
    except Exception as error:
        return str(error)
    return sorted(found, key=lambda r: r[0])
