-- One row per row that an earlier protected release suppressed and this one has; it fails if this one shows it.
select
    'indicators' as object, n.status not in ('suppressed', 'not_available') as failed,
    n.indicator, n.period, n.area_version, n.area_level, n.area_code, n.sex, n.age_group, n.urban_rural
from {warehouse}.published.indicators as n
inner join {warehouse}.disclosure.earlier_indicators as o
    using (basis, indicator, period, area_version, area_level, area_code, sex, age_group, urban_rural)
where o.status = 'suppressed'
union all by name
select
    'labour_flows' as object, n.status <> 'suppressed' as failed,
    n.period, n.area_version, n.area_level, n.area_code, n.section
from {warehouse}.published.labour_flows as n
inner join {warehouse}.disclosure.earlier_labour_flows as o using (period, area_version, area_level, area_code, section)
where o.status = 'suppressed'
union all by name
select
    'transitions' as object, n.status <> 'suppressed' as failed,
    n.period, n.lag, n.area_version, n.area_level, n.area_code, n.sex, n.age_group, n.from_status, n.to_status
from {warehouse}.published.transitions as n
inner join {warehouse}.disclosure.earlier_transitions as o
    using (period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status)
where o.status = 'suppressed'
union all by name
select
    'training_outcomes' as object, n.status <> 'suppressed' as failed,
    n.year::varchar as period, n.area_version, n.area_level, n.area_code, n.field_code, n.level, n.kind
from {warehouse}.published.training_outcomes as n
inner join {warehouse}.disclosure.earlier_training_outcomes as o
    using (year, area_version, area_level, area_code, field_code, level, kind)
where o.status = 'suppressed'
union all by name
select
    'linkage' as object, n.status <> 'suppressed' as failed,
    n.source, n.period, n.revision, n.rule, n.sex, n.province_2024
from {warehouse}.published.linkage as n
inner join {warehouse}.disclosure.earlier_linkage as o using (source, period, revision, rule, sex, province_2024)
where o.status = 'suppressed'
