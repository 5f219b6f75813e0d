"""The quality of a release as facts: the one computation behind the report's page, `labourdb quality` and its JSON.

Everything is counted from the manifest and the released tables; nothing here is typed by hand, and nothing is more exact
than what is published.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from expectations.culprits import culprits_of
from expectations.rules import GATES
from releases.disclosure import PROTECTION
from releases.quality import tables, times
from releases.quality.columns import column_fill
from releases.quality.expectations import suites_facts
from releases.quality.times import place_of
from releases.tables import RELEASED, rows_of
from sources.contract import all_sources, load_contract
from sources.engine import connect
from sources.errors import LabourdbError

Facts = dict[str, Any]
Rows = Path | pd.DataFrame

# what the report reads; a table of an older release may lack a column, which is null then
NEEDED: Mapping[str, str] = {
    "checks": (
        "check_id varchar, gate varchar, level varchar, object varchar, rows_checked bigint, rows_failed bigint,"
        " threshold double, severity varchar, status varchar, why varchar, why_vi varchar, query varchar, waiver varchar"
    ),
    "row_accounting": (
        "source varchar, period varchar, revision integer, file varchar, disposition varchar, rows_read bigint,"
        " accepted bigint, quarantined bigint, duplicate bigint, superseded bigint"
    ),
    "linkage": "source varchar, period varchar, rule varchar, rows bigint",
    "indicators": (
        "indicator varchar, basis varchar, period varchar, area_version varchar, area_level varchar, area_code varchar,"
        " area_name varchar, sex varchar, age_group varchar, urban_rural varchar, numerator bigint, denominator bigint,"
        " value double, unit varchar, status varchar"
    ),
    "target_progress": (
        "plan varchar, province_code varchar, area_version varchar, year integer, indicator varchar, basis varchar,"
        " sex varchar, age_group varchar, urban_rural varchar, value double, verdict varchar, other_value double"
    ),
    "labour_flows": "period varchar",
}  # fmt: skip
_STOPPED = ("checks", "row_accounting")  # what a run that gate 2 or 3 stopped can tell


def release_facts(folder: Path, manifest: Mapping[str, Any]) -> Facts:
    """Facts of the release in ``folder``; the release it followed is looked for beside it.

    Raises ``duckdb.Error`` if a table cannot be read.
    """
    tables: dict[str, Rows] = {t: folder / "tables" / f"{t}.parquet" for t in NEEDED if t in RELEASED}
    before = manifest.get("previous_release")
    return _facts(manifest, tables, folder.parent / str(before) if before else None)


def facts_of(folder: Path) -> Facts:
    """Facts of a release as it lies there; raises ``LabourdbError`` if its manifest or a table cannot be read."""
    try:
        return release_facts(folder, json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, duckdb.Error) as error:
        raise LabourdbError(
            f"Release {folder.name} cannot be read ({type(error).__name__})."
            f" `labourdb verify {folder.name}` says what is wrong there."
        ) from None


def stopped_facts(
    manifest: Mapping[str, Any], checks: pd.DataFrame, row_accounting: pd.DataFrame, culprits: pd.DataFrame
) -> Facts:
    """Facts of a run that published nothing: its checks and what became of the files; nothing of its tables.

    Lines of checks that stopped it tell the deliveries that moved them (``culprits``, as ``find_culprits`` names them).
    """
    facts = _facts(manifest, dict(zip(_STOPPED, (checks, row_accounting), strict=True)), None)
    for check in facts["checks"]:
        for line in check["lines"]:
            if line["outcome"] == "stops" and check["gate"] != "delivery":
                line["culprits"] = culprits_of(line | {"check_id": check["check_id"]}, culprits)
    return facts


def _facts(manifest: Mapping[str, Any], given: Mapping[str, Rows], previous: Path | None) -> Facts:
    stopped = "indicators" not in given
    protected = manifest["protection"] == PROTECTION
    with _opened(given) as connection:
        checks = _checks(connection)
        lines = [line | {"check_id": c["check_id"], "gate": c["gate"]} for c in checks for line in c["lines"]]
        gates = _gates(lines)
        left_out = _left_out(manifest, checks)
        facts: Facts = {
            "release": manifest["release_id"],
            "period": manifest["period"],
            "stopped": stopped,
            "published_at": manifest.get("published_at"),
            "previous_release": manifest.get("previous_release"),
            "protection": manifest["protection"],
            "protected": protected,
            "synthetic": manifest["synthetic"],
            "disclosure": manifest.get("disclosure"),
            "code": manifest.get("code"),
            "provinces": manifest.get("settings", {}).get("coverage", {}).get("provinces", []),
            "verdict": _verdict(gates, left_out, stopped, manifest.get("previous_release")),
            "gates": gates,
            "left_out": left_out,
            "waivers": list(manifest["waivers"]),
            "missing_sources": _missing(manifest),
            "indicators": manifest.get("indicators", {}),
            "successions": manifest.get("successions_followed", {}),
            "sources": _sources(manifest),
            "row_accounting": tables.row_accounting(connection),
            "column_fill": column_fill(manifest, protected),
            "punctuality": times.punctuality(manifest, previous),
            "checks": checks,
        }
        if not stopped:
            facts |= {
                "suites": suites_facts(checks),
                "tables": [{"table": t, "rows": f["rows"]} for t, f in manifest["tables"].items()],
                "timeliness": times.timeliness(manifest),
                "to_tables": tables.to_tables(connection, bool(facts["provinces"]), protected),
                "linkage": tables.linkage(connection),
                "coverage": tables.coverage(connection, manifest["period"]),
                "completeness": tables.completeness(connection, manifest["period"]),
                "coherence": tables.coherence(connection),
                "revisions": times.revisions(connection, manifest, previous),
            }
    return facts


@contextmanager
def _opened(tables: Mapping[str, Rows]) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with a view per table, of the columns in ``NEEDED`` at least."""
    with connect() as connection:
        for table, rows in tables.items():
            connection.execute(f"create table no_{table} ({NEEDED[table]})")
            if isinstance(rows, Path):
                path = str(rows).replace("'", "''")
                kept = f"read_parquet('{path}')"
            else:
                connection.register(f"given_{table}", rows)
                kept = f"given_{table}"
            connection.execute(
                f"create view {table} as from no_{table} union all by name select * from {kept}"
            )
        yield connection


def _checks(connection: duckdb.DuckDBPyConnection) -> list[Facts]:
    """Every line of the checks table, by check: gate by gate, what stops before what warns before what passed."""
    rows = rows_of(
        connection,
        "select gate, check_id, level, coalesce(why, '') as why, coalesce(why_vi, why, '') as why_vi, object,"
        " rows_checked, rows_failed, threshold, severity, status, waiver, query from checks order by object",
    )
    grouped: dict[tuple[str, str], Facts] = {}
    for row in rows:
        key = (row.pop("gate"), row.pop("check_id"))
        reasons = {name: row.pop(name) for name in ("level", "why", "why_vi")}
        group = grouped.setdefault(
            key, {"gate": key[0], "check_id": key[1], **reasons, "outcome": "passed", "lines": []}
        )
        row["outcome"] = outcome_of(row)
        group["lines"].append(row)
    for group in grouped.values():
        group["outcome"] = min((line["outcome"] for line in group["lines"]), key=OUTCOMES.index)
    places = {gate: place for place, gate in enumerate(GATES)}
    return sorted(
        grouped.values(),
        key=lambda g: (places.get(g["gate"], len(GATES)), OUTCOMES.index(g["outcome"]), g["check_id"]),
    )


OUTCOMES = ("stops", "waived", "warns", "passed", "not_applicable")


def outcome_of(line: Mapping[str, Any]) -> str:
    """What a line of the checks table means for what its gate guards, one of ``OUTCOMES``."""
    if line["status"] not in ("failed", "error"):
        return "not_applicable" if line["status"] == "not_applicable" else "passed"
    if line["severity"] != "block":
        return "warns"
    return "waived" if line["waiver"] is not None else "stops"


def _gates(lines: Sequence[Facts]) -> list[Facts]:
    """Per gate: how many checks there are of each outcome; ``errors`` are those that could not be measured."""
    gates = []
    for gate in GATES:
        mine = [line for line in lines if line["gate"] == gate]
        counts = {o: sum(line["outcome"] == o for line in mine) for o in OUTCOMES}
        errors = sum(line["status"] == "error" for line in mine)
        gates.append({"gate": gate, "checks": len(mine), **counts, "errors": errors})
    return gates


def _left_out(manifest: Mapping[str, Any], checks: Sequence[Facts]) -> list[Facts]:
    """Held and refused deliveries, why, which other of their month is in use (``in_force``, null if none), whether
    it came after them (``settled``: nothing is left to do), and under which folder a corrected one is expected.
    """
    last: dict[str, int] = {}
    used = {place_of(d["folder"])[:2]: d["folder"] for d in manifest["inputs"] if d["disposition"] == "used"}
    for d in manifest["inputs"]:
        source, period, revision = place_of(d["folder"])
        last[f"{source}/{period}"] = max(last.get(f"{source}/{period}", 1), revision)
    out = []
    for d in manifest["inputs"]:
        if d["disposition"] not in ("held", "refused"):
            continue
        source, period, revision = place_of(d["folder"])
        first, in_force = f"{source}/{period}", used.get((source, period))
        failed = [
            {"check_id": c["check_id"], "why": c["why"], "why_vi": c["why_vi"], **line}
            for c in checks
            if c["gate"] == "delivery"
            for line in c["lines"]
            if line["object"] == d["folder"] and line["outcome"] == "stops"
        ]
        out.append(
            {
                "folder": d["folder"],
                **{name: _named(source)[name] for name in ("title", "title_vi")},
                "disposition": d["disposition"],
                "agency": d.get("agency", ""),
                "because": d["because"],
                "checks": failed,
                "in_force": in_force,
                "settled": in_force is not None and place_of(in_force)[2] > revision,
                "send_as": f"{first}.r{last[first] + 1}",
            }
        )
    return out


def _verdict(gates: Sequence[Facts], left_out: Sequence[Facts], stopped: bool, previous: str | None) -> Facts:
    """The verdict in one sentence, in both languages."""
    later = [g for g in gates if g["gate"] != "delivery"]
    total = {o: sum(g[o] for g in later) for o in OUTCOMES}
    warned = sum(g["warns"] for g in gates)
    if stopped:
        vi = f"Không công bố: {total['stops']} phép kiểm tra chặn không đạt"
        en = f"Not published: {total['stops']} blocking check{'s' if total['stops'] > 1 else ''} failed"
        if previous is not None:
            vi += f"; bản phát hành trước, {previous}, vẫn có hiệu lực"
            en += f"; the release before, {previous}, stays as it is"
        return {"published": False, "vi": f"{vi}.", "en": f"{en}."}
    vi = "Đã công bố: mọi phép kiểm tra chặn áp dụng được ở cổng 2 và 3 đều đạt"
    en = "Published: every blocking check of gates 2 and 3 that applies passed"
    if total["waived"]:
        vi += f", trừ {total['waived']} phép được miễn trừ, có người chịu trách nhiệm"
        en += f", but for {total['waived']} that a named person waived"
    if left_out:
        vi += f"; {len(left_out)} đợt gửi không được dùng"
        en += (
            f"; {len(left_out)} deliveries were left out"
            if len(left_out) > 1
            else "; 1 delivery was left out"
        )
    if warned:
        vi += f"; {warned} cảnh báo"
        en += f"; {warned} warning{'s' if warned > 1 else ''}"
    return {"published": True, "vi": f"{vi}.", "en": f"{en}."}


def _named(source: str) -> Facts:
    known = source in all_sources()
    contract = load_contract(source) if known else None
    return {
        "source": source,
        "title": contract.title if contract else source,
        "title_vi": contract.title_vi if contract else source,
        "core": bool(contract and contract.core),
        "full_month": bool(contract and contract.full_month),
    }


def _missing(manifest: Mapping[str, Any]) -> list[Facts]:
    """Sources nobody delivered, and the steps of the status ladder that were skipped for them."""
    skipped = list(manifest.get("ladder_steps_skipped", ()))
    return [
        _named(s) | {"step_skipped": next((k for k in skipped if s.startswith(k)), None)}
        for s in manifest["missing_sources"]
    ]


def _sources(manifest: Mapping[str, Any]) -> list[Facts]:
    """Per source that was delivered: agencies, months, and how many deliveries became what."""
    found: dict[str, Facts] = {}
    for d in manifest["inputs"]:
        source, period, revision = place_of(d["folder"])
        entry = found.setdefault(
            source,
            _named(source)
            | {"agencies": [], "deliveries": 0, "revisions": 0, "first": period, "last": period}
            | dict.fromkeys(("used", "replaced", "held", "refused"), 0),
        )
        entry["deliveries"] += 1
        entry["revisions"] += revision > 1
        entry[d["disposition"]] += 1
        entry["first"], entry["last"] = min(entry["first"], period), max(entry["last"], period)
        if d.get("agency") and d["agency"] not in entry["agencies"]:
            entry["agencies"].append(d["agency"])
    return sorted(found.values(), key=lambda e: tables.source_order(e["source"]))
