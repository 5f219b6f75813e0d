"""Gate 1: which deliveries up to the cut-off are used, replaced, held or refused (SPEC §1, §6).

The verdicts are a function of those deliveries alone: they are taken source by source, month by month,
revision by revision, so that the delivery a volume is compared with has been judged before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from expectations.judge import judge, within
from expectations.measuring import Measure, complete, frame_of
from expectations.rules import CheckRule, rules_of
from sources.cleaning import identified_by_citizen
from sources.contract import load_contract
from sources.errors import LabourdbError
from sources.names import has_names

COMPLETENESS = "all_delivery_checks_ran"


@dataclass(frozen=True)
class DeliveryGate:
    """The verdicts of gate 1.

    dispositions    source, delivery_key, period, revision, folder, area_version, synthetic, agency,
                    disposition (used, replaced, held, refused), because (the checks, or the revision
                    that replaced it)
    checks          the checks table, its objects the delivery folders
    row_accounting  source, period, revision, file, disposition, rows_read, accepted, quarantined,
                    duplicate, superseded; without numbers for refused deliveries
    """

    dispositions: pd.DataFrame
    checks: pd.DataFrame
    row_accounting: pd.DataFrame


@dataclass(frozen=True)
class _Received:
    """One delivery with the sums over its files; counts are null if any file has none."""

    source: str
    delivery_key: int
    period: str
    revision: int
    folder: str
    area_version: str | None
    synthetic: bool
    agency: str | None
    refused: bool
    files: int
    rows_read: int | None
    quarantined: int | None
    unknown_code: int | None
    identified: int | None
    usable_ids: int | None
    accepted: int | None
    future_month: int | None
    names: int | None
    foreign_names: int | None


def delivery_gate(
    restricted: duckdb.DuckDBPyConnection,
    cut_off: int,
    rules: Mapping[str, CheckRule],
    schema: str = "landing",
) -> DeliveryGate:
    """Judge every delivery whose month is not after ``cut_off`` (a month number)."""
    deliveries = _received(restricted, cut_off, schema)
    measures = complete(list(_measures(deliveries, rules)), _intended(deliveries, rules), rules[COMPLETENESS])
    checks = judge(frame_of(measures), rules)
    stopping = checks[checks["status"].isin(["failed", "error"]) & (checks["severity"] == "block")]
    reasons: dict[str, list[str]] = {}
    for folder, check_id in zip(stopping["object"], stopping["check_id"], strict=True):
        reasons.setdefault(folder, []).append(check_id)
    dispositions = _dispositions(deliveries, reasons)
    return DeliveryGate(dispositions, checks, _row_accounting(restricted, schema, dispositions))


def _received(connection: duckdb.DuckDBPyConnection, cut_off: int, schema: str) -> list[_Received]:
    def total(column: str) -> str:
        return f"case when count(f.{column}) = count(*) then sum(f.{column}) end::bigint"

    counts = (
        "rows_read",
        "quarantined",
        "unknown_code",
        "identified",
        "usable_ids",
        "accepted",
        "future_month",
        "names",
        "foreign_names",
    )
    found = connection.execute(
        "select d.source, d.delivery_key, d.period, d.revision, d.folder, d.area_version,"
        " coalesce(d.synthetic, false), d.agency, d.state = 'refused', count(f.file),"
        f" {', '.join(total(c) for c in counts)}"
        f" from {schema}.deliveries as d left join {schema}.files as f"
        " on d.source = f.source and d.delivery_key = f.delivery_key"
        " where d.delivery_key // 1024 <= ? group by all order by d.source, d.delivery_key",
        [cut_off],
    ).fetchall()
    return [_Received(*row) for row in found]


def _applies(rule: CheckRule, source: str) -> bool:
    """Whether the contract of ``source`` has what the check looks at."""
    contract = load_contract(source)
    match rule.applies_to:
        case "all":
            return True
        case "identified":
            return identified_by_citizen(contract)
        case "named":
            return has_names(contract)
        case "month":
            return contract.has("month")
        case "full_month":
            return contract.full_month
        case _:
            return False


def _intended(deliveries: Sequence[_Received], rules: Mapping[str, CheckRule]) -> set[tuple[str, str]]:
    """Every check of the gate for every delivery it applies to; of a refused one, only whether it is readable."""
    return {
        (rule.id, d.folder)
        for d in deliveries
        for rule in rules_of(rules, "delivery")
        if _applies(rule, d.source) and (rule.id == "delivery_readable" or not d.refused)
    }


def _measures(deliveries: Sequence[_Received], rules: Mapping[str, CheckRule]) -> Iterator[Measure]:
    """Counts of every delivery, in order; a held delivery is not what the next volume is compared with."""
    preceding: dict[str, int] = {}
    for d in deliveries:
        files = max(1, d.files)
        yield Measure("delivery_readable", d.folder, files, files if d.refused else 0)
        if d.refused:
            continue
        unusable = None if d.identified is None or d.usable_ids is None else d.identified - d.usable_ids
        change = None if d.rows_read is None else abs(d.rows_read - preceding.get(d.source, d.rows_read))
        taken = [
            _counted("quarantined_share", d, d.rows_read, d.quarantined),
            _counted("unknown_code_share", d, d.rows_read, d.unknown_code),
            _counted("unusable_id_share", d, d.identified, unusable),
            _counted("legacy_encoding", d, d.names, d.foreign_names),
            _counted("future_months", d, d.rows_read, d.future_month),
            _counted("volume_change", d, preceding.get(d.source, 0), change),
        ]
        applying = [m for m in taken if _applies(rules[m.check_id], d.source)]
        yield from applying
        if d.rows_read is not None and not any(_holds(m, rules[m.check_id]) for m in applying):
            preceding[d.source] = d.rows_read


def _counted(check_id: str, delivery: _Received, checked: int | None, failed: int | None) -> Measure:
    if checked is None or failed is None:
        return Measure(check_id, delivery.folder, 0, None, "the delivery has files without counts")
    return Measure(check_id, delivery.folder, checked, failed)


def _holds(measure: Measure, rule: CheckRule) -> bool:
    """Whether this measure holds its delivery: needed before the whole batch is judged, by the same bounds."""
    if measure.rows_failed is None:
        return rule.severity == "block"
    missed = not within(measure.rows_checked, measure.rows_failed, rule.max_failed_share)
    return missed and rule.severity_at(measure.rows_checked) == "block"


def _dispositions(deliveries: Sequence[_Received], reasons: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    last: dict[tuple[str, str], int] = {}
    for d in deliveries:
        if not d.refused and d.folder not in reasons:
            last[d.source, d.period] = d.revision
    lines = []
    for d in deliveries:
        because = ", ".join(reasons.get(d.folder, ()))
        if d.refused:
            disposition = "refused"
        elif because:
            disposition = "held"
        elif last[d.source, d.period] > d.revision:
            disposition, because = "replaced", f"revision {last[d.source, d.period]}"
        else:
            disposition = "used"
        lines.append(
            (d.source, d.delivery_key, d.period, d.revision, d.folder, d.area_version,
             d.synthetic, d.agency, disposition, because)
        )  # fmt: skip
    return pd.DataFrame(
        lines,
        columns=["source", "delivery_key", "period", "revision", "folder", "area_version",
                 "synthetic", "agency", "disposition", "because"],
    )  # fmt: skip


def _row_accounting(
    connection: duckdb.DuckDBPyConnection, schema: str, dispositions: pd.DataFrame
) -> pd.DataFrame:
    """Every file of the judged deliveries in order, with the numbers of those that were read."""
    counts = ["rows_read", "accepted", "quarantined", "duplicate", "superseded"]
    files = connection.execute(
        f"select source, delivery_key, file, {', '.join(counts)} from {schema}.files"
        " order by source, delivery_key, file_no"
    ).fetchall()
    of = {
        (source, key): (period, revision, disposition)
        for source, key, period, revision, disposition in zip(
            *(dispositions[c] for c in ("source", "delivery_key", "period", "revision", "disposition")),
            strict=True,
        )
    }
    lines = []
    for source, key, file, *numbers in files:
        if (source, key) not in of:
            continue
        period, revision, disposition = of[source, key]
        if disposition == "refused":
            numbers = [None] * len(counts)
        elif None in numbers:
            raise LabourdbError(
                f"{source}/{period}, {file}: read without its rows being counted. Ingest it again."
            )
        lines.append((source, period, revision, file, disposition, *numbers))
    table = pd.DataFrame(lines, columns=["source", "period", "revision", "file", "disposition", *counts])
    return table.astype({c: "Int64" for c in counts})
