"""Parquet files, read by DuckDB; columns of any type become the text an agency would have written."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sources.contract import Contract
from sources.errors import UnreadableFile
from sources.reading.layout import OpenedFile, match_header


def open_parquet(path: Path, contract: Contract) -> OpenedFile:
    """Open a Parquet file; raises ``UnreadableFile`` if its footer is missing or broken."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(f"{path.name}: not a whole Parquet file ({error}). Send it again.") from None
    mapping, unknown = match_header(contract, schema.names, path.name)
    return OpenedFile(path, "parquet", list(schema.names), mapping, None, "", unknown)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _as_text(name: str, kind: pa.DataType) -> str:
    column = _identifier(name)
    if pa.types.is_floating(kind):
        whole = f"{column} = trunc({column}) and abs({column}) < 1e15"
        return (
            f"case when isnan({column}) then null when {whole} then {column}::bigint::varchar else {column}::varchar end"
        )
    if pa.types.is_decimal(kind):
        return f"case when {column} = trunc({column}) then {column}::hugeint::varchar else {column}::varchar end"
    if pa.types.is_timestamp(kind):
        return f"strftime({column}::timestamp, '%Y-%m-%d %H:%M:%S')"
    return f"{column}::varchar"


def parquet_select(opened: OpenedFile, file_ref: int) -> str:
    """SQL that gives the file's records, shaped as ``RECORDS``; a row's line is its number plus one."""
    schema = pq.read_schema(opened.path)
    fields = ", ".join(_as_text(n, schema.field(n).type) for n in schema.names)
    return (
        f"select {file_ref}::integer as file_ref, file_row_number + 2 as line, null::varchar as raw,"
        f" [{fields}] as fields, false as malformed"
        f" from read_parquet({_literal(str(opened.path))}, file_row_number = true)"
    )
