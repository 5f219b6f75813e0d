"""Loading: opened deliveries of one source become rows, quarantine and counts in the restricted database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from sources.cleaning import (
    has_unknown_code,
    identified_by_citizen,
    judged_select,
    key_expressions,
    landing_columns,
    read_select,
    reasons_sql,
)
from sources.contract import Contract
from sources.errors import LabourdbError, UnreadableFile
from sources.landing import NOTE, Delivery, DeliveryNote, FileState, check_listed_rows, month_number
from sources.reading.layout import OpenedFile
from sources.reading.open import Placed, RecordStream
from sources.restricted import FILE_BITS, LINE_BITS

NEW_LIST_FROM = month_number("2025-07")
FILE_OF_ROW = f"row_id >> {FILE_BITS + LINE_BITS} as delivery_key, (row_id >> {LINE_BITS}) & {(1 << FILE_BITS) - 1} as file_no"
LINE_OF_ROW = f"row_id & {(1 << LINE_BITS) - 1}"
FILE_COLUMNS = (
    "source", "delivery_key", "file_no", "file", "sha256", "format", "rows_read", "accepted", "quarantined",
    "duplicate", "superseded", "unknown_code", "identified", "usable_ids", "foreign_prefix", "future_month",
)  # fmt: skip


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


def out_of_reach(delivery: Delivery, name: str, error: OSError) -> LabourdbError:
    """A disk or rights problem is this machine's, not the agency's: the run stops and refuses nothing."""
    return LabourdbError(
        f"{delivery.name}/{name}: {error.strerror or type(error).__name__}. Mend the file's rights or the disk and run again."
    )


def _place(batch: Sequence[Prepared]) -> list[tuple[Prepared, Placed]]:
    placed = []
    for prepared in batch:
        for number, opened in enumerate(prepared.opened, start=1):
            base = ((prepared.delivery.key << FILE_BITS) + number) << LINE_BITS
            placed.append((prepared, Placed(opened, base, int(prepared.area_version))))
    return placed


def read_records(
    connection: duckdb.DuckDBPyConnection, contract: Contract, batch: Sequence[Prepared]
) -> bool:
    """Read, clean, judge and set aside; then fill landing, quarantine, files and repairs.

    Returns whether a delivery turned out to be spoilt; its ``problem`` then says why.
    """
    placed = _place(batch)
    stream = RecordStream(contract, [p for _, p in placed], (1 << LINE_BITS) - 1)
    connection.register("records", stream.reader())
    try:
        connection.execute(f"create or replace temp table read_rows as {read_select(contract, 'records')}")
    except duckdb.Error:
        if stream.failed is None:
            raise
        return _spoil(placed, *stream.failed)
    finally:
        connection.unregister("records")
    judged = judged_select(contract, "read_rows", _crosses(connection, contract))
    connection.execute(f"create or replace temp view judged as {judged}")
    _set_aside(connection, contract)
    try:
        rows = _fill(connection, contract, placed)
    except _TextsMissing as missing:
        return _spoil(placed, missing.file, missing.error)
    connection.execute("drop view judged; drop table read_rows; drop table aside")
    return _disagree(batch, rows)


class _TextsMissing(Exception):
    """A file whose rows were read, but not the texts of those that are faulty."""

    def __init__(self, file: Placed, error: Exception) -> None:
        super().__init__()
        self.file, self.error = file, error


def _spoil(placed: Sequence[tuple[Prepared, Placed]], file: Placed, error: Exception) -> bool:
    """Say of the delivery of ``file`` why it is spoilt. Raises ``LabourdbError`` if that is this machine's doing."""
    spoilt, name = next(p for p, f in placed if f is file), file.opened.path.name
    if isinstance(error, OSError):
        raise out_of_reach(spoilt.delivery, name, error) from None
    if isinstance(error, LabourdbError) and not isinstance(error, UnreadableFile):
        raise error
    unforeseen = f"{name}: its content cannot be read ({type(error).__name__}). Make the file anew."
    spoilt.problem = str(error) if isinstance(error, UnreadableFile) else unforeseen
    return True


def _disagree(batch: Sequence[Prepared], rows: dict[tuple[int, int], int]) -> bool:
    """Whether a delivery.json states other row counts than were read; its delivery is then spoilt."""
    spoilt = False
    for prepared in batch:
        found = {o.path.name: rows[prepared.delivery.key, n] for n, o in enumerate(prepared.opened, start=1)}
        try:
            check_listed_rows(prepared.note, found)
        except UnreadableFile as error:
            prepared.problem, spoilt = str(error), True
    return spoilt


def _crosses(connection: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, str]:
    """Per boolean column the condition that the row lies in a file where ``x`` is its only value (SPEC §1)."""
    names = [c.name for c in contract.columns if c.kind == "boolean"]
    if not names:
        return {}
    marks = ", ".join(f"bool_or(b_{n} = 2) and not bool_or(b_{n} in (0, 1, 4))" for n in names)
    found = connection.execute(
        f"select row_id >> {LINE_BITS}, {marks} from read_rows group by all"
    ).fetchall()
    crosses = {}
    for i, name in enumerate(names, start=1):
        files = [str(row[0]) for row in found if row[i]]
        crosses[name] = f"(row_id >> {LINE_BITS}) in ({', '.join(files)})" if files else "false"
    return crosses


def _set_aside(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Temp table ``aside`` (row_id, disposition): per delivery and key all but the last row.

    A row equal to the kept one in every contract column is a duplicate, another is superseded. Rows whose
    key's hash occurs once are alone; only the others are compared.
    """
    parts = ["row_id >> " + str(FILE_BITS + LINE_BITS), *key_expressions(contract)]
    keys = ", ".join(f"{sql} as key_{i}" for i, sql in enumerate(parts))
    names = ", ".join(f"key_{i}" for i in range(len(parts)))
    same = " and ".join(f"a.key_{i} is not distinct from b.key_{i}" for i in range(len(parts)))
    columns = [c.name for c in landing_columns(contract)]
    left, right = (", ".join(f"{side}.{c}" for c in columns) for side in ("a", "b"))
    connection.execute(f"""
create or replace temp table aside as
with hashed as (
    select row_id, hash({", ".join(parts)}) as key_hash from judged where faults = 0
), shared as (
    select key_hash from hashed group by key_hash having count(*) > 1
), keyed as (
    select *, {keys} from judged
    where row_id in (select row_id from hashed where key_hash in (select key_hash from shared))
), repeated as (
    select {names}, max(row_id) as kept_row from keyed group by {names} having count(*) > 1
), kept as (
    select a.* from keyed as a join repeated as b on a.row_id = b.kept_row
)
select a.row_id,
    case when ({left}) is not distinct from ({right}) then 'duplicate' else 'superseded' end as disposition
from keyed as a
join kept as b on {same}
where a.row_id <> b.row_id
""")


def _fill(
    connection: duckdb.DuckDBPyConnection, contract: Contract, placed: Sequence[tuple[Prepared, Placed]]
) -> dict[tuple[int, int], int]:
    """Fill landing, quarantine, set_aside, files and repairs; rows read by delivery and file number."""
    source = contract.source
    columns = ", ".join(c.name for c in landing_columns(contract))
    connection.execute(
        f"insert into landing.{source} (row_id, delivery_key, {columns})"
        f" select row_id, row_id >> {FILE_BITS + LINE_BITS}, {columns} from judged"
        " where faults = 0 and row_id not in (select row_id from aside)"
    )
    connection.execute(
        "create or replace temp table faulty as"
        f" select row_id, {reasons_sql(contract)} as reasons, raw, sent from judged where faults <> 0"
    )
    connection.register("raw_rows", _raw_rows(connection, placed))
    connection.execute(
        f"insert into landing.quarantine by name select '{source}' as source, {FILE_OF_ROW}, {LINE_OF_ROW} as line, reasons,"
        " coalesce(faulty.raw, raw_rows.raw) as raw, sent from faulty left join raw_rows using (row_id) order by row_id"
    )
    connection.unregister("raw_rows")
    connection.execute(
        f"insert into landing.set_aside select '{source}', {FILE_OF_ROW}, {LINE_OF_ROW}, disposition"
        " from aside order by row_id"
    )
    rows = _count(connection, contract, placed)
    masks = ", ".join(f"({2**i}, '{c.name}')" for i, c in enumerate(contract.columns))
    connection.execute(f"""
insert into landing.repairs
with changed as (
    select {FILE_OF_ROW}, nulled, restored, count(*) as row_count from judged
    where nulled <> 0 or restored <> 0 group by all
), named as (
    select delivery_key, file_no, column_name, repair, row_count
    from changed, (values {masks}) as m(bit, column_name), (values ('optional_unreadable'), ('leading_zero_restored')) as r(repair)
    where case repair when 'optional_unreadable' then nulled else restored end & bit <> 0
)
select '{source}', delivery_key, file_no, column_name, repair, sum(row_count)::bigint
from named group by all order by all
""")
    return rows


def _raw_rows(connection: duckdb.DuckDBPyConnection, placed: Sequence[tuple[Prepared, Placed]]) -> pa.Table:
    """The faulty rows of formats that have no text of their own, fetched from their files again."""
    found = connection.execute(
        f"select row_id >> {LINE_BITS}, list({LINE_OF_ROW} order by row_id) from faulty where raw is null group by all"
    ).fetchall()
    by_base = {file.base: file for _, file in placed}
    ids: list[int] = []
    texts: list[str] = []
    for number, lines in found:
        file = by_base[number << LINE_BITS]
        ids += [file.base + line for line in lines]
        try:
            texts += file.opened.reader.raw(lines)
        except Exception as error:
            raise _TextsMissing(file, error) from None
    return pa.table({"row_id": pa.array(ids, pa.int64()), "raw": pa.array(texts, pa.string())})


def _count(
    connection: duckdb.DuckDBPyConnection, contract: Contract, placed: Sequence[tuple[Prepared, Placed]]
) -> dict[tuple[int, int], int]:
    """Fill landing.files, also for files without a row; returns rows read by delivery and file number."""
    identified = identified_by_citizen(contract)
    usable = "citizen_id_usable" if identified else "false"
    prefix = (
        "citizen_id // 1000000000 not in (select code from birth_codes)"
        if contract.has("citizen_id")
        else "false"
    )
    period = f"(row_id >> {FILE_BITS + LINE_BITS + 10})"  # a delivery's key is 1024 times its month, and its revision
    future = f"month > {period}" if contract.has("month") else "false"
    counted = connection.execute(f"""
with counted as (
    select row_id >> {LINE_BITS} as file_ref, disposition, count(*) as n,
        count(*) filter (where faults <> 0) as quarantined,
        count(*) filter (where {has_unknown_code(contract)}) as unknown_code,
        count(*) filter (where faults = 0 and {usable}) as usable,
        count(*) filter (where faults = 0 and {prefix}) as foreign_prefix,
        count(*) filter (where faults = 0 and {future}) as future_month
    from judged left join aside using (row_id) group by all
)
select file_ref, sum(n), sum(n - quarantined) filter (where disposition is null), sum(quarantined),
    sum(n) filter (where disposition = 'duplicate'), sum(n) filter (where disposition = 'superseded'),
    sum(unknown_code), sum(usable) filter (where disposition is null),
    sum(foreign_prefix) filter (where disposition is null), sum(future_month)
from counted group by file_ref
""").fetchall()
    counts = {ref << LINE_BITS: [int(n or 0) for n in numbers] for ref, *numbers in counted}
    lines: dict[str, list[Any]] = {name: [] for name in FILE_COLUMNS}
    rows = {}
    for prepared, file in placed:
        read, accepted, *others, unknown, usable_ids, foreign, later = counts.get(file.base, [0] * 9)
        number = (file.base >> LINE_BITS) & ((1 << FILE_BITS) - 1)
        name = file.opened.path.name
        values = (
            contract.source, prepared.delivery.key, number, name, prepared.hashes[name], file.opened.format,
            read, accepted, *others, unknown, accepted if identified else 0, usable_ids, foreign, later,
        )  # fmt: skip
        for column, value in zip(lines.values(), values, strict=True):
            column.append(value)
        rows[prepared.delivery.key, number] = read
    _insert(connection, "files", lines)
    unknown_columns = [
        (contract.source, p.delivery.key, (f.base >> LINE_BITS) & ((1 << FILE_BITS) - 1), title)
        for p, f in placed for title in f.opened.unknown_columns
    ]  # fmt: skip
    _insert(
        connection,
        "unknown_columns",
        _columns(("source", "delivery_key", "file_no", "column_name"), unknown_columns),
    )
    return rows


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _insert(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, list[Any]]) -> None:
    """Append rows to a catalogue table; in one go, since single inserts are what small deliveries cost."""
    if not next(iter(columns.values())):
        return
    connection.register("catalogue_rows", pa.table(columns))
    connection.execute(f"insert into landing.{table} by name select * from catalogue_rows")
    connection.unregister("catalogue_rows")


def register(connection: duckdb.DuckDBPyConnection, batch: Sequence[Prepared]) -> None:
    """Enter deliveries, their states and when they were read into the catalogue; of refused ones the files too,
    without counts.
    """
    deliveries, states, files = [], [], []
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    for p in batch:
        key, note = (p.delivery.source, p.delivery.key), p.note
        state = "read" if p.problem is None else "refused"
        deliveries.append(
            (*key, p.delivery.period, p.delivery.revision, p.delivery.name, state, p.problem,
             note.agency, p.area_version, note.synthetic)
        )  # fmt: skip
        states += [(*key, s.name, s.size, s.mtime_ns, s.ctime_ns, p.hashes[s.name]) for s in p.states]
        if p.problem is not None:
            names = [s.name for s in p.states if s.name != NOTE]
            files += [(*key, number, name, p.hashes[name]) for number, name in enumerate(names, start=1)]
    of_delivery = ("source", "delivery_key", "period", "revision", "folder", "state", "problem", "agency",
                   "area_version", "synthetic")  # fmt: skip
    of_state = ("source", "delivery_key", "file", "size", "mtime_ns", "ctime_ns", "sha256")
    _insert(connection, "deliveries", _columns(of_delivery, deliveries))
    _insert(connection, "delivery_states", _columns(of_state, states))
    noted = set(connection.execute("select source, delivery_key from landing.arrivals").fetchall())
    arrived = [(p.delivery.source, p.delivery.key) for p in batch]
    arrivals = [(*key, now) for key in arrived if key not in noted]  # read anew is not arrived anew
    _insert(connection, "arrivals", _columns(("source", "delivery_key", "read_at"), arrivals))
    _insert(connection, "files", _columns(("source", "delivery_key", "file_no", "file", "sha256"), files))
