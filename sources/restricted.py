"""The restricted database: accepted rows, quarantined rows, and what each file held.

Everything with names, citizen IDs and birth dates lives here, in ``<home>/restricted`` (folder 0700,
files 0600). Schema ``landing`` is written by ingestion alone; schema ``identity`` by the dbt models.

Row keys: ``delivery_key`` orders a source's deliveries by month, then revision; ``row_id`` orders its
rows by delivery, file and line, so that "the later row" is always the greater ``row_id``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sources.cleaning import MACROS, landing_columns
from sources.contract import all_sources, load_contract
from sources.errors import LabourdbError

FILE_BITS = 10
LINE_BITS = 27

_CATALOGUE = """
create schema if not exists landing;
create schema if not exists identity;
create table if not exists landing.deliveries (
    source varchar not null, delivery_key integer not null, period varchar not null, revision integer not null,
    folder varchar not null, state varchar not null, problem varchar,
    agency varchar, area_version varchar, synthetic boolean,
    primary key (source, delivery_key)
);
create table if not exists landing.delivery_states (
    source varchar not null, delivery_key integer not null, file varchar not null,
    size bigint not null, mtime_ns bigint not null, ctime_ns bigint not null, sha256 varchar not null
);
create table if not exists landing.arrivals (
    source varchar not null, delivery_key integer not null, read_at timestamp not null, -- UTC, first read
    primary key (source, delivery_key)
);
create table if not exists landing.files (
    source varchar not null, delivery_key integer not null, file_no integer not null, file varchar not null,
    sha256 varchar not null, format varchar,
    rows_read bigint, accepted bigint, quarantined bigint, duplicate bigint, superseded bigint,
    unknown_code bigint, identified bigint, usable_ids bigint, foreign_prefix bigint, future_month bigint
);
create table if not exists landing.repairs (
    source varchar not null, delivery_key integer not null, file_no integer not null,
    column_name varchar not null, repair varchar not null, row_count bigint not null
);
create table if not exists landing.unknown_columns (
    source varchar not null, delivery_key integer not null, file_no integer not null, column_name varchar not null
);
create table if not exists landing.quarantine (
    source varchar not null, delivery_key integer not null, file_no integer not null,
    line bigint not null, reasons varchar not null, raw varchar,
    sent varchar -- JSON: the text of each contract column; null for malformed lines
);
create table if not exists landing.set_aside (
    source varchar not null, delivery_key integer not null, file_no integer not null,
    line bigint not null, disposition varchar not null
);
create table if not exists identity.person_keys (citizen_id bigint primary key, person_key bigint not null);
create table if not exists identity.employer_keys (employer_id bigint primary key, employer_key bigint not null);
create table if not exists identity.key_check (fingerprint varchar not null);
"""


def create_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the landing tables, one per contract, in the connection's database."""
    connection.execute(_CATALOGUE)
    for source in all_sources():
        columns = "".join(f", {c.name} {c.type}" for c in landing_columns(load_contract(source)))
        connection.execute(
            f"create table if not exists landing.{source} (row_id bigint not null, delivery_key integer not null{columns})"
        )
        stored = {row[0] for row in connection.execute(f"describe landing.{source}").fetchall()}
        missing = [c.name for c in landing_columns(load_contract(source)) if c.name not in stored]
        if missing:
            raise LabourdbError(
                f"The restricted database was made by an earlier version: its {source} rows lack"
                f" {', '.join(missing)}. Move restricted.duckdb away, keep person.key, and run again: the landing"
                " area is read anew."
            )
    # a column that came after a home was made
    connection.execute("alter table landing.quarantine add column if not exists sent varchar")


def load_rules(connection: duckdb.DuckDBPyConnection, reference: Path) -> None:
    """Make the cleaning macros and the code lists (tables ``areas``, ``divisions``, ``birth_codes``) available."""
    connection.execute(MACROS.read_text(encoding="utf-8"))

    def seed(name: str) -> str:
        path = str(reference / f"{name}.csv").replace("'", "''")
        return f"read_csv('{path}', all_varchar = true, header = true)"

    connection.execute(f"""
create or replace temp table areas as
    select area_version, level, code from {seed("areas")};
create or replace temp table divisions as
    select version, section, lpad(d.number::varchar, 2, '0') as division
    from {seed("industry_divisions")} as s, range(1, 100) as d(number)
    where d.number between s.division_from::integer and s.division_to::integer;
create or replace temp table birth_codes as select code::integer as code from {seed("birth_registration_codes")};
""")


@contextmanager
def restricted_database(
    folder: Path, memory: str = "1GB", threads: int = 2
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open ``<folder>/restricted.duckdb`` for writing, spilling only into the restricted zone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    path = folder / "restricted.duckdb"
    previous = os.umask(0o077)
    try:
        connection = duckdb.connect(
            str(path),
            config={
                "memory_limit": memory,
                "threads": str(threads),
                "temp_directory": str(folder / "spill"),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        path.chmod(0o600)
        create_schema(connection)
        try:
            yield connection
        finally:
            connection.close()
    finally:
        os.umask(previous)
