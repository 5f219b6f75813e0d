"""labour.duckdb of a release, as clients open it: sums of its views, names of its codes, comments, files that old readers read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import duckdb
import pytest

from expectations.catalogue import AREA, PublishedTable, published_tables
from orchestration.dbt.dictionary import dictionary
from orchestration.home import Home
from releases.audit.verify import verify
from releases.database.names import LISTS, STATUSES, TABLES_OF_THEIR_OWN, coded, dimension_tables
from releases.database.views import View, views
from releases.database.write import STORAGE
from releases.release import Release, current_release
from releases.tables import ROW_GROUP

TABLES = published_tables()
LEAVES = [v for v in views() if "_leaf_" in v.name]
V1 = {"PLAIN", "RLE", "BIT_PACKED", "PLAIN_DICTIONARY", "RLE_DICTIONARY"}  # encodings of Parquet's version 1
# what names nobody: moments, texts and names of files, of columns and of checks
PLAIN = {
    "period", "year", "plan", "area_name", "revision", "file", "check_id", "object", "why", "why_vi", "query", "waiver",
    "hidden", "threshold",
}  # fmt: skip


@pytest.fixture(scope="module")
def release(samples: Path, sample_homes: dict[Path, Home]) -> Release:
    found = current_release(sample_homes[samples / "small-world"].releases)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def database(release: Release) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(release.path / "labour.duckdb"), read_only=True) as connection:
        yield connection


# ---- sums ------------------------------------------------------------------------------------------------------


def dimensions(table: PublishedTable) -> list[str]:
    """What a view of leaves may be summed over: parts, the provinces, and whatever else has no total to compare with."""
    return [*table.parts, "area_code"]


def summed(view: View, table: PublishedTable, over: tuple[str, ...]) -> str:
    """The view summed over columns, as rows of the table with these at their total."""
    kept = [c for c in (*table.fixed, *dimensions(table)) if c not in over]
    totals = {c: "'total'" for c in over} | ({"area_code": "'VN'"} if "area_code" in over else {})
    cells = ", ".join(f"{totals.get(c, c)} as {c}" for c in (*table.fixed, *dimensions(table)))
    figures = ", ".join(f"sum({c})::bigint as {c}" for c in table.counts)
    return f"select {cells}, {figures} from {view.name} group by {', '.join(kept)}"


@pytest.mark.parametrize("view", LEAVES, ids=lambda v: v.name)
def test_sums_over_any_columns_are_the_published_totals(
    database: duckdb.DuckDBPyConnection, view: View
) -> None:
    """Of every subset of a view's dimensions, and in both directions: no total is missed, and none is made up."""
    table = TABLES[view.table]
    names = ", ".join((*table.fixed, *dimensions(table), *table.counts))
    only = database.execute(
        f"select distinct {', '.join(('area_version', *table.apart))} from {view.name}"
    ).fetchall()
    assert len(only) == 1, "of one list alone, and of one of whatever else is counted apart"
    same = " and ".join(f"{c} = '{v}'" for c, v in zip(("area_version", *table.apart), only[0], strict=True))
    for size in range(1, len(dimensions(table)) + 1):
        for over in combinations(dimensions(table), size):
            level = "country" if "area_code" in over else "province"
            totals = " and ".join([
                f"area_level = '{level}'", table.leaf_rows, same,
                *(f"{c} = 'total'" if c in over else f"{c} <> 'total'" for c in table.parts),
                *(f"{c} in {(*values, 'total')}" for c, values in table.parts.items() if values),
            ])  # fmt: skip
            published = f"select {names} from {table.name} where {totals}"
            ours = summed(view, table, over)
            count = database.execute(f"select count(*) from ({published})").fetchone()
            assert count is not None and count[0] > 0, over
            wrong = database.execute(
                f"(({ours}) except all ({published})) union all (({published}) except all ({ours}))"
            ).fetchall()
            assert wrong == [], over


@pytest.mark.parametrize("area_list", ["2024", "2025"])
def test_a_rate_of_sums_is_the_published_rate(database: duckdb.DuckDBPyConnection, area_list: str) -> None:
    wrong = database.execute(
        f"select indicator, period, 100 * sum(l.numerator) / sum(l.denominator) as summed, any_value(h.value) as published"
        f" from register_leaf_{area_list} as l inner join headline as h using (basis, indicator, period, area_version)"
        " where h.area_level = 'country' and h.unit = 'percent' group by all"
        " having abs(summed - published) > 1e-9 or (summed is null) <> (published is null)"
    ).fetchall()
    assert wrong == []


@pytest.mark.parametrize("name", [t.name for t in TABLES.values() if t.has_leaves])
def test_rows_not_marked_as_totals_are_those_without_any(
    database: duckdb.DuckDBPyConnection, name: str
) -> None:
    table = TABLES[name]
    counted = database.execute(
        f"select count(*), count(*) filter (is_total), (select count(*) from {name}),"
        f" count(*) filter (not is_total and (area_level <> 'province' or 'total' in ({', '.join(table.parts)})))"
        f" from {name}_marked"
    ).fetchone()
    assert counted is not None and counted[0] == counted[2] > counted[1] > 0 and counted[3] == 0
    leaves = [f"from {v.name} select count(*) as n" for v in LEAVES if v.table == name]
    shown = database.execute(
        f"select (select count(*) from {name}_marked where not is_total and {table.leaf_rows}),"
        f" (select sum(n)::bigint from ({' union all '.join(leaves)}))"
    ).fetchone()
    assert shown is not None and shown[0] == shown[1]


def test_totals_alone_have_one_row_per_place(database: duckdb.DuckDBPyConnection) -> None:
    for view, levels in TABLES["indicators"].totals.items():
        found = database.execute(
            f"select list(distinct area_level order by area_level), count(*),"
            f" count(distinct (basis, indicator, period, area_version, area_code)) from {view}"
        ).fetchone()
        assert found is not None and set(found[0]) == set(levels) and found[1] == found[2] > 0


# ---- names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_every_code_has_its_name(database: duckdb.DuckDBPyConnection, name: str) -> None:
    table, named = TABLES[name], coded(TABLES[name])
    texts = {c for c, kind, *_ in database.execute(f"describe {name}").fetchall() if kind == "VARCHAR"}
    assert texts - set(named) <= PLAIN and not set(named) & PLAIN
    for column, by in named.items():
        match by:
            case "areas" if set(AREA) <= set(table.key):
                join, key = "areas", "using (area_version, area_level, area_code)"
            case "areas":
                join, key = (
                    "areas",
                    f"on t.area_version = n.area_version and n.area_level = 'province' and t.{column} = n.area_code",
                )
            case "indicators_dictionary":
                join, key = by, "using (basis, indicator)"
            case "releases":
                join, key = by, "using (release_id)"
            case "sections" | "fields" | "statuses" | "occupations":
                code = dict(
                    sections="section", fields="field_code", statuses="status", occupations="occupation_group"
                )[by]
                join, key = by, f"on t.{column} = n.{code}"
            case _:
                join, key = f"(select * from codes where list = '{by}')", f"on t.{column} = n.code"
        nameless = database.execute(
            f"select distinct t.{column} from {name} as t anti join {join} as n {key} where t.{column} is not null"
        ).fetchall()
        assert nameless == [], column


def test_codes_of_closed_lists_are_named_by_words_and_not_by_themselves(
    database: duckdb.DuckDBPyConnection,
) -> None:
    found = database.execute(
        "select 'codes ' || list from codes where name_vi = code and list not in ('unit')"
        " union all select 'statuses' from statuses where kind is null or name_vi = status"
        " union all select 'sections' from sections where name_vi = section"
        " union all select 'areas' from areas where name_vi = area_code"
        " union all select 'indicators' from indicators_dictionary where name_vi = indicator"
    ).fetchall()
    assert found == []
    lists = {by for t in TABLES.values() for by in coded(t).values()} - set(TABLES_OF_THEIR_OWN) - {"source"}
    assert lists <= set(LISTS) | {"statuses"}
    codes = [code for said in STATUSES.values() for code in said]
    assert len(codes) == len(set(codes)), "a status is found by its code alone"


def test_names_are_one_and_areas_lie_in_areas(database: duckdb.DuckDBPyConnection) -> None:
    for table in dimension_tables():
        key = ", ".join(f.name for f in table.fields if f.needed == "key")
        found = database.execute(f"select count(*), count(distinct ({key})) from {table.name}").fetchone()
        assert found is not None and found[0] == found[1] > 0, table.name
    orphans = database.execute(
        "select a.* from areas as a anti join areas as p on a.area_version = p.area_version"
        " and a.parent_level = p.area_level and a.parent_code = p.area_code where a.parent_code is not null"
    ).fetchall()
    assert orphans == []
    linked = database.execute(
        "select count(*) filter (o.area_code is null or n.area_code is null), count(*) from area_links as l"
        " left join areas as o on o.area_version = '2024' and l.area_level = o.area_level and l.area_code_2024 = o.area_code"
        " left join areas as n on n.area_version = '2025' and l.area_level = n.area_level and l.area_code_2025 = n.area_code"
    ).fetchone()
    assert linked is not None and linked[0] == 0 < 10_000 < linked[1]
    merged = database.execute(
        "select area_code_2025, is_split from area_links where area_level = 'province' and area_code_2024 = '30'"
    ).fetchall()
    assert merged == [("31", False)]


# ---- what clients show -----------------------------------------------------------------------------------------


def test_everything_has_a_comment_in_both_languages(database: duckdb.DuckDBPyConnection) -> None:
    said = database.execute(
        "select table_name, comment from duckdb_tables() union all"
        " select view_name, comment from duckdb_views() where not internal union all"
        " select table_name || '.' || column_name, comment from duckdb_columns() where not internal"
    ).fetchall()
    assert [name for name, comment in said if not comment or " / " not in comment.strip(" /")] == []
    names = {name for name, _ in said if "." not in name}
    assert names == {*TABLES, *(t.name for t in dimension_tables()), *(v.name for v in views())}
    described = {t.name: t for t in dictionary().published}
    comments = dict(said)
    assert described["indicators"].vi in comments["indicators"]
    assert described["labour_flows"].fields[4].vi in comments["labour_flows.section"]


def test_columns_of_names_are_those_described(database: duckdb.DuckDBPyConnection) -> None:
    for table in dimension_tables():
        found = [(c, t.lower()) for c, t, *_ in database.execute(f"describe {table.name}").fetchall()]
        assert found == [(f.name, f.kind) for f in table.fields], table.name


def test_the_oldest_duckdb_that_serves_opens_the_file(release: Release) -> None:
    """The version its header asks of a reader, and of every block of metadata what that reader knows."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{release.path / 'labour.duckdb'}' as kept (read_only)")
        found = connection.execute(
            "select tags from duckdb_databases() where database_name = 'kept'"
        ).fetchone()
    assert STORAGE == "v1.0.0" and found is not None and found[0]["storage_version"] == "v1.0.0+"
    with (release.path / "labour.duckdb").open("rb") as file:
        head = file.read(20)
    assert head[8:12] == b"DUCK" and int.from_bytes(head[12:20], "little") == 64


def test_verify_finds_what_was_done_to_views_and_names(release: Release, tmp_path: Path) -> None:
    copied = Release(release.id, tmp_path / release.id)
    shutil.copytree(release.path, copied.path)
    assert not [i for i in verify(copied, tmp_path) if i.kind == "database" and i.state != "ok"]
    path = copied.path / "labour.duckdb"
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "drop view headline; drop view register_leaf_2024; create table register_leaf_2024 as select 1"
        )
        connection.execute("create or replace view place_totals as from indicators")
        connection.execute(
            "update sections set name_vi = 'Khác' where section = 'A'; drop table area_links; create view w as select 1"
        )
    found = {
        i.where.split(": ")[-1]: (i.state, i.why)
        for i in verify(copied, tmp_path)
        if i.kind == "database" and i.state != "ok"
    }
    assert found == {
        "headline": ("missing", ""),
        "register_leaf_2024": ("changed", "not a view"),
        "sections": ("changed", "1 rows that the Parquet file has not, 1 missing of those it has"),
        "area_links": ("missing", ""),
        "w": ("added", "not a part of the release"),
    }


def test_a_view_that_says_something_else_is_not_the_published_file(release: Release, tmp_path: Path) -> None:
    copied = Release(release.id, tmp_path / release.id)
    shutil.copytree(release.path, copied.path)
    (copied.path / "labour.duckdb").chmod(0o644)
    with duckdb.connect(str(copied.path / "labour.duckdb")) as connection:
        connection.execute("create or replace view headline as from indicators")
    found = [i for i in verify(copied, tmp_path) if i.kind == "database" and i.state != "ok"]
    assert [(i.state, "something beside them" in i.why) for i in found] == [("changed", True)]


def parquet_files(release: Release) -> list[Path]:
    return [*sorted((release.path / "tables").glob("*")), *sorted((release.path / "dimensions").glob("*"))]


def test_parquet_files_are_such_that_old_readers_read_them(release: Release) -> None:
    files = parquet_files(release)
    assert len(files) == len(TABLES) + len(dimension_tables())
    with duckdb.connect() as connection:
        for file in files:
            found = connection.execute(
                f"select string_agg(distinct encodings, ','), list(distinct type), max(row_group_num_rows),"
                f" count(*) filter (stats_null_count is null and stats_min_value is null and num_values > 0),"
                f" count(distinct row_group_id) from parquet_metadata('{file}')"
            ).fetchone()
            assert found is not None
            encodings, types, rows, without, _ = found
            assert {e.strip() for e in encodings.split(",")} <= V1, file.name
            assert set(types) <= {"BYTE_ARRAY", "INT64", "INT32", "DOUBLE", "BOOLEAN"}, file.name
            assert rows <= ROW_GROUP and without == 0, file.name
            kinds = dict(
                connection.execute(
                    f"select column_name, column_type from (describe from '{file}')"
                ).fetchall()
            )
            if file.stem in TABLES:
                table = TABLES[file.stem]
                assert {kinds[c] for c in table.counts} <= {"BIGINT"}
                assert {kinds[c] for c in coded(table)} == {"VARCHAR"}
            texts = dict(
                connection.execute(
                    f"select decode(key), decode(value) from parquet_kv_metadata('{file}')"
                ).fetchall()
            )
            assert {"title_vi", "title_en", "description_vi", "description_en", "columns"} <= set(texts)
            assert set(json.loads(texts["columns"])) == set(kinds)


def test_a_series_of_one_place_is_a_small_read(release: Release) -> None:
    """Statistics of row groups leave most of them out for one indicator of one place."""
    file = release.path / "tables" / "indicators.parquet"
    with duckdb.connect() as connection:
        groups, hit = connection.execute(
            "with kept as (select row_group_id, bool_and(case path_in_schema"
            " when 'indicator' then 'unemployment_rate' between stats_min_value and stats_max_value"
            " when 'basis' then 'register' between stats_min_value and stats_max_value"
            " when 'area_version' then '2024' between stats_min_value and stats_max_value else true end) as hit"
            f" from parquet_metadata('{file}') group by all) select count(*), count(*) filter (hit) from kept"
        ).fetchone() or (0, 0)
    assert groups > 3 and 0 < hit <= 2
