-- One row per person who ever took part in the labour market, from the first participation on (SPEC §4).
-- Months are kept as bits of a number per year.
with insured_years as (

    select
        c.person_key,
        cast(floor(c.month / 12) as integer) as year,
        bit_or({{ bit('c.month % 12') }}) as insured,
        min(c.month) as first_month,
        min(case when c.compulsory then c.month end) as first_job_month
    from {{ ref('contribution_months') }} as c
    cross join {{ source('run', 'parameters') }} as p
    where c.month <= p.cutoff_month
    group by c.person_key, cast(floor(c.month / 12) as integer)

),

unemployed_years as (

    select
        c.person_key,
        cast(floor(m.month / 12) as integer) as year,
        bit_or({{ bit('m.month % 12') }}) as claimed,
        min(m.month) as first_month
    from {{ ref('claims') }} as c
    inner join {{ source('run', 'months') }} as m
        on c.starts_on <= m.ends_on and (c.before_date is null or c.before_date > m.ends_on)
    where c.claim in ({{ claims_of('unemployed') }})
    group by c.person_key, cast(floor(m.month / 12) as integer)

),

insured as (

    select
        i.person_key,
        sum(bit_count(i.insured)) as months_insured,
        min(i.first_month) as first_month,
        min(i.first_job_month) as first_job_month
    from insured_years as i
    group by i.person_key

),

unemployed as (

    select
        u.person_key,
        sum(bit_count(u.claimed - (u.claimed & coalesce(i.insured, 0)))) as months_unemployed,
        min(u.first_month) as first_month
    from unemployed_years as u
    left join insured_years as i on u.person_key = i.person_key and u.year = i.year
    group by u.person_key

),

statuses as (

    select
        s.person_key,
        min(case when s.status in (1, 2) then 3 * s.quarter + 2 end) as first_month,
        max(case when s.quarter = p.as_of_quarter then s.status end) as current_status
    from {{ ref('person_quarters') }} as s
    cross join {{ source('run', 'parameters') }} as p
    group by s.person_key

),

histories as (

    {{ status_histories(ref('person_quarters')) | indent(4) }}

),

changes as (

    select
        person_key,
        {{ status_changes('statuses') }} as changed
    from histories

),

transitions as (

    select
        person_key,
        sum(bit_count(changed)) as transitions
    from changes
    where changed <> 0
    group by person_key

),

jobs as (

    select
        person_key,
        count(*) as jobs,
        count(*) filter (where previous_last_month is null) as employers
    from {{ ref('spells') }}
    group by person_key

),

participants as (

    select person_key from insured
    union
    select person_key from unemployed
    union
    select person_key from statuses
    where first_month is not null

)

select
    w.person_key,
    {{ month_text('least(i.first_month, u.first_month, s.first_month)') }} as first_month,
    {{ month_text('i.first_job_month') }} as first_job_month,
    coalesce(cast(j.jobs as integer), 0) as jobs,
    coalesce(cast(j.employers as integer), 0) as employers,
    coalesce(cast(i.months_insured as integer), 0) as months_insured,
    coalesce(cast(u.months_unemployed as integer), 0) as months_unemployed,
    case when s.current_status is not null then {{ status_text('s.current_status') }} end as current_status,
    coalesce(cast(t.transitions as integer), 0) as transitions
from participants as w
left join insured as i on w.person_key = i.person_key
left join unemployed as u on w.person_key = u.person_key
left join statuses as s on w.person_key = s.person_key
left join jobs as j on w.person_key = j.person_key
left join transitions as t on w.person_key = t.person_key
