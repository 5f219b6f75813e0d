"""Fifteen invented people over fifteen months, worked out by hand: spells, successions, flows, transitions, careers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from support import home_tables
from worlds import careers
from worlds import eighteen_persons as worlds
from worlds.careers import FACTORY, NEW_FACTORY, PEOPLE, RENEWED, SHOP, WORKERS, contribution, deliveries

from orchestration.home import Home

pytestmark = pytest.mark.slow

OFF = "[succession]\nemployers = false\npersons = false\n"
TABLES = ("labour_flows.parquet", "transitions.parquet", "training_outcomes.parquet", "indicators.parquet")


@contextmanager
def opened(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, with the keys of the people by name."""
    with worlds.opened(home) as connection:
        rows = [(name, int(p.id)) for name, p in PEOPLE.items()]
        rows += [(f"{name} mới", int(p.id)) for name, p in RENEWED.items()]
        connection.execute("create table named (name varchar, citizen_id bigint)")
        connection.executemany("insert into named values (?, ?)", rows)
        connection.execute(
            "create view keys as select name, person_key from named join restricted.identity.person_keys using (citizen_id)"
        )
        yield connection


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The world with both successions followed, as by default."""
    return careers.run(careers.write(Home(tmp_path_factory.mktemp("careers") / "home")))


@pytest.fixture(scope="module")
def as_sent(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The world with every code an employer and every ID a person."""
    return careers.run(careers.write(Home(tmp_path_factory.mktemp("as_sent") / "home"), OFF))


def spells(home: Home) -> set[tuple[str, str, str, str]]:
    """Who, at which enterprise code, from, to."""
    with opened(home) as connection:
        found = connection.execute(
            "select name, enterprise_code, first_month, last_month from w.labour.job_spells"
            " join keys using (person_key) join w.labour.enterprises using (employer_key)"
        ).fetchall()
    return {tuple(row) for row in found}


def test_spells_follow_the_factory_and_the_person(followed: Home) -> None:
    expected = {(w, NEW_FACTORY, "2024-10", "2025-12") for w in WORKERS[:5]}
    expected |= {
        (WORKERS[5], NEW_FACTORY, "2024-10", "2025-06"),
        ("lan", SHOP, "2024-10", "2025-02"),
        ("lan", SHOP, "2025-10", "2025-12"),
        ("hạnh", SHOP, "2024-10", "2025-12"),
        ("hạnh", NEW_FACTORY, "2025-08", "2025-09"),
        ("minh", SHOP, "2024-10", "2025-12"),
    }
    assert spells(followed) == expected


def test_spells_are_of_codes_and_ids_where_nothing_is_followed(as_sent: Home) -> None:
    expected = {(w, FACTORY, "2024-10", "2025-06") for w in WORKERS}
    expected |= {(w, NEW_FACTORY, "2025-07", "2025-12") for w in WORKERS[:5]}
    expected |= {
        ("lan", SHOP, "2024-10", "2025-02"),
        ("lan", SHOP, "2025-10", "2025-12"),
        ("hạnh", SHOP, "2024-10", "2025-12"),
        ("hạnh", NEW_FACTORY, "2025-08", "2025-09"),
        ("minh", SHOP, "2024-10", "2025-03"),
        ("minh mới", SHOP, "2025-04", "2025-12"),
    }
    assert spells(as_sent) == expected


def test_the_ledgers_name_what_was_joined_and_why(followed: Home, as_sent: Home) -> None:
    with opened(followed) as connection:
        employers = connection.execute(
            "select p.enterprise_code, s.enterprise_code, last_month, workers, movers from w.labour.employer_successions"
            " join w.labour.enterprises as p on predecessor_key = p.employer_key"
            " join w.labour.enterprises as s on surviving_key = s.employer_key"
        ).fetchall()
        persons = connection.execute(
            "select k.name, n.name, evidence, first_row_on::varchar, last_insured_month, first_insured_month"
            " from w.labour.person_successions as s join keys as k on s.person_key = k.person_key"
            " join keys as n on s.superseded_key = n.person_key order by 1"
        ).fetchall()
        counted = connection.execute("select count(*) from w.labour.persons").fetchone()
    assert employers == [(FACTORY, NEW_FACTORY, "2025-06", 6, 5)]
    assert persons == [
        ("minh", "minh mới", "previous_citizen_id", "2025-04-10", "2025-03", "2025-04"),
        ("tú", "tú mới", "same_attributes", "2025-04-15", None, None),
    ]
    assert counted == (len(PEOPLE),)  # the twins and the namesakes are two persons each
    with opened(as_sent) as connection:
        for table, rows in (
            ("employer_successions", 0),
            ("person_successions", 0),
            ("persons", len(PEOPLE) + 2),
        ):
            assert connection.execute(f"select count(*) from w.labour.{table}").fetchone() == (rows,)


# period: M B E F A H R S JC JD. Jobs: six at the factory (the sixth to 2025Q2), the shop's Lan (2024Q4-2025Q1, back in
# 2025Q4: a recall), Hạnh and Minh, and Hạnh's second job in 2025Q3.
FOLLOWED = {
    "2024Q4": (9, None, 9, None, None, None, None, 0, None, None),
    "2025Q1": (9, 9, 8, 8, 0, None, None, 1, 0, 1),
    "2025Q2": (8, 8, 7, 7, 0, None, None, 1, 0, 1),
    "2025Q3": (8, 7, 7, 7, 1, None, None, 1, 0, 0),
    "2025Q4": (8, 7, None, None, 1, 0, 1, None, None, None),
}
# Every worker leaves the old factory after 2025Q2 and is new at the new one in 2025Q3; Minh leaves the shop after
# 2025Q1 under the old ID and begins in 2025Q2 under the new one.
AS_SENT = {
    "2024Q4": (9, None, 9, None, None, None, None, 0, None, None),
    "2025Q1": (9, 9, 7, 7, 0, None, None, 2, 0, 2),
    "2025Q2": (8, 7, 2, 1, 1, None, None, 6, 1, 6),
    "2025Q3": (8, 2, 7, 2, 6, None, None, 1, 5, 0),
    "2025Q4": (8, 7, None, None, 1, 0, 1, None, None, None),
}


@pytest.mark.parametrize(("name", "expected"), [("followed", FOLLOWED), ("as_sent", AS_SENT)])
def test_flows_of_the_country(name: str, expected: dict[str, object], request: pytest.FixtureRequest) -> None:
    home: Home = request.getfixturevalue(name)
    total = "area_version = '2025' and area_code = 'VN' and section = 'total'"
    found = home_tables.sql(
        home, f"select period, M, B, E, F, A, H, R, S, JC, JD from labour_flows where {total} order by 1"
    )
    assert {row[0]: row[1:] for row in found} == expected


def test_flows_of_sections_are_the_successors(followed: Home) -> None:
    cell = "area_version = '2024' and area_code = '30' and period = '2025Q3'"
    found = home_tables.sql(followed, f"select section, M, A, S from labour_flows where {cell} order by 1")
    assert found == [("C", 6, 1, 1), ("G", 2, 0, 0), ("total", 8, 1, 1)]


def test_the_example_of_the_documentation(followed: Home) -> None:
    """What ``docs/careers.md`` tells of Lan is what the tables say of her."""
    with opened(followed) as connection:
        lan = "join keys using (person_key) where name = 'lan'"
        statuses = connection.execute(
            f"select quarter, status, source from w.labour.labour_status {lan} order by 1"
        ).fetchall()
        jobs = connection.execute(
            "select first_month, last_month, months, first_wage_base, mean_wage_base, is_recall, is_open"
            f" from w.labour.job_spells {lan} order by 1"
        ).fetchall()
        career = connection.execute(
            "select first_month, first_job_month, jobs, employers, months_insured, months_unemployed, current_status,"
            f" transitions from w.labour.careers {lan}"
        ).fetchall()
    assert statuses == [
        ("2024Q4", "employed", "social_insurance"),
        ("2025Q1", "unemployed", "unemployment_benefit"),
        ("2025Q2", "unknown", "none"),
        ("2025Q3", "unknown", "none"),
        ("2025Q4", "employed", "social_insurance"),
    ]
    assert jobs == [
        ("2024-10", "2025-02", 5, 6_000_000, 6_020_000, False, False),
        ("2025-10", "2025-12", 3, 6_120_000, 6_130_000, True, True),
    ]
    assert career == [("2024-10", "2024-10", 2, 1, 9, 3, "employed", 3)]
    text = (Path(__file__).parents[2] / "docs" / "careers.md").read_text(encoding="utf-8")
    for shown in (
        "6,020,000",
        "6,130,000",
        "2024-10 | 2025-02 | 5",
        "2025-10 | 2025-12 | 3",
        "9 | 3 | employed | 3",
    ):
        assert shown in text


def test_outcome_of_the_one_completion(followed: Home) -> None:
    total = "area_code = 'VN' and area_version = '2024' and field_code = 'total' and level = 'total' and kind = 'total'"
    found = home_tables.sql(
        followed,
        "select year, completions, employed_6m, employed_12m, median_wage_12m, same_province_12m, status"
        f" from training_outcomes where {total}",
    )
    # December 2024 plus 6 is observed, but January 2024 plus 6 lies before the first delivery: the year stays open
    assert found == [(2024, 1, None, 1, 6_140_000, 1, "released")]


def test_transitions_are_of_persons_at_both_dates(followed: Home, as_sent: Home) -> None:
    cell = "area_version = '2024' and area_code = '30' and sex = 'total' and age_group = 'total' and lag = 'quarter'"
    query = f"select from_status, to_status, persons from transitions where {cell} and period = '2025Q2' order by 1, 2"
    # the second twin and namesake came in this quarter
    assert home_tables.sql(followed, query) == [
        ("employed", "employed", 8),  # six workers, Hạnh, Minh
        ("unemployed", "unknown", 1),  # Lan
        ("unknown", "unknown", 3),  # Tú, Ánh, Bảo
    ]
    assert home_tables.sql(as_sent, query) == [
        ("employed", "employed", 7),
        ("employed", "unknown", 1),  # Minh's old ID
        ("unemployed", "unknown", 1),
        ("unknown", "unknown", 3),
    ]


def _late() -> dict[str, list[worlds.Row]]:
    """Contributions that close a gap arrive one and two months late; a wrong one goes with a re-delivery."""
    on_time = deliveries()
    february, march, april = (f"social_insurance/2025-{m}" for m in ("02", "03", "04"))
    late = [r for r in on_time[february] if r["employer_code"] == SHOP]
    wrong = contribution("lan", SHOP, "2025-03")  # would join nothing, but lengthen her spell
    return {
        february: [r for r in on_time[february] if r not in late],
        march: [*on_time[march], late[0], wrong],
        april: [*on_time[april], *late[1:]],
        f"{march}.r2": [*on_time[march], late[0]],
    }


def test_a_late_correction_gives_what_there_would_have_been(followed: Home, tmp_path: Path) -> None:
    """Byte for byte, the tables that time decides: late rows that close a gap, a re-delivery that takes one back."""
    late = careers.run(careers.write(Home(tmp_path / "late"), changed=_late()))
    assert spells(late) == spells(followed)
    on_time, corrected = worlds.table_bytes(followed), worlds.table_bytes(late)
    assert [name for name in TABLES if on_time[name] != corrected[name]] == []


def test_a_correction_may_split_a_spell(followed: Home, tmp_path: Path) -> None:
    """Without February, taken back by a re-delivery, Hạnh's spell in the shop is two."""
    february = "social_insurance/2025-02"
    rows = [r for r in deliveries()[february] if r["full_name"] != PEOPLE["hạnh"].name]
    split = careers.run(careers.write(Home(tmp_path / "split"), changed={f"{february}.r2": rows}))
    assert spells(split) - spells(followed) == {
        ("hạnh", SHOP, "2024-10", "2025-01"),
        ("hạnh", SHOP, "2025-03", "2025-12"),
    }


def test_a_quarter_nobody_delivered_is_unknown_not_a_wave_of_dismissals(tmp_path: Path) -> None:
    """Without insurance from April to June: no row for that quarter, nothing said of who left before or came after it."""
    missing = [f"social_insurance/2025-0{m}" for m in (4, 5, 6)]
    home = careers.run(careers.write(Home(tmp_path / "gap"), without=missing))
    total = "area_version = '2025' and area_code = 'VN' and section = 'total'"
    found = home_tables.sql(
        home, f"select period, M, B, E, F, A, H, R, S, JC, JD from labour_flows where {total} order by 1"
    )
    assert found == [
        ("2024Q4", 9, None, 9, None, None, None, None, 0, None, None),
        ("2025Q1", 9, 9, None, None, 0, None, None, None, None, None),
        ("2025Q3", 8, None, 7, None, None, None, None, 1, None, None),
        ("2025Q4", 8, 7, None, None, 1, None, None, None, None, None),
    ]
    said = "select rows_failed, severity from checks where check_id = 'insured_months_delivered'"
    assert home_tables.sql(home, said) == [(3, "warn")]
