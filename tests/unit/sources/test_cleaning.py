"""Value rules of SPEC §1: nulls, dates, booleans, codes; property tests where a rule has many forms."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.ingestion import csv_text, insured, put, read

from sources.characters import ANY_INVISIBLE
from sources.reading.tidy import tidy

many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def value(rules: duckdb.DuckDBPyConnection, macro: str, text: str | None) -> object:
    found = rules.execute(f"select {macro}(given(?::varchar))", [text]).fetchone()
    assert found is not None
    return found[0]


def table(rules: duckdb.DuckDBPyConnection, texts: list[str], expected: dict[str, list[object]]) -> int:
    """Assert what each macro makes of every text, in one query; returns how many were compared."""
    forms = pd.DataFrame(
        {"form": texts} | {macro: pd.Series(v, dtype=object) for macro, v in expected.items()}
    )
    rules.register("forms", forms)
    wrong = " or ".join(f"{macro}(given(form)) is distinct from {macro}" for macro in expected)
    assert rules.execute(f"select * from forms where {wrong} limit 3").fetchall() == []
    rules.unregister("forms")
    return len(forms)


def test_every_form_of_every_day_reads_as_that_day(rules: duckdb.DuckDBPyConnection) -> None:
    first, last = date(1900, 3, 1), date(2099, 12, 31)
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    texts, read, precise = [], [], []
    for day in days:
        serial = (day - date(1899, 12, 30)).days
        forms = [day.isoformat(), f"{day:%d/%m/%Y}", f"{day:%d-%m-%Y}", f"{day.day}/{day.month}/{day.year}",
                 f"{serial}.0", f"{day.isoformat()} 00:00:00"]  # fmt: skip
        if serial > 9999:  # four digits are a year
            precise.append(str(serial))
        texts += forms
        read += [day] * len(forms)
    serials = [date(1899, 12, 30) + timedelta(int(s)) for s in precise]
    assert table(rules, texts + precise, {"any_date": read + serials, "moment": read + serials}) > 500_000
    whole = [t for t in texts if not re.fullmatch(r"\d{4}\.0", t)]
    births = [d for t, d in zip(texts, read, strict=True) if not re.fullmatch(r"\d{4}\.0", t)]
    none = [0] * (len(whole) + len(precise))
    table(rules, whole + precise, {"birth": births + serials, "birth_precision": none})


def test_partial_birth_dates_keep_their_precision(rules: duckdb.DuckDBPyConnection) -> None:
    years = range(1900, 2026)
    months = [(y, m) for y in years for m in range(1, 13)]
    table(rules, [str(y) for y in years], {  # a year, never a serial
        "birth": [date(y, 7, 1) for y in years], "birth_precision": [2] * len(years),
    })  # fmt: skip
    for form in ("{m:02d}/{y}", "{y}-{m:02d}"):
        table(rules, [form.format(y=y, m=m) for y, m in months], {
            "birth": [date(y, m, 15) for y, m in months], "birth_precision": [1] * len(months),
            "any_date": [None] * len(months),  # only a birth date may be partial
        })  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["2025-02-29", "31/04/2025", "2025-13-01", "13/13/2025", "2025/01/02", "01.02.2025", "0", "99999999", "-5", "x", "45000.5",
     "2025-1-1-1", "1_000", "1e3", "+45000", "00/00/1985", "2025-00-10"],
)  # fmt: skip
def test_what_is_no_date_is_unreadable(rules: duckdb.DuckDBPyConnection, text: str) -> None:
    assert value(rules, "any_date", text) is None
    assert value(rules, "birth", text) is None


@many
@given(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)).map(lambda d: d.replace(microsecond=0)))
def test_moments_read_to_the_second(rules: duckdb.DuckDBPyConnection, moment: datetime) -> None:
    for divider in (" ", "T"):
        assert value(rules, "moment", moment.isoformat(divider)) == moment
        assert value(rules, "moment", moment.strftime(f"%Y-%m-%d{divider}%H:%M")) == moment.replace(second=0)


@pytest.mark.parametrize(
    "text", ["2025-01-01 24:00", "2025-01-01 10:60", "2025-02-30 10:00", "2025-01-01 10", "10:00"]
)
def test_what_is_no_moment_is_unreadable(rules: duckdb.DuckDBPyConnection, text: str) -> None:
    assert value(rules, "moment", text) is None


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("sex_of", {"male": "male", "M": "male", "Nam": "male", "NAM": "male", "1": "male", "Female": "female", "f": "female",
                    "Nữ": "female", "NỮ": "female", "2": "female", "3": None, "nu": None}),
        ("boolean_mark", {"true": 1, "TRUE": 1, "1": 1, "Có": 1, "CÓ": 1, "false": 0, "0": 0, "Không": 0, "x": 2, "X": 2,
                          "": 3, "-": 3, "yes": 4}),
        ("month_number", {"2025-03": 24302, "2025-03-01": 24302, "2025-13": None, "2025-00": None, "03/2025": None,
                          "2025-03-02": None}),
        ("whole", {"7": 7, "-7": -7, "7.0": 7, "7.5": None, "1e3": None, "1,000": 1000, "0x10": None}),
        ("amount", {"7": 7, "7.25": 7.25, "-0.5": -0.5, "1.2e6": 1.2e6, "1,5": 1.5, "nan": None, "inf": None, "1_0": None}),
    ],
)  # fmt: skip
def test_values_of_a_kind(rules: duckdb.DuckDBPyConnection, macro: str, expected: dict[str, object]) -> None:
    assert {text: value(rules, macro, text) for text in expected} == expected


@pytest.mark.parametrize("text", ["", "NULL", "null", "N/A", "n/a", "-", None])
def test_what_means_nothing_is_null(rules: duckdb.DuckDBPyConnection, text: str | None) -> None:
    assert value(rules, "", text) is None


WHITE = " \t\n\r\x0b\x0c\x1c\x85\xa0\u1680\u2003\u2028\u202f\u3000"
# letters as one and as several characters, of scripts that compose otherwise, and what shows nothing
ODD = "\u0301\u0344\u0f73\u1100\u1161\u11a8\u1e9b\u2126\u212b\uf900\u200b"
words = st.text(st.sampled_from("aZé09ễà" + ODD + WHITE), max_size=12)


@many
@given(st.lists(words, min_size=1, max_size=20))
@example(["a \u200b b"])
def test_tidy_is_what_python_says(texts: list[str]) -> None:
    seen = [ANY_INVISIBLE.sub("", text) for text in texts]
    expected = [" ".join(unicodedata.normalize("NFC", text).split()) for text in seen]
    values = pa.array(["unused", *texts, None], pa.string())
    assert tidy(values).slice(1).to_pylist() == [*expected, None]
    assert tidy(values.slice(1)).to_pylist() == [*expected, None], (
        "an array that does not start at its buffer's start"
    )


def boolean_file(marks: list[str]) -> str:
    return csv_text([insured(i, unemployment_insured=mark) for i, mark in enumerate(marks, start=1)])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["x", "X", "", "-", "true", "0", "maybe"]), min_size=1, max_size=6))
def test_crosses_mean_true_where_nothing_else_is_written(
    tmp_path_factory: pytest.TempPathFactory, marks: list[str]
) -> None:
    home = tmp_path_factory.mktemp("crosses")
    put(home, "a.csv", boolean_file(marks))
    result = read(home)
    filled = {m.lower() for m in marks if m not in ("", "-")}
    expected: list[object] = []
    quarantined = []
    for line, mark in enumerate(marks, start=2):
        if filled == {"x"}:
            expected.append(mark.lower() == "x")
        elif mark in ("true", "0"):
            expected.append(mark == "true")
        else:
            quarantined.append(
                (line, f"{'missing' if mark in ('', '-') else 'unreadable'}:unemployment_insured")
            )
    assert result.column("unemployment_insured") == expected
    assert result.quarantine() == quarantined
    assert result.closes()


def test_crosses_are_a_matter_of_each_file(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", boolean_file(["x", ""]))
    put(tmp_path, "b.csv", csv_text([insured(7, unemployment_insured=""), insured(8)]))
    result = read(tmp_path)
    assert result.column("unemployment_insured") == [True, False, True]
    assert result.quarantine() == [(2, "missing:unemployment_insured")]


def test_an_optional_value_that_cannot_be_read_becomes_null_and_is_counted(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a.csv",
        csv_text([insured(1, occupation_group="A"), insured(2, occupation_group=""), insured(3)]),
    )
    result = read(tmp_path)
    assert result.column("occupation_group") == [None, None, "3"]
    assert result.repairs() == {("occupation_group", "optional_unreadable"): 1}


def test_all_reasons_are_given_in_contract_order(tmp_path: Path) -> None:
    bad = insured(
        1, full_name="", sex="?", wage_base="0", scheme="other", managing_province_code="99", month="3/2025"
    )
    put(tmp_path, "a.csv", csv_text([bad]))
    assert read(tmp_path).quarantine() == [
        (2, "missing:full_name;unreadable:sex;unreadable:month;unknown_code:scheme;unreadable:wage_base;"
            "unknown_code:managing_province_code"),
    ]  # fmt: skip


def test_official_figures_are_keyed_by_their_cleaned_values(tmp_path: Path) -> None:
    header = (
        "indicator,area_version,area_code,period,sex,age_group,urban_rural,value,unit,source,published_on"
    )
    lines = [
        "lfpr,2024,vn,2024,,,,70,percent,NSO,2025-01-05",
        "lfpr,2024,VN,2024,TOTAL,total,Total,71,percent,NSO,2025-01-05",
        "lfpr,2024,VN,2024Q1,Nữ,,,71,percent,NSO,2025-01-05",
        "lfpr,2024,1,2024q1,,,,71,percent,NSO,2025-01-05",
        "lfpr,2025,02,2024,,,,71,percent,NSO,2025-01-05",
        "lfpr,2024,VN,2024Q5,other,,,71,percent,NSO,2025-01-05",
        "lfpr,2030,VN,2024,,,,71,percent,NSO,2025-01-05",
    ]
    put(tmp_path, "a.csv", "\n".join([header, *lines]) + "\n", "official_statistics/2025-08")
    result = read(tmp_path)
    assert result.counts()["a.csv"] == (7, 3, 3, 0, 1)
    assert result.column("area_code", "official_statistics") == ["VN", "VN", "01"]
    assert result.column("sex", "official_statistics") == ["total", "female", "total"]
    assert result.quarantine() == [
        (6, "unknown_code:area_code"),
        (7, "unreadable:period;unreadable:sex"),
        (8, "unknown_code:area_version;unknown_code:area_code"),
    ]


def test_labour_register_rows_without_an_id_are_keyed_by_the_person(tmp_path: Path) -> None:
    header = "citizen_id,full_name,birth_date,sex,commune_code,surveyed_on,activity,employment_status"
    lines = [
        ",An,1985,Nam,00001,2024-01-05,inactive,",
        "12345,An,1985,Nam,1,2024-01-05,employed,own_account",
        "123456789,An,1985,Nam,00001,2024-01-05,inactive,",
        "123456789,Binh,1985,Nam,00001,2024-01-05,inactive,",
        ",An,1985,Nam,00001,2024-01-05,employed,",
    ]
    put(tmp_path, "a.csv", "\n".join([header, *lines]) + "\n", "labour_register/2024-02")
    result = read(tmp_path)
    assert result.counts()["a.csv"] == (5, 2, 1, 0, 2)
    assert result.column("activity", "labour_register") == ["employed", "inactive"]
    assert result.quarantine() == [(6, "missing:employment_status")]


def test_serials_start_where_spreadsheets_do(rules: duckdb.DuckDBPyConnection) -> None:
    assert value(rules, "any_date", "45658") == date(2025, 1, 1)
    assert value(rules, "any_date", "61") == date(1899, 12, 30) + timedelta(61)
