-- Indicators of which nothing can be told: their source has no delivery in force, or one of the columns they rest on is
-- filled in none (SPEC §1, §2). A delivery whose columns were not counted when it was read may fill them all.
with needs as (

    select
        indicator,
        {{ parts_as_rows('needs_columns', ' ') }} as need
    from {{ ref('indicator_definitions') }}
    where needs_columns <> ''

),

alternatives as (

    select
        indicator,
        need,
        {{ parts_as_rows('need', '|') }} as place
    from needs

),

filled_places as (

    select concat(source, '.', column_name) as place
    from {{ source('run', 'filled_columns') }}
    where filled > 0 or filled is null
    group by source, column_name

),

unfilled as (

    select
        a.indicator,
        a.need
    from alternatives as a
    left join filled_places as f on a.place = f.place
    group by a.indicator, a.need
    having count(f.place) = 0

)

select indicator from unfilled
union
select d.indicator
from {{ ref('indicator_definitions') }} as d
inner join {{ source('run', 'missing_sources') }} as m on d.needs_source = m.source
