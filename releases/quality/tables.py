"""What the released tables say of their own quality: rows, links, coverage, completeness, coherence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from releases.disclosure import FIVE
from releases.tables import rows_of
from sources.contract import all_sources

Facts = dict[str, Any]
Given = Sequence[Any] | Mapping[str, Any]

_COUNTS = ("rows_read", "accepted", "quarantined", "duplicate", "superseded")
_SUMS = ", ".join(f"coalesce(sum({c}), 0)::bigint as {c}" for c in _COUNTS)
_CLOSES = "rows_read = accepted + quarantined + duplicate + superseded"
_TOTAL = "sex = 'total' and age_group = 'total' and urban_rural = 'total'"


def source_order(source: str) -> tuple[int, str]:
    """Where a source stands in every list: core sources first, then by name; one without a contract last."""
    known = list(all_sources())
    return (known.index(source) if source in known else len(known)), source


def by_source(connection: duckdb.DuckDBPyConnection, query: str, given: Given = ()) -> list[Facts]:
    """The rows of a query with a column ``source``, in the order of sources, else as the query gives them."""
    return sorted(rows_of(connection, query, given), key=lambda row: source_order(row["source"]))


def row_accounting(connection: duckdb.DuckDBPyConnection) -> Facts:
    """Per source and per file: rows read, and what became of them; ``closes`` is worked out here, null for a refused
    file, whose rows are not counted. ``in_force`` are accepted rows of used deliveries.
    """
    return {
        "sources": by_source(
            connection,
            f"select source, count(*)::integer as files, {_SUMS},"
            " coalesce(sum(accepted) filter (disposition = 'used'), 0)::bigint as in_force,"
            " count(*) filter (rows_read is null)::integer as not_counted,"
            f" coalesce(bool_and({_CLOSES}) filter (rows_read is not null), true) as closes"
            " from row_accounting group by source order by source",
        ),
        "files": by_source(
            connection,
            f"select source, period, revision, file, disposition, {', '.join(_COUNTS)}, {_CLOSES} as closes"
            " from row_accounting order by source, period, revision, file",
        ),
    }


def to_tables(connection: duckdb.DuckDBPyConnection, partly_covered: bool, rounded: bool) -> Facts:
    """From files to tables: the rows in force of each linked source found again among the links.

    Links are published ``rounded`` to the nearest five, each by itself, so that the sums can agree within that rounding
    alone: ``closes`` is whether they do. Where a release shows only some provinces the links shown are a part and ``closes``
    is null. The gate's own lines are counted on everything, exactly.
    """
    linked = by_source(
        connection,
        "with used as (select source, sum(accepted)::bigint as accepted from row_accounting"
        " where disposition = 'used' group by source), found as (select source,"
        " coalesce(sum(rows) filter (rule not in ('review', 'unlinked')), 0)::bigint as linked,"
        " coalesce(sum(rows) filter (rule in ('review', 'unlinked')), 0)::bigint as not_linked,"
        " count(*) as numbers from linkage group by source)"
        " select source, accepted, linked, not_linked, $rounded as rounded,"
        " case when not $part then abs(accepted - linked - not_linked) <= if($rounded, $most * numbers, 0) end as closes"
        " from found left join used using (source) order by source",
        {"part": partly_covered, "rounded": rounded, "most": FIVE // 2},
    )
    gate = rows_of(
        connection,
        "select object, rows_checked, rows_failed, status from checks where check_id = 'row_accounting_closes'"
        " order by object",
    )
    return {"linked": linked, "gate": gate}


def linkage(connection: duckdb.DuckDBPyConnection) -> Facts:
    """Links of accepted rows of deliveries in force, as the release shows them: by source, by rule, by month.

    ``share`` is in percent, of the rows shown. ``bound`` is the linked share the gate asks for, in percent.
    """
    linked = "rule not in ('review', 'unlinked')"
    shares = (
        "coalesce(sum(rows), 0)::bigint as rows,"
        f" coalesce(sum(rows) filter ({linked}), 0)::bigint as linked,"
        " coalesce(sum(rows) filter (rule = 'review'), 0)::bigint as review,"
        " coalesce(sum(rows) filter (rule = 'unlinked'), 0)::bigint as unlinked,"
        f" 100.0 * sum(rows) filter ({linked}) / nullif(sum(rows), 0) as share"
    )
    return {
        "sources": by_source(
            connection,
            f"with shown as (select source, {shares} from linkage group by source), gate as ("
            " select object as source, any_value(100 * (1 - threshold)) as bound, any_value(status) as status"
            " from checks where check_id like 'linked\\_share\\_%' escape '\\' group by object)"
            " select shown.*, bound, status from shown left join gate using (source) order by source",
        ),
        "rules": by_source(
            connection,
            "select source, rule, sum(rows)::bigint as rows,"
            " 100.0 * sum(rows) / nullif(sum(sum(rows)) over (partition by source), 0) as share"
            " from linkage group by source, rule order by source, rows desc, rule",
        ),
        "months": by_source(
            connection,
            f"select source, period, {shares} from linkage group by source, period order by source, period",
        ),
    }


def coverage(connection: duckdb.DuckDBPyConnection, period: str) -> Facts:
    """Whose status is known at the reference date, by country and province, and the statuses found.

    ``provinces``: share with a known status, percent, and of how many; ``statuses``: persons.
    """
    cell = f"basis = 'register' and period = ? and {_TOTAL}"
    return {
        "areas": rows_of(
            connection,
            "select area_version, area_level, area_code, area_name, numerator, denominator, value, status"
            f" from indicators where indicator = 'status_coverage' and area_level in ('country', 'province') and {cell}"
            " order by area_version desc, area_level, value nulls first, area_code",
            [period],
        ),
        "statuses": rows_of(
            connection,
            "select indicator, numerator as persons, status from indicators where indicator in ('population_15_plus',"
            " 'employed', 'unemployed', 'inactive', 'abroad', 'status_unknown') and area_level = 'country'"
            f" and area_version = (select max(area_version) from indicators where area_level = 'country') and {cell}"
            " order by list_position(['population_15_plus', 'employed', 'unemployed', 'inactive', 'abroad',"
            " 'status_unknown'], indicator)",
            [period],
        ),
    }


def completeness(connection: duckdb.DuckDBPyConnection, period: str) -> Facts:
    """Cells of the register indicators by status, of the as-of quarter and of all quarters; which are not available."""
    statuses = rows_of(
        connection,
        "select status, count(*) filter (period = ?)::integer as as_of, count(*)::integer as all_periods"
        " from indicators where basis = 'register' group by status order by all_periods desc, status",
        [period],
    )
    available = "status not in ('suppressed', 'not_available')"
    rate = rows_of(
        connection,
        f"select 100.0 * count(*) filter ({available} and period = $1) / nullif(count(*) filter (period = $1), 0)"
        f" as as_of, 100.0 * count(*) filter ({available}) / nullif(count(*), 0) as all_periods"
        " from indicators where basis = 'register'",
        [period],
    )[0]
    missing = rows_of(
        connection,
        "select distinct indicator from indicators where basis = 'register' and period = ?"
        " and status = 'not_available' order by indicator",
        [period],
    )
    return {"statuses": statuses, "rate": rate, "not_available": [m["indicator"] for m in missing]}


def coherence(connection: duckdb.DuckDBPyConnection) -> Facts:
    """How long the series are, how many identities were tested, and where register and official figures stand apart."""
    return {
        "series": rows_of(
            connection,
            "select 'indicators' as table_name, min(period) as first, max(period) as last,"
            " count(distinct period)::integer as periods from indicators where basis = 'register'"
            " union all select 'labour_flows', min(period), max(period), count(distinct period)::integer"
            " from labour_flows order by 1",
        ),
        "identities": rows_of(
            connection,
            "select count(*)::integer as checks, count(*) filter (status = 'passed')::integer as passed,"
            " coalesce(sum(rows_checked), 0)::bigint as rows_checked from checks"
            " where gate = 'publication' and level = 'logical'",
        )[0],
        "bases": rows_of(
            connection,
            "select distinct province_code, area_version, year, indicator, sex, age_group, urban_rural,"
            " if(basis = 'official', value, other_value) as official,"
            " if(basis = 'official', other_value, value) as register,"
            " if(basis = 'official', other_value - value, value - other_value) as difference"
            " from target_progress where value is not null and other_value is not null"
            " order by indicator, province_code, year, sex, age_group, urban_rural",
        ),
    }
