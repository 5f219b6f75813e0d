"""Whether the population moved too far, and which deliveries are named where a check stops a run."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from expectations.culprits import MOST, culprits_of, find_culprits, stated_culprits
from expectations.judge import blocking_failures, judge
from expectations.measuring import frame_of, measure_rules
from expectations.rules import HERE, load_rules
from releases.pages.words import MOVED_BY_NONE, OF_OUR_OWN, moved_most
from sources.calendar import month_number
from sources.contract import linked_sources
from sources.restricted.database import create_schema

RULES = load_rules()
APRIL, NOVEMBER, NOVEMBER_AGAIN, DECEMBER = (
    (month_number(month) * 1024 + revision)
    for month, revision in (("2025-04", 1), ("2025-11", 1), ("2025-11", 2), ("2025-12", 1))
)
FOLDERS = {APRIL: "2025-04", NOVEMBER: "2025-11", NOVEMBER_AGAIN: "2025-11.r2", DECEMBER: "2025-12"}


@pytest.fixture
def world() -> duckdb.DuckDBPyConnection:
    """A hundred persons who all count at the ends of three quarters, sent in April; insurance of ten in each of four deliveries."""
    c = duckdb.connect()
    c.execute("attach ':memory:' as labour; attach ':memory:' as restricted; use restricted")
    create_schema(c)
    c.execute("create schema staging")
    for source in ("population", "social_insurance"):
        for key, period in FOLDERS.items():
            c.execute(
                "insert into landing.deliveries (source, delivery_key, period, revision, folder, state) values (?, ?, ?, ?, ?, 'read')",
                [source, key, period[:7], key % 1024, f"{source}/{period}"],
            )
            c.execute(
                "insert into landing.files (source, delivery_key, file_no, file, sha256, rows_read, accepted)"
                " values (?, ?, 1, 'a.csv', '', 12, 10)",
                [source, key],
            )
    c.execute(
        f"create table staging.stg_population as select {APRIL}::bigint as delivery_key, range::bigint as row_id from range(100)"
    )
    c.execute(
        "create table identity.population_records as select range::bigint as person_key, date '2025-04-01' as valid_from,"
        " null::date as valid_to, 'alive' as life_status, range::bigint as row_id from range(100)"
    )
    keys = ", ".join(str(key) for key in FOLDERS)
    for source in linked_sources():
        rows = 10 if source == "social_insurance" else 0
        c.execute(
            f"create table identity.linked_{source} as select unnest([{keys}])::bigint as delivery_key,"
            f" range::bigint as row_id, range::bigint as person_key, 'citizen_id' as link_rule from range({rows})"
        )
    c.execute("use labour; create schema run; create schema labour")
    c.execute(
        "create table run.quarters as from (values (8101, '2025Q2', date '2025-06-30', 24305), (8102, '2025Q3',"
        " date '2025-09-30', 24308), (8103, '2025Q4', date '2025-12-31', 24311)) as q (quarter, period, ends_on, reference_month)"
    )
    c.execute("create table run.parameters as select 24311 as cutoff_month")
    c.execute("create table run.covered_provinces (province_code smallint)")
    c.execute("create table run.deliveries_in_force as select 'population' as source, 24303 as period_month")
    c.execute(
        "create table labour.labour.person_quarters as select unnest([8101, 8102, 8103]) as quarter,"
        " range::bigint as person_key, (30 + range % 2)::smallint as province_2024 from range(100)"
    )
    return c


def measured(world: duckdb.DuckDBPyConnection, check_id: str) -> dict[str, tuple[int, int | None]]:
    return {m.object: (m.rows_checked, m.rows_failed) for m in measure_rules(world, [RULES[check_id]])}


def stopped_by(world: duckdb.DuckDBPyConnection, *check_ids: str) -> pd.DataFrame:
    return blocking_failures(judge(frame_of(measure_rules(world, [RULES[c] for c in check_ids])), RULES))


def named(found: pd.DataFrame) -> list[tuple[str, int, int]]:
    return list(zip(found["folder"], found["rows"], found["out_of"], strict=True))


def lose(
    world: duckdb.DuckDBPyConnection, persons: int, key: int, *, first: int = 0, late: bool = False
) -> None:
    """The rows of a delivery say that persons died in November; late: only a row of after the quarter says so."""
    some = f"between {first} and {first + persons - 1}"
    world.execute(f"delete from labour.labour.person_quarters where quarter = 8103 and person_key {some}")
    world.execute(
        f"insert into restricted.staging.stg_population select {key}, {key} + range from range({first}, {first + persons})"
    )
    said = "2026-01-05" if late else "2025-11-10"
    world.execute(
        f"update restricted.identity.population_records set valid_to = '{said}' where person_key {some}"
    )
    world.execute(
        f"insert into restricted.identity.population_records select range, date '{said}', null, 'deceased', {key} + range"
        f" from range({first}, {first + persons})"
    )


# ---- the population from quarter to quarter --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lost", "warned", "blocked"), [(2, 0, 0), (3, 1, 0), (10, 1, 0), (11, 1, 1), (100, 1, 1)]
)
def test_a_population_that_falls(
    world: duckdb.DuckDBPyConnection, lost: int, warned: int, blocked: int
) -> None:
    world.execute(f"delete from labour.labour.person_quarters where quarter = 8103 and person_key < {lost}")
    assert measured(world, "population_change") == {"as-of quarter": (1, warned), "earlier quarters": (1, 0)}
    assert measured(world, "population_break") == {"as-of quarter": (1, blocked), "earlier quarters": (1, 0)}
    assert len(world.execute(RULES["population_break"].query_for("as-of quarter")).fetchall()) == blocked


@pytest.mark.parametrize(("came", "warned", "blocked"), [(2, 0, 0), (3, 1, 0), (10, 1, 0), (11, 1, 1)])
def test_a_population_that_rises_and_stays(
    world: duckdb.DuckDBPyConnection, came: int, warned: int, blocked: int
) -> None:
    """What an earlier quarter did is a line of its own: a waiver of it hides nothing new."""
    world.execute(
        f"insert into labour.labour.person_quarters select unnest([8102, 8103]), 1000 + range, 30 from range({came})"
    )
    assert measured(world, "population_change") == {"as-of quarter": (1, 0), "earlier quarters": (1, warned)}
    assert measured(world, "population_break") == {"as-of quarter": (1, 0), "earlier quarters": (1, blocked)}


@pytest.mark.parametrize(
    ("change", "as_of", "earlier"),
    [
        ("select 1", "failed", "passed"),
        # the first delivery came within a quarter: while it is being filled, a register only grows
        ("update run.deliveries_in_force set period_month = 24304", "failed", "not_applicable"),
        ("update run.deliveries_in_force set period_month = 24307", "not_applicable", "not_applicable"),
        ("delete from labour.labour.person_quarters where person_key >= 79", "failed", "passed"),
        (
            "delete from labour.labour.person_quarters where person_key >= 49",
            "not_applicable",
            "not_applicable",
        ),
        ("delete from labour.labour.person_quarters", "not_applicable", "not_applicable"),
        ("delete from run.deliveries_in_force", "not_applicable", "not_applicable"),
        # of provinces 30 and 31 only those that are published count: whoever was lost lived in 30
        ("insert into run.covered_provinces values (30)", "failed", "passed"),
        ("insert into run.covered_provinces values (31)", "passed", "passed"),
    ],
)
@pytest.mark.parametrize("check_id", ["population_change", "population_break"])
def test_what_is_compared(
    world: duckdb.DuckDBPyConnection, check_id: str, change: str, as_of: str, earlier: str
) -> None:
    world.execute(
        "delete from labour.labour.person_quarters where quarter = 8103 and person_key < 30 and province_2024 = 30"
    )
    world.execute(change)
    checks = judge(frame_of(measure_rules(world, [RULES[check_id]])), RULES)
    assert dict(zip(checks["object"], checks["status"], strict=True)) == {
        "as-of quarter": as_of, "earlier quarters": earlier,
    }  # fmt: skip
    severity = "warn" if check_id == "population_change" else "block"
    assert set(checks["severity"]) == {severity}


# ---- who is named ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
def test_deaths_name_the_delivery_that_says_so(world: duckdb.DuckDBPyConnection, late: bool) -> None:
    lose(world, 15, NOVEMBER_AGAIN, late=late)
    lose(world, 2, DECEMBER, first=20)
    found = find_culprits(world, stopped_by(world, "population_break"), RULES)
    assert named(found) == [("population/2025-11.r2", 15, 15), ("population/2025-12", 2, 2)]
    assert set(found["object"]) == {"as-of quarter"}


def test_persons_who_came_name_their_delivery_and_those_who_turned_15_none(
    world: duckdb.DuckDBPyConnection,
) -> None:
    world.execute("insert into labour.labour.person_quarters select 8103, 500 + range, 30 from range(14)")
    world.execute(
        f"insert into restricted.staging.stg_population select {NOVEMBER}, 500 + range from range(12)"
    )
    world.execute(
        "insert into restricted.identity.population_records select 500 + range, date '2025-11-02', null, 'alive', 500 + range"
        " from range(12) union all select 512 + range, date '2025-04-01', null, 'alive', range from range(2)"
    )
    found = find_culprits(world, stopped_by(world, "population_break"), RULES)
    assert named(found) == [("population/2025-11", 12, 12)]


def test_unlinked_rows_are_held_against_the_months_before(world: duckdb.DuckDBPyConnection) -> None:
    linked = "update restricted.identity.linked_social_insurance set person_key = null where delivery_key = {} and row_id < {}"
    world.execute(linked.format(APRIL, 2))
    world.execute(linked.format(NOVEMBER_AGAIN, 9))
    world.execute(linked.format(DECEMBER, 8))
    found = find_culprits(world, stopped_by(world, "linked_share_social_insurance"), RULES)
    folders = ["social_insurance/2025-11.r2", "social_insurance/2025-12", "social_insurance/2025-04"]
    assert named(found) == list(zip(folders, [9, 8, 2], [10, 10, 10], strict=True))


def test_five_are_named_and_nobody_where_nothing_stops(world: duckdb.DuckDBPyConnection) -> None:
    assert find_culprits(world, stopped_by(world, "linked_share_social_insurance"), RULES).empty
    for n in range(8):
        world.execute(
            "insert into restricted.landing.deliveries (source, delivery_key, period, revision, folder, state)"
            f" values ('social_insurance', {n}, '2025-10', {n}, 'social_insurance/2025-10.r{n}', 'read')"
        )
        world.execute(
            f"insert into restricted.identity.linked_social_insurance values ({n}, {n}, null, 'unlinked')"
        )
    blocking = stopped_by(world, "linked_share_social_insurance")
    assert len(find_culprits(world, blocking, RULES)) == MOST
    assert find_culprits(world, blocking.assign(status="error"), RULES).empty


def test_what_the_last_release_did_not_use_is_named_by_its_rows(world: duckdb.DuckDBPyConnection) -> None:
    blocking = pd.DataFrame(
        [("change_since_last_release", "indicators: country", "failed")],
        columns=["check_id", "object", "status"],
    )
    world.execute("update restricted.landing.files set accepted = 11 where source = 'population'")
    changed = {"social_insurance/2025-12", "population/2025-11.r2"}
    found = find_culprits(world, blocking, RULES, changed)
    assert named(found) == [("population/2025-11.r2", 11, 12), ("social_insurance/2025-12", 10, 12)]
    assert find_culprits(world, blocking, RULES).empty


def test_a_statement_that_fails_hides_no_stop(world: duckdb.DuckDBPyConnection) -> None:
    lose(world, 15, NOVEMBER)
    blocking = stopped_by(world, "population_break")
    world.execute("drop table restricted.identity.population_records")
    assert len(blocking) == 1 and find_culprits(world, blocking, RULES).empty


# ---- how it is said --------------------------------------------------------------------------------------------


def line(check_id: str, name: str, status: str = "failed") -> dict[str, str]:
    return {"check_id": check_id, "object": name, "status": status}


def test_what_is_said_of_a_stop(world: duckdb.DuckDBPyConnection) -> None:
    lose(world, 15, NOVEMBER)
    found = find_culprits(world, stopped_by(world, "population_break"), RULES)
    told = culprits_of(line("population_break", "as-of quarter"), found)
    assert told is not None
    assert told["deliveries"] == [{"folder": "population/2025-11", "rows": 15, "out_of": 15}]
    assert (
        moved_most(told)[1:] == ["  population/2025-11: 15 / 15"] and told["counted"] in moved_most(told)[0]
    )
    assert moved_most(culprits_of(line("population_break", "earlier quarters"), found)) == [MOVED_BY_NONE[1]]
    for own in ("parts_sum_to_totals", "a_test_of_a_model"):
        assert moved_most(culprits_of(line(own, "indicators: sex"), found)) == [OF_OUR_OWN[1]]
    assert culprits_of(line("population_break", "as-of quarter", "error"), found) is None
    assert culprits_of(line("all_checks_ran", "publication gate"), found) is None
    assert moved_most(None) == []


def test_every_way_of_naming_is_stated_used_and_counts_no_personal_data() -> None:
    stated = stated_culprits()
    used = {r.culprits for r in RULES.values() if r.culprits is not None}
    assert used == set(stated) == {p.stem for p in (HERE / "sql/culprits").glob("*.sql")}
    assert {r.id for r in RULES.values() if r.culprits} == {
        "linked_share_social_insurance", "linked_share_training", "linked_share_other",
        "population_break", "change_since_last_release",
    }  # fmt: skip
    assert {(r.severity, r.gate == "delivery") for r in RULES.values() if r.culprits} == {("block", False)}
    assert all(c.counted.isascii() and not c.counted_vi.isascii() for c in stated.values())
