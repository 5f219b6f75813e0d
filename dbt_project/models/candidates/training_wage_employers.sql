{{ config(schema='cells') }}
-- How many employers the median wage after training rests on, and whether one or two of them pay nearly all of it
-- (SPEC §5, disclosure control).
with paid as (

    select
        year, province_2024, province_2025, field_code, level, kind, employer_12m, cast(wage_12m as bigint) as wage_12m
    from {{ ref('completions') }}
    where wage_12m is not null

),

areas as (

    {{ by_area('paid') }}
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
        employer_12m,
        sum(wage_12m) as wages
    from areas
    group by year, area_version, area_level, area_code, employer_12m, cube(field_code, level, kind)

),

ranked as (

    select
        *,
        row_number() over (
            partition by year, area_version, area_level, area_code, field_code, level, kind
            order by wages desc, employer_12m asc
        ) as place
    from by_employer

)

select
    year,
    area_version,
    area_level,
    area_code,
    field_code,
    level,
    kind,
    count(*) as employers,
    {{ is_dominated('sum(wages)', 'max(wages)', 'max(case when place = 2 then wages else 0 end)') }} as is_dominated
from ranked
group by year, area_version, area_level, area_code, field_code, level, kind
