{{ config(materialized='kept', meta={'anew': 'quarters'}) }}
-- What training says of a person at each reference date: highest certified level, a course in the year, studying.
with at_date as (

    select
        t.person_key,
        q.quarter,
        case when t.certified and t.ended_on <= q.ends_on then {{ level_rank('t.level') }} end as certified_level,
        t.outcome = 'completed' and t.kind in ('retraining', 'continuing')
        and t.ended_on <= q.ends_on and t.ended_on >= q.year_starts_on as retrained,
        t.kind = 'initial' and {{ level_rank('t.level') }} >= {{ level_rank("'intermediate'") }}
        and t.started_on <= q.ends_on and (t.ended_on is null or t.ended_on > q.ends_on) as studying
    from {{ ref('training_episodes') }} as t
    inner join {{ source('run', 'quarters') }} as q on t.started_on <= q.ends_on or t.ended_on <= q.ends_on
    where t.person_key is not null and {{ anew('quarters', 'q.quarter', 't.person_key') }}

)

select
    person_key,
    quarter,
    max(certified_level) as certified_level,
    coalesce(bool_or(retrained), false) as retrained,
    coalesce(bool_or(studying), false) as studying
from at_date
group by person_key, quarter
