"""What gate 3 looks at of the published tables: the candidates again, as if the noise had changed nothing."""

from __future__ import annotations

import duckdb

from expectations.rules import PUBLISHED, load_rules

Break = tuple[str, str, str, int | None]
COPIED = ("indicators", "target_progress", "labour_flows", "transitions", "training_outcomes")


def add_published(c: duckdb.DuckDBPyConnection) -> None:
    """Make the tables in the database ``labour`` of a gate world."""
    c.execute("create schema published")
    for table in COPIED:
        c.execute(f"create table published.{table} as from candidates.{table}")
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
