"""From a cell of the register back to persons and to the rows of deliveries, in the warehouse (SPEC §8, explain).

Counts only: no person, key or row leaves this module. Whether the warehouse is the one the release was made from is
for the caller to know; that every step adds up to the figures as counted is proved here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from releases.tables import Row, rows_of
from sources.calendar import quarter_number
from sources.restricted.database import FILE_OF_ROW

SQL = Path(__file__).with_name("evidence.sql")
LEVEL_COLUMNS = {"province": "province_code", "district": "district_code", "commune": "commune_code"}
COUNTED = ("persons", "in_numerator", "in_denominator")


@dataclass
class Proof:
    """Everything that must add up, and whether it does."""

    lines: list[Row] = field(default_factory=list)

    def equal(self, what: str, expected: Any, found: Any, public: bool = False) -> None:
        """Note that two figures must be equal; ``public`` ones are in the release and may always be shown."""
        closes = expected == found
        if isinstance(expected, float) and isinstance(found, int | float):
            closes = abs(expected - found) <= 1e-9 * max(1.0, abs(expected))
        self.lines.append(
            {"what": what, "expected": expected, "found": found, "closes": closes, "public": public}
        )

    @property
    def closes(self) -> bool:
        """Whether every line does."""
        return all(line["closes"] for line in self.lines)


@dataclass(frozen=True)
class Terms:
    """How an indicator of the register is made: its kind, and the measures above and below the line.

    ``rests_on`` names the record that puts persons into the numerator beyond their status, if one does; ``rests_below``
    says that all of the denominator rest on it too.
    """

    kind: str
    numerator: str
    denominator: str | None
    rests_on: str | None
    rests_below: bool


def terms_of(warehouse: duckdb.DuckDBPyConnection, indicator: str) -> Terms:
    """The terms of an indicator, as the warehouse was built with."""
    found = warehouse.execute(
        "select d.kind, d.numerator, nullif(d.denominator, ''), n.rests_on,"
        " coalesce(d.denominator <> d.numerator and b.rests_on = n.rests_on, false)"
        " from labour.reference.indicator_definitions as d"
        " inner join labour.reference.measures as n on d.numerator = n.measure"
        " left join labour.reference.measures as b on d.denominator = b.measure where d.indicator = ?",
        [indicator],
    ).fetchone()
    assert found is not None  # the cell was built from it
    return Terms(*found)


def gather(warehouse: duckdb.DuckDBPyConnection, cell: Row, terms: Terms) -> None:
    """Make the temporary tables ``this_quarter``, ``cell_provinces``, ``cell_persons`` and ``evidence``."""
    version, level = cell["area_version"], cell["area_level"]
    quarter = quarter_number(cell["period"])
    warehouse.execute(
        f"create or replace temp table this_quarter as select * from labour.run.quarters where quarter = {quarter}"
    )
    warehouse.execute(
        "create or replace temp table cell_provinces as"
        f" select distinct province_{version} as province from labour.reference.communes where "
        + {
            "VN": "true",
            "covered": f"province_{version} in (select province_code from labour.cells.covered_areas"
            f" where area_version = '{version}')",
        }.get(
            cell["area_code"],
            f"province_{version} = (select try_cast(any_value(province_code) as integer) from labour.cells.area_names"
            f" where area_version = '{version}' and area_level = $level and area_code = $code)",
        ),
        None
        if cell["area_code"] in ("VN", "covered")
        else {"level": level, "code": cell["area_code"]},
    )  # fmt: skip
    if level == "country":
        place = (
            "true"
            if cell["area_code"] == "VN"
            else f"province_{version} in (select province from cell_provinces)"
        )
        given: dict[str, Any] = {}
    else:
        place, given = f"{LEVEL_COLUMNS[level]}_{version} = $code", {"code": cell["area_code"]}
    cuts = "".join(
        f" and {column} = '{cell[column]}'" for column in ("sex", "urban_rural") if cell[column] != "total"
    )
    warehouse.execute(
        f"create or replace temp table cell_persons as select c.*, c.{terms.numerator} as in_numerator,"
        f" {f'c.{terms.denominator}' if terms.denominator else 'false'} as in_denominator"
        " from labour.labour.counted_persons as c"
        " inner join labour.cells.age_groups as a on c.age_class = a.age_class and a.age_group = $age_group"
        f" where c.quarter = {quarter} and {place}{cuts}",
        {"age_group": cell["age_group"], **given},
    )
    dates = rows_of(warehouse, "select ends_on, year_starts_on, reference_month as month from this_quarter")[
        0
    ]
    told = {"quarter": quarter, "record": terms.rests_on, "of_denominator": terms.rests_below}
    warehouse.execute(SQL.read_text(encoding="utf-8"), {**told, **dates})


def persons(warehouse: duckdb.DuckDBPyConnection, counted: Row, terms: Terms, proof: Proof) -> Row:
    """Residents of the cell aged 15+ by the source that decided their status, and what is counted of them: the figures
    ``counted`` before disclosure control.
    """
    by_source = rows_of(
        warehouse,
        "select source_name as source, status_name as status, count(*) as persons,"
        " count(*) filter (where in_numerator) as in_numerator,"
        " count(*) filter (where in_denominator) as in_denominator"
        " from cell_persons group by all order by persons desc, source, status",
    )
    summed: dict[str, Any] = {c: sum(r[c] for r in by_source) for c in COUNTED}
    if (
        counted["status"] == "not_available"
    ):  # a source is missing: what counts cannot be told, and is not zero
        unknown = dict.fromkeys(COUNTED[1:])
        summed, by_source = summed | unknown, [r | unknown for r in by_source]
    else:
        proof.equal("persons in the numerator", counted["numerator"], summed["in_numerator"])
        if terms.denominator:
            proof.equal("persons in the denominator", counted["denominator"], summed["in_denominator"])
            outside = _count(warehouse, "cell_persons where in_numerator and not in_denominator")
            proof.equal("persons in the numerator and not in the denominator", 0, outside)
        proof.equal("value as counted", counted["value"], _value(warehouse, terms, summed))
    return {"counted_as": {"numerator": terms.numerator, "denominator": terms.denominator}, **summed,
            "by_source": by_source}  # fmt: skip


def _value(warehouse: duckdb.DuckDBPyConnection, terms: Terms, summed: dict[str, int]) -> float | None:
    """The indicator's value, made again from the persons."""
    if terms.kind == "count":
        return float(summed["in_numerator"])
    if terms.kind == "median":
        found = warehouse.execute("select median(wage_base) from cell_persons where in_numerator").fetchone()
        return None if found is None else found[0]
    below = summed["in_denominator"]
    return 100.0 * summed["in_numerator"] / below if below else None


def deliveries(warehouse: duckdb.DuckDBPyConnection, terms: Terms, proof: Proof) -> dict[str, list[Row]]:
    """The files whose rows say who these persons are: one row a person and role, so that rows are persons."""
    files = rows_of(
        warehouse,
        "select e.role, e.status_source as decides, d.source, d.period, d.revision, d.folder, f.file, f.sha256,"
        " e.rows, e.in_numerator from (select role, status_source, source, delivery_key, file_no, count(*) as rows,"
        " count(*) filter (where in_numerator) as in_numerator from"
        f" (select e.*, p.in_numerator, {FILE_OF_ROW} from evidence as e inner join cell_persons as p using (person_key))"
        " group by all) as e"
        " inner join restricted.landing.files as f using (source, delivery_key, file_no)"
        " inner join restricted.landing.deliveries as d using (source, delivery_key)"
        " inner join labour.run.deliveries_in_force as u using (source, delivery_key)"
        " order by e.role, decides, d.source, d.period, d.revision, f.file",
    )
    total = _count(warehouse, "cell_persons")
    doubled = _count(
        warehouse, "(select 1 from evidence group by role, status_source, person_key having count(*) > 1)"
    )
    proof.equal("persons with more than one row in a role", 0, doubled)
    proof.equal("population rows in force, one a person", total, _rows(files, "residence"))
    counted = _count(warehouse, "cell_persons where in_numerator")
    proof.equal(
        "population rows in force of the numerator",
        counted,
        sum(f["in_numerator"] for f in files if f["role"] == "residence"),
    )
    for source, count in warehouse.execute(
        "select source_name, count(*) from cell_persons group by all order by all"
    ).fetchall():
        found = sum(f["rows"] for f in files if f["role"] == "status" and f["decides"] == source)
        proof.equal(f"rows that decided a status, {source}", 0 if source == "none" else count, found)
    if terms.rests_on:
        of = "in_denominator" if terms.rests_below else "in_numerator"
        counted = _count(warehouse, f"cell_persons where {of}")
        proof.equal(
            f"rows behind the {of.removeprefix('in_')} beyond the status", counted, _rows(files, "condition")
        )
    return {
        role: [{k: v for k, v in f.items() if k != "role"} for f in files if f["role"] == role]
        for role in ("residence", "status", *(["condition"] if terms.rests_on else []))
    }


def conflicts(warehouse: duckdb.DuckDBPyConnection) -> list[Row]:
    """Persons of the cell whom the next source that knows them gives another status."""
    return rows_of(
        warehouse,
        "select source_name as source, status_name as status, runner_up_source, runner_up_status, count(*) as persons,"
        " count(*) filter (where in_numerator) as in_numerator from cell_persons"
        " where runner_up_source is not null and runner_up_status <> status_name"
        " group by all order by persons desc, source, runner_up_source, status, runner_up_status",
    )


def not_counted(warehouse: duckdb.DuckDBPyConnection, version: str, proof: Proof) -> list[Row]:
    """Register records in force at D in the cell's provinces, by whether they count and why not; all sexes and ages."""
    rows = rows_of(
        warehouse,
        "select case"
        " when r.life_status <> 'alive' and r.status_date <= q.ends_on then r.life_status"
        " when d.died_on <= q.ends_on then 'deceased, registered late'"
        " when p.person_key is null then 'under 15' else 'counted' end as reason, count(*) as persons"
        " from restricted.identity.population_records as r cross join this_quarter as q"
        " inner join labour.reference.communes as c"
        " on r.area_version = c.area_version and r.commune_code = c.commune_code"
        " left join labour.labour.late_deaths as d on r.person_key = d.person_key"
        " left join labour.labour.person_quarters as p on r.person_key = p.person_key and q.quarter = p.quarter"
        " where r.valid_from <= q.ends_on and (r.valid_to is null or r.valid_to > q.ends_on)"
        f" and c.province_{version} in (select province from cell_provinces) group by all order by reason",
    )
    counted = _count(
        warehouse,
        "labour.labour.person_quarters where quarter in (select quarter from this_quarter)"
        f" and province_{version} in (select province from cell_provinces)",
    )
    proof.equal("register records in force of persons counted, all sexes and ages of the provinces",
                counted, sum(r["persons"] for r in rows if r["reason"] == "counted"))  # fmt: skip
    return rows


def _count(warehouse: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = warehouse.execute(f"select count(*) from {relation}").fetchone()
    return int(found[0]) if found else 0


def _rows(files: list[Row], role: str) -> int:
    return sum(f["rows"] for f in files if f["role"] == role)
