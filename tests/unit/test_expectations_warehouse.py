"""Gates 2 and 3 over a small world that is whole, then broken in one place after the other, then empty."""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from expectations.judge import blocking_failures
from expectations.linkage_gate import linkage_gate
from expectations.measuring import measure_rules
from expectations.publication_gate import publication_gate
from expectations.rules import load_rules
from sources.contract import all_sources
from sources.landing import month_number
from sources.restricted import create_schema

RULES = load_rules()
SEED = Path(__file__).parents[2] / "dbt_project/seeds/indicator_definitions.csv"
LINKED = RULES["linked_rows_complete"].objects
QUARTERS = {8102: "2025Q3", 8103: "2025Q4"}
BANDS = ((300, "15-24"), (420, "25-34"), (540, "35-44"), (660, "45-54"), (780, "55-64"), (9999, "65+"))
KEY = ("indicator", "period", "area_version", "area_level", "area_code", "sex", "age_group", "urban_rural")
MEASURES = {
    "population": lambda p: True,
    "labour_force": lambda p: p["status"] in (1, 2),
    "employed": lambda p: p["status"] == 1,
    "unemployed": lambda p: p["status"] == 2,
    "inactive": lambda p: p["status"] == 3,
    "abroad": lambda p: p["status"] == 4,
    "unknown": lambda p: p["status"] == 0,
    "population_with_status": lambda p: p["status"] != 0,
    "population_of_known_status": lambda p: p["status"] in (1, 2, 3),
    "employed_with_section": lambda p: p["status"] == 1 and p["n"] % 4 > 0,
}


def _persons() -> pd.DataFrame:
    """48 persons in two quarters: the last ones' old district cannot be told, some have no new commune."""
    communes = ((11001, 300, 30, 21001), (11002, 300, 30, 21002), (12001, 330, 33, None))
    lines = []
    for quarter in QUARTERS:
        for n in range(48):
            commune, district, province, new = (None, None, 30, 21001) if n >= 45 else communes[n % 3]
            lines.append(
                {"person_key": 1000 + n, "n": n, "quarter": quarter, "is_male": n % 2 == 0,
                 "age_months": 180 + n * 37 % 700, "working_age": n % 5 > 0, "urban": n % 7 < 3,
                 "province_2024": province, "province_2025": 31, "district_2024": district,
                 "commune_2024": commune, "commune_2025": new, "status": (n + quarter) % 4}
            )  # fmt: skip
    integers = {c: "Int64" for c in ("district_2024", "commune_2024", "commune_2025")}
    return pd.DataFrame(lines).astype(integers)


def _cells_of(p: dict[str, object]) -> list[tuple[str, ...]]:
    age = int(str(p["age_months"]))
    ages = ["total", next(name for bound, name in BANDS if age < bound)]
    ages += ["16-30"] if 192 <= age <= 371 else []
    ages += ["working_age"] if p["working_age"] else []
    sexes, kinds = (
        ("total", "male" if p["is_male"] else "female"),
        ("total", "urban" if p["urban"] else "rural"),
    )
    quarter = QUARTERS[int(str(p["quarter"]))]
    cells = [
        (quarter, version, level, code, s, a, u)
        for version in ("2024", "2025")
        for level, code in (("country", "VN"), ("province", str(p[f"province_{version}"])))
        for s in sexes
        for a in ages
        for u in kinds
    ]
    small = [("2024", "district", p["district_2024"])] if not pd.isna(p["district_2024"]) else []
    for version in ("2024", "2025"):
        commune = p[f"commune_{version}"]
        unallocated = f"{p[f'province_{version}']}:unallocated"
        small.append((version, "commune", unallocated if pd.isna(commune) else commune))
    return cells + [(quarter, v, level, str(code), "total", "total", "total") for v, level, code in small]


@cache
def _indicators() -> pd.DataFrame:
    counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
    cells: set[tuple[str, ...]] = set()
    for person in _persons().to_dict("records"):
        here = _cells_of(person)
        cells.update(here)
        for name in (m for m, holds in MEASURES.items() if holds(person)):
            counts.update((name, cell) for cell in here)
    with SEED.open(encoding="utf-8") as file:
        definitions = list(csv.DictReader(file))
    lines = []
    for cell in sorted(cells):
        for d in definitions:
            missing = d["needs_source"] != ""
            numerator = counts[d["numerator"], cell] if not missing else None
            denominator = None if missing or d["kind"] == "count" else counts[d["denominator"], cell]
            value: float | None = None
            if numerator is not None:
                value = float(numerator) if d["kind"] == "count" else None
                if denominator:
                    value = 5e6 if d["kind"] == "median" else 100.0 * numerator / denominator
            status = "not_available" if missing else "provisional" if cell[0] == "2025Q4" else "released"
            lines.append(
                (d["indicator"], *cell, "register", numerator, denominator, value, None, None, status)
            )
    survey = ("2025", "2025", "province", "31", "total", "total", "total", "official", None, None)
    lines += [
        ("agriculture_share", *survey, 25.0, 24.0, 26.0, "released"),
        ("grdp", *survey, 1e5, None, None, "released"),
    ]
    columns = [*KEY, "basis", "numerator", "denominator", "value", "ci_low", "ci_high", "status"]
    return pd.DataFrame(lines, columns=columns).astype({"numerator": "Int64", "denominator": "Int64"})


@pytest.fixture
def world() -> duckdb.DuckDBPyConnection:
    """The tables the gates look at, whole, in two databases in memory."""
    c = duckdb.connect()
    c.execute("attach ':memory:' as labour; attach ':memory:' as restricted; use restricted")
    create_schema(c)
    c.execute("create schema staging")
    key = month_number("2025-10") * 1024 + 1
    for source in all_sources():
        rows = 100 if source in LINKED else 48 if source == "population" else 0
        stored = f"{key}::bigint as delivery_key, range::bigint as row_id, range::bigint as citizen_id from range({rows})"
        c.execute(f"create table staging.stg_{source} as select {stored}")
        if rows:
            c.execute(
                "insert into landing.deliveries values (?, ?, '2025-10', 1, ?, 'read', null, null, '2025', false)",
                [source, key, f"{source}/2025-10"],
            )
            c.execute(
                "insert into landing.files (source, delivery_key, file_no, file, sha256, rows_read, accepted,"
                " quarantined, duplicate, superseded) values (?, ?, 1, 'a.csv', '', ?, ?, 1, 2, 3)",
                [source, key, rows + 6, rows],
            )
        if source in LINKED:
            c.execute(
                f"create table identity.linked_{source} as select delivery_key, row_id, row_id // 3 as person_key,"
                f" 'citizen_id' as link_rule from staging.stg_{source}"
            )
    c.execute(
        "insert into landing.deliveries values ('training', 99999999, 'later', 1, 'later', 'read', null, null, null, null)"
    )
    c.execute(  # after the cut-off: not a row of the accounting
        "insert into landing.files (source, delivery_key, file_no, file, sha256) values ('training', 99999999, 1, 'a.csv', '')"
    )
    c.execute("insert into identity.person_keys select range, 1000 + range from range(48)")
    c.execute("create table identity.spine as select citizen_id, person_key from identity.person_keys")
    c.execute(
        "create or replace table identity.employer_keys as select 5::bigint as employer_id, -77::bigint as employer_key"
    )
    history = "(0, date '2024-01-01', date '2024-06-01'), (0, date '2024-06-01', null), (1, date '2024-03-01', null)"
    c.execute(
        "create table identity.population_records as"
        f" select 1000 + id as person_key, valid_from, valid_to from (values {history}) as v (id, valid_from, valid_to)"
    )
    c.execute(
        "create table identity.enterprise_records as select 4 * id as employer_id, 4 * id as employer_key, valid_from, valid_to"
        f" from (values {history}) as v (id, valid_from, valid_to)"
    )
    c.execute(
        "use labour; create schema run; create schema reference; create schema labour; create schema candidates"
    )
    c.register("persons", _persons())
    c.register("figures", _indicators())
    c.execute("create table labour.labour.person_quarters as select * exclude (n) from persons")
    c.execute("create table candidates.indicators as from figures")
    c.execute(
        "create table labour.labour.contributions as select 1000 as person_key, 8 as employer_key,"
        " null::bigint as unknown_employer, range as month, true as compulsory from range(9)"
    )
    c.execute(
        "create table run.quarters as select unnest([8102, 8103]) as quarter, unnest([24308, 24311]) as reference_month"
    )
    c.execute(
        "create table run.deliveries_in_force as select 'social_insurance' as source, unnest([24308, 24311]) as period_month"
    )
    c.execute(f"create table run.parameters as select {month_number('2025-12')} as cutoff_month")
    c.execute(f"create table reference.indicator_definitions as from read_csv('{SEED}', header = true)")
    c.execute(
        "create table reference.areas as from (values ('2024', 'province', '30', null), ('2024', 'province', '33', null),"
        " ('2024', 'district', '300', '30'), ('2024', 'district', '330', '33'), ('2025', 'province', '31', null))"
        " as v (area_version, level, code, parent_code)"
    )
    c.execute(
        "create table reference.communes as from (values ('2024', 11001, 30, 31), ('2024', 11002, 30, 31),"
        " ('2024', 12001, 33, 31), ('2025', 21001, 30, 31), ('2025', 21002, 30, 31))"
        " as v (area_version, commune_code, province_2024, province_2025)"
    )
    target = (
        "'1/KH' as plan, '30' as province_code, '2024' as area_version, {} as {}, 'employed' as indicator,"
    )
    target += " 'register' as basis, 'total' as sex, 'total' as age_group, 'total' as urban_rural, '>=' as comparator"
    years = target.format("2025 + range", "target_year")
    c.execute(f"create table reference.plan_targets as select {years}, 10.0 as value from range(2)")
    years = target.format("2025 + range", "year")
    c.execute(
        f"create table candidates.target_progress as select {years}, 10.0 as target_value, 12.0 as value,"
        " null::double as ci_low, null::double as ci_high, 'met' as verdict from range(2)"
    )
    c.execute(
        "create table candidates.row_accounting as select d.source, d.period, d.revision, f.file, 'used' as disposition,"
        " f.rows_read, f.accepted, f.quarantined, f.duplicate, f.superseded"
        " from restricted.landing.deliveries as d join restricted.landing.files as f using (source, delivery_key)"
        " where d.period <> 'later'"
    )
    linked = " union all ".join(
        f"select '{s}' as source, * from restricted.identity.linked_{s}" for s in LINKED
    )
    c.execute(
        "create table candidates.linkage as select source, '2025-10' as period, 1 as revision, link_rule as rule,"
        f" 'male' as sex, '30' as province_2024, count(*) as rows from ({linked}) group by all"
    )
    return c


TOTAL = "sex = 'total' and age_group = 'total' and urban_rural = 'total'"
CELL = f"basis = 'register' and period = '2025Q3' and {TOTAL}"
CUBE = "update candidates.indicators set numerator = numerator + 1"
BREAKS = [
    ("linked_share_social_insurance", "social_insurance", "update restricted.identity.linked_social_insurance set person_key = null, link_rule = 'review' where row_id < 6", 6),
    ("linked_share_training", "training", "update restricted.identity.linked_training set person_key = null where row_id < 11", 11),
    ("linked_share_other", "job_seekers", "update restricted.identity.linked_job_seekers set person_key = null where row_id < 11", 11),
    ("reference_months_delivered", "social_insurance", "delete from run.deliveries_in_force where period_month = 24311", 1),
    ("linked_rows_complete", "training", "delete from restricted.identity.linked_training where row_id = 7", 1),
    ("linked_rows_complete", "job_seekers", "update restricted.identity.linked_job_seekers set row_id = 8 where row_id = 7", 1),
    ("linked_rows_complete", "labour_register", "insert into restricted.identity.linked_labour_register select 5, 200, 9, 'citizen_id'", 1),
    ("person_keys_unique", "identity.person_keys", "update restricted.identity.person_keys set person_key = 1001 where citizen_id = 2", 1),
    ("person_keys_unique", "identity.spine", "update restricted.identity.spine set person_key = 1001 where citizen_id = 2", 1),
    ("employer_keys_unique", "identity.employer_keys", "insert into restricted.identity.employer_keys values (9, -77)", 1),
    ("employer_keys_unique", "identity.enterprise_records", "update restricted.identity.enterprise_records set employer_key = 0", 1),
    ("spine_complete", "identity.spine", "delete from restricted.identity.spine where citizen_id = 3", 1),
    ("spine_complete", "identity.spine", "update restricted.identity.spine set person_key = null where citizen_id = 3", 1),
    ("intervals_disjoint", "identity.population_records", "update restricted.identity.population_records set valid_to = date '2024-06-02' where valid_to is not null", 1),
    ("intervals_disjoint", "identity.population_records", "update restricted.identity.population_records set valid_to = valid_from where valid_to is not null", 1),
    ("intervals_disjoint", "identity.enterprise_records", "update restricted.identity.enterprise_records set valid_to = null", 1),
    ("person_quarters_unique", "labour.person_quarters", "insert into labour.labour.person_quarters from labour.labour.person_quarters limit 1", 1),
    ("contributions_unique", "labour.contributions", "insert into labour.labour.contributions from labour.labour.contributions limit 1", 1),
    ("parts_sum_to_totals", "indicators: sex", f"{CUBE} where period = '2025Q3' and indicator = 'employed' and area_code = '30' and sex = 'male' and age_group = '16-30'", None),
    ("parts_sum_to_totals", "indicators: age_group", f"{CUBE} where period = '2025Q3' and indicator = 'formal_share' and area_code = 'VN' and age_group = '65+'", None),
    ("parts_sum_to_totals", "indicators: age_group", "delete from candidates.indicators where age_group = '35-44'", None),
    ("parts_sum_to_totals", "indicators: urban_rural", "update candidates.indicators set denominator = denominator + 1 where urban_rural = 'total'", None),
    ("parts_sum_to_totals", "indicators: urban_rural", f"delete from candidates.indicators where {CELL} and area_code = '30'", 20),
    ("parts_sum_to_totals", "indicators: provinces 2025", f"{CUBE} where {CELL} and indicator = 'inactive' and area_code = 'VN'", 1),
    ("parts_sum_to_totals", "indicators: provinces 2024", "update candidates.indicators set area_code = '99' where area_code = '30'", None),
    ("parts_sum_to_totals", "indicators: communes 2024", f"{CUBE} where {CELL} and indicator = 'unemployment_rate' and area_code = '11001'", 1),
    ("parts_sum_to_totals", "indicators: communes 2025", "delete from candidates.indicators where area_code = '31:unallocated' and period = '2025Q3' and indicator = 'employed'", 1),
    ("parts_sum_to_totals", "indicators: sex", "update candidates.indicators set numerator = null where sex = 'male' and indicator = 'employed' and numerator = 0", None),
    ("districts_sum_to_provinces", "indicators: districts 2024", "delete from labour.labour.person_quarters where district_2024 is null and quarter = 8102", None),
    ("districts_sum_to_provinces", "indicators: districts 2024", f"{CUBE} where {CELL} and indicator = 'labour_force' and area_code = '330'", 1),
    ("districts_sum_to_provinces", "indicators: districts 2024", f"{CUBE} where {CELL} and indicator = 'population_15_plus' and area_code = '300'", 1),
    ("statuses_add_up", "indicators: labour_force", f"{CUBE} where {CELL} and indicator = 'labour_force' and area_code = '11001'", 1),
    ("statuses_add_up", "indicators: population_15_plus", f"{CUBE} where {CELL} and indicator = 'inactive' and area_code = '11001'", 1),
    ("statuses_add_up", "indicators: population_15_plus", f"delete from candidates.indicators where {CELL} and indicator = 'status_unknown' and area_code = '11001'", 1),
    ("terms_agree_with_counts", "indicators: numerators", f"{CUBE} where {CELL} and indicator = 'unemployment_rate' and area_code = '11001'", 1),
    ("terms_agree_with_counts", "indicators: denominators", f"update candidates.indicators set denominator = 1 where {CELL} and indicator = 'si_coverage' and area_code = '11001'", 1),
    ("values_within_bounds", "indicators: register", f"update candidates.indicators set value = 101 where {CELL} and indicator = 'si_coverage' and area_code = 'VN'", 2),
    ("values_within_bounds", "indicators: register", f"update candidates.indicators set numerator = -1, value = -1 where {CELL} and indicator = 'employed' and area_code = 'VN'", 2),
    ("values_within_bounds", "indicators: register", "update candidates.indicators set value = 0 where indicator = 'formal_share' and denominator = 0", None),
    ("values_within_bounds", "indicators: register", "update candidates.indicators set value = 0 where status = 'not_available' and indicator = 'abroad'", None),
    ("values_within_bounds", "indicators: register", f"update candidates.indicators set status = 'final' where {CELL} and indicator = 'employed'", None),
    ("values_within_bounds", "indicators: register", f"update candidates.indicators set value = 'nan' where {CELL} and indicator = 'employed'", None),
    ("values_within_bounds", "indicators: official", "update candidates.indicators set value = null where basis = 'official'", 2),
    ("values_within_bounds", "indicators: age subsets", "update candidates.indicators set numerator = 999 where indicator = 'employed' and age_group = '16-30' and area_code = '30' and period = '2025Q3'", None),
    ("values_within_bounds", "target_progress: verdict", "update candidates.target_progress set verdict = 'soon' where year = 2025", 1),
    ("values_within_bounds", "target_progress: verdict", "update candidates.target_progress set value = null", 2),
    ("values_within_bounds", "row_accounting: counts", "update candidates.row_accounting set disposition = 'lost'", 7),
    ("values_within_bounds", "row_accounting: counts", "update candidates.row_accounting set duplicate = -1", 7),
    ("values_within_bounds", "linkage: rows", "update candidates.linkage set rule = 'guess' where source = 'training'", 1),
    ("official_intervals_ordered", "indicators: official", "update candidates.indicators set ci_low = 27 where basis = 'official'", 1),
    ("expected_cells_present", "indicators: country 2025", f"delete from candidates.indicators where {CELL} and area_level = 'country' and area_version = '2025' and indicator = 'abroad'", 1),
    ("expected_cells_present", "indicators: province 2024", f"delete from candidates.indicators where {CELL} and area_code = '33'", 20),
    ("expected_cells_present", "indicators: district 2024", f"delete from candidates.indicators where {CELL} and area_code = '300'", 20),
    ("expected_cells_present", "indicators: commune 2025", "delete from candidates.indicators where area_code = '31:unallocated'", 40),
    ("cells_unique", "indicators", "insert into candidates.indicators from candidates.indicators limit 3", 3),
    ("cells_unique", "target_progress", "insert into candidates.target_progress from candidates.target_progress", 2),
    ("cells_unique", "linkage", "insert into candidates.linkage from candidates.linkage limit 1", 1),
    ("cells_unique", "row_accounting", "insert into candidates.row_accounting from candidates.row_accounting limit 1", 1),
    ("population_matches_persons", "indicators: population_15_plus", "delete from labour.labour.person_quarters where quarter = 8103", 2),
    ("population_matches_persons", "indicators: population_15_plus", f"delete from candidates.indicators where {CELL} and area_code = 'VN' and indicator = 'population_15_plus' and area_version = '2025'", 1),
    ("row_accounting_closes", "row_accounting: files", "update candidates.row_accounting set superseded = 4 where source = 'training'", 1),
    ("row_accounting_closes", "row_accounting: files", "update candidates.row_accounting set quarantined = null", 7),
    ("row_accounting_closes", "row_accounting: files", "update candidates.row_accounting set disposition = 'refused'", 7),
    ("row_accounting_closes", "row_accounting: landing", "delete from candidates.row_accounting where source = 'training'", 1),
    ("row_accounting_closes", "row_accounting: landing", "update candidates.row_accounting set file = 'b.csv' where source = 'training'", 2),
    ("row_accounting_closes", "row_accounting: staging", "delete from restricted.staging.stg_population where row_id = 1", 1),
    ("row_accounting_closes", "row_accounting: staging", "update candidates.row_accounting set disposition = 'held' where source = 'training'", 1),
    ("row_accounting_closes", "row_accounting: linkage", "update candidates.linkage set rows = 99 where source = 'training'", 1),
    ("row_accounting_closes", "row_accounting: linkage", "delete from candidates.linkage where source = 'training'", 1),
    ("target_rows_complete", "target_progress: plan targets", "delete from candidates.target_progress where year = 2026", 1),
    ("target_rows_complete", "target_progress: plan targets", "update candidates.target_progress set target_value = 11 where year = 2026", 2),
]  # fmt: skip


def measured(world: duckdb.DuckDBPyConnection, check_id: str) -> dict[str, tuple[int, int | None]]:
    return {m.object: (m.rows_checked, m.rows_failed) for m in measure_rules(world, [RULES[check_id]])}


def test_the_whole_world_passes(world: duckdb.DuckDBPyConnection) -> None:
    checks = pd.concat([linkage_gate(world, RULES), publication_gate(world, RULES, None, False)])
    assert blocking_failures(checks).empty
    assert set(checks[checks["status"] != "passed"]["check_id"]) == {"change_since_last_release"}
    for query in checks[checks["check_id"].map(lambda c: RULES[c].rows is not None and "change" not in c)][
        "query"
    ]:
        assert world.execute(query).fetchall() == []


@pytest.mark.parametrize(
    ("check_id", "name", "statement", "failures"), BREAKS, ids=[f"{n}-{b[0]}" for n, b in enumerate(BREAKS)]
)
def test_every_check_finds_what_breaks_it(
    world: duckdb.DuckDBPyConnection, check_id: str, name: str, statement: str, failures: int | None
) -> None:
    _, before = measured(world, check_id)[name]
    assert before == 0
    world.execute(statement)
    checked, failed = measured(world, check_id)[name]
    assert failed == failures if failures is not None else failed
    assert failed is not None and failed / checked > RULES[check_id].max_failed_share
    shown = world.execute(RULES[check_id].query_for(name))
    names = {c[0] for c in shown.description or ()}
    assert len(shown.fetchall()) == failed
    assert not names & {"citizen_id", "employer_id", "full_name", "birth_date", "raw", "si_number"}


def test_every_check_is_broken_here_on_every_object() -> None:
    broken = {(check_id, name) for check_id, name, *_ in BREAKS}
    stated = {(r.id, o) for r in RULES.values() if r.rows and r.tolerance is None for o in r.objects}
    several = {"linked_share_other", "linked_rows_complete", "expected_cells_present"}
    assert {s for s in stated - broken if s[0] not in several} == set()
    assert {check_id for check_id, _ in stated} == {check_id for check_id, _ in broken}


def test_nothing_to_check_is_not_applicable(world: duckdb.DuckDBPyConnection) -> None:
    for catalogue, schema, table in world.execute(
        "select database_name, schema_name, table_name from duckdb_tables()"
        " where table_name not in ('parameters', 'indicator_definitions', 'areas', 'communes')"
    ).fetchall():
        world.execute(f"delete from {catalogue}.{schema}.{table}")
    checks = pd.concat([linkage_gate(world, RULES), publication_gate(world, RULES, None, False)])
    ran = checks["check_id"].isin(["all_checks_ran", "all_linkage_checks_ran"])
    assert set(checks[ran]["status"]) == {"passed"}
    assert set(checks[~ran]["status"]) == {"not_applicable"}


def test_a_missing_table_is_an_error_that_blocks(world: duckdb.DuckDBPyConnection) -> None:
    world.execute("drop table candidates.linkage")
    checks = publication_gate(world, RULES, None, False).set_index(["check_id", "object"])
    assert checks.loc[("cells_unique", "indicators"), "status"] == "error"
    assert "CatalogException" in checks.loc[("cells_unique", "indicators"), "query"]
    assert checks.loc[("all_checks_ran", "publication gate"), "status"] == "failed"
    assert checks.loc[("population_matches_persons", "indicators: population_15_plus"), "status"] == "passed"


def test_an_object_nobody_lists_is_an_error(world: duckdb.DuckDBPyConnection) -> None:
    world.execute(
        "insert into candidates.indicators select * replace ('guess' as basis) from candidates.indicators limit 1"
    )
    checks = publication_gate(world, RULES, None, False).set_index(["check_id", "object"])
    assert checks.loc[("values_within_bounds", "indicators: guess"), ["status", "severity"]].tolist() == [
        "error",
        "block",
    ]


@pytest.mark.parametrize(
    ("change", "failures"), [("value * 1.049", 0), ("value * 1.051", 1), ("null", 1), ("value - 1", 1)]
)
def test_change_since_the_last_release(
    world: duckdb.DuckDBPyConnection, tmp_path: Path, change: str, failures: int
) -> None:
    tables = tmp_path / "releases/it's/tables"
    tables.mkdir(parents=True)
    quoted = str(tables / "indicators.parquet").replace("'", "''")
    world.execute(f"copy candidates.indicators to '{quoted}' (format parquet)")

    def lines(inputs_changed: bool) -> pd.DataFrame:
        checks = publication_gate(world, RULES, tables, inputs_changed)
        return checks[checks["check_id"] == "change_since_last_release"].set_index("object")

    whole = lines(False)
    assert set(whole["status"]) == {"passed"} and whole["rows_checked"].min() > 20
    world.execute(  # a quarter still provisional and a finer cell do not count
        f"update candidates.indicators set value = {change} where indicator = 'employed' and area_code = '33'"
        f" and ({CELL} or period = '2025Q4' or sex = 'male')"
    )
    moved = lines(False).loc["indicators: province"]
    assert (moved["rows_failed"], moved["status"]) == (failures, "failed" if failures else "passed")
    assert (
        "releases/it''s/tables/indicators.parquet" in moved["query"] and str(tmp_path) not in moved["query"]
    )
    explained = lines(True).loc["indicators: province"]
    assert (explained["rows_failed"], explained["status"]) == (0, "passed")


def test_a_release_whose_table_is_gone_is_an_error(world: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    checks = publication_gate(world, RULES, tmp_path, True)
    assert set(checks[checks["check_id"] == "change_since_last_release"]["status"]) == {"error"}
    assert not checks["query"].str.contains(str(tmp_path), regex=False).any()
