-- What became of those who completed training with a certificate, by year of completion (SPEC §5).
with areas as (

    {{ by_area(ref('completions')) }}
),

cells as (

    select
        year,
        area_version,
        area_level,
        area_code,
        coalesce(field_code, 'total') as field_code,
        coalesce(level, 'total') as level,
        coalesce(kind, 'total') as kind,
        count(*) as completions,
        bool_and(observed_6m) as observed_6m,
        bool_and(observed_12m) as observed_12m,
        count(*) filter (where employed_6m) as employed_6m,
        count(*) filter (where employed_12m) as employed_12m,
        median(wage_12m) as median_wage_12m,
        count(*) filter (
            where case area_version when '2024' then same_province_2024 else same_province_2025 end
        ) as same_province_12m
    from areas
    group by year, area_version, area_level, area_code, cube(field_code, level, kind)

)

select
    c.year,
    c.area_version,
    c.area_level,
    c.area_code,
    c.field_code,
    c.level,
    c.kind,
    c.completions,
    case when c.observed_6m then c.employed_6m end as employed_6m,
    case when c.observed_12m then c.employed_12m end as employed_12m,
    case when c.observed_12m then c.median_wage_12m end as median_wage_12m,
    case when c.observed_12m then c.same_province_12m end as same_province_12m,
    case when 12 * c.year + 23 > p.cutoff_month then 'provisional' else 'released' end as status,
    p.release_id
from cells as c
cross join {{ source('run', 'parameters') }} as p
