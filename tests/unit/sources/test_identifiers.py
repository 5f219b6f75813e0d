"""Identifiers of SPEC §2: check digits, century and sex in the citizen ID, zeros given back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum.vn import mst
from support.ingestion import GOOD_CODE, csv_text, insured, put, read

many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def enterprise(rules: duckdb.DuckDBPyConnection, texts: list[str]) -> list[int | None]:
    rows = rules.execute(
        "with g as (select i, given(x) as g from (select unnest(?) as x, generate_subscripts(?, 1) as i)),"
        " d as (select i, digits(g) as d from g)"
        " select enterprise_number(case when is_number(d) then d::bigint end, strlen(d)) from d order by i",
        [texts, texts],
    ).fetchall()
    return [number for (number,) in rows]


@many
@given(st.lists(st.integers(0, 10**10 - 1), min_size=1, max_size=200))
def test_check_digit_is_that_of_stdnum(rules: duckdb.DuckDBPyConnection, numbers: list[int]) -> None:
    codes = [f"{n:010d}" for n in numbers]
    codes += [c[:9] + str(d) for c in codes[:20] for d in range(10)]
    expected = [mst.is_valid(c) if c[2:9] != "0000000" else None for c in codes]
    for code, number, valid in zip(codes, enterprise(rules, codes), expected, strict=True):
        if valid is not None:  # stdnum also refuses running numbers of zeros, of which the SPEC says nothing
            assert (number is not None) == valid, code


@many
@given(st.integers(1, 10**9 - 1), st.integers(0, 999))
def test_branch_codes_are_their_parent_and_001_to_999(
    rules: duckdb.DuckDBPyConnection, base: int, branch: int
) -> None:
    weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
    digit = 10 - sum(w * int(d) for w, d in zip(weights, f"{base:09d}", strict=True)) % 11
    if digit == 10:
        assert enterprise(rules, [f"{base:09d}{d}" for d in range(10)]) == [None] * 10
        return
    parent = f"{base:09d}{digit}"
    wrong = parent[:9] + str((digit + 1) % 10)
    plain, whole, dashed, other = enterprise(
        rules, [parent, f"{parent}{branch:03d}", f"{parent}-{branch:03d}", f"{wrong}{branch:03d}"]
    )
    assert plain == int(parent) * 4000
    assert whole == dashed == (int(f"{parent}{branch:03d}") * 4 + 2 if branch else None)
    assert other is None


def test_lost_zeros_of_enterprise_codes(rules: duckdb.DuckDBPyConnection) -> None:
    full, short, person, short_person, thirteen, twelve = enterprise(
        rules,
        [GOOD_CODE, GOOD_CODE[1:], "001085000001", "01085000001", GOOD_CODE + "001", (GOOD_CODE + "001")[1:]],
    )
    assert full == short
    assert person == short_person == 1085000001 * 40 + 1
    assert thirteen is not None
    assert twelve == int((GOOD_CODE + "001")[1:]) * 40 + 1, (
        "12 digits are a citizen ID, never a branch without its zero"
    )


@many
@given(
    st.integers(0, 999),
    st.integers(0, 9),
    st.integers(0, 99),
    st.integers(0, 999_999),
    st.integers(1900, 2399),
)
def test_century_sex_and_year_of_a_citizen_id(
    rules: duckdb.DuckDBPyConnection, place: int, c: int, yy: int, rest: int, year: int
) -> None:
    number = ((place * 10 + c) * 100 + yy) * 1_000_000 + rest
    for born in (year, 1900 + 100 * (c // 2) + yy):
        for male in (True, False):
            found = rules.execute(
                "select citizen_id_agrees(?, ?, ?)", [number, date(born, 6, 1), male]
            ).fetchone()
            assert found == (born == 1900 + 100 * (c // 2) + yy and male == (c % 2 == 0),)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[object, ...]]:
    """What the columns read for identifiers written in odd ways, by how they were written."""
    home = tmp_path_factory.mktemp("identifiers")
    ids = ["'001085000001", "1085000001", "01085000001", "001.085.000.001", "001 085 000 001", "001-085-000001",
           "1085000001.0", "123456789", "12345678", "0010850000011", "00108500000X", "003085000001"]  # fmt: skip
    rows = [insured(i, citizen_id=text) for i, text in enumerate(ids)]
    put(home, "a.csv", csv_text(rows))
    result = read(home)
    found = zip(
        result.column("citizen_id"),
        result.column("former_id"),
        result.column("citizen_id_usable"),
        strict=True,
    )
    table: dict[str, tuple[object, ...]] = dict(zip(ids, found, strict=True))
    table["repairs"] = tuple(sorted(result.repairs().items()))
    return table


@pytest.mark.parametrize(
    "text",
    [
        "'001085000001",
        "1085000001",
        "01085000001",
        "001.085.000.001",
        "001 085 000 001",
        "001-085-000001",
        "1085000001.0",
    ],
)
def test_citizen_ids_however_written(written: dict[str, tuple[object, ...]], text: str) -> None:
    assert written[text] == (1085000001, None, True)


def test_former_and_unreadable_citizen_ids(written: dict[str, tuple[object, ...]]) -> None:
    assert written["123456789"] == (None, 123456789, False)
    assert written["12345678"] == (None, None, False), "8 digits in citizen_id are not restored"
    assert written["0010850000011"] == written["00108500000X"] == (None, None, False)
    assert written["003085000001"] == (3085000001, None, True), (
        "a prefix that is not in the list is a warning only"
    )
    assert written["repairs"] == (
        (("citizen_id", "leading_zero_restored"), 3),
        (("citizen_id", "optional_unreadable"), 3),
    )


def test_zeros_given_back_are_counted_by_column(tmp_path: Path) -> None:
    rows = [
        insured(1, si_number="123456789", employer_code=GOOD_CODE[1:], managing_province_code="1"),
        insured(2, si_number="1234567890", employer_code="01085000001"),
        insured(3, si_number="12345678"),
    ]
    put(tmp_path, "a.csv", csv_text(rows))
    result = read(tmp_path)
    assert result.column("si_number") == [123456789, 1234567890]
    assert result.quarantine() == [(4, "unreadable:si_number")]
    assert result.repairs() == {
        ("si_number", "leading_zero_restored"): 1,
        ("employer_code", "leading_zero_restored"): 2,
        ("managing_province_code", "leading_zero_restored"): 1,
    }


def test_a_bad_employer_code_keeps_the_row_as_sent(tmp_path: Path) -> None:
    rows = [insured(1, employer_code="0101243151"), insured(2, employer_code="X-1"), insured(3, employer_code=""),
            insured(4, employer_code="", scheme="voluntary")]  # fmt: skip
    put(tmp_path, "a.csv", csv_text(rows))
    result = read(tmp_path)
    assert result.column("employer_id") == [None, None, None]
    assert result.column("employer_code_sent") == ["0101243151", "X1", None]
    assert result.quarantine() == [(4, "missing:employer_code")]


def test_population_quarantines_ids_that_contradict(tmp_path: Path) -> None:
    header = "citizen_id,previous_id,full_name,birth_date,sex,commune_code,life_status,status_date,updated_at"
    lines = [
        "001085000001,12345678,An,1985,Nam,00001,alive,,2024-01-01",
        "001185000001,,An,1985,Nam,00001,alive,,2024-01-01",
        "001086000001,,An,1985,Nam,1,alive,,2024-01-01",
        "001085000002,,An,1985,Nam,00001,deceased,,2024-01-01",
        "001085000003,,An,1985,Nam,99999,alive,rubbish,2024-01-01 10:30",
    ]
    put(tmp_path, "a.csv", "\n".join([header, *lines]) + "\n", "population/2024-01")
    result = read(tmp_path)
    assert result.column("previous_id", "population") == [12345678]
    assert result.quarantine() == [
        (3, "citizen_id_contradicts:citizen_id"),
        (4, "citizen_id_contradicts:citizen_id"),
        (5, "missing:status_date"),
        (6, "unknown_code:commune_code"),
    ]
    assert result.repairs()["previous_id", "leading_zero_restored"] == 1
    assert result.repairs()["status_date", "optional_unreadable"] == 1


def test_codes_are_looked_up_in_the_list_of_the_delivery(tmp_path: Path) -> None:
    """Province 02 (Hà Giang) is in the old list only; delivery.json may say which list is meant."""
    rows = csv_text([insured(1, managing_province_code="02")])
    for month, note in (("2025-06", None), ("2025-07", None), ("2025-08", "2024"), ("2025-05", "2025")):
        put(tmp_path, "a.csv", rows, f"social_insurance/{month}")
        if note is not None:
            put(tmp_path, "delivery.json", f'{{"area_version": "{note}"}}', f"social_insurance/{month}")
    result = read(tmp_path)
    accepted = result.connection.execute(
        "select period, accepted from landing.files join landing.deliveries using (source, delivery_key) order by 1"
    ).fetchall()
    assert accepted == [("2025-05", 0), ("2025-06", 1), ("2025-07", 0), ("2025-08", 1)]
