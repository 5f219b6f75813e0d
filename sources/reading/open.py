"""Opening a file by its name's ending, and joining many opened files into one relation of records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from sources.contract import Contract, header_key
from sources.errors import UnreadableFile
from sources.reading.layout import RECORDS, OpenedFile, match_header
from sources.reading.parquet import open_parquet, parquet_select
from sources.reading.sheets import open_sheet
from sources.reading.text import Lines, open_delimited, open_json_lines

EMPTY = f"select null::integer as file_ref, null::bigint as line, null::varchar as raw, null::varchar[] as f, false as malformed where false"


def open_file(path: Path, contract: Contract) -> OpenedFile:
    """Open one data file; raises ``UnreadableFile`` saying what is wrong and what to do."""
    name = path.name.lower()
    if path.stat().st_size == 0:
        raise UnreadableFile(f"{path.name}: 0 bytes. Send the file again.")
    if name.endswith(".parquet"):
        return open_parquet(path, contract)
    if name.endswith(".xlsx"):
        return open_sheet(path, contract)
    if name.endswith((".jsonl", ".jsonl.gz")):
        return _open_json(path, contract)
    return open_delimited(path, contract)


def _open_json(path: Path, contract: Contract) -> OpenedFile:
    """JSON lines: the header is every key that occurs in any record."""
    lines = open_json_lines(path)
    with duckdb.connect(config={"threads": "2", "memory_limit": "500MB"}) as scratch:
        scratch.register("lines", _stream([(0, lines)]))
        keys = scratch.execute(
            "select distinct unnest(json_keys(raw)) from lines"
            " where case when json_valid(raw) then json_type(raw) = 'OBJECT' else false end"
        ).fetchall()
    header = sorted(str(k) for (k,) in keys)
    titles = {header_key(k): k for k in header}
    mapping, unknown = match_header(contract, list(titles.values()), path.name)
    variants = [k for k in header if header_key(k) not in {header_key(u) for u in unknown}]
    return OpenedFile(path, "jsonl", variants, mapping, lines, "", unknown)


def _stream(files: Sequence[tuple[int, object]]) -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        for ref, reader in files:
            yield from reader.batches(ref)  # type: ignore[attr-defined]

    return pa.RecordBatchReader.from_batches(RECORDS, batches())


def records_relation(
    connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[tuple[int, OpenedFile]]
) -> str:
    """SQL of all files' records: file_ref, line, raw, f (fields in contract order), malformed.

    Blank lines are not rows. The relation reads the files once: it can be queried only once.
    """
    arms = []
    split = [(ref, o.reader) for ref, o in files if o.split_by]
    if split:
        connection.register("split_lines", _stream(split))
        arms.append(
            """
select file_ref, line, text as raw, list_select(parts, mapping) as f, len(parts) <> width as malformed
from (
    select *, string_split(clean, split_by) as parts
    from (
        select s.file_ref, s.line, l.split_by, l.width, l.mapping, rtrim(s.raw, chr(10) || chr(13)) as text,
            case when l.split_by = chr(9) and regexp_matches(text, white_but_tab()) then collapsed_but_tab(text)
                 when l.split_by <> chr(9) and regexp_matches(text, white()) then collapsed(text)
                 else text end as clean
        from split_lines as s join layouts as l using (file_ref)
    ) where trim(clean, ' ' || chr(9)) <> ''
)"""
        )
    given = [(ref, o.reader) for ref, o in files if o.reader is not None and o.format != "jsonl" and not o.split_by]
    if given:
        connection.register("given_rows", _stream(given))
        arms.append(_clean_fields("select file_ref, line, raw, fields, malformed from given_rows"))
    for ref, opened in files:
        if opened.format == "parquet":
            arms.append(_clean_fields(parquet_select(opened, ref)))
    json_files = [(ref, o.reader) for ref, o in files if o.format == "jsonl"]
    if json_files:
        connection.register("json_rows", _stream(json_files))
        keys = sorted({k for _, o in files if o.format == "jsonl" for k in o.header})
        arms.append(_json_arm(contract, keys))
    return " union all ".join(f"({arm})" for arm in arms) if arms else EMPTY


def _clean_fields(select: str) -> str:
    """Fields as a list: white space collapsed, put into contract order."""
    return f"""
select g.file_ref, line, coalesce(raw, to_json(fields)::varchar) as raw,
    list_select(
        case when regexp_matches(array_to_string(fields, '|'), white())
             then list_transform(fields, x -> collapsed(x)) else fields end, l.mapping) as f,
    malformed
from ({select}) as g join layouts as l using (file_ref)"""


def _json_arm(contract: Contract, keys: Sequence[str]) -> str:
    """JSON objects: every spelling of a column's key is tried, the first that is not null counts."""
    by_column = {
        c.name: [k for k in keys if header_key(k) in {header_key(n) for n in (c.name, *c.aliases)}]
        for c in contract.columns
    }
    position = {key: i for i, key in enumerate(keys, start=1)}

    def path(key: str) -> str:
        return "'$.\"" + key.replace("\\", "\\\\").replace('"', '\\"').replace("'", "''") + "\"'"

    paths = ", ".join(path(k) for k in keys) or "'$.none'"
    fields = ", ".join(
        f"coalesce({', '.join(f'v[{position[k]}]' for k in names)}, null)" if names else "null::varchar"
        for names in by_column.values()
    )
    return f"""
select file_ref, line, raw,
    case when regexp_matches(array_to_string(v, '|'), white())
         then list_transform([{fields}], x -> collapsed(x)) else [{fields}] end as f,
    not is_object as malformed
from (
    select *, case when is_object then json_extract_string(raw, [{paths}]) end as v
    from (
        select file_ref, line, rtrim(raw, chr(10) || chr(13)) as raw,
            case when json_valid(rtrim(raw, chr(10) || chr(13))) then json_type(raw) = 'OBJECT' else false end as is_object
        from json_rows
    ) where trim(regexp_replace(raw, white(), ' ', 'g')) <> ''
)"""
