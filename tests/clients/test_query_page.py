"""What docs/query.md tells readers to type into polars, R, dbt and PostgreSQL runs, and gives the release's figures."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support.clients import Client, clients
from support.query_page import blocks

from releases.release import Release

COVERAGE = (
    "select period, area_name, round(value, 1) from '{}/tables/indicators.parquet' where indicator = 'si_coverage'"
    " and basis = 'register' and area_version = '2024' and area_level = 'province' and sex = 'total'"
    " and age_group = 'total' and urban_rural = 'total' order by 1, 2"
)


def printed(*command: str, given: str = "", folder: Path | None = None, **settings: str) -> str:
    done = subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        env=os.environ | settings,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_average_of_rates_is_wrong(release: Release) -> None:
    _, query = blocks("sql wrong")
    exact, rate = (
        query.replace("round(avg(value), 2)", "avg(value)"),
        "100 * sum(numerator) / sum(denominator)",
    )
    with duckdb.connect(str(release.path / "labour.duckdb"), read_only=True) as database:
        ((averaged,),) = database.execute(exact).fetchall()
        ((right,),) = database.execute(exact.replace("avg(value)", rate)).fetchall()
    assert abs(averaged - right) > 1e-9


ANSWERS = (
    "import duckdb, json, sys; database = duckdb.connect(sys.argv[1], read_only=True);"
    " print(json.dumps([c for query in json.load(sys.stdin) for row in database.execute(query).fetchall() for c in row]))"
)


@pytest.mark.client("DuckDB")
@pytest.mark.parametrize("client", [c for c in clients("pinned") if c.name == "DuckDB"], ids=str)
def test_the_queries_give_one_answer_in_every_duckdb(release: Release, client: Client) -> None:
    """Which is not so of 0 / 0. What is rounded may differ in its last digit: 1.95 is 2.0 in one and 1.9 in another."""
    asked, database = json.dumps(blocks("sql")), str(release.path / "labour.duckdb")
    pythons = (sys.executable, str(client.environment()))
    here, there = (json.loads(printed(p, "-c", ANSWERS, database, given=asked)) for p in pythons)
    cells = list(zip(here, there, strict=True))
    assert not [(a, b) for a, b in cells if a != b and not (isinstance(a, float) and abs(a - b) < 0.11)]
    assert len(cells) > 100 and any(a is None for a, _ in cells)


@pytest.mark.client("polars")
@pytest.mark.parametrize(
    "client", [c for c in clients("pinned") if c.name == "polars" and "Parquet" in c.reads], ids=str
)
def test_polars(release: Release, client: Client) -> None:
    (script,) = blocks("polars", release.path)
    said = printed(str(client.environment()), "-c", script, POLARS_FMT_MAX_ROWS="100")
    assert "shape: (16, 4)" in said and "Tỉnh Hải Dương" in said


@pytest.mark.client("base R")
@pytest.mark.client("R's readxl")
def test_r(release: Release, tmp_path: Path) -> None:
    (script,) = blocks("r", release.path)
    said = printed("Rscript", "--vanilla", "-e", script, LC_ALL="C.UTF-8")
    ((employed,),) = duckdb.execute(
        f"select value::bigint from '{release.path}/tables/indicators.parquet' where indicator = 'employed'"
        " and area_version = '2024' and area_code = '30' and period = '2025Q4' and sex = 'total' and age_group = 'total'"
        " and urban_rural = 'total' and basis = 'register'"
    ).fetchall()
    assert re.search(rf"2025Q4\s+{employed}\s", said), said


@pytest.mark.client("dbt-duckdb")
def test_dbt(release: Release, tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: dashboards\nprofile: dashboards\n", encoding="utf-8")
    (tmp_path / "models").mkdir()
    for file in ("profiles.yml", "models/sources.yml"):
        (text,) = blocks(f"yaml {file}")
        (tmp_path / file).write_text(text, encoding="utf-8")
    model = "select count(*) as n from {{ source('labour', 'headline') }}"
    (tmp_path / "models" / "counted.sql").write_text(model, encoding="utf-8")
    command = [str(Path(sys.executable).parent / "dbt"), "build", "--profiles-dir", "."]
    said = printed(*command, folder=tmp_path, LABOURDB_RELEASE=str(release.path))
    assert "PASS=1 WARN=0 ERROR=0" in said


@pytest.mark.client("PostgreSQL")
def test_postgresql(release: Release, tmp_path: Path) -> None:
    """In a cluster of its own, which is gone afterwards."""
    (script,) = blocks("psql", release.path)
    file = tmp_path / "load.sql"
    file.write_text(script, encoding="utf-8")
    command = ["pg_virtualenv", "psql", "-v", "ON_ERROR_STOP=1", "-q", "-A", "-t", "-F", ";", "-f", str(file)]
    said = printed(*command, PGCLIENTENCODING="UTF8")
    found = [line.split(";") for line in said.splitlines() if line.count(";") == 2]
    stated = duckdb.execute(COVERAGE.format(release.path)).fetchall()
    assert sorted((p, a, float(v)) for p, a, v in found) == sorted(stated) and len(found) == 16


@pytest.mark.client("SQLite")
def test_sqlite(release: Release) -> None:
    """Counts are whole numbers, codes texts, and what is empty is null: sums and averages are those of the release."""
    (script,) = blocks("sqlite", release.path)
    kinds = {
        "numerator": "integer",
        "denominator": "integer",
        "value": "real",
        "ci_low": "real",
        "ci_high": "real",
    }
    asked = "select {} from headline".format(", ".join(f"count({c}), avg({c})" for c in kinds))
    types = "select {} from headline".format(", ".join(f"group_concat(distinct typeof({c}))" for c in kinds))
    said = printed("sqlite3", "-bail", ":memory:", given=f"{script}\n{asked};\n{types};\n")
    *found, figures, stored = [line.split("|") for line in said.splitlines()]
    assert [(p, a, float(v)) for p, a, v in found] == duckdb.execute(COVERAGE.format(release.path)).fetchall()
    assert len(found) == 16
    with duckdb.connect(str(release.path / "labour.duckdb"), read_only=True) as database:
        (stated,) = database.execute(asked).fetchall()
    assert [float(cell) for cell in figures] == pytest.approx(stated) and stated[2] < stated[
        4
    ]  # some are empty
    for kind, cell in zip(kinds.values(), stored, strict=True):
        assert kind in cell.split(",") and set(cell.split(",")) <= {kind, "null"}
