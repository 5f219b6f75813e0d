"""Deliveries made in a test's own folder, read into a database in memory, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.ingest.deliveries import ingest, new_deliveries
from sources.ingest.landing import find_deliveries
from sources.restricted.database import create_schema

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"

INSURED = (
    "si_number", "citizen_id", "full_name", "birth_date", "sex", "employer_code", "month", "scheme",
    "unemployment_insured", "wage_base", "occupation_group", "managing_province_code", "contribution_status",
)  # fmt: skip
GOOD_CODE = "0101243150"


def insured(number: int, **changes: str) -> dict[str, str]:
    """One good row of social_insurance, with some columns changed."""
    row = dict(
        zip(
            INSURED,
            (f"{123456789 + number:010d}", f"001085{number:06d}", "Nguyễn Văn An", "1985-03-02", "male", GOOD_CODE, "2025-03",
             "compulsory", "true", "5000000", "3", "01", "paid"),
            strict=True,
        )
    )  # fmt: skip
    return row | changes


def csv_text(rows: Sequence[dict[str, str]], delimiter: str = ",", columns: Sequence[str] = INSURED) -> str:
    """Rows as delimited text without quotes."""
    lines = [delimiter.join(columns), *(delimiter.join(r[c] for c in columns) for r in rows)]
    return "\n".join(lines) + "\n"


def json_text(rows: Sequence[dict[str, str]]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)


def put(home: Path, name: str, content: bytes | str, folder: str = "social_insurance/2025-03") -> Path:
    """Put a file into a delivery of ``home``; returns its path."""
    path = home / "landing" / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@dataclass
class Read:
    """What the database says after ingestion."""

    connection: duckdb.DuckDBPyConnection

    def problem(self, folder: str = "social_insurance/2025-03") -> str | None:
        """Why a delivery was refused, or ``None``."""
        found = self.connection.execute(
            "select problem from landing.deliveries where folder = ?", [folder]
        ).fetchone()
        assert found is not None, f"{folder} was not registered"
        return str(found[0]) if found[0] is not None else None

    def counts(self) -> dict[str, tuple[int, int, int, int, int]]:
        """Per file: rows read, accepted, quarantined, duplicate, superseded."""
        rows = self.connection.execute(
            "select file, rows_read, accepted, quarantined, duplicate, superseded from landing.files"
        ).fetchall()
        return {name: tuple(numbers) for name, *numbers in rows}

    def quarantine(self) -> list[tuple[int, str]]:
        """Line and reasons of every quarantined row."""
        return self.connection.execute("select line, reasons from landing.quarantine order by all").fetchall()

    def repairs(self) -> dict[tuple[str, str], int]:
        """Counts by column and repair."""
        rows = self.connection.execute(
            "select column_name, repair, sum(row_count)::int from landing.repairs group by all"
        )
        return {(column, repair): count for column, repair, count in rows.fetchall()}

    def column(self, name: str, source: str = "social_insurance") -> list[object]:
        """A landing column in row order."""
        rows = self.connection.execute(f"select {name} from landing.{source} order by row_id").fetchall()
        return [value for (value,) in rows]

    def closes(self) -> bool:
        """Whether row accounting closes, in the counts and in the tables behind them."""
        for table, counted in (("quarantine", "quarantined"), ("set_aside", "duplicate + superseded")):
            rows, sums = self.connection.execute(
                f"select (select count(*) from landing.{table}), (select coalesce(sum({counted}), 0) from landing.files)"
            ).fetchone() or (0, 0)
            if rows != sums:
                return False
        open_files = self.connection.execute(
            "select count(*) from landing.files where rows_read <> accepted + quarantined + duplicate + superseded"
        ).fetchone()
        return open_files == (0,)


def database() -> duckdb.DuckDBPyConnection:
    """An empty restricted database in memory."""
    connection = duckdb.connect(config={"threads": "1"})
    create_schema(connection)
    return connection


def read(home: Path, connection: duckdb.DuckDBPyConnection | None = None) -> Read:
    """Ingest what is new below ``home``."""
    connection = connection or database()
    deliveries, _ = find_deliveries(home / "landing")
    ingest(connection, new_deliveries(connection, deliveries), SEEDS)
    return Read(connection)
