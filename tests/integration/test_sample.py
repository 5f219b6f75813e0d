"""Every value an independent implementation computed for the public samples, compared cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.home import Home

TOLERANCE = 1e-9
WORLDS = ("small-world", "policy-world")


@dataclass(frozen=True)
class Comparison:
    """One expected file and where the warehouse ``w`` holds its cells.

    ``ours`` is SQL of our cells, ``columns`` what to select of the expected ones; cells meet by ``keys``, ``exact``
    columns are equal, ``close`` ones to TOLERANCE. ``at_least`` cells must meet in each world. ``may_be_absent`` is
    SQL of an expected cell (alias e, its file is ``{file}``) that we need not hold.
    """

    ours: str
    columns: str
    keys: tuple[str, ...]
    exact: tuple[str, ...]
    close: tuple[str, ...] = ()
    at_least: int = 1
    may_be_absent: str = "false"


def _as(type_: str, *names: str) -> str:
    return ", ".join(f"{n}::{type_} as {n}" for n in names)


ROWS = ("rows_read", "accepted", "quarantined", "duplicate", "superseded")
FLOWS = ("M", "B", "E", "F", "A", "H", "R", "S", "JC", "JD")
TARGET = ("target_value", "value", "ci_low", "ci_high", "other_value")
OUTCOMES = ("completions", "employed_6m", "employed_12m", "same_province_12m")
CELL = ("period", "area_version", "area_level", "area_code", "sex", "age_group", "urban_rural")
NOBODY = (
    "exists (select 1 from {file} as p where p.indicator = 'population_15_plus' and p.numerator = 0"
    " and p.period = e.period and p.area_version = e.area_version and p.area_code = e.area_code"
    " and p.sex = e.sex and p.age_group = e.age_group and p.urban_rural = e.urban_rural)"
)

# what is compared: every file of expected/ is here or in LATER
COMPARED = {
    "row_accounting": Comparison(
        "select * from w.candidates.row_accounting",
        f"source, period, revision::integer as revision, file, disposition, {_as('bigint', *ROWS)}",
        ("source", "period", "revision", "file"),
        ("disposition", *ROWS),
        at_least=148,
    ),
    "linkage": Comparison(
        "select source, rule, sum(rows)::bigint as n from w.candidates.linkage group by all",
        "source, rule, rows::bigint as n",
        ("source", "rule"),
        ("n",),
        at_least=24,
    ),
    "labour_status_counts": Comparison(
        "select quarter, province_2024 as province_code, sex, status, source, count(*) as n"
        " from w.labour.labour_status group by all",
        "quarter, province_code, sex, status, source, persons::bigint as n",
        ("quarter", "province_code", "sex", "status", "source"),
        ("n",),
        at_least=400,
    ),
    "training_episodes": Comparison(
        "select level, kind, outcome, certified, person_key is not null as linked, count(*) as n"
        " from w.labour.training_episodes group by all",
        f"level, kind, outcome, {_as('boolean', 'certified', 'linked')}, episodes::bigint as n",
        ("level", "kind", "outcome", "certified", "linked"),
        ("n",),
        at_least=50,
    ),
    "job_spells": Comparison(  # by the employer's province at the cut-off, unknown where the register lacks it
        "select coalesce(e.province_2024, 'unknown') as province_code, count(*) as spells, sum(s.months)::bigint as month_count"
        " from w.labour.job_spells as s left join w.labour.enterprises as e using (employer_key) group by all",
        "province_code, spells::bigint as spells, months::bigint as month_count",
        ("province_code",),
        ("spells", "month_count"),
        at_least=3,
    ),
    "labour_flows": Comparison(  # every cell, the nulls of the first and last quarters included
        "select * from w.candidates.labour_flows",
        f"period, area_version, area_level, area_code, section, {_as('bigint', *FLOWS)}",
        ("period", "area_version", "area_level", "area_code", "section"),
        FLOWS,
        at_least=400,
    ),
    "indicators": Comparison(  # cells without anybody may be absent; unallocated persons are not in the expected values
        "select * from w.candidates.indicators where area_code not like '%:unallocated'",
        "*",
        ("indicator", "basis", *CELL),
        ("numerator", "denominator"),
        ("value", "ci_low", "ci_high"),
        at_least=90_000,
        may_be_absent=NOBODY,
    ),
    "transitions": Comparison(
        "select * from w.candidates.transitions",
        f"period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status, {_as('bigint', 'persons')}, share",
        ("period", "lag", "area_version", "area_level", "area_code", "sex", "age_group", "from_status", "to_status"),
        ("persons",),
        ("share",),
        at_least=10_000,
    ),
    "training_outcomes": Comparison(
        "select * from w.candidates.training_outcomes",
        f"year::integer as year, area_version, area_level, area_code, field_code, level, kind, {_as('bigint', *OUTCOMES)},"
        " median_wage_12m::double as median_wage_12m",
        ("year", "area_version", "area_level", "area_code", "field_code", "level", "kind"),
        OUTCOMES,
        ("median_wage_12m",),
        at_least=200,
    ),
    "target_progress": Comparison(
        "select * from w.candidates.target_progress",
        f"* replace ({_as('double', *TARGET)}, year::integer as year)",
        ("plan", "province_code", "area_version", "year", "indicator", "basis", "sex", "age_group", "urban_rural"),
        ("comparator", "verdict"),
        TARGET,
        at_least=25,
    ),
}  # fmt: skip

# expected files of tables whose rules are not built
LATER = {
    "supply_demand", "insurance_compliance", "layoffs", "group_indicators", "returned_workers", "wage_distribution",
    "industrial_zones", "commuting", "formality", "sector_moves", "basis_comparison", "target_robustness",
    "worklist_keys",
}  # fmt: skip


@pytest.fixture(scope="module", params=WORLDS)
def expected(request: pytest.FixtureRequest, samples: Path) -> Path:
    """The folder of expected values of each world in turn."""
    folder: Path = samples / request.param / "expected"
    if not folder.is_dir():
        pytest.skip(f"the sample {request.param} is not there")
    return folder


@pytest.fixture(scope="module")
def warehouse(expected: Path, sample_homes: dict[Path, Home]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of the world's home, attached as ``w``."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{sample_homes[expected.parent].database}' as w (read_only)")
        yield connection


def expected_file(folder: Path, name: str) -> str:
    """SQL of an expected file's rows; the values of a CSV are texts."""
    parquet = folder / f"{name}.parquet"
    return f"'{parquet}'" if parquet.exists() else f"read_csv('{folder / name}.csv', all_varchar = true)"


@pytest.mark.parametrize("name", COMPARED)
def test_cells_are_equal(warehouse: duckdb.DuckDBPyConnection, expected: Path, name: str) -> None:
    """No cell is missing, none is there in excess, none differs."""
    comparison, file = COMPARED[name], expected_file(expected, name)
    same = " and ".join(f"o.{k} is not distinct from e.{k}" for k in comparison.keys)
    differs = [f"o.{c} is distinct from e.{c}" for c in comparison.exact]
    differs += [
        f"(o.{c} is null) <> (e.{c} is null) or abs(o.{c} - e.{c}) > {TOLERANCE} * greatest(abs(e.{c}), 1e-300)"
        for c in comparison.close
    ]
    warehouse.execute(f"create or replace temp table o as {comparison.ours}")
    warehouse.execute(f"create or replace temp table e as select {comparison.columns} from {file}")
    absent = (
        f"not exists (select 1 from o where {same}) and not ({comparison.may_be_absent.format(file=file)})"
    )
    queries = {
        "missing": f"select e.* from e where {absent}",
        "extra": f"select o.* from o where not exists (select 1 from e where {same})",
        "different": f"select e.*, o.* from e join o on {same} where {' or '.join(differs)}",
    }
    compared = warehouse.execute(f"select count(*) from o join e on {same}").fetchall()[0][0]
    found = {
        what: warehouse.execute(f"{sql} order by all limit 5").fetchall() for what, sql in queries.items()
    }
    assert found == {"missing": [], "extra": [], "different": []}
    assert compared >= comparison.at_least


def test_every_expected_file_is_compared_or_named_as_later(expected: Path) -> None:
    names = {path.stem for path in expected.iterdir()}
    assert set(COMPARED) <= names <= set(COMPARED) | LATER
