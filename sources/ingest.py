"""Ingestion: new deliveries become accepted rows, quarantined rows and counts that close (SPEC §1).

Deliveries of one source are read in batches, each batch in one transaction: a delivery is in the
restricted database whole or not at all. Nothing here judges a delivery; see ``expectations``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from sources.cleaning import identified_by_citizen, judged_select, key_expressions, landing_columns, read_select
from sources.contract import Contract, load_contract
from sources.errors import ChangedDelivery, LabourdbError, UnreadableFile
from sources.landing import (
    Delivery,
    DeliveryNote,
    FileState,
    check_listed_files,
    check_listed_rows,
    data_files,
    file_states,
    month_number,
    read_note,
    sha256,
    visible_files,
)
from sources.reading.layout import OpenedFile
from sources.reading.open import open_file, records_relation
from sources.restricted import FILE_BITS, LINE_BITS, load_rules

BATCH_BYTES = 256 << 20  # of text, estimated from file sizes
INFLATION = {".gz": 8, ".parquet": 6, ".xlsx": 8}
NEW_LIST_FROM = month_number("2025-07")


@dataclass
class Prepared:
    """A delivery whose files were all found whole; ``problem`` says why it is refused if not."""

    delivery: Delivery
    states: list[FileState]
    hashes: dict[str, str]
    note: DeliveryNote = field(default_factory=DeliveryNote)
    opened: list[OpenedFile] = field(default_factory=list)
    problem: str | None = None

    @property
    def area_version(self) -> str:
        """The area list in force in the delivery's month, unless delivery.json says another."""
        in_force = "2025" if month_number(self.delivery.period) >= NEW_LIST_FROM else "2024"
        return self.note.area_version or in_force


def new_deliveries(connection: duckdb.DuckDBPyConnection, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Those not ingested yet; raises ``ChangedDelivery`` naming every ingested file that changed or went."""
    known: dict[tuple[str, int], dict[str, tuple[int, int, int, str]]] = {}
    for source, key, *state in connection.execute(
        "select source, delivery_key, file, size, mtime_ns, ctime_ns, sha256 from landing.delivery_states"
    ).fetchall():
        known.setdefault((source, key), {})[state[0]] = (state[1], state[2], state[3], state[4])
    folders = {
        (s, k): f for s, k, f in connection.execute("select source, delivery_key, folder from landing.deliveries").fetchall()
    }
    changed: list[str] = []
    present = {(d.source, d.key) for d in deliveries}
    changed += [f"{folder}: the delivery is gone" for key, folder in sorted(folders.items()) if key not in present]
    fresh = []
    for delivery in deliveries:
        before = known.get((delivery.source, delivery.key))
        if before is None:
            fresh.append(delivery)
            continue
        now = {s.name: s for s in file_states(delivery)}
        changed += [f"{delivery.name}/{name}: the file is gone" for name in sorted(before.keys() - now.keys())]
        changed += [f"{delivery.name}/{name}: a new file" for name in sorted(now.keys() - before.keys())]
        for name in sorted(before.keys() & now.keys()):
            size, mtime, ctime, digest = before[name]
            state = now[name]
            same_stat = (state.size, state.mtime_ns, state.ctime_ns) == (size, mtime, ctime)
            if not same_stat and sha256(delivery.path / name) != digest:
                changed.append(f"{delivery.name}/{name}: the file changed (other SHA-256)")
    if changed:
        raise ChangedDelivery(
            "Deliveries that were ingested before have changed; nothing was published:\n  "
            + "\n  ".join(changed)
            + "\nPut the original files back, and send corrections as a new revision (folder YYYY-MM.rN)."
        )
    return fresh


def prepare(delivery: Delivery) -> Prepared:
    """Open every file of a delivery; a file that cannot be read makes the whole delivery refused."""
    prepared = Prepared(delivery, file_states(delivery), {})
    prepared.hashes = {p.name: sha256(p) for p in visible_files(delivery.path)}
    try:
        prepared.note = read_note(delivery)
        files = data_files(delivery)
        check_listed_files(prepared.note, files, prepared.hashes)
        contract = load_contract(delivery.source)
        problems = []
        for path in files:
            try:
                prepared.opened.append(open_file(path, contract))
            except UnreadableFile as error:
                problems.append(str(error))
        if problems:
            raise UnreadableFile("\n".join(problems))
    except UnreadableFile as error:
        prepared.problem = str(error)
    except OSError as error:
        prepared.problem = f"cannot be read: {error.strerror or error}. Check the file's rights and the disk."
    return prepared


def ingest(
    connection: duckdb.DuckDBPyConnection,
    deliveries: Sequence[Delivery],
    reference: Path,
    on_delivery: Callable[[Delivery, str], None] | None = None,
) -> None:
    """Ingest deliveries not ingested before; ``on_delivery`` hears of each one ('read' or 'refused')."""
    load_rules(connection, reference)
    for batch in _batches(deliveries):
        _ingest_batch(connection, batch, on_delivery)


def _size(delivery: Delivery) -> int:
    total = 0
    for path in visible_files(delivery.path):
        factor = next((f for ending, f in INFLATION.items() if path.name.endswith(ending)), 1)
        total += path.stat().st_size * factor
    return total


def _batches(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Runs of deliveries of one source, in order, of about ``BATCH_BYTES`` of text each."""
    batches: list[list[Delivery]] = []
    filled = 0
    for delivery in sorted(deliveries, key=lambda d: (d.source, d.key)):
        size = _size(delivery)
        if batches and batches[-1][0].source == delivery.source and filled + size <= BATCH_BYTES:
            batches[-1].append(delivery)
            filled += size
        else:
            batches.append([delivery])
            filled = size
    return batches


def _ingest_batch(
    connection: duckdb.DuckDBPyConnection,
    batch: Sequence[Delivery],
    on_delivery: Callable[[Delivery, str], None] | None,
) -> None:
    """One transaction; if the batch fails on one delivery's content, deliveries are read one by one."""
    _ingest_prepared(connection, [prepare(d) for d in batch], on_delivery)


def _ingest_prepared(
    connection: duckdb.DuckDBPyConnection,
    batch: Sequence[Prepared],
    on_delivery: Callable[[Delivery, str], None] | None,
) -> None:
    whole = [p for p in batch if p.problem is None]
    connection.execute("begin")
    try:
        if whole:
            _read_records(connection, load_contract(whole[0].delivery.source), whole)
        for prepared in batch:
            _register(connection, prepared)
        connection.execute("commit")
    except (UnreadableFile, duckdb.Error, pa.ArrowException) as error:
        connection.execute("rollback")
        if isinstance(error, (duckdb.OutOfMemoryException, duckdb.IOException)) and not _is_content(error):
            raise LabourdbError(f"Reading {batch[0].delivery.name} failed: {_first_line(error)}") from None
        if len(batch) == 1:
            batch[0].problem = _first_line(error) if isinstance(error, UnreadableFile) else _content_problem(error)
            _ingest_prepared(connection, batch, on_delivery)
            return
        for prepared in batch:
            _ingest_prepared(connection, [prepared], on_delivery)
        return
    if on_delivery is not None:
        for prepared in batch:
            on_delivery(prepared.delivery, "read" if prepared.problem is None else "refused")


def _is_content(error: Exception) -> bool:
    text = str(error).lower()
    return "parquet" in text or "snappy" in text or "zstd" in text or "thrift" in text


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _content_problem(error: Exception) -> str:
    """Say what failed without repeating values: an engine's message may quote the row it failed on."""
    text = str(error)
    if "UnreadableFile" in text:  # raised inside a record stream: only its own words are safe
        return text.split("UnreadableFile:", 1)[1].strip().splitlines()[0]
    return f"its content cannot be read ({type(error).__name__}). Make the file anew and send it again."


def _read_records(connection: duckdb.DuckDBPyConnection, contract: Contract, batch: Sequence[Prepared]) -> None:
    """Read, clean, judge and set aside; then fill landing, quarantine, files and repairs."""
    layouts = []
    for prepared in batch:
        for number, opened in enumerate(prepared.opened, start=1):
            layouts.append((len(layouts), prepared, number, opened))
    connection.execute(
        "create or replace temp table layouts (file_ref integer, delivery_key integer, file_no integer,"
        " area_version varchar, period integer, split_by varchar, width integer, mapping integer[])"
    )
    connection.executemany(
        "insert into layouts values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (ref, p.delivery.key, number, p.area_version, month_number(p.delivery.period),
             opened.split_by, len(opened.header), opened.mapping)
            for ref, p, number, opened in layouts
        ],
    )  # fmt: skip
    relation = records_relation(connection, contract, [(ref, opened) for ref, _, _, opened in layouts])
    row_id = f"((l.delivery_key::bigint << {FILE_BITS}) + l.file_no << {LINE_BITS}) + r.line"
    records = (
        f"(select {row_id} as row_id, l.delivery_key, r.file_ref, l.area_version, r.line, r.raw, r.malformed,"
        f" case when r.malformed then null else r.f end as f from ({relation}) as r join layouts as l using (file_ref))"
    )
    connection.execute(f"create or replace temp table read_rows as {read_select(contract, records)}")
    booleans = [c.name for c in contract.columns if c.kind == "boolean"]
    marks = "".join(
        f", coalesce(bool_or(b_{b} = 2) and not bool_or(b_{b} in (0, 1, 4)), false) as x_{b}" for b in booleans
    )
    connection.execute(
        f"create or replace temp table marks as select file_ref{marks}"
        " from layouts left join (select * from read_rows where not malformed) using (file_ref) group by file_ref"
    )
    connection.execute(f"create or replace temp view judged as {judged_select(contract, 'read_rows')}")
    _set_aside(connection, contract)
    _fill(connection, contract)
    for ref, prepared, number, opened in layouts:
        connection.executemany(
            "insert into landing.unknown_columns values (?, ?, ?, ?)",
            [(contract.source, prepared.delivery.key, number, name) for name in opened.unknown_columns],
        ) if opened.unknown_columns else None
    for prepared in batch:
        counted = connection.execute(
            "select file_no, rows_read from landing.files where source = ? and delivery_key = ?",
            [contract.source, prepared.delivery.key],
        ).fetchall()
        rows = {prepared.opened[number - 1].path.name: count for number, count in counted}
        check_listed_rows(prepared.note, rows)
    connection.execute("drop view judged; drop table read_rows; drop table aside")


def _set_aside(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Temp table ``aside`` (row_id, disposition): per delivery and key all but the last row.

    A row equal to the kept one in every contract column is a duplicate, another is superseded.
    """
    keys = ", ".join(f"{sql} as key_{i}" for i, sql in enumerate(key_expressions(contract)))
    names = ", ".join(f"key_{i}" for i in range(len(key_expressions(contract))))
    same = " and ".join(f"a.key_{i} is not distinct from b.key_{i}" for i in range(len(key_expressions(contract))))
    columns = [c.name for c in landing_columns(contract)]
    left, right = (", ".join(f"{side}.{c}" for c in columns) for side in ("a", "b"))
    connection.execute(f"""
create or replace temp table aside as
with keyed as (
    select *, {keys} from judged where reasons is null
), repeated as (
    select delivery_key, {names}, max(row_id) as kept_row
    from keyed group by delivery_key, {names} having count(*) > 1
), kept as (
    select a.* from keyed as a join repeated as b on a.row_id = b.kept_row
)
select a.row_id,
    case when ({left}) is not distinct from ({right}) then 'duplicate' else 'superseded' end as disposition
from keyed as a
join kept as b on a.delivery_key = b.delivery_key and {same}
where a.row_id <> b.row_id
""")


def _fill(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    source = contract.source
    columns = ", ".join(c.name for c in landing_columns(contract))
    connection.execute(
        f"insert into landing.{source} (row_id, delivery_key, {columns})"
        f" select row_id, delivery_key, {columns} from judged"
        " where reasons is null and row_id not in (select row_id from aside) order by row_id"
    )
    connection.execute(
        "insert into landing.quarantine"
        f" select '{source}', j.delivery_key, l.file_no, j.line, j.reasons, j.raw"
        " from judged as j join layouts as l using (file_ref) where j.reasons is not null order by j.row_id"
    )
    connection.execute(
        "insert into landing.set_aside"
        f" select '{source}', j.delivery_key, l.file_no, j.line, a.disposition"
        " from aside as a join read_rows as j using (row_id) join layouts as l using (file_ref) order by row_id"
    )
    identified = identified_by_citizen(contract)
    usable = "citizen_id_usable" if identified else "false"
    prefix = "citizen_id // 1000000000 not in (select code from birth_codes)" if contract.has("citizen_id") else "false"
    future = "month > l.period" if contract.has("month") else "false"
    connection.execute(f"""
insert into landing.files
select '{source}', l.delivery_key, l.file_no, '', '', null,
    count(j.row_id),
    count(j.row_id) filter (where reasons is null and a.row_id is null),
    count(j.row_id) filter (where reasons is not null),
    count(*) filter (where a.disposition = 'duplicate'),
    count(*) filter (where a.disposition = 'superseded'),
    count(*) filter (where unknown_code),
    {"count(*) filter (where reasons is null and a.row_id is null)" if identified else "0"},
    count(*) filter (where reasons is null and a.row_id is null and {usable}),
    count(*) filter (where reasons is null and a.row_id is null and {prefix}),
    count(*) filter (where reasons is null and {future})
from layouts as l
left join judged as j using (file_ref)
left join aside as a using (row_id)
group by l.delivery_key, l.file_no
order by l.delivery_key, l.file_no
""")
    for column, repair in (("nulled", "optional_unreadable"), ("restored", "leading_zero_restored")):
        connection.execute(f"""
insert into landing.repairs
with changed as (
    select l.delivery_key, l.file_no, unnest(string_split({column}, ';')) as column_name
    from judged join layouts as l using (file_ref) where {column} is not null
)
select '{source}', delivery_key, file_no, column_name, '{repair}', count(*)
from changed group by all order by all
""")


def _register(connection: duckdb.DuckDBPyConnection, prepared: Prepared) -> None:
    """Enter the delivery and its files into the catalogue; a refused one without counts."""
    delivery, note = prepared.delivery, prepared.note
    key = [delivery.source, delivery.key]
    state = "read" if prepared.problem is None else "refused"
    connection.execute(
        "insert into landing.deliveries values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [*key, delivery.period, delivery.revision, delivery.name, state, prepared.problem,
         note.agency, prepared.area_version, note.synthetic],
    )  # fmt: skip
    connection.executemany(
        "insert into landing.delivery_states values (?, ?, ?, ?, ?, ?, ?)",
        [[*key, s.name, s.size, s.mtime_ns, s.ctime_ns, prepared.hashes[s.name]] for s in prepared.states],
    )
    if prepared.problem is None:
        for number, opened in enumerate(prepared.opened, start=1):
            name = opened.path.name
            connection.execute(
                "update landing.files set file = ?, sha256 = ?, format = ?"
                " where source = ? and delivery_key = ? and file_no = ?",
                [name, prepared.hashes[name], opened.format, *key, number],
            )
    else:
        for number, state_ in enumerate((s for s in prepared.states if s.name != "delivery.json"), start=1):
            connection.execute(
                "insert into landing.files (source, delivery_key, file_no, file, sha256) values (?, ?, ?, ?, ?)",
                [*key, number, state_.name, prepared.hashes[state_.name]],
            )
