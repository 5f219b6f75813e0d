-- One row per indicator, quarter and area where persons live; it fails if the total is not there.
with places as (

    select distinct
        q.period, p.province_2024, p.province_2025, p.district_2024, p.commune_2024, p.commune_2025
    from {warehouse}.labour.person_quarters as p
    inner join {warehouse}.run.quarters as q on p.quarter = q.quarter

),

inhabited as (

    select distinct period, '2024' as area_version, 'country' as area_level, 'VN' as area_code
    from places
    union all
    select distinct period, '2025' as area_version, 'country' as area_level, 'VN' as area_code
    from places
    union all
    select distinct period, '2024' as area_version, 'province' as area_level, lpad(province_2024::varchar, 2, '0') as area_code
    from places
    union all
    select distinct period, '2025' as area_version, 'province' as area_level, lpad(province_2025::varchar, 2, '0') as area_code
    from places
    union all
    select distinct period, '2024' as area_version, 'district' as area_level, lpad(district_2024::varchar, 3, '0') as area_code
    from places
    where district_2024 is not null
    union all
    select distinct
        period, '2024' as area_version, 'commune' as area_level,
        coalesce(lpad(commune_2024::varchar, 5, '0'), lpad(province_2024::varchar, 2, '0') || ':unallocated') as area_code
    from places
    union all
    select distinct
        period, '2025' as area_version, 'commune' as area_level,
        coalesce(lpad(commune_2025::varchar, 5, '0'), lpad(province_2025::varchar, 2, '0') || ':unallocated') as area_code
    from places

),

expected as (

    select
        d.indicator,
        i.period,
        i.area_version,
        i.area_level,
        i.area_code
    from inhabited as i
    cross join {warehouse}.reference.indicator_definitions as d

),

present as (

    select distinct indicator, period, area_version, area_level, area_code, true as found
    from {warehouse}.candidates.indicators
    where basis = 'register' and sex = 'total' and age_group = 'total' and urban_rural = 'total'

)

select
    'indicators: ' || e.area_level || ' ' || e.area_version as object,
    p.found is null as failed,
    e.indicator,
    e.period,
    e.area_code
from expected as e
left join present as p
    on e.indicator = p.indicator and e.period = p.period and e.area_version = p.area_version
    and e.area_level = p.area_level and e.area_code = p.area_code
