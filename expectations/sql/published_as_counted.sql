-- One row per row that may be shown; it fails if it is missing, or shown with other figures than were counted.
select
    'indicators' as object,
    c.status is null or p.status is null or p.status not in (c.status, 'suppressed') or (
        p.status <> 'suppressed' and (
        c.numerator is distinct from p.numerator or c.denominator is distinct from p.denominator or c.value
        is distinct from p.value
        )
    ) as failed,
    basis, indicator, period, area_version, area_level, area_code, sex, age_group, urban_rural
from {warehouse}.covered.indicators as c
full join {warehouse}.published.indicators as p
    using (basis, indicator, period, area_version, area_level, area_code, sex, age_group, urban_rural)
union all by name
select
    'labour_flows' as object,
    c.status is null or p.status is null or p.status not in (c.status, 'suppressed') or (
        p.status <> 'suppressed' and (
        c.m is distinct from p.m or c.b is distinct from p.b or c.e is distinct from p.e or c.f is distinct
        from p.f or c.a is distinct from p.a or c.h is distinct from p.h or c.r is distinct from p.r or c.s
        is distinct from p.s or c.jc is distinct from p.jc or c.jd is distinct from p.jd
        )
    ) as failed,
    period, area_version, area_level, area_code, section
from {warehouse}.covered.labour_flows as c
full join {warehouse}.published.labour_flows as p
    using (period, area_version, area_level, area_code, section)
union all by name
select
    'transitions' as object,
    c.status is null or p.status is null or p.status not in (c.status, 'suppressed') or (
        p.status <> 'suppressed' and (
        c.persons is distinct from p.persons or c.share is distinct from p.share
        )
    ) as failed,
    period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status
from {warehouse}.covered.transitions as c
full join {warehouse}.published.transitions as p
    using (period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status)
union all by name
select
    'training_outcomes' as object,
    c.status is null or p.status is null or p.status not in (c.status, 'suppressed') or (
        p.status <> 'suppressed' and (
        c.completions is distinct from p.completions or c.employed_6m is distinct from p.employed_6m or
        c.employed_12m is distinct from p.employed_12m or c.median_wage_12m is distinct from
        p.median_wage_12m or c.same_province_12m is distinct from p.same_province_12m
        )
    ) as failed,
    year::varchar as period, area_version, area_level, area_code, field_code, level, kind
from {warehouse}.covered.training_outcomes as c
full join {warehouse}.published.training_outcomes as p
    using (year, area_version, area_level, area_code, field_code, level, kind)
union all by name
select
    'linkage' as object,
    c.status is null or p.status is null or p.status not in (c.status, 'suppressed') or (
        p.status <> 'suppressed' and (
        c.rows is distinct from p.rows
        )
    ) as failed,
    source, period, revision, rule, sex, province_2024
from {warehouse}.covered.linkage as c
full join {warehouse}.published.linkage as p
    using (source, period, revision, rule, sex, province_2024)
