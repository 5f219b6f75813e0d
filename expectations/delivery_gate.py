"""Gate 1: which deliveries up to the cut-off are used, replaced, held or refused (SPEC §1, §6).

The verdicts are a function of those deliveries alone: they are taken source by source, month by month,
revision by revision, so that the delivery a volume is compared with has been judged before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from expectations.column_fill import (
    ColumnCounts,
    compared_columns,
    optional_columns,
    worst_fill,
    worst_implausible,
)
from expectations.judge import blocking_failures, judge, within
from expectations.measuring import Measure, complete, frame_of
from expectations.rules import CheckRule, rules_of
from expectations.waivers import Waiver, waive
from sources.cleaning.names import has_names
from sources.cleaning.rows import identified_by_citizen
from sources.contract import load_contract
from sources.errors import LabourdbError

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
    columns         by delivery folder and check: the column a check of columns found worst, and how it stands
    filled          source, period, column_name, accepted, filled: one row per used delivery and column that may be
                    empty; without numbers for a delivery whose columns were not counted when it was read
    """

    dispositions: pd.DataFrame
    checks: pd.DataFrame
    row_accounting: pd.DataFrame
    columns: dict[tuple[str, str], str]
    filled: pd.DataFrame


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
    waivers: Sequence[Waiver] = (),
) -> DeliveryGate:
    """Judge every delivery whose month is not after ``cut_off`` (a month number).

    A check that ``waivers`` cover holds no delivery; the checks say all the same that it failed.
    """
    deliveries = _received(restricted, cut_off, schema)
    columns = _columns(restricted, cut_off, schema)
    worst: dict[tuple[str, str], str] = {}
    taken = list(_measures(deliveries, columns, rules, waivers, worst))
    measures = complete(taken, _intended(deliveries, rules), rules[COMPLETENESS])
    checks = judge(frame_of(measures), rules)
    stopping = blocking_failures(waive(checks, _of_gate(waivers, rules)))
    reasons: dict[str, list[str]] = {}
    for folder, check_id in zip(stopping["object"], stopping["check_id"], strict=True):
        reasons.setdefault(folder, []).append(check_id)
    dispositions = _dispositions(deliveries, reasons)
    accounting = _row_accounting(restricted, schema, dispositions)
    return DeliveryGate(dispositions, checks, accounting, worst, _filled(dispositions, accounting, columns))


def _of_gate(waivers: Sequence[Waiver], rules: Mapping[str, CheckRule]) -> list[Waiver]:
    return [w for w in waivers if w.check in rules and rules[w.check].waivable]


def _columns(
    connection: duckdb.DuckDBPyConnection, cut_off: int, schema: str
) -> dict[tuple[str, int], list[ColumnCounts]]:
    """How each delivery's columns are filled."""
    found: dict[tuple[str, int], list[ColumnCounts]] = {}
    for source, key, *counts in connection.execute(
        "select source, delivery_key, column_name, sum(accepted)::bigint, sum(given)::bigint, sum(filled)::bigint,"
        f" sum(implausible)::bigint from {schema}.filled where delivery_key // 1024 <= ? group by all order by all",
        [cut_off],
    ).fetchall():
        found.setdefault((source, key), []).append(ColumnCounts(*counts))
    return found


def _filled(
    dispositions: pd.DataFrame,
    accounting: pd.DataFrame,
    columns: Mapping[tuple[str, int], list[ColumnCounts]],
) -> pd.DataFrame:
    """How every used delivery fills the columns that may be empty; one without an accepted row fills none."""
    lines: list[tuple[str, str, str, int | None, int | None]] = []
    used = dispositions[dispositions["disposition"] == "used"]
    accepted = accounting[accounting["disposition"] == "used"].groupby(["source", "period"])["accepted"].sum()
    for source, key, period in zip(used["source"], used["delivery_key"], used["period"], strict=True):
        counted = {c.name: (c.accepted, c.filled) for c in columns.get((source, key), ())}
        uncounted = (None, None) if accepted.get((source, period), 0) else (0, 0)
        lines += [
            (source, period, name, *counted.get(name, uncounted))
            for name in optional_columns(load_contract(source))
        ]
    names = ["source", "period", "column_name", "accepted", "filled"]
    return pd.DataFrame(lines, columns=names).astype({"accepted": "Int64", "filled": "Int64"})


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
        case "optional_columns":
            return bool(compared_columns(contract))
        case "plausible":
            return any(c.plausible is not None for c in contract.columns)
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


def _measures(
    deliveries: Sequence[_Received],
    columns: Mapping[tuple[str, int], list[ColumnCounts]],
    rules: Mapping[str, CheckRule],
    waivers: Sequence[Waiver],
    worst: dict[tuple[str, str], str],
) -> Iterator[Measure]:
    """Counts of every delivery, in order; a held delivery is not what the next one is compared with.

    ``worst`` learns which column checks of columns are about.
    """
    preceding: dict[str, int] = {}
    filled_before: dict[str, tuple[str, dict[str, ColumnCounts]]] = {}
    waivers = _of_gate(waivers, rules)
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
        own = columns.get((d.source, d.delivery_key), [])
        for found in (
            worst_fill(load_contract(d.source), own, filled_before.get(d.source), rules["column_fill"]),
            worst_implausible(own, rules["implausible_share"]),
        ):
            taken.append(Measure(found.check_id, d.folder, found.rows_checked, found.rows_failed))
            if found.words and _applies(rules[found.check_id], d.source):
                worst[d.folder, found.check_id] = found.words
        applying = [m for m in taken if _applies(rules[m.check_id], d.source)]
        yield from applying
        if d.rows_read is not None and not any(
            _holds(m, rules[m.check_id]) and not any(w.covers(m.check_id, d.folder) for w in waivers)
            for m in applying
        ):
            preceding[d.source] = d.rows_read
            if own and own[0].accepted:
                filled_before[d.source] = d.folder, {c.name: c for c in own}


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
