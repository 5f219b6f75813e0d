"""What the Dagster UI shows of deliveries, checks and releases: counts, reasons and places, never a value of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from orchestration.assets.arrived import COUNTS, LATER, Arrived
from releases.pages.words import moved_most
from releases.quality.facts import facts_of
from releases.release import REPORT, Release
from releases.targets import targets_of

Metadata = dict[str, Any]
MOST = 100  # rows of a table: an event is read whole whenever its asset is looked at
QUERIES = 10


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> dg.TableMetadataValue:
    """A table of ``columns`` (name to string, int or float), its first rows only."""
    schema = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()])
    records = [dg.TableRecord({c: _plain(row.get(c)) for c in columns}) for row in rows[:MOST]]
    return dg.MetadataValue.table(records, schema)


def _plain(value: Any) -> Any:
    """A cell as Dagster takes it."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def of_delivery(delivery: Arrived) -> Metadata:
    """One delivery: what came in, what became of it, why, and what to send."""
    shown: Metadata = {"delivery": delivery.folder, "disposition": delivery.disposition}
    if delivery.because:
        shown["why"] = delivery.because_in_full
    if delivery.disposition in ("held", "refused"):
        shown["in_force_instead"] = delivery.in_force or "none"
    shown |= delivery.counts
    if delivery.feedback:
        shown["to_mend"] = dg.MetadataValue.path(delivery.feedback)
    if delivery.send_as:
        shown["send_corrected_as"] = dg.MetadataValue.path(delivery.send_as)
    return shown


def of_source(deliveries: Sequence[Arrived]) -> Metadata:
    """All deliveries of a source: sums over those in force, how many became what, and a table of them, newest first."""
    used = [d for d in deliveries if d.disposition == "used"]
    states = ("used", "replaced", "held", "refused", LATER)
    by_state = {state: sum(d.disposition == state for d in deliveries) for state in states}
    rows = [
        {"delivery": _month(d.folder), "disposition": d.disposition, **d.counts} for d in reversed(deliveries)
    ]
    columns = {"delivery": "string", "disposition": "string", **dict.fromkeys(COUNTS, "int")}
    return {
        **{f"deliveries_{state}": n for state, n in by_state.items() if n or state == "used"},
        **{name: sum(d.counts[name] for d in used) for name in COUNTS},
        "deliveries": table(rows, columns),
        "dagster/row_count": sum(d.counts["accepted"] for d in used),
    }


def _month(folder: str) -> str:
    """A delivery's folder within its source, as the tables of one source name it."""
    return folder.rsplit("/", 1)[-1]


def of_left_out(deliveries: Sequence[Arrived]) -> Metadata | None:
    """Deliveries of a source that are held or refused, why, what counts instead, and what to send; null if none is."""
    left_out = [d for d in deliveries if d.left_out]
    rows = [
        _left_out(d.folder, d.disposition, d.because, d.in_force, d.send_as or "nothing") for d in left_out
    ]
    to_mend = [d.feedback for d in reversed(left_out[-MOST:]) if d.feedback]
    return {**_table_of(rows), "to_mend": "\n".join(to_mend) or "none"} if rows else None


def left_out_of(release: Release) -> dict[str, Metadata]:
    """The same by source, as a release tells it that stands."""
    rows: dict[str, list[Mapping[str, str]]] = {}
    for d in facts_of(release.path)["left_out"]:
        if not d["settled"]:
            line = _left_out(d["folder"], d["disposition"], d["because"], d["in_force"], d["send_as"])
            rows.setdefault(d["folder"].partition("/")[0], []).append(line)
    return {source: {**_table_of(lines), "release": release.id} for source, lines in rows.items()}


def _left_out(
    folder: str, disposition: str, why: str, in_force: str | None, send_as: str
) -> Mapping[str, str]:
    return {
        "delivery": _month(folder),
        "disposition": disposition,
        "why": why,
        "in_force_instead": _month(in_force or "none"),
        "send_corrected_as": _month(send_as),
    }


def _table_of(rows: Sequence[Mapping[str, str]]) -> Metadata:
    """Lines of deliveries that were left out, newest first."""
    return {"left_out": table(rows[::-1], dict.fromkeys(rows[0], "string"))} if rows else {}


FAILED = {
    "object": "string",
    "consequence": "string",
    "rows_failed": "int",
    "rows_checked": "int",
    "failed_percent": "float",
    "allowed_percent": "float",
}


def of_delivery_check(lines: pd.DataFrame) -> Metadata:
    """One check of gate 1: how many deliveries it looked at, and those that failed with figures and consequence."""
    failed = _failed(lines, "refused" if "delivery_readable" in set(lines["check_id"]) else "held")
    return {
        "deliveries_checked": int((lines["status"] != "not_applicable").sum()),
        "deliveries_failed": len(failed),
        "held_or_refused": ", ".join(f["object"] for f in failed if f["consequence"] != "warning") or "none",
        **({"failed": table(failed, FAILED), "queries": _queries(failed)} if failed else {}),
    }


def of_gate(gate: str, checks: pd.DataFrame, stopping: Sequence[Mapping[str, Any]]) -> Metadata:
    """Gate 2 or 3: how many of its checks ended how, what stops the run (``stopping``) and which deliveries moved it, what
    is waived, what failed and why.
    """
    own = checks[checks["gate"] == gate]
    failed = _failed(own, "stops the run")
    counts = {f"checks_{k}": int(v) for k, v in own["status"].value_counts().items()}
    stops = [
        "\n  ".join(
            [f"{c['check_id']} ({c['object']}): {_figures(c)}. {c['why']}", *moved_most(c["culprits"])]
        )
        for c in stopping
    ]
    columns = {"check": "string", **FAILED}
    return {
        "blocking": "\n".join(stops) or "none",
        "waived": "\n".join(own["waiver"].dropna()) or "none",
        **counts,
        **({"failed": table(failed, columns), "queries": _queries(failed)} if failed else {}),
    }


def _records(lines: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in line.items()} for line in lines.to_dict("records")]


def _figures(line: Mapping[str, Any]) -> str:
    if pd.isna(line["rows_failed"]):
        return "could not be measured"
    return f"{line['rows_failed']:,} of {line['rows_checked']:,} rows failed"


def _failed(lines: pd.DataFrame, blocked: str) -> list[dict[str, Any]]:
    """The lines of the checks table that failed, those that stop something first."""
    failed = lines[lines["status"].isin(["failed", "error"])]
    out = []
    for c in _records(failed):
        waived = isinstance(c.get("waiver"), str)
        share = c["rows_failed"] / c["rows_checked"] if c["rows_checked"] else None
        out.append(
            {
                **c,
                "check": c["check_id"],
                "consequence": "waived" if waived else blocked if c["severity"] == "block" else "warning",
                "failed_percent": None if share is None or pd.isna(share) else round(100 * share, 2),
                "allowed_percent": 100 * c["threshold"],
            }
        )
    return sorted(out, key=lambda c: (c["consequence"] == "warning", c["check"], c["object"]))


def _queries(failed: Sequence[Mapping[str, Any]]) -> dg.MarkdownMetadataValue:
    """The queries that show what failed, for `labourdb query`."""
    parts = [
        f"**{c['check']}** on {c['object']}: {c['why']}\n\n```sql\n{c['query']}\n```"
        for c in failed[:QUERIES]
    ]
    more = f"\n\nand {len(failed) - QUERIES} more" if len(failed) > QUERIES else ""
    return dg.MetadataValue.md("\n\n".join(["Run with `labourdb query`:", *parts]) + more)


COMPARATORS = {">=": "≥", "<=": "≤"}
TARGETS = {
    "province": "string",
    "indicator": "string",
    "target": "string",
    "value": "float",
    "verdict": "string",
}


def of_release(release: Release, home: Path) -> Metadata:
    """A release: where it and its report lie, the verdict, what was left out, and where each province stands."""
    manifest = release.manifest
    facts = facts_of(release.path)
    folder = release.path.relative_to(home).as_posix()
    left_out = [
        {
            "delivery": d["folder"],
            "disposition": d["disposition"],
            "why": d["because"],
            "send_as": "settled" if d["settled"] else _month(d["send_as"]),
        }
        for d in facts["left_out"]
    ]
    targets = _targets(release)
    verdicts = pd.Series([t["verdict"] for t in targets], dtype="object").value_counts()
    return {
        "release": release.id,
        "verdict": facts["verdict"]["en"],
        "quality_report": dg.MetadataValue.path(f"{folder}/{REPORT}"),
        "tables": dg.MetadataValue.path(f"{folder}/tables"),
        "protection": manifest["protection"],
        "synthetic": manifest["synthetic"],
        "held_or_refused": len(left_out),
        **({"left_out": table(left_out, dict.fromkeys(left_out[0], "string"))} if left_out else {}),
        **{f"targets_{verdict}": int(n) for verdict, n in verdicts.items()},
        "targets": table(targets, TARGETS),
        **{f"rows_{t}": int(f["rows"]) for t, f in manifest["tables"].items()},
    }


def _targets(release: Release) -> list[dict[str, Any]]:
    """The plan targets, figures as readers see them."""
    rows = [
        {
            "province": f"{t['province_code']}@{t['area_version']}",
            "indicator": f"{t['label']} {t['people']}".strip(),
            "target": f"{COMPARATORS.get(t['comparator'], t['comparator'])} {t['target_value']:g}",
            "value": None if t["value"] is None else round(t["value"], 2),
            "verdict": t["verdict"],
        }
        for t in targets_of(release)
    ]
    return sorted(rows, key=lambda r: (r["province"], r["indicator"], r["target"]))
