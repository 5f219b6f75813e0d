"""What gate 3 looks at of the published tables: the candidates again, as if the noise had changed nothing."""

from __future__ import annotations

import duckdb

from expectations.rules import PUBLISHED, load_rules

Break = tuple[str, str, str, int | None]
COPIED = ("indicators", "target_progress", "labour_flows", "transitions", "training_outcomes")


# columns that the candidates of the gate world lack
MORE = {
    "labour_flows": ", 'released' as status",
    "transitions": ", 50.0 as share, 'released' as status",
    "training_outcomes": ", 5e6 as median_wage_12m, 'released' as status, null::varchar as hidden",
}


def add_published(c: duckdb.DuckDBPyConnection) -> None:
    """Make the tables in the database ``labour`` of a gate world."""
    c.execute("create schema published; create schema disclosure")
    for table in COPIED:
        c.execute(f"create table published.{table} as select *{MORE.get(table, '')} from candidates.{table}")
    c.execute(
        "create table disclosure.register_indicators as from published.indicators where basis = 'register'"
    )
    for table in ("labour_flows", "transitions", "training_outcomes"):
        c.execute(f"create table disclosure.{table} as from published.{table}")
    c.execute(
        "create table published.linkage as select source, period, rule, 5 * round(sum(rows) / 5.0)::bigint as rows"
        " from candidates.linkage group by all"
    )


def published_breaks(breaks: list[Break]) -> list[Break]:
    """What breaks a candidate breaks what is published in the same way, for every object that is checked of both."""
    both = {
        (r.id, o.removeprefix(PUBLISHED))
        for r in load_rules().values()
        for o in r.objects
        if o.startswith(PUBLISHED)
    }
    return [
        (check, f"{PUBLISHED}{name}", statement.replace("candidates.", "published."), failures)
        for check, name, statement, failures in breaks
        if (check, name) in both and "candidates." in statement
    ]
