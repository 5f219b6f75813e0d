"""What the access log gets of a query: its tables, its columns and its hash, however it is written; never a value."""

from __future__ import annotations

import hashlib

import pytest

from orchestration.tasks.query import described
from sources.errors import UsageError

PEOPLE = "restricted.landing.population"
NAMES = f"tables={PEOPLE} columns=full_name"


@pytest.mark.parametrize(
    ("sql", "logged"),
    [
        (f"select full_name from {PEOPLE}", NAMES),
        (f"select '--', full_name from {PEOPLE}", NAMES),
        (f"select '/*', full_name from {PEOPLE} -- */", NAMES),
        (f"select /* ' */ full_name /* \" */ from {PEOPLE}", NAMES),
        (f"select E'\\'' || full_name || E'--\\'' from {PEOPLE}", NAMES),
        (f"select $$ -- $$, $a$ /* $a$, full_name from {PEOPLE}", NAMES),
        (f"select {'1 + ' * 200} length(full_name) from {PEOPLE}", NAMES),
        (f"select /*{'x' * 5000}*/ full_name\nfrom\n{PEOPLE}", NAMES),
        ('select "full_name" from "restricted"."landing"."population"', NAMES),
        (f"select full_name as x from (select p.full_name from {PEOPLE} as p) as q", NAMES),
        (f"with x as (from {PEOPLE}) select full_name from x", f"tables={PEOPLE},x columns=*,full_name"),
        (f"select 1 where exists (select full_name from {PEOPLE})", NAMES),
        (f"select 1 union all select full_name from {PEOPLE}", NAMES),
        (f"from {PEOPLE}", f"tables={PEOPLE} columns=*"),
        (f"table {PEOPLE}", f"tables={PEOPLE} columns=*"),
        (f"select columns('full.*') from {PEOPLE}", f"tables={PEOPLE} columns=*"),
        (f"select #1 from {PEOPLE}", f"tables={PEOPLE} columns=*"),
        (f"summarize {PEOPLE}", f"tables={PEOPLE} columns=*"),
        (f"select p from {PEOPLE} as p", f"tables={PEOPLE} columns=p"),
        (f"select sex from {PEOPLE} join u using (full_name)", f"tables={PEOPLE},u columns=full_name,sex"),
        (f"select sex from {PEOPLE} order by full_name", f"tables={PEOPLE} columns=full_name,sex"),
        (f"from (unpivot {PEOPLE} on sex, full_name)", f"tables={PEOPLE} columns=*"),
        ("select range from range(3)", "tables=- columns=range"),
        ("select 'Vũ Khắc An', 030185000001, \"Vũ Khắc An\", a from \"Vũ Khắc An\"", "tables=? columns=?,a"),
        ("select \"x030185000001\" from t where id = 030185000001", "tables=t columns=?,id"),
        ("select 1", "tables=- columns=-"),
    ],
)  # fmt: skip
def test_tables_and_columns_come_from_the_parser(sql: str, logged: str) -> None:
    assert described(sql) == f"sha256={hashlib.sha256(sql.encode()).hexdigest()} {logged}"


@pytest.mark.parametrize(
    "sql",
    [
        "select 1; select 2",
        "delete from t",
        "pivot t on a using count(*)",
        "selec",
        "",
        "--",
        "select 'it''s An' x, 'open An",
        "from query('select full_name from restricted.landing.population')",
        "from query_table('restricted.landing.population')",
        "from QUERY_TABLE(['restricted.landing.population'])",
        "select (select count(*) from query('from t'))",
        "from json_execute_serialized_sql('{}')",
        "from read_csv('/etc/passwd')",
        "from labour.main.a_macro()",
        "select " + "abs(" * 5_000 + "1" + ")" * 5_000,
    ],
    ids=lambda sql: sql[:30],
)
def test_what_cannot_be_logged_is_not_asked(sql: str) -> None:
    with pytest.raises(UsageError) as refused:
        described(sql)
    assert "landing.population" not in str(refused.value)
