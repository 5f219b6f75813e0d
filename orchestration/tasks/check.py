"""``labourdb check``: one delivery read as a run would read it, in memory, with every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from expectations.delivery_gate import delivery_gate
from expectations.rules import load_rules
from orchestration.home import SEEDS
from orchestration.settings import DEFAULTS
from sources.calendar import month_number
from sources.contract import all_sources
from sources.engine import SPILL, connect, in_force
from sources.errors import UsageError
from sources.feedback.files import make_feedback
from sources.feedback.workbook import workshop_in
from sources.ingest.deliveries import ingest
from sources.ingest.landing import FOLDER, NOTE, Delivery, visible_files
from sources.reading.limits import Limits
from sources.restricted.database import create_schema

SHOWN_OF_CHECKS = ("check_id", "rows_checked", "rows_failed", "threshold", "severity", "status", "why")


@dataclass
class DeliveryCheck:
    """What was found in one delivery. Values are never repeated, only where they stand."""

    delivery: str
    would_be_used: bool
    refused_because: str | None
    files: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    repairs: list[dict[str, Any]] = field(default_factory=list)
    unknown_columns: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    feedback: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def _delivery(path: Path, source: str | None, period: str | None, scratch: Path) -> Delivery:
    """The delivery a path means; a single file becomes a delivery of its own."""
    if not path.exists():
        raise UsageError(f"{path} is not there.")
    folder = path.resolve()
    areas: tuple[Path, ...] = ()
    if path.is_file():
        areas = (scratch, folder.parent)  # the links made here lead to what was asked for
        folder = folder.parent
        named = scratch / (period or folder.name)
        named.mkdir()
        (named / path.name).symlink_to(path.resolve())
        note = folder / NOTE
        if note.exists() and len([p for p in visible_files(folder) if p.name != NOTE]) == 1:
            (named / NOTE).symlink_to(note)
        folder, parent = named, folder.parent.name
    else:
        parent = folder.parent.name
    chosen = source or parent
    if chosen not in all_sources():
        raise UsageError(f"Which source is this? Say --source; known are {', '.join(sorted(all_sources()))}.")
    match = FOLDER.match(period or folder.name)
    if match is None:
        raise UsageError("Which month is this? Say --period YYYY-MM.")
    return Delivery(chosen, (period or folder.name)[:7], int(match[3] or 1), folder, areas)


def check_delivery(
    path: Path,
    source: str | None = None,
    period: str | None = None,
    thresholds: Mapping[str, float] | None = None,
    feedback: Path | None = None,
    limits: Limits = DEFAULTS,
) -> DeliveryCheck:
    """Read and judge a delivery, by a home's thresholds and limits, without loading it anywhere; raises ``UsageError`` if it is not clear which.

    ``feedback`` is the workbook to write with what should be mended; it alone repeats values.
    """
    if feedback is not None:
        _check_place(feedback, path)
    with (
        TemporaryDirectory(prefix="labourdb-check-") as scratch,
        connect(limits=replace(in_force(), spill=Path(scratch) / SPILL)) as connection,
    ):
        delivery = _delivery(path, source, period, Path(scratch))
        create_schema(connection)
        ingest(connection, [delivery], SEEDS, limits=limits)
        gate = delivery_gate(connection, month_number(delivery.period), load_rules(thresholds))
        if feedback is not None:
            with workshop_in(feedback.parent) as workshop:
                make_feedback(connection, delivery.source, delivery.key, feedback, workshop)
        found = gate.dispositions.iloc[0]
        problem = connection.execute("select problem from landing.deliveries").fetchone()
        name = {n: f for n, f in connection.execute("select file_no, file from landing.files").fetchall()}
        return DeliveryCheck(
            delivery=delivery.name,
            would_be_used=found["disposition"] == "used",
            refused_because=problem[0] if problem else None,
            files=_rows(
                connection,
                "select file, rows_read, accepted, quarantined, duplicate, superseded from landing.files",
            ),
            problems=[
                {"file": name[n], "sheet": sheet, "line": line, "reasons": reasons.split(";")}
                for n, sheet, line, reasons in connection.execute(
                    "select file_no, sheet, line, reasons from landing.quarantine order by all"
                ).fetchall()
            ],
            repairs=_rows(
                connection,
                "select file, column_name, repair, reason, row_count from landing.repairs join landing.files"
                " using (source, delivery_key, file_no) order by all",
            ),
            unknown_columns=_rows(
                connection,
                "select file, column_name, resembles from landing.unknown_columns join landing.files"
                " using (source, delivery_key, file_no) order by all",
            ),
            notices=_rows(connection, "select file, notice, about from landing.notices order by all"),
            checks=[
                {
                    **{str(k): v for k, v in c.items()},
                    "column": gate.columns.get((delivery.name, c["check_id"])),
                }
                for c in gate.checks[list(SHOWN_OF_CHECKS)].to_dict("records")
            ],
            feedback=None if feedback is None else str(feedback),
        )


def _check_place(feedback: Path, delivery: Path) -> None:
    """Raise ``UsageError`` if the workbook cannot be written there, or would become part of the delivery."""
    if feedback.suffix.lower() != ".xlsx":
        raise UsageError(f"{feedback}: feedback is a workbook. Give it a name that ends in .xlsx.")
    if not feedback.parent.is_dir() or feedback.is_dir():
        raise UsageError(f"{feedback}: no file can be written there. Name one in a folder that exists.")
    inside = feedback.resolve().parent == delivery.resolve()
    if inside or (feedback.exists() and delivery.exists() and feedback.samefile(delivery)):
        raise UsageError(f"{feedback}: would become part of the delivery. Write it elsewhere.")


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    result = connection.execute(sql)
    names = [d[0] for d in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
