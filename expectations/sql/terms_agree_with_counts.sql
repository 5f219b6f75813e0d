-- One row per term of a ratio that is also published as a count; it fails if the two differ in a cell.
with figures as (

    select
        indicator, period, area_version, area_level, area_code, sex, age_group, urban_rural,
        numerator, denominator, status
    from {warehouse}.{schema}.indicators
    where basis = 'register'

),

definitions as (

    select indicator, kind, numerator, denominator from {warehouse}.reference.indicator_definitions

),

terms as (

    select 'indicators: numerators' as object, d.numerator as measure, f.numerator as term, f.*
    from figures as f
    inner join definitions as d using (indicator)
    where d.kind <> 'count' and f.status <> 'not_available'
    union all
    select 'indicators: denominators' as object, d.denominator as measure, f.denominator as term, f.*
    from figures as f
    inner join definitions as d using (indicator)
    where d.kind <> 'count' and f.status <> 'not_available'

),

counted as (

    select d.numerator as measure, f.*
    from figures as f
    inner join definitions as d using (indicator)
    where d.kind = 'count'

)

select
    t.object,
    t.term is distinct from c.numerator as failed,
    t.indicator, t.period, t.area_version, t.area_level, t.area_code, t.sex, t.age_group, t.urban_rural,
    t.term,
    d.indicator as count_indicator,
    c.numerator as counted_persons
from terms as t
inner join definitions as d on d.kind = 'count' and t.measure = d.numerator
left join counted as c
    on t.measure = c.measure and t.period = c.period and t.area_version = c.area_version
    and t.area_level = c.area_level and t.area_code = c.area_code and t.sex = c.sex
    and t.age_group = c.age_group and t.urban_rural = c.urban_rural
where c.status is distinct from 'not_available'
