"""What gate 3 looks at of disclosure control: a part of the gate world, whole.

Of each table one row is suppressed, and an earlier release had suppressed it too.
"""

from __future__ import annotations

import duckdb

PLACE = "'2024' as area_version, 'country' as area_level, 'VN' as area_code"
SMALL = "n.numerator between 1 and 4 or n.denominator between 1 and 4 or n.denominator - n.numerator between 1 and 4"
COVERED = {
    "indicators": "select * from candidates.indicators where area_code = 'VN' and area_version = '2024'",
    "labour_flows": f"""
        select '2025Q1' as period, {PLACE}, section, M, 0 as B, M as E, 0 as F, M as A, M as H, 0 as R, 0 as S, M as JC,
            0 as JD, 'released' as status
        from (values ('total', 9), ('C', 6), ('F', 3)) as v (section, M)""",
    "transitions": f"""
        select '2025Q4' as period, 'quarter' as lag, {PLACE}, 'total' as sex, 'total' as age_group,
            'employed' as from_status, to_status, persons, 100.0 * persons / 22 as share, 'released' as status
        from (values ('employed', 11), ('inactive', 8), ('unemployed', 3)) as v (to_status, persons)""",
    "training_outcomes": f"""
        select 2024 as year, {PLACE}, field_code, 'total' as level, 'total' as kind, completions,
            completions as employed_6m, 0 as employed_12m, null::double as median_wage_12m, 0 as same_province_12m,
            'released' as status
        from (values ('total', 20), ('48', 17), ('unknown', 3)) as v (field_code, completions)""",
    "linkage": """
        select 'training' as source, '2025-10' as period, 1 as revision, rule, 'male' as sex, '30' as province_2024, rows,
            'released' as status
        from (values ('citizen_id', 90), ('name_birth_sex', 3)) as v (rule, rows)""",
}
HIDDEN = {
    "indicators": f"n.basis = 'register' and ({SMALL})",
    "labour_flows": "n.section = 'F'",
    "transitions": "n.to_status = 'unemployed'",
    "training_outcomes": "n.field_code = 'unknown'",
    "linkage": "n.rule = 'name_birth_sex'",
}
FIGURES = {
    "indicators": ["numerator", "denominator", "value"],
    "labour_flows": ["M", "B", "E", "F", "A", "H", "R", "S", "JC", "JD"],
    "transitions": ["persons", "share"],
    "training_outcomes": [
        "completions",
        "employed_6m",
        "employed_12m",
        "median_wage_12m",
        "same_province_12m",
    ],
    "linkage": ["rows"],
}


def add_disclosure(c: duckdb.DuckDBPyConnection) -> None:
    """Make the tables in the database ``labour`` of a gate world."""
    c.execute("create schema covered; create schema published; create schema disclosure")
    for table, rows in COVERED.items():
        c.execute(f"create table covered.{table} as {rows}")
        hide = ", ".join(f"if({HIDDEN[table]}, null, {f}) as {f}" for f in FIGURES[table])
        c.execute(
            f"create table published.{table} as select * replace ({hide}, if({HIDDEN[table]}, 'suppressed', status) as status)"
            f" from covered.{table} as n"
        )
        c.execute(f"create table disclosure.earlier_{table} as from published.{table}")
    c.execute(
        "create table published.target_progress as"
        " select *, null::double as other_value, null::varchar as other_status from candidates.target_progress"
    )
    c.execute(
        f"create table disclosure.outcome as select unnest({list(COVERED)}) as table_name, 3 as audited, 0 as exposed"
    )


def _shown(table: str) -> str:
    return f"update published.{table} set status = 'released' where status = 'suppressed'"


def _moved(table: str) -> str:
    figure = FIGURES[table][0]
    return f"update published.{table} set {figure} = {figure} + 10 where {figure} > 5"


BREAKS = [
    *(
        ("disclosure_audit", table, f"update disclosure.outcome set exposed = 1 where table_name = '{table}'", 1)
        for table in COVERED
    ),
    *(("suppressed_stays_suppressed", table, _shown(table), None) for table in COVERED),
    *(("published_as_counted", table, _moved(table), None) for table in COVERED),
    *(("published_as_counted", table, f"delete from published.{table}", None) for table in COVERED),
    ("disclosure_rules", "indicators", "update published.indicators set numerator = 3 where indicator = 'employed' and sex = 'total' and age_group = 'total' and urban_rural = 'total' and period = '2025Q3'", 1),
    ("disclosure_rules", "indicators", "update published.indicators set numerator = denominator - 4 where indicator = 'status_coverage' and status <> 'suppressed' and sex = 'total' and age_group = 'total' and urban_rural = 'total' and period = '2025Q3'", 1),
    ("disclosure_rules", "indicators", "update published.indicators set value = 1 where status = 'suppressed'", None),
    ("disclosure_rules", "target_progress", "update published.target_progress set verdict = 'suppressed' where year = 2025", 1),
    ("disclosure_rules", "target_progress", "update published.target_progress set other_status = 'suppressed', other_value = 3", 2),
    ("disclosure_rules", "labour_flows", "update published.labour_flows set R = 1 where section = 'C'", 1),
    ("disclosure_rules", "labour_flows", "update published.labour_flows set B = 0 where section = 'F'", 1),
    ("disclosure_rules", "transitions", "update published.transitions set persons = 4, share = 4 where to_status = 'employed'", 1),
    ("disclosure_rules", "transitions", "update published.transitions set persons = 20, share = 100.0 * 20 / 22 where to_status = 'employed'", 1),
    ("disclosure_rules", "training_outcomes", "update published.training_outcomes set employed_6m = completions - 1 where field_code = '48'", 1),
    ("disclosure_rules", "training_outcomes", "update published.training_outcomes set median_wage_12m = 1 where field_code = 'unknown'", 1),
    ("disclosure_rules", "linkage", "update published.linkage set rows = 4 where rule = 'citizen_id'", 1),
    ("disclosure_rules", "linkage", "update published.linkage set rows = 3 where status = 'suppressed'", 1),
]  # fmt: skip
