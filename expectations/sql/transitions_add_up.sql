-- One row per transition that is a total over sexes, ages or provinces; it fails if its parts do not sum to it. Then one row
-- per status at the later date: no more persons can have come into it than the country or province has in it (SPEC §5).
with moves as (

    select period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status, persons
    from {warehouse}.{schema}.transitions

),

covered as (

    select area_version, lpad(province_code::varchar, 2, '0') as area_code
    from {warehouse}.cells.covered_areas
    where exists (select 1 from {warehouse}.run.covered_provinces)

),

parts as (

    select 'transitions: sex' as object, * replace ('total' as sex) from moves where sex <> 'total'
    union all
    select 'transitions: age_group' as object, * replace ('total' as age_group) from moves where age_group <> 'total'
    union all
    select 'transitions: provinces ' || area_version as object, * replace ('country' as area_level, 'VN' as area_code)
    from moves
    where area_level = 'province' and {country_stands}
    union all
    select 'transitions: provinces ' || m.area_version as object, m.* replace ('country' as area_level, 'covered' as area_code)
    from moves as m
    inner join covered as c on m.area_version = c.area_version and m.area_code = c.area_code
    where m.area_level = 'province'

),

totals as (

    select 'transitions: sex' as object, * from moves where sex = 'total'
    union all
    select 'transitions: age_group' as object, * from moves where age_group = 'total'
    union all
    select 'transitions: provinces ' || area_version as object, * from moves where area_level = 'country'

),

sums as (

    select * exclude (persons), sum(persons) as persons
    from parts
    group by all

),

arrived as (

    select period, lag, area_version, area_level, area_code, to_status, sum(persons) as persons
    from moves
    where sex = 'total' and age_group = 'total' and persons is not null
    group by all

),

there as (

    select
        period, area_version, area_level, area_code,
        case indicator when 'status_unknown' then 'unknown' else indicator end as to_status,
        numerator as persons
    from {warehouse}.{schema}.indicators
    where basis = 'register' and sex = 'total' and age_group = 'total' and urban_rural = 'total'
        and indicator in ('employed', 'unemployed', 'inactive', 'abroad', 'status_unknown')

)

select
    object,
    t.persons is distinct from s.persons as failed,
    period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status,
    t.persons as total_persons,
    s.persons as summed_persons
from totals as t
full join sums as s
    using (object, period, lag, area_version, area_level, area_code, sex, age_group, from_status, to_status)
union all
select
    'transitions: persons' as object,
    a.persons > coalesce(t.persons, 0) as failed,
    a.period, a.lag, a.area_version, a.area_level, a.area_code, 'total' as sex, 'total' as age_group,
    'any' as from_status, a.to_status,
    a.persons as total_persons,
    t.persons as summed_persons
from arrived as a
left join there as t
    on a.period = t.period and a.area_version = t.area_version and a.area_level = t.area_level
    and a.area_code = t.area_code and a.to_status = t.to_status
