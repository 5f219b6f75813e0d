"""What gates 2 and 3 look at of histories, spells, flows, transitions and outcomes: a part of the gate world, whole.

Two persons work for employer 8: one from January to September 2025; the other to June, until March under code 12,
which 8 carries on.
"""

from __future__ import annotations

import duckdb

FLOWS = """
create table candidates.labour_flows as
select q.*, a.*, s.section
from (values
    ('2025Q1', 2, null, 2, null, null, null, null, 0, null, null),
    ('2025Q2', 2, 2, 1, 1, 0, null, null, 1, 0, 1),
    ('2025Q3', 1, 1, null, null, 0, null, null, null, null, null)
) as q (period, M, B, E, F, A, H, R, S, JC, JD)
cross join (values
    ('2024', 'country', 'VN'), ('2025', 'country', 'VN'), ('2024', 'province', '30'), ('2025', 'province', '31')
) as a (area_version, area_level, area_code)
cross join (values ('C'), ('total')) as s (section)
"""
STATUS = "['unknown', 'employed', 'unemployed', 'inactive'][{} + 1]"
TRANSITIONS = f"""
create table candidates.transitions as
with moves as (
    select
        n.province_2024, n.province_2025, if(n.is_male, 'male', 'female') as sex,
        case when n.age_months < 300 then '15-24' when n.age_months < 660 then '25-54' else '55+' end as age_group,
        {STATUS.format("b.status")} as from_status, {STATUS.format("n.status")} as to_status
    from labour.labour.person_quarters as n
    inner join labour.labour.person_quarters as b on n.person_key = b.person_key and n.quarter = b.quarter + 1
),
placed as (
    select v.area_version, v.area_level, v.area_code, m.*
    from moves as m
    cross join lateral (values
        ('2024', 'country', 'VN'), ('2025', 'country', 'VN'), ('2024', 'province', m.province_2024::varchar),
        ('2025', 'province', m.province_2025::varchar)
    ) as v (area_version, area_level, area_code)
)
select
    '2025Q4' as period, 'quarter' as lag, area_version, area_level, area_code, coalesce(sex, 'total') as sex,
    coalesce(age_group, 'total') as age_group, from_status, to_status, count(*) as persons
from placed
group by area_version, area_level, area_code, from_status, to_status, cube (sex, age_group)
"""
OUTCOMES = """
create table candidates.training_outcomes as
select
    2024 as year, a.*, f.field_code, l.level, k.kind, f.completions, f.employed_6m, null::bigint as employed_12m,
    null::bigint as same_province_12m
from (values
    ('2024', 'country', 'VN'), ('2025', 'country', 'VN'), ('2024', 'province', '30'), ('2025', 'province', '31')
) as a (area_version, area_level, area_code)
cross join (values ('48', 5, 3), ('unknown', 2, 0), ('total', 7, 3)) as f (field_code, completions, employed_6m)
cross join (values ('college'), ('total')) as l (level)
cross join (values ('initial'), ('total')) as k (kind)
"""


def add_longitudinal(c: duckdb.DuckDBPyConnection) -> None:
    """Make the tables in the database ``labour`` of a gate world."""
    for history, records, key in (
        ("person_history", "population_records", "person_key"),
        ("enterprise_history", "enterprise_records", "employer_key"),
    ):
        c.execute(
            f"create table labour.labour.{history} as select {key}, valid_from, valid_to from restricted.identity.{records}"
        )
    c.execute(
        "create table labour.labour.contribution_months as"
        " select person_key, employer_key, null::bigint as unknown_employer, month, true as compulsory"
        " from (select 1000 as person_key, 8 as employer_key, 24300 + range as month from range(9)"
        " union all select 1001, if(range < 3, 12, 8), 24300 + range from range(6))"
    )
    c.execute(
        "create table labour.labour.spells as from (values (1000, 8, 24300, 24308), (1001, 8, 24300, 24305))"
        " as s (person_key, employer_key, first_month, last_month)"
    )
    c.execute(
        "create table labour.labour.employer_successions as select 12 as predecessor_key, 8 as surviving_key"
    )
    c.execute(
        "create table labour.labour.person_successions as select 1000 as person_key, 77 as superseded_key"
    )
    c.execute("create table labour.labour.persons as select 1000 as person_key")
    c.execute(
        "create table run.flow_quarters as from (values (8100, '2025Q1', 0, true), (8101, '2025Q2', 1, true),"
        " (8102, '2025Q3', 2, false)) as q (quarter, period, quarters_before, is_followed)"
    )
    for statement in (FLOWS, TRANSITIONS, OUTCOMES):
        c.execute(statement)


VN = "area_code = 'VN' and area_version = '2024'"
NEXT = "select 1000, 8, 24309, 24310"  # touches the spell before it
BREAKS = [
    ("insured_months_delivered", "social_insurance", "delete from run.deliveries_in_force where period_month = 24310", 1),
    ("intervals_disjoint", "labour.person_history", "update labour.labour.person_history set valid_to = date '2024-06-02' where valid_to is not null", 1),
    ("intervals_disjoint", "labour.enterprise_history", "update labour.labour.enterprise_history set valid_to = null", 1),
    ("histories_complete", "labour.person_history", "delete from labour.labour.person_history where valid_to is not null", 1),
    ("histories_complete", "labour.enterprise_history", "insert into labour.labour.enterprise_history from labour.labour.enterprise_history limit 1", 1),
    ("spells_disjoint", "labour.job_spells", f"insert into labour.labour.spells {NEXT}", 1),
    ("spells_disjoint", "labour.job_spells", "update labour.labour.spells set last_month = 24299 where person_key = 1000", 1),
    ("spells_match_contributions", "labour.job_spells", "delete from labour.labour.spells where person_key = 1001", 6),
    ("spells_match_contributions", "labour.job_spells", f"insert into labour.labour.spells {NEXT}", 2),
    ("spells_match_contributions", "labour.job_spells", "delete from labour.labour.contribution_months where month = 24304 and person_key = 1001", 1),
    ("successions_resolved", "labour.employer_successions", "insert into labour.labour.employer_successions values (8, 9)", 1),
    ("successions_resolved", "labour.person_successions", "insert into labour.labour.person_successions values (1, 1000)", 2),
    ("successions_resolved", "labour.person_successions", "insert into labour.labour.persons values (77)", 1),
    ("flows_add_up", "labour_flows: section", f"update candidates.labour_flows set M = M + 1 where {VN} and section = 'total'", 3),
    ("flows_add_up", "labour_flows: section", f"delete from candidates.labour_flows where {VN} and section = 'C' and period = '2025Q2'", 8),
    ("flows_add_up", "labour_flows: provinces 2024", "update candidates.labour_flows set JD = 2 where area_code = '30' and period = '2025Q2'", 2),
    ("flows_add_up", "labour_flows: provinces 2025", "delete from candidates.labour_flows where area_code = '31' and period = '2025Q1'", 6),
    ("flows_continue", "labour_flows: quarters", "update candidates.labour_flows set B = 3 where area_code = '30' and section = 'C' and period = '2025Q2'", 1),
    ("flows_continue", "labour_flows: quarters", "delete from candidates.labour_flows where area_code = '30' and section = 'C' and period = '2025Q3'", 1),
    ("flows_continue", "labour_flows: jobs", f"update candidates.labour_flows set M = 5 where {VN} and period = '2025Q3'", 1),
    ("flows_continue", "labour_flows: jobs", "delete from candidates.labour_flows where period = '2025Q1'", 2),
    ("transitions_add_up", "transitions: sex", "update candidates.transitions set persons = persons + 1 where sex = 'male' and age_group = '55+' and area_code = '33'", None),
    ("transitions_add_up", "transitions: age_group", "delete from candidates.transitions where age_group = '25-54' and sex = 'total'", None),
    ("transitions_add_up", "transitions: provinces 2024", "update candidates.transitions set persons = 99 where area_code = '30' and sex = 'total' and age_group = 'total'", None),
    ("transitions_add_up", "transitions: provinces 2025", "delete from candidates.transitions where area_code = '31' and from_status = 'employed'", None),
    ("transitions_add_up", "transitions: persons", "update candidates.transitions set persons = 49 where area_code = 'VN' and sex = 'total' and age_group = 'total' and to_status = 'employed'", 2),
    ("training_outcomes_add_up", "training_outcomes: field_code", f"update candidates.training_outcomes set completions = 8 where {VN} and field_code = 'total'", 4),
    ("training_outcomes_add_up", "training_outcomes: level", f"update candidates.training_outcomes set employed_6m = 1 where {VN} and field_code = '48' and level = 'total'", 2),
    ("training_outcomes_add_up", "training_outcomes: kind", "delete from candidates.training_outcomes where kind = 'initial' and field_code = 'unknown'", None),
    ("training_outcomes_add_up", "training_outcomes: kind", f"update candidates.training_outcomes set same_province_12m = 1 where {VN} and field_code = '48' and kind = 'total'", 2),
    ("training_outcomes_add_up", "training_outcomes: provinces 2024", "delete from candidates.training_outcomes where area_code = '30' and field_code = '48'", None),
    ("training_outcomes_add_up", "training_outcomes: provinces 2025", "update candidates.training_outcomes set employed_12m = 1 where area_code = '31' and field_code = '48'", None),
]  # fmt: skip
