-- One row per cell of what is published, or of what the models make of the changed finest counts; it fails if the two differ. Where
-- a part of the country is covered, cells of areas that are published nowhere are left aside.
with areas as (

    select distinct area_version, area_level, area_code
    from {warehouse}.published.indicators
    where basis = 'register' and exists (select 1 from {warehouse}.run.covered_provinces)
    union
    select distinct area_version, area_level, area_code
    from {warehouse}.published.labour_flows
    where exists (select 1 from {warehouse}.run.covered_provinces)

),

whole as (

    select count(*) = 0 as country_is_covered from {warehouse}.run.covered_provinces

)

select
    'indicators' as object,
    not coalesce(
        p.numerator is not distinct from c.numerator and p.denominator is not distinct from c.denominator
        and p.value is not distinct from c.value and p.status = c.status, false
    ) as failed,
    indicator, period, area_version, area_level, area_code, sex, age_group, urban_rural
from (select * from {warehouse}.published.indicators where basis = 'register') as p
full join {warehouse}.disclosure.register_indicators as c
    using (indicator, period, area_version, area_level, area_code, sex, age_group, urban_rural)
cross join whole as w
where w.country_is_covered or (area_version, area_level, area_code) in (from areas)
union all by name
select
    'labour_flows' as object,
    not coalesce(
        (p.m, p.b, p.e, p.f, p.a, p.h, p.r, p.s, p.jc, p.jd) is not distinct from (c.m, c.b, c.e, c.f, c.a, c.h, c.r, c.s, c.jc, c.jd)
        and p.status = c.status, false
    ) as failed,
    period, area_version, area_level, area_code, section
from {warehouse}.published.labour_flows as p
full join {warehouse}.disclosure.labour_flows as c using (period, area_version, area_level, area_code, section)
cross join whole as w
where w.country_is_covered or (area_version, area_level, area_code) in (from areas)
union all by name
select
    'transitions' as object,
    not coalesce((p.persons, p.share) is not distinct from (c.persons, c.share) and p.status = c.status, false) as failed,
    period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status
from {warehouse}.published.transitions as p
full join {warehouse}.disclosure.transitions as c
    using (period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status)
cross join whole as w
where w.country_is_covered or (area_version, area_level, area_code) in (from areas)
union all by name
select
    'training_outcomes' as object,
    not coalesce(
        p.completions = c.completions and p.status = c.status and p.hidden is not distinct from c.hidden
        and (p.employed_6m, p.employed_12m, p.median_wage_12m, p.same_province_12m)
        is not distinct from (c.employed_6m, c.employed_12m, c.median_wage_12m, c.same_province_12m), false
    ) as failed,
    year::varchar as period, area_version, area_level, area_code, field_code, level, kind
from {warehouse}.published.training_outcomes as p
full join {warehouse}.disclosure.training_outcomes as c
    using (year, area_version, area_level, area_code, field_code, level, kind)
cross join whole as w
where w.country_is_covered or (area_version, area_level, area_code) in (from areas)
