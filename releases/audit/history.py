"""A cell's value in earlier releases, and what changed from each one to the next: each cause a count (SPEC §8, explain)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import duckdb

from releases.audit.cell import CellKey, open_table, read_cell
from releases.disclosure import FIVE
from releases.release import Release, figures_of, list_releases
from releases.tables import Row, rows_of
from releases.withdraw import withdrawals
from sources.calendar import month_number, quarter_number, reference_month

FIGURES = ("value", "numerator", "denominator")
FOLDER = re.compile(r"^(.+)/(\d{4})-(\d{2})(?:\.r(\d+))?$")
Key = tuple[str, int]  # source, month number


def releases_up_to(release: Release) -> list[Release]:
    """Every release published up to this one, itself last, withdrawn ones too, in the order of publication."""
    everything = sorted(
        list_releases(release.path.parent), key=lambda r: (str(r.manifest.get("published_at", "")), r.order)
    )
    return everything[: [r.id for r in everything].index(release.id) + 1]


def history(
    connection: duckdb.DuckDBPyConnection, release: Release, key: CellKey, sources: Collection[str]
) -> list[Row]:
    """The cell in this release and in each before it, oldest first, as published, with what changed since the one before."""
    withdrawn = withdrawals(release.path.parent)
    lines: list[Row] = []
    before: Release | None = None
    for one in releases_up_to(release):
        cell = read_cell(connection, one, key)
        if cell is None:
            continue
        line: Row = {
            "release": one.id,
            "published_at": one.manifest.get("published_at"),
            "withdrawn": withdrawn[one.id].reason if one.id in withdrawn else None,
            "status": cell["status"],
            "figures": figures_of(one.manifest),
            **{f: cell[f] for f in FIGURES},
            "difference": None,
            "since": before.id if before else None,
            "causes": causes(connection, before, one, sources) if before else None,
        }
        if lines:
            line["difference"] = {f: _difference(lines[-1][f], line[f]) for f in FIGURES}
            moved = any(line["difference"].values()) or _appeared(lines[-1], line)
            line["unexplained"] = moved and not _any_cause(line["causes"])
        lines.append(line)
        before = one
    return lines


def _difference(old: float | None, new: float | None) -> float | None:
    return None if old is None or new is None else new - old


def _appeared(old: Row, new: Row) -> bool:
    return any((old[f] is None) != (new[f] is None) for f in FIGURES)


def _any_cause(found: Row) -> bool:
    counted = ("late_data", "corrected_data", "later_months", "admitted_data", "no_longer_used")
    return (
        any(found[c]["deliveries"] for c in counted)
        or bool(
            found["changed_code"] or found["changed_settings"] or found["as_of"] or found["changed_noise"]
        )
        or bool(found["changed_links"]["rows"])
    )


def causes(
    connection: duckdb.DuckDBPyConnection, old: Release, new: Release, sources: Collection[str]
) -> Row:
    """What a release was made from that the one before was not, of the sources of a cell; each cause counted.

    late_data       deliveries of months up to the old cut-off that the old release did not have
    corrected_data  revisions (``.rN``) used in place of the one the old release used
    later_months    deliveries of months after the old cut-off; they may correct earlier months as well
    admitted_data   deliveries that were held or refused and are used now
    no_longer_used  deliveries that were used and are not, with nothing in their place
    changed_links   rows of deliveries used in both that another rule links now, at least
    changed_noise   whether figures are shown otherwise: with noise, exactly, with small ones hidden, with other noise
    """
    was, now = old.manifest, new.manifest
    used_before, used_now = _used(was, sources), _used(now, sources)
    known_before = {d["folder"] for d in was.get("inputs", [])}
    cut_off = _cut_off(was)
    parts: dict[str, list[str]] = {
        c: [] for c in ("late_data", "corrected_data", "later_months", "admitted_data", "no_longer_used")
    }
    for key, folder in used_now.items():
        earlier = used_before.get(key)
        if earlier == folder:
            continue
        if folder in known_before:
            parts["admitted_data"].append(folder)
        elif earlier is not None:
            parts["corrected_data"].append(folder)
        else:
            parts["late_data" if key[1] <= cut_off else "later_months"].append(folder)
    parts["no_longer_used"] = [folder for key, folder in used_before.items() if key not in used_now]
    rows = {**_rows_of_folders(connection, old), **_rows_of_folders(connection, new)}
    settings = sorted(_changed(was.get("settings", {}), now.get("settings", {})))
    code = was.get("code", {}).get("sha256") != now.get("code", {}).get("sha256")
    both = [f for k, f in used_now.items() if used_before.get(k) == f]
    return {
        **{c: _counted(sorted(folders), rows) for c, folders in parts.items()},
        "changed_code": int(code),
        "code_versions": [m.get("code", {}).get("version") for m in (was, now)] if code else [],
        "changed_noise": int(_noise(was) != _noise(now)),
        "changed_settings": len(settings),
        "settings": settings,
        "as_of": [was.get("period"), now.get("period")] if was.get("period") != now.get("period") else None,
        "changed_links": _changed_links(
            connection, old, new, both, any(s.startswith("coverage") for s in settings)
        ),
    }


def _noise(manifest: dict[str, Any]) -> tuple[str, Any]:
    shown = figures_of(manifest)
    return shown, manifest["disclosure"]["noise_sha256"] if shown == "noisy" else None


def _used(manifest: dict[str, Any], sources: Collection[str]) -> dict[Key, str]:
    """The delivery in force of each source and month."""
    found: dict[Key, str] = {}
    for delivery in manifest.get("inputs", []):
        match = FOLDER.match(delivery["folder"])
        if match and delivery["disposition"] == "used" and match[1] in sources:
            found[match[1], month_number(f"{match[2]}-{match[3]}")] = delivery["folder"]
    return found


def _cut_off(manifest: dict[str, Any]) -> int:
    return reference_month(quarter_number(manifest["period"]))


def _rows_of_folders(connection: duckdb.DuckDBPyConnection, release: Release) -> dict[str, tuple[int, int]]:
    """Files and rows accepted of every delivery of a release, by folder."""
    open_table(connection, release, "row_accounting", "released_accounting")
    found = connection.execute(
        "select source || '/' || period || case when revision::integer > 1 then '.r' || revision else '' end, count(*),"
        " coalesce(sum(accepted), 0)::bigint from released_accounting group by all"
        if _has_column(connection, "released_accounting", "accepted")
        else "select '', 0, 0 limit 0"
    ).fetchall()
    return {folder: (files, accepted) for folder, files, accepted in found}


def _has_column(connection: duckdb.DuckDBPyConnection, view: str, column: str) -> bool:
    return any(row[0] == column for row in connection.execute(f"describe {view}").fetchall())


def _counted(folders: list[str], rows: dict[str, tuple[int, int]]) -> Row:
    return {
        "deliveries": len(folders),
        "files": sum(rows.get(f, (0, 0))[0] for f in folders),
        "rows_accepted": sum(rows.get(f, (0, 0))[1] for f in folders),
        "folders": folders,
    }


def _changed(old: Any, new: Any, name: str = "") -> Iterator[str]:
    """Dotted names of the settings that differ; those of the engine decide nothing that is published."""
    if isinstance(old, dict) and isinstance(new, dict):
        for part in old.keys() | new.keys():
            if name or part != "engine":
                yield from _changed(old.get(part), new.get(part), f"{name}.{part}" if name else str(part))
    elif old != new:
        yield name


def _changed_links(
    connection: duckdb.DuckDBPyConnection,
    old: Release,
    new: Release,
    folders: Collection[str],
    other_coverage: bool,
) -> Row:
    """Rows of the same deliveries that are linked by another rule, or are linked now or no more: at least so many.

    From the released linkage tables, which count rows by source, month and rule, to the nearest five where figures carry
    noise: of each difference only what rounding cannot have made counts, and two rows that change places between two rules
    do not show. Null where the tables cannot be compared, since they show other provinces or hide small counts.
    """
    if other_coverage:
        return {"rows": None, "by_source": [], "why": "the two releases publish linkage of other provinces"}
    slack = 0
    for side, release in (("old", old), ("new", new)):
        open_table(connection, release, "linkage", f"{side}_linkage")
        if not _has_column(connection, f"{side}_linkage", "rows"):
            return {"rows": 0, "by_source": [], "why": None}
        if connection.execute(f"select count(*) from {side}_linkage where rows is null").fetchone() != (0,):
            return {"rows": None, "by_source": [], "why": f"{release.id} hides small counts of links"}
        slack += FIVE // 2 if figures_of(release.manifest) == "noisy" else 0
    by_source = rows_of(
        connection,
        "with counted as (select source, rule, sum(n) - $slack as moved from ("
        " select source, period, rule, rows as n from new_linkage"
        " union all select source, period, rule, -rows from old_linkage)"
        " where source || '/' || period in (select unnest($months)) group by source, period, rule)"
        " select source, sum(moved)::bigint as rows from counted where moved > 0 group by source order by source",
        {"slack": slack, "months": [f.partition(".r")[0] for f in folders]},
    )
    return {"rows": sum(r["rows"] for r in by_source), "by_source": by_source, "why": None}
