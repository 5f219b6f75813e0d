"""Disclosure control of one run: what is suppressed in each covered table, by which rule, and what the audit found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb
import pandas as pd

from releases.disclosure.indicators import CELL, SMALL, Quarter
from releases.disclosure.places import area_columns
from releases.disclosure.tables import decided_rows

# Tables that are protected, each with the columns that tell its rows apart.
PROTECTED: Mapping[str, tuple[str, ...]] = {
    "indicators": ("basis", "indicator", "period", *CELL),
    "labour_flows": ("period", "area_version", "area_level", "area_code", "section"),
    "transitions": (
        "period", "lag", "area_version", "area_level", "area_code", "sex", "age_group", "from_status", "to_status",
    ),
    "training_outcomes": ("year", "area_version", "area_level", "area_code", "field_code", "level", "kind"),
    "linkage": ("source", "period", "revision", "rule", "sex", "province_2024"),
}  # fmt: skip
FIGURES = ("M", "B", "E", "F", "A", "H", "R", "S", "JC", "JD")
PREPARE = Path(__file__).with_name("prepare.sql")


def control(
    warehouse: duckdb.DuckDBPyConnection,
    earlier: Sequence[Path],
    folder: Path,
    tell: Callable[[str], None] = lambda detail: None,
) -> pd.DataFrame:
    """Decide what is suppressed, and write it to ``disclosure.suppressed_<table>``; returns what was done and found.

    ``warehouse`` has schemas cells, covered, candidates, reference and run of this run. ``earlier`` are the table folders
    of earlier releases that were protected; ``folder`` takes temporary files with counts. Rows of the result, which is
    kept as ``disclosure.outcome``: one per table (table_name), with rows, suppressed, one column per rule, audited (secret cells)
    and exposed (of these, computed exactly from what is shown: none, or the release must not go out).
    """
    _prepare(warehouse, earlier)
    found = warehouse.execute("select count(*) = 0 from run.covered_provinces").fetchone()
    country = "VN" if found and found[0] else "covered"
    outcome = []
    for table in PROTECTED:
        tell(table)
        if table == "indicators":
            audited, exposed = _indicators(warehouse, country, folder, tell)
        else:
            audited, exposed = _rows(warehouse, table, country)
        outcome.append(_summary(warehouse, table, audited, exposed))
    result = pd.DataFrame(outcome)
    warehouse.register("outcome_of_control", result)
    warehouse.execute("create or replace table disclosure.outcome as from outcome_of_control")
    warehouse.unregister("outcome_of_control")
    return result


def _prepare(warehouse: duckdb.DuckDBPyConnection, earlier: Sequence[Path]) -> None:
    warehouse.execute("create schema if not exists disclosure")
    for table in PROTECTED:
        if earlier:
            files = [str(path / f"{table}.parquet") for path in earlier]
            source = warehouse.from_parquet(files, union_by_name=True)
            source.create_view("earlier_rows", replace=True)
            warehouse.execute(f"create or replace table disclosure.earlier_{table} as from earlier_rows")
        else:
            warehouse.execute(
                f"create or replace table disclosure.earlier_{table} as from covered.{table} limit 0"
            )
    counted = warehouse.execute(
        "select string_agg(column_name, ', ') from duckdb_columns() where schema_name = 'cells'"
        " and table_name = 'cells' and data_type = 'BIGINT'"
    ).fetchone()
    assert counted is not None
    beside = {"B": " or bool_or(before.E = c.B)", "E": " or bool_or(after.B = c.E)"}
    figures = ",\n    ".join(
        f"bool_or(o.{f} = c.{f}){beside.get(f, '')} as public_n_{f.lower()}" for f in FIGURES
    )
    text = PREPARE.read_text(encoding="utf-8")
    warehouse.execute(text.replace("{measures}", counted[0]).replace("{flow_figures}", figures))


def _indicators(
    warehouse: duckdb.DuckDBPyConnection, country: str, folder: Path, tell: Callable[[str], None]
) -> tuple[int, int]:
    quarters = warehouse.execute("select distinct quarter from cells.profiles order by 1").fetchall()
    hidden, audited, exposed = [], 0, 0
    for (quarter,) in quarters:
        tell(f"indicators {quarter // 4}Q{quarter % 4 + 1}")
        for outcome in Quarter(warehouse, quarter, country, folder).outcomes():
            cells = outcome.cells
            period = f"{quarter // 4}Q{quarter % 4 + 1}"
            hidden.append(cells[~cells["shown"].astype(bool)].assign(period=period))
            audited += outcome.audited
            exposed += outcome.exposed
    counts = pd.concat(hidden) if hidden else pd.DataFrame(columns=["period", *CELL, "measure"])
    warehouse.register("hidden_counts", counts[["period", *CELL, "measure"]])
    warehouse.execute("create or replace table disclosure.hidden_counts as from hidden_counts")
    warehouse.unregister("hidden_counts")
    keys = ", ".join(f"i.{k}" for k in PROTECTED["indicators"])
    matched = " and ".join(f"i.{k} = {{other}}.{k}" for k in ("period", *CELL))
    warehouse.execute(f"""
create or replace table disclosure.suppressed_indicators as
with judged as (
    select {keys},
        case
            when (d.kind = 'count' and i.numerator between 1 and {SMALL})
                or (d.kind <> 'count' and (
                    i.numerator between 1 and {SMALL} or i.denominator between 1 and {SMALL}
                    or i.denominator - i.numerator between 1 and {SMALL}
                )) then 'count'
            when d.kind = 'median' and w.employers < 3 then 'employers'
            when d.kind = 'median' and w.is_dominated then 'dominance'
            when e.indicator is not null then 'earlier_release'
            when n.measure is not null or m.measure is not null then 'secondary'
        end as hidden_by
    from covered.indicators as i
    inner join reference.indicator_definitions as d using (indicator)
    left join cells.wage_employers as w on {matched.format(other="w")}
    left join disclosure.hidden_counts as n on {matched.format(other="n")} and d.numerator = n.measure
    left join disclosure.hidden_counts as m on {matched.format(other="m")} and d.denominator = m.measure
    left join (select distinct indicator, period, {", ".join(CELL)} from disclosure.earlier_indicators
        where basis = 'register' and status = 'suppressed') as e
        on {matched.format(other="e")} and i.indicator = e.indicator
    where i.basis = 'register' and i.status <> 'not_available'
)
from judged where hidden_by is not null order by all
""")
    return audited, exposed


def _rows(warehouse: duckdb.DuckDBPyConnection, table: str, country: str) -> tuple[int, int]:
    keys = PROTECTED[table]
    hidden, audited, exposed = [], 0, 0
    for rows, secrets, found in decided_rows(warehouse, table, country):
        hidden.append(rows[~rows["shown"].astype(bool) & rows["there"].astype(bool)])
        audited += secrets
        exposed += found
    frame = pd.concat(hidden) if hidden else pd.DataFrame(columns=[*keys])
    if "area_code" in keys and len(frame):
        frame = frame.reset_index(drop=True)
        frame = frame.join(area_columns(frame["place"]))
    warehouse.register("hidden_rows", frame.reindex(columns=[*keys]))
    counts = _counts(table)
    small = " or ".join(f"({c}) between 1 and {SMALL}" for c in counts)
    has_flags = table in ("labour_flows", "training_outcomes")
    flags = f"left join disclosure.flags_{table} as f using ({', '.join(keys)})" if has_flags else ""
    employers = "when f.few_employers then 'employers' when f.dominated then 'dominance'" if has_flags else ""
    warehouse.execute(f"""
create or replace table disclosure.suppressed_{table} as
select {", ".join(f"h.{k}" for k in keys)},
    case
        when {small} then 'count'
        {employers}
        when e.{keys[0]} is not null then 'earlier_release'
        else 'secondary'
    end as hidden_by
from covered.{table} as c
inner join hidden_rows as h using ({", ".join(keys)})
{flags}
left join (select distinct {", ".join(keys)} from disclosure.earlier_{table} where status = 'suppressed') as e
    using ({", ".join(keys)})
order by all
""")
    warehouse.unregister("hidden_rows")
    return audited, exposed


def _counts(table: str) -> Sequence[str]:
    """What of a row must not be 1 to 4."""
    return {
        "labour_flows": [f"c.{f}" for f in FIGURES],
        "transitions": ["c.persons", "round(c.persons * 100 / c.share) - c.persons"],
        "training_outcomes": [
            "c.completions", "c.employed_6m", "c.completions - c.employed_6m", "c.employed_12m",
            "c.completions - c.employed_12m", "c.same_province_12m", "c.employed_12m - c.same_province_12m",
        ],
        "linkage": ["c.rows"],
    }[table]  # fmt: skip


def _summary(
    warehouse: duckdb.DuckDBPyConnection, table: str, audited: int, exposed: int
) -> dict[str, object]:
    counted = warehouse.execute(
        f"select count(*) from covered.{table}{' where basis = $$register$$' if table == 'indicators' else ''}"
    ).fetchone()
    rules = dict(
        warehouse.execute(
            f"select hidden_by, count(*) from disclosure.suppressed_{table} group by 1"
        ).fetchall()
    )
    names = ("count", "employers", "dominance", "earlier_release", "secondary")
    return {
        "table_name": table,
        "rows": int(counted[0]) if counted else 0,
        "suppressed": sum(rules.values()),
        **{name: int(rules.get(name, 0)) for name in names},
        "audited": audited,
        "exposed": exposed,
    }
