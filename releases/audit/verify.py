"""Whether a release is still what was published: its folder, its database, and the files it was made from (SPEC §8)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

from releases.database.write import DIMENSIONS
from releases.ledger import BentLedger, entries
from releases.release import FILES, MANIFEST, REPORT, Release, listed_files
from releases.tables import quoted, sha256
from sources.engine import connect
from sources.ingest.landing import landed
from sources.ingest.landing import sha256 as landed_sha256

State = Literal["ok", "changed", "missing", "added"]
DATABASE = "labour.duckdb"


@dataclass(frozen=True)
class Item:
    """One thing looked at: what kind it is, where it lies, whether it is as published, and if not, why."""

    kind: Literal["table", "database", "folder", "site", "input", "ledger"]
    where: str
    state: State
    why: str = ""


def verify(
    release: Release,
    landing: Path,
    heard: Callable[[str], None] = lambda step: None,
    ledger: Path | None = None,
) -> list[Item]:
    """Look at every file of the release and all the manifest names; returns one item each, in the order they were looked at.

    ``landing`` is the home's landing area, ``ledger`` its ledger of releases, against which the list of files is
    hashed; ``heard`` is told what is being looked at. What cannot be read as
    what it is counts as changed. Raises ``OSError`` where this account may not read.
    """
    heard(MANIFEST)
    manifest, problem = _manifest(release)
    if manifest is None:
        return [problem]
    heard(DATABASE)
    same = _database_is_listed(release.path)
    heard(FILES)
    items = [problem, *_ledger(release, ledger, bool(manifest.get("in_ledger")))]
    items += _folder(release.path, manifest["tables"], bool(manifest.get("files_listed")))
    for table, facts in manifest["tables"].items():
        heard(table)
        items.append(_table(release.path / "tables" / f"{table}.parquet", facts))
    heard(DATABASE)
    items += _database(release.path, manifest, same)
    for delivery in manifest["inputs"]:
        heard(delivery["folder"])
        items += _inputs(landing / delivery["folder"], landing, delivery["files"])
    return items


def _manifest(release: Release) -> tuple[dict[str, Any] | None, Item]:
    """The manifest, if it reads as this release's, and the item about it."""
    path = release.path / MANIFEST
    where = str(path)
    if not path.exists():
        return None, Item("folder", where, "missing", "nothing else can be verified without it")
    try:
        manifest = release.manifest
        tables = {t: (f["sha256"], f["rows"]) for t, f in manifest["tables"].items()}
        files = [(d["folder"], f["name"], f["sha256"]) for d in manifest["inputs"] for f in d["files"]]
        beside = [*manifest.get("dimensions", {}).items(), *manifest.get("views", [])]
        whole = bool(tables) and isinstance(files, list) and isinstance(beside, list)
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        return None, Item("folder", where, "changed", "it does not read as a manifest")
    if manifest.get("release_id") != release.id:
        return None, Item("folder", where, "changed", f"it is of release {manifest.get('release_id')}")
    return manifest, Item("folder", where, "ok")


def _database_is_listed(folder: Path) -> bool:
    """Whether labour.duckdb is the very file that was published, as far as the list of files says."""
    digest = (listed_files(folder) or {}).get(DATABASE)
    path = folder / DATABASE
    return digest is None or not path.is_file() or sha256(path) == digest


def _ledger(release: Release, ledger: Path | None, must_be_noted: bool) -> Iterator[Item]:
    """Whether the list of files is the one noted when the release was published."""
    if ledger is None or not (ledger.exists() or must_be_noted):
        return
    try:
        noted = entries(ledger)
    except BentLedger as bent:
        yield Item("ledger", str(ledger), "changed", str(bent))
        return
    path = release.path / FILES
    if release.id not in noted:
        yield Item("ledger", str(ledger), "missing", f"it does not name {release.id}")
    elif path.is_file() and sha256(path) != noted[release.id]:
        yield Item("ledger", str(path), "changed", "its SHA-256 is not the one in the ledger of releases")
    else:
        yield Item("ledger", str(ledger), "ok")


def _folder(folder: Path, tables: Mapping[str, Any], must_be_listed: bool) -> Iterator[Item]:
    """What else must lie in the folder, and what lies there and must not. Tables have items of their own."""
    own = {f"tables/{t}.parquet" for t in tables}
    listed = listed_files(folder)
    if listed is None and must_be_listed:
        yield Item("folder", str(folder / FILES), "missing", "pages and report cannot be verified without it")
    others = (
        {REPORT: "", DATABASE: ""} if listed is None else {n: d for n, d in listed.items() if n not in own}
    )
    for name, digest in others.items():
        path = folder / name
        kind: Literal["site", "folder"] = "site" if name.startswith("site/") else "folder"
        if not path.exists():
            yield Item(kind, str(path), "missing")
        elif path.is_symlink() or not path.is_file():
            yield Item(kind, str(path), "changed", "not a file of the release")
        elif digest and name != DATABASE and sha256(path) != digest:  # which has items of its own
            yield Item(kind, str(path), "changed", f"its SHA-256 is not the one in {FILES}")
        elif name != MANIFEST:  # which has an item of its own
            yield Item(kind, str(path), "ok")
    expected = {MANIFEST, *own, *others, *([] if listed is None else [FILES])}
    places = {parent.as_posix() for name in expected for parent in Path(name).parents}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in expected and not (name in places and path.is_dir() and not path.is_symlink()):
            yield Item("folder", str(path), "added", "not a part of the release")


def _table(path: Path, facts: Mapping[str, Any]) -> Item:
    if not path.exists():
        return Item("table", str(path), "missing")
    if path.is_symlink() or not path.is_file():
        return Item("table", str(path), "changed", "not a file of the release")
    if sha256(path) != facts["sha256"]:
        return Item("table", str(path), "changed", "its SHA-256 is not the one in the manifest")
    return Item("table", str(path), "ok")


def _database(folder: Path, manifest: Mapping[str, Any], same: bool) -> Iterator[Item]:
    """One item per table of labour.duckdb, those that name codes too: the same columns and the same rows as its Parquet file.

    Views must be there; what they say is a matter of the whole file. Where all of them are and it is still not the ``same`` file, one item that says so.
    """
    ok = True
    places = {table: ("tables", facts["rows"]) for table, facts in manifest["tables"].items()}
    places |= {table: (DIMENSIONS, rows) for table, rows in manifest.get("dimensions", {}).items()}
    for item in _in_database(folder, places, manifest.get("views", [])):
        ok = ok and item.state == "ok"
        yield item
    if ok and not same:
        why = (
            f"its SHA-256 is not the one in {FILES}: its rows are as published, something beside them is not"
        )
        yield Item("database", str(folder / DATABASE), "changed", why)


def _in_database(
    folder: Path, tables: Mapping[str, tuple[str, int]], views: Collection[str]
) -> Iterator[Item]:
    """``tables`` gives of each the folder of its Parquet file and the rows the manifest says."""
    path = folder / DATABASE
    if not path.is_file():
        return
    with connect() as database:
        try:
            database.execute(f"attach {quoted(path)} as kept (read_only)")
            held = dict(
                database.execute(
                    "select if(schema_name = 'main', name, schema_name || '.' || name), kind from ("
                    " select schema_name, table_name as name, 'table' as kind from duckdb_tables()"
                    " where database_name = 'kept' union all select schema_name, view_name, 'view'"
                    " from duckdb_views() where database_name = 'kept' and not internal union all"
                    " select schema_name, function_name || '()', 'macro' from duckdb_functions()"
                    " where database_name = 'kept' and not internal union all"
                    " select schema_name, sequence_name, 'sequence' from duckdb_sequences() where database_name = 'kept'"
                    " union all select schema_name, type_name, 'type' from duckdb_types()"
                    " where database_name = 'kept' and not internal union all"
                    " select schema_name, index_name, 'index' from duckdb_indexes() where database_name = 'kept')"
                ).fetchall()
            )
        except duckdb.Error as error:
            why = f"it does not read as a database ({type(error).__name__})"
            yield Item("database", str(path), "changed", why)
            return
        for table, (place, rows) in tables.items():
            where = f"{path}: {table}"
            if table not in held:
                yield Item("database", where, "missing")
            elif held[table] != "table":
                yield Item("database", where, "changed", "not a table")
            else:
                why = _difference(database, table, folder / place / f"{table}.parquet", rows)
                yield Item("database", where, "changed" if why else "ok", why)
        for name in views:
            if held.get(name) != "view":
                state: State = "changed" if name in held else "missing"
                yield Item("database", f"{path}: {name}", state, "not a view" if name in held else "")
        for name in sorted(held.keys() - tables.keys() - set(views)):
            yield Item("database", f"{path}: {name}", "added", "not a part of the release")


def _difference(database: duckdb.DuckDBPyConnection, table: str, file: Path, rows: int) -> str:
    """In which way a table of the database is not its Parquet file, or nothing. Never what a row says."""
    kept, published = f'kept.main."{table}"', f"read_parquet({quoted(file)})"
    try:
        columns = [
            [column[:2] for column in database.execute(f"describe from {rows_of}").fetchall()]
            for rows_of in (kept, published)
        ]
        if columns[0] != columns[1]:
            return "other columns than the Parquet file"
        counted = database.execute(
            f"select (select count(*) from {kept}),"
            f" (select count(*) from (from {kept} except all from {published})),"
            f" (select count(*) from (from {published} except all from {kept}))"
        ).fetchone()
    except duckdb.Error as error:
        return f"cannot be compared with the Parquet file ({type(error).__name__})"
    here, only_here, only_there = counted or (0, 0, 0)
    if only_here or only_there:
        return f"{only_here} rows that the Parquet file has not, {only_there} missing of those it has"
    return "" if here == rows else f"{here} rows, the manifest says {rows}"


def _inputs(folder: Path, landing: Path, files: list[dict[str, str]]) -> Iterator[Item]:
    """One item per file of a delivery, as the landing area has it now."""
    there = landed(folder, (landing,)) if folder.is_dir() else {}
    for file in files:
        where = str(folder / file["name"])
        if file["name"] not in there:
            yield Item("input", where, "missing")
        elif landed_sha256(there[file["name"]], (landing,)) != file["sha256"]:
            yield Item("input", where, "changed", "its SHA-256 is not the one in the manifest")
        else:
            yield Item("input", where, "ok")
