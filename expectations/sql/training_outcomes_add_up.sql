-- One row per outcome that is a total over fields, levels, kinds or provinces; it fails if its parts do not sum to it.
with outcomes as (

    unpivot (
        select
            year, area_version, area_level, area_code, field_code, level, kind,
            completions, employed_6m, employed_12m
        from {warehouse}.{schema}.training_outcomes
    )
    on completions, employed_6m, employed_12m into name measure value persons

),

covered as (

    select area_version, lpad(province_code::varchar, 2, '0') as area_code
    from {warehouse}.cells.covered_areas
    where exists (select 1 from {warehouse}.run.covered_provinces)

),

parts as (

    select 'training_outcomes: field_code' as object, * replace ('total' as field_code) from outcomes where field_code <> 'total'
    union all
    select 'training_outcomes: level' as object, * replace ('total' as level) from outcomes where level <> 'total'
    union all
    select 'training_outcomes: kind' as object, * replace ('total' as kind) from outcomes where kind <> 'total'
    union all
    select 'training_outcomes: provinces ' || area_version as object, * replace ('country' as area_level, 'VN' as area_code)
    from outcomes
    where area_level = 'province' and {country_stands}
    union all
    select 'training_outcomes: provinces ' || o.area_version as object, o.* replace ('country' as area_level, 'covered' as area_code)
    from outcomes as o
    inner join covered as c on o.area_version = c.area_version and o.area_code = c.area_code
    where o.area_level = 'province'

),

totals as (

    select 'training_outcomes: field_code' as object, * from outcomes where field_code = 'total'
    union all
    select 'training_outcomes: level' as object, * from outcomes where level = 'total'
    union all
    select 'training_outcomes: kind' as object, * from outcomes where kind = 'total'
    union all
    select 'training_outcomes: provinces ' || area_version as object, * from outcomes where area_level = 'country'

),

sums as (

    select * exclude (persons), sum(persons) as persons
    from parts
    group by all

)

select
    object,
    t.persons is distinct from s.persons as failed,
    year, area_version, area_level, area_code, field_code, level, kind, measure,
    t.persons as total_persons,
    s.persons as summed_persons
from totals as t
full join sums as s using (object, year, area_version, area_level, area_code, field_code, level, kind, measure)
