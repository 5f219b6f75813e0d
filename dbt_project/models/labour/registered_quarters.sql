{{ config(materialized='kept', meta={'anew': 'quarters'}) }}
-- The labour register's record in force at each reference date: surveyed within the year before, the latest.
with latest as (

    select *
    from {{ ref('linked_labour_register') }}
    qualify
        row_number() over (
            partition by
                citizen_id, former_id, surveyed_on,
                case when citizen_id is null and former_id is null then full_name end,
                case when citizen_id is null and former_id is null then birth_date end,
                case when citizen_id is null and former_id is null then sex end,
                case when citizen_id is null and former_id is null then commune_code end,
                case when citizen_id is null and former_id is null then area_version end
            order by row_id desc
        ) = 1

),

ordered as (

    select
        *,
        lead(surveyed_on) over (partition by person_key order by surveyed_on, row_id) as next_survey
    from latest
    where person_key is not null

)

select
    r.person_key,
    q.quarter,
    cast({{ status_number('r.activity') }} as smallint) as activity,
    s.section_2018 as section,
    r.weekly_hours,
    coalesce(r.weekly_hours < 35 and r.wants_more_hours and r.available, false) as underemployed,
    cast({{ level_rank('r.technical_level') }} as smallint) as technical_level,
    r.row_id
from ordered as r
inner join {{ source('run', 'quarters') }} as q
    on r.surveyed_on <= q.ends_on
    and (r.next_survey is null or r.next_survey > q.ends_on)
    and r.surveyed_on > {{ year_before('q.ends_on') }}
left join (select distinct version, letter, section_2018 from {{ ref('sections') }}) as s
    on coalesce(r.vsic_version, '2018') = s.version and r.vsic_section = s.letter
where {{ anew('quarters', 'q.quarter', 'r.person_key') }}
