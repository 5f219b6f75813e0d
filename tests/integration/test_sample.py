"""Every value an independent implementation computed for the public sample, compared cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.home import Home

CELL = (
    "indicator",
    "basis",
    "period",
    "area_version",
    "area_level",
    "area_code",
    "sex",
    "age_group",
    "urban_rural",
)
TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def warehouse(sample_home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{sample_home.database}' as w (read_only)")
        yield connection


def compare(
    connection: duckdb.DuckDBPyConnection,
    ours: str,
    expected: str,
    keys: tuple[str, ...],
    exact: tuple[str, ...],
    close: tuple[str, ...] = (),
    may_be_absent: str = "false",
) -> int:
    """Assert that two queries hold the same cells; returns how many were compared."""
    same = " and ".join(f"o.{k} is not distinct from e.{k}" for k in keys)
    differs = [f"o.{c} is distinct from e.{c}" for c in exact]
    differs += [
        f"(o.{c} is null) <> (e.{c} is null) or abs(o.{c} - e.{c}) > {TOLERANCE} * greatest(abs(e.{c}), 1e-300)"
        for c in close
    ]
    connection.execute(f"create or replace temp table o as {ours}")
    connection.execute(f"create or replace temp table e as {expected}")
    counts = {
        "missing": f"select count(*) from e where not exists (select 1 from o where {same}) and not ({may_be_absent})",
        "extra": f"select count(*) from o where not exists (select 1 from e where {same})",
        "different": f"select count(*) from o join e on {same} where {' or '.join(differs)}",
        "compared": f"select count(*) from o join e on {same}",
    }
    found = {name: connection.execute(sql).fetchall()[0][0] for name, sql in counts.items()}
    compared = int(found.pop("compared"))
    assert found == {"missing": 0, "extra": 0, "different": 0}
    return compared


def csv(folder: Path, name: str) -> str:
    return f"read_csv('{folder / 'expected' / name}.csv', all_varchar = true)"


def test_row_accounting(warehouse: duckdb.DuckDBPyConnection, sample: Path) -> None:
    numbers = ("rows_read", "accepted", "quarantined", "duplicate", "superseded")
    cast = ", ".join(f"{n}::bigint as {n}" for n in numbers)
    compared = compare(
        warehouse,
        "select * from w.candidates.row_accounting",
        f"select source, period, revision::integer as revision, file, disposition, {cast} from {csv(sample, 'row_accounting')}",
        ("source", "period", "revision", "file"),
        ("disposition", *numbers),
    )
    assert compared == 148


def test_linkage(warehouse: duckdb.DuckDBPyConnection, sample: Path) -> None:
    compare(
        warehouse,
        "select source, rule, sum(rows)::bigint as n from w.candidates.linkage group by all",
        f"select source, rule, rows::bigint as n from {csv(sample, 'linkage')}",
        ("source", "rule"),
        ("n",),
    )


def test_labour_status(warehouse: duckdb.DuckDBPyConnection, sample: Path) -> None:
    compared = compare(
        warehouse,
        "select quarter, province_2024 as province_code, sex, status, source, count(*) as n"
        " from w.labour.labour_status group by all",
        f"select quarter, province_code, sex, status, source, persons::bigint as n from {csv(sample, 'labour_status_counts')}",
        ("quarter", "province_code", "sex", "status", "source"),
        ("n",),
    )
    assert compared > 500


def test_training_episodes(warehouse: duckdb.DuckDBPyConnection, sample: Path) -> None:
    compare(
        warehouse,
        "select level, kind, outcome, certified, person_key is not null as linked, count(*) as n"
        " from w.labour.training_episodes group by all",
        "select level, kind, outcome, certified::boolean as certified, linked::boolean as linked, episodes::bigint as n"
        f" from {csv(sample, 'training_episodes')}",
        ("level", "kind", "outcome", "certified", "linked"),
        ("n",),
    )


def test_job_spells(warehouse: duckdb.DuckDBPyConnection, sample: Path) -> None:
    """By the employer's province at the cut-off, unknown where the register lacks it."""
    compared = compare(
        warehouse,
        "select coalesce(e.province_2024, 'unknown') as province_code, count(*) as spells, sum(s.months)::bigint as month_count"
        " from w.labour.job_spells as s left join w.labour.enterprises as e using (employer_key) group by all",
        f"select province_code, spells::bigint as spells, months::bigint as month_count from {csv(sample, 'job_spells')}",
        ("province_code",),
        ("spells", "month_count"),
    )
    assert compared == 3


def test_labour_flows(warehouse: duckdb.DuckDBPyConnection, sample: Path) -> None:
    """Every cell, section and measure, the nulls of the first and last quarters included."""
    flows = ("M", "B", "E", "F", "A", "H", "R", "S", "JC", "JD")
    cast = ", ".join(f"{f}::bigint as {f}" for f in flows)
    compared = compare(
        warehouse,
        "select * from w.candidates.labour_flows",
        f"select period, area_version, area_level, area_code, section, {cast} from {csv(sample, 'labour_flows')}",
        ("period", "area_version", "area_level", "area_code", "section"),
        flows,
    )
    assert compared == 454


def test_indicators(warehouse: duckdb.DuckDBPyConnection, sample: Path) -> None:
    """Cells without anybody may be absent; the rows of unallocated persons are not in the expected values."""
    path = sample / "expected" / "indicators.parquet"
    nobody = (
        f"exists (select 1 from '{path}' as p where p.indicator = 'population_15_plus' and p.numerator = 0"
        " and p.period = e.period and p.area_version = e.area_version and p.area_code = e.area_code"
        " and p.sex = e.sex and p.age_group = e.age_group and p.urban_rural = e.urban_rural)"
    )
    compared = compare(
        warehouse,
        "select * from w.candidates.indicators where area_code not like '%:unallocated'",
        f"select * from '{path}'",
        CELL,
        ("numerator", "denominator"),
        ("value", "ci_low", "ci_high"),
        may_be_absent=nobody,
    )
    assert compared > 90_000


def test_target_progress(warehouse: duckdb.DuckDBPyConnection, sample: Path) -> None:
    figures = ("target_value", "value", "ci_low", "ci_high", "other_value")
    cast = ", ".join(f"{f}::double as {f}" for f in figures)
    compared = compare(
        warehouse,
        "select * from w.candidates.target_progress",
        f"select * replace ({cast}, year::integer as year) from {csv(sample, 'target_progress')}",
        (
            "plan",
            "province_code",
            "area_version",
            "year",
            "indicator",
            "basis",
            "sex",
            "age_group",
            "urban_rural",
        ),
        ("comparator", "verdict"),
        figures,
    )
    assert compared == 25
