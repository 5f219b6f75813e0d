"""Loading: opened deliveries of one source become rows, quarantine and counts in the restricted database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from sources.cleaning.names import has_names, is_foreign
from sources.cleaning.rows import (
    PROBLEMS,
    has_unknown_code,
    identified_by_citizen,
    judged_select,
    key_expressions,
    landed_columns,
    landing_columns,
    problem_of,
    read_select,
    reasons_sql,
)
from sources.contract import Column, Contract
from sources.errors import LabourdbError, UnreadableFile
from sources.ingest.deciding import (
    LINE_NUMBER,
    LINE_OF_ROW,
    SHEET_OF_ROW,
    Prepared,
    crosses_alone,
    decide_signs,
    decimal_commas,
)
from sources.ingest.landing import NOTE, Delivery, check_listed_rows
from sources.reading.open import Placed, RecordStream
from sources.restricted.database import FILE_BITS, FILE_OF_ROW, LINE_BITS

FILE_COLUMNS = (
    "source", "delivery_key", "file_no", "file", "sha256", "format", "rows_read", "accepted", "quarantined",
    "duplicate", "superseded", "unknown_code", "identified", "usable_ids", "foreign_prefix", "future_month",
    "names", "foreign_names",
)  # fmt: skip


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
            placed.append((prepared, Placed(opened, base, int(prepared.area_version), number)))
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
    select = read_select(contract, "records", decimal_commas(contract, placed))
    try:
        connection.execute(f"create or replace temp table read_rows as {select}")
    except duckdb.Error:
        if stream.failed is None:
            raise
        return _spoil(placed, *stream.failed)
    finally:
        connection.unregister("records")
    if decide_signs(connection, contract, placed):
        return True
    judged = judged_select(contract, "read_rows", crosses_alone(connection, contract))
    connection.execute(f"create or replace temp view judged as {judged}")
    _set_aside(connection, contract)
    try:
        rows = _fill(connection, contract, placed)
    except _TextsMissing as missing:
        return _spoil(placed, missing.file, missing.error)
    connection.execute("drop view judged; drop table read_rows; drop table aside; drop table counted")
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
        found = {o.name: rows[prepared.delivery.key, n] for n, o in enumerate(prepared.opened, start=1)}
        try:
            check_listed_rows(prepared.note, found)
        except UnreadableFile as error:
            prepared.problem, spoilt = str(error), True
    return spoilt


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
    select key_hash from (select key_hash, lag(key_hash) over (order by key_hash) as before from hashed)
    where key_hash = before
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
    sheets = [
        (f.base >> LINE_BITS, number, name)
        for _, f in placed if len(f.opened.sheets) > 1 for number, name in enumerate(f.opened.sheets)
    ]  # fmt: skip
    connection.register(
        "sheet_names",
        pa.table({"file_ref": pa.array([s[0] for s in sheets], pa.int64()),
                  "number": pa.array([s[1] for s in sheets], pa.int64()),
                  "sheet": pa.array([s[2] for s in sheets], pa.string())}),
    )  # fmt: skip
    of_sheet = f"left join sheet_names on file_ref = row_id >> {LINE_BITS} and number = {SHEET_OF_ROW}"
    connection.register("raw_rows", _raw_rows(connection, placed))
    connection.execute(
        f"insert into landing.quarantine by name select '{source}' as source, {FILE_OF_ROW}, {LINE_OF_ROW} as line, reasons,"
        f" coalesce(faulty.raw, raw_rows.raw) as raw, sent, sheet from faulty left join raw_rows using (row_id) {of_sheet}"
        " order by row_id"
    )
    connection.unregister("raw_rows")
    connection.execute(
        f"insert into landing.set_aside by name select '{source}' as source, {FILE_OF_ROW}, {LINE_OF_ROW} as line,"
        f" disposition, sheet from aside {of_sheet} order by row_id"
    )
    connection.unregister("sheet_names")
    _count_alike(connection, contract)
    rows = _count(connection, contract, placed)
    columns = ", ".join(f"({i}, '{c.name}')" for i, c in enumerate(contract.columns))
    problems = ", ".join(f"({number}, '{text}')" for number, text in PROBLEMS.items())
    connection.execute(f"""
insert into landing.repairs by name
with changed as (
    select {FILE_OF_ROW}, nulled, restored, implausible, row_count from counted
    where nulled <> 0 or restored <> 0 or implausible <> 0
), positions as (
    from (values {columns}) as m(position, column_name)
), named as (
    select delivery_key, file_no, column_name, 'optional_unreadable' as repair, reason, row_count
    from changed, positions
    join (values {problems}) as p(problem, reason) on problem = {problem_of("nulled", "position")}
    union all
    select delivery_key, file_no, column_name, 'leading_zero_restored', null, row_count
    from changed, positions where (restored >> position) & 1 = 1
    union all
    select delivery_key, file_no, column_name, 'implausible', null, row_count
    from changed, positions where (implausible >> position) & 1 = 1
)
select '{source}' as source, delivery_key, file_no, column_name, repair, reason, sum(row_count)::bigint as row_count
from named group by all order by all
""")
    _count_filled(connection, contract)
    return rows


def _counted_columns(contract: Contract) -> list[tuple[int, Column]]:
    """Optional columns and numbers, by position: of these is counted how they are filled."""
    return [
        (i, c)
        for i, c in enumerate(contract.columns)
        if c.default is None and not (c.required and c.plausible is None)
    ]


def _count_alike(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Temp table ``counted``, the one pass over all rows that everything counted is summed from: how many rows of a file are
    alike in what became of them, and of those how many hold a value in each optional column (``filled_<position>``).
    """
    alike = {
        "faulty": "faults <> 0",
        "unknown_code": has_unknown_code(contract),
        "usable": "citizen_id_usable" if identified_by_citizen(contract) else "false",
        "foreign_prefix": (
            "citizen_id // 1000000000 not in (select code from birth_codes)"
            if contract.has("citizen_id")
            else "false"
        ),
        # a delivery's key is 1024 times its month, and its revision
        "future": f"month > (row_id >> {FILE_BITS + LINE_BITS + 10})" if contract.has("month") else "false",
    }
    counts = {
        "names": "count(full_name)",
        "foreign_names": f"count(*) filter (where {is_foreign('full_name')})",
    }
    counts = counts if has_names(contract) else dict.fromkeys(counts, "null::bigint")
    for i, c in _counted_columns(contract):
        stored = [p.name for p in landed_columns(c) if p.name != "birth_precision"]
        given = " or ".join(f"{name} is not null" for name in stored)
        counts[f"filled_{i}"] = (
            f"count({stored[0]})" if len(stored) == 1 else f"count(case when {given} then 1 end)"
        )
    columns = ", ".join(f"{sql} as {name}" for name, sql in {**alike, **counts}.items())
    connection.execute(
        f"create or replace temp table counted as select (row_id >> {LINE_BITS}) << {LINE_BITS} as row_id, disposition,"
        f" nulled, restored, implausible, count(*) as row_count, {columns}"
        " from judged left join aside using (row_id) group by all"
    )


def _count_filled(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Fill landing.filled: of how many accepted rows each optional column and number is given, is read, is plausible."""
    columns = _counted_columns(contract)
    if not columns:
        return
    # what is given and not read is nulled
    sums = ", ".join(
        f"sum(filled_{i}) + coalesce(sum(row_count) filter (where {problem_of('nulled', i)} <> 0), 0), sum(filled_{i}),"
        f" coalesce(sum(row_count) filter (where (implausible >> {i}) & 1 = 1), 0)"
        for i, _ in columns
    )
    found = connection.execute(
        f"select {FILE_OF_ROW}, sum(row_count), {sums} from counted"
        " where not faulty and disposition is null group by all order by all"
    ).fetchall()
    rows = [
        (contract.source, key, file, c.name, int(accepted), *map(int, numbers[3 * n : 3 * n + 3]))
        for key, file, accepted, *numbers in found
        for n, (_, c) in enumerate(columns)
    ]
    named = ("source", "delivery_key", "file_no", "column_name", "accepted", "given", "filled", "implausible")
    _insert(connection, "filled", _columns(named, rows))


def _raw_rows(connection: duckdb.DuckDBPyConnection, placed: Sequence[tuple[Prepared, Placed]]) -> pa.Table:
    """The faulty rows of formats that have no text of their own, fetched from their files again."""
    found = connection.execute(
        f"select row_id >> {LINE_BITS}, list({LINE_NUMBER} order by row_id) from faulty where raw is null group by all"
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
    counted = connection.execute("""
with alike as (
    select *, row_count as n, not faulty and disposition is null as accepted from counted
)
select row_id, sum(n), sum(n) filter (where accepted), sum(n) filter (where faulty),
    sum(n) filter (where disposition = 'duplicate'), sum(n) filter (where disposition = 'superseded'),
    sum(n) filter (where unknown_code), sum(n) filter (where accepted and usable),
    sum(n) filter (where accepted and foreign_prefix), sum(n) filter (where not faulty and future),
    sum(names), sum(foreign_names)
from alike group by row_id
""").fetchall()
    of_persons = has_names(contract)
    counts = {base: [int(n or 0) for n in numbers] for base, *numbers in counted}
    lines: dict[str, list[Any]] = {name: [] for name in FILE_COLUMNS}
    rows = {}
    for prepared, file in placed:
        read, accepted, *others, unknown, usable_ids, foreign, later, names, foreign_names = counts.get(
            file.base, [0] * 11
        )
        number = (file.base >> LINE_BITS) & ((1 << FILE_BITS) - 1)
        name = file.opened.name
        values = (
            contract.source, prepared.delivery.key, number, name, prepared.hashes[name], file.opened.format,
            read, accepted, *others, unknown, accepted if identified else 0, usable_ids, foreign, later,
            *((names, foreign_names) if of_persons else (None, None)),
        )  # fmt: skip
        for column, value in zip(lines.values(), values, strict=True):
            column.append(value)
        rows[prepared.delivery.key, number] = read
    _insert(connection, "files", lines)
    unknown_columns = [
        (contract.source, p.delivery.key, f.number, u.title, u.resembles)
        for p, f in placed for u in f.opened.unknown_columns
    ]  # fmt: skip
    named = ("source", "delivery_key", "file_no", "column_name", "resembles")
    _insert(connection, "unknown_columns", _columns(named, unknown_columns))
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
    notices = [
        (p.delivery.source, p.delivery.key, name, notice.code, notice.about)
        for p in batch
        for name, notice in (*p.notices, *((o.name, n) for o in p.opened for n in o.notices))
    ]
    _insert(connection, "notices", _columns(("source", "delivery_key", "file", "notice", "about"), notices))
