"""One published number taken back: what the release holds of it, and, from the warehouse, the rows behind it (SPEC §8).

Without ``exact`` a small count in a breakdown is hidden (``releases.masking``), and of a suppressed cell nothing is
said but that it is suppressed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import duckdb

from expectations.publication_gate import OFFICIAL, REGISTER_SOURCES
from releases.cell import KEY, SUPPRESSED, CellKey, Row, find_cell, open_table, rows_of
from releases.guards import checks_on_the_path
from releases.history import history
from releases.left_out import gather_places, linked, quarantined
from releases.masking import hide_small, is_small, total
from releases.official import official_rows
from releases.release import Release
from releases.walk import Proof, conflicts, deliveries, gather, not_counted, persons, terms_of
from sources.errors import LabourdbError

COUNTS = {
    "population_15_plus": "all", "employed": "employed", "unemployed": "unemployed", "inactive": "inactive",
    "abroad": "abroad", "status_unknown": "unknown",
}  # fmt: skip
PEOPLE = ("persons", "in_numerator", "in_denominator")
FILED = ("rows", "in_numerator")
PLACED = ("here", "elsewhere", "unknown")
SUPPRESSED_SAYS = (
    "The cell is suppressed: it rests on too few, or would give away one that does. Its value, its parts, its history"
    " and what it was made from are not shown; --restricted shows them to authorised staff, and is logged."
)


def sources_of(key: CellKey) -> tuple[str, ...]:
    """The sources whose deliveries a cell is made from."""
    if key.basis == "official":
        return (OFFICIAL,)
    return ("population",) if key.indicator == "population_15_plus" else REGISTER_SOURCES


def from_release(release: Release, key: CellKey, models: Collection[str], exact: bool) -> Row:
    """What the release itself holds of a cell: figures, the files it was made from, checks, earlier values.

    ``models`` are the dbt models the cell's table is made from. Raises ``ReleaseUsageError`` if there is no such cell.
    """
    manifest = release.manifest
    with duckdb.connect() as connection:
        cell = find_cell(connection, release, key)
        document: Row = {
            "release": release.id,
            "protection": manifest["protection"],
            "synthetic": manifest["synthetic"],
            "restricted": exact,
            "suppressed": cell["status"] == SUPPRESSED,
        }
        if document["suppressed"] and not exact:
            named = (*KEY, "area_level", "area_name", "unit", "status")
            return {**document, "cell": {n: cell[n] for n in named}, "why": SUPPRESSED_SAYS}
        sources = sources_of(key)
        return {
            **document,
            "cell": {k: v for k, v in cell.items() if k != "release_id"},
            "missing_sources": [s for s in manifest["missing_sources"] if s in sources],
            "suppressed_counts": _suppressed_counts(connection, key),
            "inputs": _inputs(connection, release, sources),
            "checks": checks_on_the_path(connection, release, cell, sources, models),
            "history": history(connection, release, key, sources),
        }


def _suppressed_counts(connection: duckdb.DuckDBPyConnection, key: CellKey) -> list[str]:
    """Statuses, or all, whose count of persons in the same cell the release suppresses: no breakdown may tell them."""
    alike = [k for k in KEY if k != "indicator"]
    found = connection.execute(
        f"select indicator from released_indicators where status = '{SUPPRESSED}' and indicator in (select unnest($names))"
        f" and {' and '.join(f'{k} = ${k}' for k in alike)}",
        {"names": list(COUNTS), **{k: getattr(key, k) for k in alike}},
    ).fetchall()
    return sorted(COUNTS[indicator] for (indicator,) in found)


def _inputs(connection: duckdb.DuckDBPyConnection, release: Release, sources: Collection[str]) -> Row:
    """The files of these sources up to the cut-off: what became of each, its hash, and where its rows went."""
    open_table(connection, release, "row_accounting", "released_accounting")
    accounted = {
        (a["source"], a["period"], int(a["revision"]), a["file"]): a
        for a in rows_of(connection, "select * from released_accounting")
        if a["source"] in sources
    }
    noted = {d["folder"]: d for d in release.manifest["inputs"]}
    counts = ("rows_read", "accepted", "quarantined", "duplicate", "superseded")
    files = []
    for (source, period, revision, name), line in sorted(accounted.items()):
        folder = f"{source}/{period}" + (f".r{revision}" if revision > 1 else "")
        delivery = noted.get(folder, {"because": None, "files": []})
        hashes = {f["name"]: f["sha256"] for f in delivery["files"]}
        numbers = {c: line[c] for c in counts}
        closes = line["rows_read"] is None or line["rows_read"] == sum(line[c] for c in counts[1:])
        files.append(
            {"folder": folder, "source": source, "period": period, "revision": revision, "file": name,
             "sha256": hashes.get(name), "disposition": line["disposition"], "because": delivery["because"] or None,
             **numbers, "closes": closes}
        )  # fmt: skip
    listed = {f["folder"] for f in files}
    left_out = [
        {"folder": d["folder"], "disposition": d["disposition"], "because": d["because"] or None,
         "rows_read": total([f for f in files if f["folder"] == d["folder"]], "rows_read")
         if d["folder"] in listed else None}
        for d in release.manifest["inputs"]
        if d["folder"].partition("/")[0] in sources and d["disposition"] != "used"
    ]  # fmt: skip
    return {"files": files, "left_out": left_out, "by_source": _by_source(files, counts)}


def _by_source(files: list[Row], counts: tuple[str, ...]) -> list[Row]:
    lines: dict[tuple[str, str], Row] = {}
    for file in files:
        line = lines.setdefault(
            (file["source"], file["disposition"]),
            {"source": file["source"], "disposition": file["disposition"], "deliveries": set(), "files": 0,
             **dict.fromkeys(counts, 0)},
        )  # fmt: skip
        line["deliveries"].add(file["folder"])
        line["files"] += 1
        for count in counts:
            line[count] += file[count] or 0
    return [{**line, "deliveries": len(line["deliveries"])} for _, line in sorted(lines.items())]


def from_warehouse(warehouse: duckdb.DuckDBPyConnection, document: Row) -> Row:
    """The document with what the warehouse tells: persons, the rows behind them, what was left out; all proved.

    The warehouse must be the one the release was made from, the restricted database attached as ``restricted``.
    ``closes`` says what was compared and whether everything adds up.
    """
    proof = Proof()
    exact = document["restricted"]
    cell = _candidate(warehouse, document) if document["suppressed"] else document["cell"]
    document = {**document, "cell": cell}
    for file in document["inputs"]["files"]:
        if not file["closes"]:
            proof.equal(f"rows of {file['folder']}/{file['file']}", file["rows_read"],
                        sum(file[c] for c in ("accepted", "quarantined", "duplicate", "superseded")), public=True)  # fmt: skip
    if cell["basis"] == "official":
        walked: Row = {"official": official_rows(warehouse, cell, proof)}
    else:
        walked = _register(warehouse, document, proof)
    lines = [
        {**line, **({} if exact or line["public"] else {"expected": None, "found": None})}
        for line in proof.lines
    ]
    return {**document, **walked, "closes": proof.closes,
            "proof": [{k: v for k, v in line.items() if k != "public"} for line in lines]}  # fmt: skip


def _candidate(warehouse: duckdb.DuckDBPyConnection, document: Row) -> Row:
    """A suppressed cell as it was before protection."""
    cell = document["cell"]
    found = rows_of(
        warehouse,
        f"select * exclude (release_id) from labour.candidates.indicators where {' and '.join(f'{k} = ?' for k in KEY)}",
        [cell[k] for k in KEY],
    )
    if not found:
        raise LabourdbError(
            "The warehouse has no such cell before protection. Run again, and explain it then."
        )
    return {**found[0], "status": cell["status"]}


def _register(warehouse: duckdb.DuckDBPyConnection, document: Row, proof: Proof) -> Row:
    cell, exact = document["cell"], document["restricted"]
    terms = terms_of(warehouse, cell["indicator"])
    gather(warehouse, cell, terms)
    people = persons(warehouse, cell, terms, proof)
    roles = deliveries(warehouse, terms, proof)
    disagree = conflicts(warehouse)
    version = cell["area_version"]
    outside = not_counted(warehouse, version, proof)
    gather_places(warehouse, version)
    sources = sources_of(CellKey(**{k: cell[k] for k in KEY}))
    held_back = quarantined(warehouse, sources, proof)
    rules, nobody = linked(warehouse, sources, proof)
    last = document["history"][-1]
    if not exact:
        people = _hide_people(people, document["suppressed_counts"])
        roles = _hide_files(roles, people)
        disagree = hide_small(disagree, ("persons", "in_numerator"))
        outside = hide_small(outside, ("persons",))
        held_back, nobody = [_hide_places(r) for r in held_back], [_hide_places(r) for r in nobody]
    return {
        "persons": people,
        "deliveries": roles,
        "left_out": {
            "scope": _scope(cell),
            "not_counted": outside,
            "conflicts": {"persons": total(disagree, "persons"), "by_source": disagree},
            "quarantined": held_back,
            "linked": rules,
            "unlinked": nobody,
        },
        "history": [*document["history"][:-1], {**last, "rows_of_cell": _rows_by_cause(last["causes"], roles)}],
    }  # fmt: skip


def _hide_people(people: Row, suppressed: Collection[str]) -> Row:
    """Statuses have their totals in other cells, so each is protected by itself, or hidden as those cells are."""
    rows = hide_small(
        people["by_source"], PEOPLE, group=lambda r: r["status"], also=lambda r: r["status"] in suppressed
    )
    return {**people, "by_source": rows, "persons": None if "all" in suppressed else people["persons"]}


def _hide_files(roles: dict[str, list[Row]], people: Row) -> dict[str, list[Row]]:
    """Files of a source are hidden where its persons are, and those of residence where their sum is."""
    hidden = {r["source"] for r in people["by_source"] if r["hidden"]}
    if people["persons"] is None:
        hidden.add(None)
    return {
        role: hide_small(files, FILED, group=lambda f: f["decides"], also=lambda f: f["decides"] in hidden)
        for role, files in roles.items()
    }


def _hide_places(row: Row) -> Row:
    small = any(is_small(row[p]) for p in PLACED)
    return {**row, **({p: None for p in PLACED} if small else {}), "hidden": small}


def _scope(cell: Row) -> str:
    if cell["area_level"] == "country":
        return "the country" if cell["area_code"] == "VN" else "the covered provinces"
    return f"the area's province, list of {cell['area_version']}"


def _rows_by_cause(causes: Row | None, roles: dict[str, list[Row]]) -> Row | None:
    """Of the rows behind the cell, those from deliveries that came since the release before, by cause and role."""
    if causes is None:
        return None
    counted: dict[str, dict[str, Any]] = {}
    for cause in ("late_data", "corrected_data", "later_months", "admitted_data"):
        folders = set(causes[cause]["folders"])
        counted[cause] = {
            role: {c: total([f for f in files if f["folder"] in folders], c) for c in FILED}
            for role, files in roles.items()
        }
    return counted
