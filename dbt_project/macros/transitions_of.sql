{# From which status to which: residents at both dates, in the cell they are in at the later one (SPEC §5), of `changes`. #}
{% macro transitions_of(changes) %}
with areas as (

    {{ by_area(changes) }}
),

cells as (

    select
        quarter,
        lag,
        area_version,
        area_level,
        area_code,
        coalesce(sex, 'total') as sex,
        coalesce(age_group, 'total') as age_group,
        from_status,
        to_status,
        cast(sum(persons) as bigint) as persons
    from areas
    group by quarter, lag, area_version, area_level, area_code, from_status, to_status, cube(sex, age_group)
    having sum(persons) > 0

)

select
    {{ quarter_text('c.quarter') }} as period,
    c.lag,
    c.area_version,
    c.area_level,
    c.area_code,
    c.sex,
    c.age_group,
    c.from_status,
    c.to_status,
    c.persons,
    100.0 * cast(c.persons as double) / sum(c.persons) over (
        partition by c.quarter, c.lag, c.area_version, c.area_level, c.area_code, c.sex, c.age_group, c.from_status
    ) as share,
    case when c.quarter = p.as_of_quarter then 'provisional' else 'released' end as status,
    p.release_id
from cells as c
cross join {{ source('run', 'parameters') }} as p
{% endmacro %}
