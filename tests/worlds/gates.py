"""The tables that gates 2 and 3 look at: a small world that is whole, in two databases in memory."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd

from expectations.rules import load_rules
from sources.calendar import month_number
from sources.contract import all_sources
from sources.restricted.database import create_schema
from worlds.eighteen_persons import scratch
from worlds.gates_longitudinal import add_longitudinal
from worlds.gates_published import add_published

SEED = Path(__file__).parents[2] / "dbt_project/seeds/indicator_definitions.csv"
LINKED = load_rules()["linked_rows_complete"].objects
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
                (
                    d["indicator"],
                    *cell,
                    "register",
                    numerator,
                    denominator,
                    value,
                    None,
                    None,
                    d["unit"],
                    status,
                )
            )
    survey = ("2025", "2025", "province", "31", "total", "total", "total", "official", None, None)
    lines += [
        ("agriculture_share", *survey, 25.0, 24.0, 26.0, "percent", "released"),
        ("grdp", *survey, 1e5, None, None, "billion_vnd", "released"),
    ]
    columns = [*KEY, "basis", "numerator", "denominator", "value", "ci_low", "ci_high", "unit", "status"]
    return pd.DataFrame(lines, columns=columns).astype({"numerator": "Int64", "denominator": "Int64"})


def gate_world(folder: Path) -> duckdb.DuckDBPyConnection:
    """The tables the gates look at, whole, in two databases under ``folder``, to be broken."""
    for database in _whole().iterdir():
        shutil.copy(database, folder)
    c = duckdb.connect()
    c.execute(f"attach '{folder}/labour.duckdb' as labour; attach '{folder}/restricted.duckdb' as restricted")
    c.execute("use labour")
    return c


@cache
def _whole() -> Path:
    """The databases of a whole world; it is broken a hundred times, and made once."""
    folder = scratch() / "gates"
    folder.mkdir()
    with _in_memory() as c:
        for name in ("labour", "restricted"):
            c.execute(f"attach '{folder}/{name}.duckdb' as kept (block_size 16384)")
            c.execute(f"copy from database {name} to kept; detach kept")
    return folder


def _in_memory() -> duckdb.DuckDBPyConnection:
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
    c.execute(
        "create table identity.spine as select citizen_id, citizen_id as person_id, person_key from identity.person_keys"
    )
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
        "create table run.quarters as select unnest([8102, 8103]) as quarter, unnest(['2025Q3', '2025Q4']) as period,"
        " unnest([24308, 24311]) as reference_month"
    )
    c.execute(
        "create table run.deliveries_in_force as select 'social_insurance' as source, unnest(range(24308, 24312)) as period_month"
    )
    c.execute("create table run.covered_provinces (province_code smallint)")
    c.execute("create schema cells")
    c.execute("create table cells.covered_areas (area_version varchar, province_code smallint)")
    c.execute(
        f"create table run.parameters as select {month_number('2025-12')} as cutoff_month, true as protects"
    )
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
    add_longitudinal(c)
    add_published(c)
    return c
