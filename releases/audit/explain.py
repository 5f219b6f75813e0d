"""One published number taken back: what the release holds of it, and, from the warehouse, the rows behind it (SPEC §8).

The published figure stands first. What was counted is told beside it only where exact figures were asked for, or are
published; otherwise every number of rows and persons is to the nearest five (SPEC §5, about rows and checks).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import duckdb

from releases.audit.cell import KEY, SUPPRESSED, CellKey, find_cell, open_table
from releases.audit.finest import as_counted, finest_counts
from releases.audit.guards import checks_on_the_path
from releases.audit.history import history
from releases.audit.left_out import gather_places, linked, quarantined
from releases.audit.official import official_rows
from releases.audit.walk import Proof, conflicts, deliveries, gather, not_counted, persons, terms_of
from releases.disclosure import nearest_five
from releases.release import Release, figures_of
from releases.tables import Row, rows_of
from sources.contract import sources_of_basis
from sources.engine import connect

FILED = ("rows", "in_numerator")
EXACT = ("as_counted", "noise")  # what is told of a cell where exact figures are, alone
NUMBERED = ("revision",)  # whole numbers of a walk that count nothing
MEDIAN_HIDDEN = (
    "The median is not shown: it is of fewer than 10 persons (in a commune: 30) or fewer than 3 employers, or one employer"
    " has over 80 % of the persons."
)
EARLIER_HIDDEN = (
    "The figure is not shown: an earlier version of labourdb made this release, which hid small figures, and what would give"
    " them away, where now all figures carry noise."
)


def sources_of(key: CellKey) -> tuple[str, ...]:
    """The sources whose deliveries a cell is made from."""
    return ("population",) if key.indicator == "population_15_plus" else sources_of_basis(key.basis)


def from_release(release: Release, key: CellKey, models: Collection[str], exact: bool) -> Row:
    """What the release itself holds of a cell: figures, the files it was made from, checks, earlier values.

    ``models`` are the dbt models the cell's table is made from; ``exact``: exact figures were asked for.
    Raises ``UsageError`` if there is no such cell.
    """
    manifest = release.manifest
    sources = sources_of(key)
    with connect() as connection:
        cell = find_cell(connection, release, key)
        return {
            "release": release.id,
            "protection": manifest["protection"],
            "synthetic": manifest["synthetic"],
            "restricted": exact,
            "figures": figures_of(manifest),
            "cell": {k: v for k, v in cell.items() if k != "release_id"},
            "why": _why(cell),
            "missing_sources": [s for s in manifest["missing_sources"] if s in sources],
            "inputs": _inputs(connection, release, sources),
            "checks": checks_on_the_path(connection, release, cell, sources, models),
            "history": history(connection, release, key, sources),
        }


def _why(cell: Row) -> str | None:
    """Why a cell shows no figure, if it is suppressed."""
    if cell["status"] != SUPPRESSED:
        return None
    return MEDIAN_HIDDEN if cell["indicator"] == "median_wage" else EARLIER_HIDDEN


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
    left_out = [
        {"folder": d["folder"], "disposition": d["disposition"], "because": d["because"] or None,
         "rows_read": _rows_read(files, d["folder"])}
        for d in release.manifest["inputs"]
        if d["folder"].partition("/")[0] in sources and d["disposition"] != "used"
    ]  # fmt: skip
    return {"files": files, "left_out": left_out, "by_source": _by_source(files, counts)}


def _rows_read(files: list[Row], folder: str) -> int | None:
    """Rows of a delivery; none if it is not accounted for, or its rows were not read."""
    rows = [f["rows_read"] for f in files if f["folder"] == folder]
    return None if not rows or None in rows else sum(rows)


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
    ``closes`` says what was compared and whether everything adds up. The persons are proved to be those of the figure as
    counted, and the published figure to be the sum of its finest counts.
    """
    proof = Proof()
    exact = document["restricted"] or document["figures"] == "exact"
    for file in document["inputs"]["files"]:
        if not file["closes"]:
            proof.equal(f"rows of {file['folder']}/{file['file']}", file["rows_read"],
                        sum(file[c] for c in ("accepted", "quarantined", "duplicate", "superseded")), public=True)  # fmt: skip
    if document["cell"]["basis"] == "official":
        walked: Row = {"official": official_rows(warehouse, document["cell"], proof)}
    else:
        walked = _register(warehouse, document, proof)
        if not exact:
            walked = rounded({k: v for k, v in walked.items() if k not in EXACT})
        lines = document["history"]
        walked["history"] = [*lines[:-1], {**lines[-1], "rows_of_cell": walked.pop("rows_of_cell")}]
    told = [{**p, **({} if exact or p["public"] else {"expected": None, "found": None})} for p in proof.lines]
    return {**document, **walked, "counts": "exact" if exact else "to the nearest 5", "closes": proof.closes,
            "proof": [{k: v for k, v in line.items() if k != "public"} for line in told]}  # fmt: skip


def rounded(walked: Any) -> Any:
    """What was walked, with every number in it to the nearest five, but for those that count nothing; without the rows
    in which nothing is left: that they are there would tell of one or two.
    """
    if isinstance(walked, dict):
        return {k: v if k in NUMBERED else rounded(v) for k, v in walked.items()}
    if isinstance(walked, list):
        return [
            row
            for row in map(rounded, walked)
            if any(isinstance(v, int) and v for k, v in row.items() if k not in NUMBERED)
        ]
    return nearest_five(walked) if isinstance(walked, int) and not isinstance(walked, bool) else walked


def _register(warehouse: duckdb.DuckDBPyConnection, document: Row, proof: Proof) -> Row:
    """Everything walked of a cell of the register, in exact figures."""
    cell = document["cell"]
    key = CellKey(**{k: cell[k] for k in KEY})
    counted = as_counted(warehouse, key)
    terms = terms_of(warehouse, cell["indicator"])
    gather(warehouse, cell, terms)
    people = persons(warehouse, counted, terms, proof)
    noise = finest_counts(warehouse, cell, counted, terms, proof)
    roles = deliveries(warehouse, terms, proof)
    disagree = conflicts(warehouse)
    version = cell["area_version"]
    outside = not_counted(warehouse, version, proof)
    gather_places(warehouse, version)
    sources = sources_of(key)
    held_back = quarantined(warehouse, sources, proof)
    rules, nobody = linked(warehouse, sources, proof)
    return {
        "as_counted": {t: counted[t] for t in ("numerator", "denominator", "value")},
        "noise": noise,
        "persons": people,
        "deliveries": roles,
        "left_out": {
            "scope": _scope(cell),
            "not_counted": outside,
            "conflicts": {"persons": sum(r["persons"] for r in disagree), "by_source": disagree},
            "quarantined": held_back,
            "linked": rules,
            "unlinked": nobody,
        },
        "rows_of_cell": _rows_by_cause(document["history"][-1]["causes"], roles),
    }


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
            role: {c: sum(f[c] for f in files if f["folder"] in folders) for c in FILED}
            for role, files in roles.items()
        }
    return counted
