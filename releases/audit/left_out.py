"""What did not count though it was delivered: quarantined rows, and rows linked to nobody, of the sources of a cell."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from releases.audit.walk import Proof
from releases.tables import Row, rows_of
from sources.contract import Column, linked_sources, load_contract

PARTS = (
    "count(*) as rows, count(*) filter (where place = 'here') as here,"
    " count(*) filter (where place = 'elsewhere') as elsewhere, count(*) filter (where place = 'unknown') as unknown"
)


def gather_places(warehouse: duckdb.DuckDBPyConnection, version: str) -> None:
    """Make the temporary table ``places``: every code of either list, and whether it lies in the cell's provinces.

    A province of the other list may lie in several provinces: it is then ``unknown`` unless all of them agree.
    """
    place = (
        "case when bool_and(here) then 'here' when bool_or(here) then 'unknown' else 'elsewhere' end as place"
    )
    warehouse.execute(
        "create or replace temp table places as"
        " with known as (select *, "
        f"province_{version} in (select province from cell_provinces) as here from labour.reference.communes)"
        f" select 'commune_code' as kind, area_version, commune_code as code, {place} from known group by all"
        f" union all select 'province_code', '2024', province_2024, {place} from known group by all"
        f" union all select 'province_code', '2025', province_2025, {place} from known group by all"
    )


def quarantined(warehouse: duckdb.DuckDBPyConnection, sources: Sequence[str], proof: Proof) -> list[Row]:
    """Quarantined rows of the deliveries in force, by source and reason, and where they say they belong.

    Of social insurance the deliveries from the reference month on: none before can speak of that month.
    """
    said = _places(sources)
    sent = " ".join(f"when '{source}' then q.sent ->> '$.{place.name}'" for source, place in said.items())
    code = f"case q.source {sent} end" if said else "null"
    kind = " ".join(f"when '{source}' then '{place.kind}'" for source, place in said.items())
    warehouse.execute(
        "create or replace temp table quarantined as"
        " select q.source, q.delivery_key, q.reasons, coalesce(p.place, 'unknown') as place from (select q.*,"
        f" u.area_version, try_cast(translate({code}, ' .-''', '') as integer) as code"
        " from restricted.landing.quarantine as q"
        " inner join labour.run.deliveries_in_force as u using (source, delivery_key) cross join this_quarter as t"
        " where q.source in (select unnest($sources))"
        " and (q.source <> 'social_insurance' or u.period_month >= t.reference_month)) as q"
        " left join places as p on p.area_version = q.area_version and p.code = q.code"
        f" and p.kind = {f'case q.source {kind} end' if said else 'null'}",
        {"sources": list(sources)},
    )
    accounted = dict(
        warehouse.execute(
            "select f.source, sum(f.quarantined)::bigint from restricted.landing.files as f"
            " inner join labour.run.deliveries_in_force as u using (source, delivery_key) cross join this_quarter as t"
            " where f.source in (select unnest($sources))"
            " and (f.source <> 'social_insurance' or u.period_month >= t.reference_month) group by f.source",
            {"sources": list(sources)},
        ).fetchall()
    )
    found = dict(warehouse.execute("select source, count(*) from quarantined group by source").fetchall())
    for source in sources:
        proof.equal(f"quarantined rows, {source}", accounted.get(source, 0), found.get(source, 0))
    return rows_of(
        warehouse,
        f"select source, reasons, {PARTS} from quarantined group by all order by source, rows desc, reasons",
    )


def _places(sources: Sequence[str]) -> dict[str, Column]:
    """Of each source that says where a row belongs, the column that says it."""
    found = {source: load_contract(source).place for source in sources}
    return {source: place for source, place in found.items() if place is not None}


def linked(
    warehouse: duckdb.DuckDBPyConnection, sources: Sequence[str], proof: Proof
) -> tuple[list[Row], list[Row]]:
    """Accepted rows of the deliveries in force by source and rule, and those linked to nobody by where they belong.

    Of social insurance the rows of the reference month, whichever delivery brought them.
    """
    rules: list[Row] = []
    unlinked: list[Row] = []
    for source in (s for s in linked_sources() if s in sources):
        of_month = (
            "where r.month = (select reference_month from this_quarter)"
            if source == "social_insurance"
            else ""
        )
        found = rows_of(
            warehouse,
            f"select '{source}' as source, link_rule as rule, count(*) as rows"
            f" from restricted.identity.linked_{source} as r {of_month} group by all order by rows desc, rule",
        )
        accepted = warehouse.execute(
            f"select count(*) from restricted.landing.{source} as r inner join labour.run.deliveries_in_force as u"
            f" on u.source = '{source}' and r.delivery_key = u.delivery_key {of_month}"
        ).fetchone()
        proof.equal(
            f"linked and unlinked rows, {source}", accepted and accepted[0], sum(r["rows"] for r in found)
        )
        rules += found
        column = load_contract(source).place
        place = "left join places as p on false" if column is None else (
            f"left join places as p on p.kind = '{column.kind}' and p.area_version = u.area_version and p.code = r.{column.name}"
        )  # fmt: skip
        unlinked += rows_of(
            warehouse,
            f"select '{source}' as source, l.link_rule as rule, {PARTS} from (select l.link_rule,"
            f" coalesce(p.place, 'unknown') as place from restricted.identity.linked_{source} as l"
            f" inner join restricted.landing.{source} as r on l.row_id = r.row_id"
            f" inner join labour.run.deliveries_in_force as u on u.source = '{source}' and l.delivery_key = u.delivery_key"
            f" {place} {of_month.replace('where', 'where l.person_key is null and') or 'where l.person_key is null'})"
            " as l group by all order by rows desc",
        )
    return rules, unlinked
