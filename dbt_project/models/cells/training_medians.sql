-- Median wage twelve months after training by cell, and on how many persons and employers it rests (SPEC §5).
with paid as (

    select year, province_2024, province_2025, field_code, level, kind, employer_12m, wage_12m
    from {{ ref('completions') }}
    where wage_12m is not null

),

areas as (

    {{ by_area('paid') }}
),

medians as (

    select
        year,
        area_version,
        area_level,
        area_code,
        coalesce(field_code, 'total') as field_code,
        coalesce(level, 'total') as level,
        coalesce(kind, 'total') as kind,
        median(wage_12m) as median_wage,
        count(*) as persons
    from areas
    group by year, area_version, area_level, area_code, cube (field_code, level, kind)

),

by_employer as (

    select
        year,
        area_version,
        area_level,
        area_code,
        coalesce(field_code, 'total') as field_code,
        coalesce(level, 'total') as level,
        coalesce(kind, 'total') as kind,
        count(*) as persons
    from areas
    group by year, area_version, area_level, area_code, employer_12m, cube (field_code, level, kind)

),

support as (

    select
        year, area_version, area_level, area_code, field_code, level, kind,
        count(*) as employers,
        max(persons) as largest
    from by_employer
    group by year, area_version, area_level, area_code, field_code, level, kind

)

select m.*, s.employers, s.largest
from medians as m
inner join support as s
    on m.year = s.year and m.area_version = s.area_version and m.area_level = s.area_level
    and m.area_code = s.area_code and m.field_code = s.field_code and m.level = s.level and m.kind = s.kind
