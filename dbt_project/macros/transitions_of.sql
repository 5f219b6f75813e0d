{#
  From which status to which: residents at both dates, in the cell they are in at the later one (SPEC §5), of `changes`. Not
  available where no insurance of the reference month of either date was delivered: most of the employed would look lost.
#}
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

),

insured as (

    select distinct {{ quarter_of_month('period_month') }} as quarter
    from {{ source('run', 'deliveries_in_force') }}
    where source = 'social_insurance' and period_month % 3 = 2

),

observed as (

    select
        c.*,
        n.quarter is not null and b.quarter is not null as is_observed
    from cells as c
    left join insured as n on c.quarter = n.quarter
    left join insured as b on c.quarter - case c.lag when 'quarter' then 1 else 4 end = b.quarter

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
    case when c.is_observed then c.persons end as persons,
    case
        when c.is_observed then 100.0 * cast(c.persons as double) / sum(c.persons) over (
            partition by c.quarter, c.lag, c.area_version, c.area_level, c.area_code, c.sex, c.age_group, c.from_status
        )
    end as share,
    case
        when not c.is_observed then 'not_available'
        when c.quarter = p.as_of_quarter then 'provisional'
        else 'released'
    end as status,
    p.release_id
from observed as c
cross join {{ source('run', 'parameters') }} as p
{% endmacro %}
