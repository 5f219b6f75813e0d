"""The restricted database: accepted rows, quarantined rows, and what each file held.

Everything with names, citizen IDs and birth dates lives here, in ``<home>/restricted`` (folder 0700,
files 0600), encrypted; it is opened by ``attach_restricted`` and nothing else. Schema ``landing`` is written by ingestion alone; schema ``identity`` by the dbt models.

Row keys: ``delivery_key`` orders a source's deliveries by month, then revision; ``row_id`` orders its
rows by delivery, file and line, so that "the later row" is always the greater ``row_id``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from sources.cleaning.names import count_names
from sources.cleaning.rows import MACROS, landing_columns
from sources.contract import all_sources, load_contract
from sources.engine import SPILL, Limits, connect, in_force
from sources.errors import LabourdbError
from sources.restricted.access import note_access
from sources.restricted.encryption import (
    WrongKey,
    attach_encrypted,
    encryption_config,
    is_encrypted,
    load_encryption,
    private_files,
    sync,
)
from sources.restricted.keys import (
    encryption_key,
    fingerprint,
    key_from_environment,
    load_key,
    next_key_file,
    read_key,
    take_next_key,
    wrong_key,
)

DATABASE = "restricted.duckdb"
FILE_BITS = 10
LINE_BITS = 27
FILE_OF_ROW = f"row_id >> {FILE_BITS + LINE_BITS} as delivery_key, (row_id >> {LINE_BITS}) & {(1 << FILE_BITS) - 1} as file_no"

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
    unknown_code bigint, identified bigint, usable_ids bigint, foreign_prefix bigint, future_month bigint,
    names bigint, foreign_names bigint -- of sources that name persons
);
create table if not exists landing.repairs (
    source varchar not null, delivery_key integer not null, file_no integer not null,
    column_name varchar not null, repair varchar not null, row_count bigint not null,
    reason varchar -- of optional_unreadable: why, as quarantine says it
);
create table if not exists landing.unknown_columns (
    source varchar not null, delivery_key integer not null, file_no integer not null, column_name varchar not null,
    resembles varchar -- the contract's column that may be meant
);
create table if not exists landing.filled ( -- of accepted rows, by column: given, and of those read; beyond the plausible range
    source varchar not null, delivery_key integer not null, file_no integer not null, column_name varchar not null,
    accepted bigint not null, given bigint not null, filled bigint not null, implausible bigint not null
);
create table if not exists landing.notices ( -- what is reported about files, by the codes of feedback.yaml
    source varchar not null, delivery_key integer not null, file varchar not null, notice varchar not null, about varchar not null
);
create table if not exists landing.quarantine (
    source varchar not null, delivery_key integer not null, file_no integer not null,
    line bigint not null, reasons varchar not null, raw varchar,
    sent varchar, -- JSON: the text of each contract column; null for malformed lines
    sheet varchar -- of workbooks of which several sheets are read
);
create table if not exists landing.set_aside (
    source varchar not null, delivery_key integer not null, file_no integer not null,
    line bigint not null, disposition varchar not null, sheet varchar
);
create table if not exists landing.retention (
    source varchar not null, delivery_key integer not null, what varchar not null -- texts, rows: what was deleted
);
create table if not exists identity.person_keys (citizen_id bigint primary key, person_key bigint not null);
create table if not exists identity.employer_keys (employer_id bigint primary key, employer_key bigint not null);
create table if not exists identity.key_check (fingerprint varchar not null);
create table if not exists identity.record_keys (person_key bigint primary key, record_key integer not null);
create table if not exists identity.employer_factors (
    employer_key bigint primary key, factor_millionths integer not null, record_key integer not null
);
create table if not exists identity.disclosure_key_check (fingerprint varchar not null);
"""

# columns that came after homes were made
_LATER = (
    ("quarantine", "sent"), ("quarantine", "sheet"), ("set_aside", "sheet"), ("repairs", "reason"), ("unknown_columns", "resembles"),
)  # fmt: skip


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
    for table, column in _LATER:
        connection.execute(f"alter table landing.{table} add column if not exists {column} varchar")
    connection.execute("alter table landing.files add column if not exists names bigint")
    connection.execute("alter table landing.files add column if not exists foreign_names bigint")
    uncounted = "select distinct source from landing.files where names is null and rows_read is not null"
    for (source,) in connection.execute(uncounted).fetchall():
        count_names(
            connection, load_contract(source), f"select {FILE_OF_ROW}, full_name from landing.{source}"
        )


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


def attach_restricted(
    connection: duckdb.DuckDBPyConnection, folder: Path, read_only: bool = False, alias: str = "restricted"
) -> None:
    """Attach the restricted database of the zone ``folder``, making it if it is not there; the access is logged.

    ``connection`` was opened with ``encryption_config`` inside ``private_files``. A database of a version before
    encryption is encrypted first, a `labourdb rekey` that was cut short is taken to its end. Raises ``LostKey``,
    ``WrongKey``, or ``LabourdbError`` if the database is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    note_access(folder)
    path = folder / DATABASE
    load_encryption(connection)
    if not path.exists():
        _make(connection, path, encryption_key(load_key(folder, may_make=True)))
    elif not is_encrypted(path):
        _encrypt(connection, path, folder)
    try:
        attach_encrypted(connection, path, alias, encryption_key(load_key(folder)), read_only)
    except WrongKey:
        if key_from_environment() is not None or not next_key_file(folder).exists():
            raise wrong_key() from None
        try:  # a rekey that ended between its two renames
            attach_encrypted(
                connection, path, alias, encryption_key(read_key(next_key_file(folder))), read_only
            )
        except WrongKey:
            raise wrong_key() from None
        take_next_key(folder)
    path.chmod(0o600)


def unfinished(folder: Path) -> Path:
    """Where a restricted database is put together before it takes its place; what lies there counts for nothing."""
    return folder / "restricted.next.duckdb"


def discard_unfinished(folder: Path) -> None:
    """Remove what a process that was killed has left there."""
    for path in (unfinished(folder), Path(f"{unfinished(folder)}.wal")):
        path.unlink(missing_ok=True)


def put_in_place(folder: Path) -> None:
    """Let the database put together there take the place of the one in force, in one step; both are closed."""
    for path in (folder / DATABASE, unfinished(folder)):
        if Path(f"{path}.wal").exists():  # it would be read as the other database's
            raise LabourdbError(
                f"{path} is not written out whole; is it open elsewhere? Nothing was changed."
            )
    sync(unfinished(folder))
    unfinished(folder).replace(folder / DATABASE)
    sync(folder)


def _make(connection: duckdb.DuckDBPyConnection, path: Path, key: str) -> None:
    discard_unfinished(path.parent)
    attach_encrypted(connection, unfinished(path.parent), "made", key)
    connection.execute("detach made")
    put_in_place(path.parent)


def _encrypt(connection: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> None:
    """Encrypt a database of an earlier version: a copy takes its place once it is whole and on disk."""
    place = str(path).replace("'", "''")
    connection.execute(f"attach '{place}' as plain")
    try:
        checked = connection.execute(
            "select 1 from duckdb_tables() where database_name = 'plain' and schema_name = 'identity'"
            " and table_name = 'key_check'"
        ).fetchone()
        known = (
            connection.execute("select fingerprint from plain.identity.key_check").fetchone()
            if checked
            else None
        )
        secret = load_key(folder, may_make=known is None)
        if known is not None and known[0] != fingerprint(secret):
            raise wrong_key()
        discard_unfinished(folder)
        attach_encrypted(connection, unfinished(folder), "made", encryption_key(secret))
        connection.execute("copy from database plain to made; checkpoint made; checkpoint plain")
        connection.execute("detach made")
    finally:
        connection.execute("detach plain")
    put_in_place(folder)


@contextmanager
def restricted_database(folder: Path, limits: Limits | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the restricted database for writing, as the connection's own, spilling only into the restricted zone.

    The caller holds the home's lock.
    """
    with private_files(), connect(limits=zone_limits(folder, limits), more=encryption_config()) as connection:
        attach_restricted(connection, folder)
        connection.execute("use restricted")
        create_schema(connection)
        yield connection


def zone_limits(folder: Path, limits: Limits | None = None) -> Limits:
    """``limits``, else those in force, with spill in the restricted zone ``folder``: where personal data passes."""
    return replace(limits or in_force(), spill=folder / SPILL)
