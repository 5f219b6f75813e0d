"""What changed from one release to another: cells added, gone and changed, by table and indicator (SPEC §8).

A finest count that nobody revised is published as before, so a figure differs only where something was revised, or where
the two releases do not show figures alike.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from expectations.catalogue import published_tables
from releases.release import Release, figures_of
from releases.tables import RELEASED
from sources.engine import connect
from sources.errors import LabourdbError

TOP = 200
FLAGS = tuple(sorted({t.status for t in published_tables().values() if t.status}))
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")

# place: of the table; cell: of the row in its table, by key; position: of the column in its table
_NOTES = """
create table counts (place integer, label varchar, added bigint, gone bigint);
create table changes (
    place integer, label varchar, cell bigint, key map(varchar, varchar), position integer, measure varchar,
    old varchar, new varchar, is_number boolean, absolute double, relative double
);
"""
_SUMMARY = f"""
with ranked as (
    select *, row_number() over (
        partition by place, label
        order by abs(relative) desc nulls last, abs(absolute) desc nulls last, position, cell
    ) as rank
    from changes
),
lines as (
    select
        place, label, count(distinct cell) as changed,
        count(distinct cell) filter (measure in {FLAGS}) as status_changed,
        any_value(measure) filter (rank = 1 and absolute is not null) as measure,
        any_value(absolute) filter (rank = 1) as absolute,
        any_value(relative) filter (rank = 1) as relative
    from ranked group by all
)
select
    place, label, coalesce(added, 0), coalesce(gone, 0), coalesce(changed, 0), coalesce(status_changed, 0),
    measure, absolute, relative
from counts full join lines using (place, label)
where coalesce(added, 0) + coalesce(gone, 0) + coalesce(changed, 0) > 0
order by abs(relative) desc nulls last, abs(absolute) desc nulls last, place, label
"""
_LARGEST = f"""
with ranked as (
    select *, row_number() over (
        partition by place, cell order by abs(relative) desc nulls last, abs(absolute) desc nulls last, position
    ) as rank
    from changes
),
top as (
    select place, cell, abs(relative) as by_relative, abs(absolute) as by_absolute from ranked where rank = 1
    order by by_relative desc nulls last, by_absolute desc nulls last, place, cell limit {TOP}
)
select place, cell, key, measure, old, new, is_number, absolute, relative
from ranked inner join top using (place, cell)
order by by_relative desc nulls last, by_absolute desc nulls last, place, cell, rank
"""


def diff(old: Release, new: Release) -> dict[str, Any]:
    """What one release says otherwise than another, as one JSON document.

    ``summary`` has a line per table and indicator, or per table and figure where rows are not of an indicator;
    ``largest`` holds the ``TOP`` rows that changed most, each with all its figures that changed; ``columns`` those
    that only one of the two has, and ``not_compared`` the tables whose rows are not the same kind of thing in both. The first
    two begin with the largest relative change; of a change from zero ``relative`` is null, and it comes before all others.
    ``figures`` says of both how they show what was counted (``releases.release.figures_of``).
    Raises ``LabourdbError`` if a table cannot be read.
    """
    columns: list[dict[str, str]] = []
    not_compared: list[dict[str, str]] = []
    with connect() as connection:
        connection.execute(_NOTES)
        for place, table in enumerate(RELEASED):
            only, why = _compare(connection, place, table, old, new)
            columns += only
            not_compared += [{"table": table, "why": why}] if why else []
        summary = [_line(*line) for line in connection.execute(_SUMMARY).fetchall()]
        return {
            "old": old.id,
            "new": new.id,
            "figures": {"old": figures_of(old.manifest), "new": figures_of(new.manifest)},
            **{count: sum(line[count] for line in summary) for count in ("added", "gone", "changed")},
            "summary": summary,
            "largest": _largest(connection),
            "columns": columns,
            "not_compared": not_compared,
        }


def _compare(
    connection: duckdb.DuckDBPyConnection, place: int, table: str, old: Release, new: Release
) -> tuple[list[dict[str, str]], str]:
    """Note counts and changes of one table; returns its columns that are in one of the releases only, and why it cannot be
    compared, if so.
    """
    files = {
        side: release.path / "tables" / f"{table}.parquet"
        for side, release in (("old", old), ("new", new))
        if table in release.manifest["tables"]  # a release may be older than a table
    }
    types = {side: _open(connection, side, file) for side, file in files.items()}
    if not types:
        return [], ""
    keys = RELEASED[table]
    for side, release in (("old", old), ("new", new)):
        why = _other_rows(connection, side, keys, types[side]) if side in types else ""
        if why:
            return [], f"{release.id} {why}"
    for side, other in (("old", "new"), ("new", "old")):
        if side not in types:
            connection.execute(f"create or replace view {side}_rows as from {other}_rows limit 0")
            types[side] = types[other]
    names = [c for c in types["new"] if c in types["old"] and c not in (*keys, "release_id")]
    label = "indicator" if "indicator" in keys else None
    _join(connection, keys, names)
    if label:
        connection.execute(
            "insert into counts select ?, indicator, count(*) filter (not in_old), count(*) filter (not in_new)"
            " from joined group by indicator",
            [place],
        )
    for position, name in enumerate(names):
        both = [types[side][name] for side in ("old", "new")]
        is_number = all(t.startswith(NUMBERS) for t in both)
        if is_number and not label:
            connection.execute(
                f"insert into counts select ?, ?, count(*) filter (not in_old and new_{position} is not null),"
                f" count(*) filter (not in_new and old_{position} is not null) from joined",
                [place, name],
            )
        _note_changes(connection, place, position, name, keys, is_number)
    only = [
        {"table": table, "column": name, "only_in": release.id}
        for side, other, release in (("old", "new", old), ("new", "old", new))
        for name in types[side]
        if name not in types[other]
    ]
    return only, ""


def _other_rows(
    connection: duckdb.DuckDBPyConnection, side: str, keys: tuple[str, ...], types: dict[str, str]
) -> str:
    """Why the rows of one side are not what this version tells apart by ``keys``; nothing if they are."""
    lacking = [k for k in keys if k not in types]
    if lacking:
        return f"has no {', '.join(lacking)}"
    doubled = connection.execute(
        f"select 1 from {side}_rows group by {', '.join(keys)} having count(*) > 1 limit 1"
    )
    return (
        f"has several rows for one {', '.join(keys)}: it was made by another version"
        if doubled.fetchone()
        else ""
    )


def _open(connection: duckdb.DuckDBPyConnection, side: str, file: Path) -> dict[str, str]:
    """Make view ``<side>_rows`` of a Parquet file; returns column to type."""
    try:
        rows = connection.read_parquet(str(file))
    except duckdb.Error:
        raise LabourdbError(
            f"{file} cannot be read. `labourdb verify` says what else is wrong there."
        ) from None
    rows.create_view(f"{side}_rows", replace=True)
    return {name: str(kind) for name, kind in zip(rows.columns, rows.types, strict=True)}


def _join(
    connection: duckdb.DuckDBPyConnection,
    keys: tuple[str, ...],
    names: list[str],
) -> None:
    """Make table ``joined``: the rows of both sides by key, numbered in its order."""
    sides = []
    for side in ("old", "new"):
        chosen = [
            *(f"{k}::varchar as {k}" for k in keys),
            *(f'"{name}" as {side}_{position}' for position, name in enumerate(names)),
            f"true as in_{side}",
        ]
        sides.append(f"(select {', '.join(chosen)} from {side}_rows)")
    figures = "".join(f"old_{position}, new_{position}, " for position in range(len(names)))
    connection.execute(
        f"create or replace table joined as select row_number() over (order by {', '.join(keys)}) as cell, * from ("
        f" select {', '.join(f'coalesce(o.{k}, n.{k}) as {k}' for k in keys)}, {figures}"
        " coalesce(in_old, false) as in_old, coalesce(in_new, false) as in_new"
        f" from {sides[0]} as o full join {sides[1]} as n"
        f" on {' and '.join(f'o.{k} is not distinct from n.{k}' for k in keys)})"
    )


def _note_changes(
    connection: duckdb.DuckDBPyConnection,
    place: int,
    position: int,
    name: str,
    keys: tuple[str, ...],
    is_number: bool,
) -> None:
    """Note the rows of ``joined`` whose column ``name`` is not what it was."""
    pair = (f"old_{position}", f"new_{position}")
    shown = [f"{c}::varchar" for c in pair]
    exact = pair if is_number else shown
    before, after = (f"{c}::double" if is_number else "null::double" for c in pair)
    connection.execute(
        "insert into changes"
        f" select $place, {'indicator' if 'indicator' in keys else '$name'}, cell,"
        f" map([{', '.join(repr(k) for k in keys)}], [{', '.join(keys)}]), $position, $name,"
        f" {shown[0]}, {shown[1]}, $is_number, if(isfinite(change), change, null),"
        " case when not isfinite(change) then null"
        " when before = 0 then sign(change) * 'infinity'::double else change / abs(before) end"
        f" from (select *, {before} as before, {after} - {before} as change from joined)"
        f" where in_old and in_new and {exact[0]} is distinct from {exact[1]}",
        {"place": place, "position": position, "name": name, "is_number": is_number},
    )


def _line(
    place: int, label: str, added: int, gone: int, changed: int, status_changed: int,
    measure: str | None, absolute: float | None, relative: float | None,
) -> dict[str, Any]:  # fmt: skip
    table = list(RELEASED)[place]
    of_indicator = "indicator" in RELEASED[table]
    return {
        "table": table,
        "indicator": label if of_indicator else None,
        "measure": None if of_indicator else label,
        "added": added,
        "gone": gone,
        "changed": changed,
        "status_changed": status_changed,
        "largest": measure and {"measure": measure, "absolute": absolute, "relative": _finite(relative)},
    }


def _largest(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows that changed most, each with its key and its figures that changed, the leading one first."""
    found = connection.execute(_LARGEST).fetchall()
    rows = []
    for (place, _), figures in groupby(found, key=lambda f: (f[0], f[1])):
        changes = list(figures)
        rows.append(
            {
                "table": list(RELEASED)[place],
                "key": changes[0][2],
                "changes": [
                    {
                        "measure": measure,
                        "old": _value(old, is_number),
                        "new": _value(new, is_number),
                        "absolute": absolute,
                        "relative": _finite(relative),
                    }
                    for _, _, _, measure, old, new, is_number, absolute, relative in changes
                ],
            }
        )
    return rows


def _value(text: str | None, is_number: bool) -> Any:
    """A number as such, if JSON can say it."""
    if text is None or not is_number or "n" in text:  # nan, inf
        return text
    return json.loads(text)


def _finite(number: float | None) -> float | None:
    return None if number is None or number in (float("inf"), float("-inf")) else number
