-- Records of the labour register, each from the quarter of its survey for a year or until the next: in force at the
-- reference dates of first_quarter <= quarter < before_quarter. A reference date is the last day of its quarter, so
-- what counts from a day on counts from that day's quarter on.
with repeated as (

    select citizen_id, former_id, surveyed_on
    from {{ ref('linked_labour_register') }}
    group by citizen_id, former_id, surveyed_on
    having count(*) > 1

),

-- the latest row of a key counts; only rows that share number and day can share one
overwritten as (

    select r.row_id
    from {{ ref('linked_labour_register') }} as r
    inner join repeated as k
        on r.surveyed_on = k.surveyed_on
        and coalesce(r.citizen_id, -1) = coalesce(k.citizen_id, -1)
        and coalesce(r.former_id, -1) = coalesce(k.former_id, -1)
    qualify
        row_number() over (
            partition by
                r.citizen_id, r.former_id, r.surveyed_on,
                case when r.citizen_id is null and r.former_id is null then r.full_name end,
                case when r.citizen_id is null and r.former_id is null then r.birth_date end,
                case when r.citizen_id is null and r.former_id is null then r.sex end,
                case when r.citizen_id is null and r.former_id is null then r.commune_code end,
                case when r.citizen_id is null and r.former_id is null then r.area_version end
            order by r.row_id desc
        ) > 1

),

answers as (

    select
        r.person_key,
        r.surveyed_on,
        {{ quarter_number('r.surveyed_on') }} as first_quarter,
        cast({{ status_number('r.activity') }} as smallint) as activity,
        s.section_2018 as section,
        r.weekly_hours,
        coalesce(r.weekly_hours < 35 and r.wants_more_hours and r.available, false) as underemployed,
        cast({{ level_rank('r.technical_level') }} as smallint) as technical_level,
        r.row_id
    from {{ ref('linked_labour_register') }} as r
    left join overwritten as o on r.row_id = o.row_id
    left join (select distinct version, letter, section_2018 from {{ ref('sections') }}) as s
        on coalesce(r.vsic_version, '2018') = s.version and r.vsic_section = s.letter
    where o.row_id is null and r.person_key is not null

),

followed as (

    select
        *,
        lead(first_quarter) over (partition by person_key order by surveyed_on, row_id) as next_quarter
    from answers

)

select
    person_key,
    first_quarter,
    least(first_quarter + 4, coalesce(next_quarter, first_quarter + 4)) as before_quarter,
    activity,
    section,
    weekly_hours,
    underemployed,
    technical_level,
    row_id
from followed
where next_quarter is null or next_quarter > first_quarter
