{{ config(materialized='kept', meta={'anew': 'months'}) }}
-- One row per person, employer, month and scheme (SPEC §4): the latest row of a key across deliveries,
-- and of two numbers of one person for the same employer, month and scheme the later row.
-- Only corrections (rows of an earlier month than their delivery) can meet an equal key, and only persons
-- with two numbers can meet themselves, so only those are ordered.
with corrected_keys as (

    select distinct si_number, employer_id, employer_code_sent, month, scheme
    from {{ ref('linked_social_insurance') }}
    where month <> period_month

),

touched as (

    select r.*
    from {{ ref('linked_social_insurance') }} as r
    inner join corrected_keys as c
        on r.si_number = c.si_number and r.month = c.month and r.scheme = c.scheme
        and coalesce(r.employer_id, -1) = coalesce(c.employer_id, -1)
        and coalesce(r.employer_code_sent, '') = coalesce(c.employer_code_sent, '')

),

overwritten as (

    select row_id
    from touched
    qualify
        row_number() over (
            partition by si_number, employer_id, employer_code_sent, month, scheme order by row_id desc
        ) > 1

),

latest as (

    select r.*
    from {{ ref('linked_social_insurance') }} as r
    left join overwritten as o on r.row_id = o.row_id
    where o.row_id is null and r.person_key is not null and {{ anew('months', 'r.month', 'r.person_key') }}

),

two_numbers as (

    select person_key
    from latest
    group by person_key
    having min(si_number) <> max(si_number)

),

repeated as (

    select r.row_id
    from latest as r
    inner join two_numbers as t on r.person_key = t.person_key
    qualify
        row_number() over (
            partition by r.person_key, r.employer_id, r.employer_code_sent, r.month, r.scheme order by r.row_id desc
        ) > 1

),

-- a code that is none: the person's unknown employers are told apart by number, the code stays restricted
unknown_employers as (

    select
        row_id,
        dense_rank() over (partition by person_key order by employer_code_sent) as unknown_employer
    from latest
    where employer_code_sent is not null

)

select
    r.person_key,
    coalesce(k.employer_key, r.employer_id) as employer_key,
    u.unknown_employer,
    r.month,
    r.scheme = 'compulsory' as compulsory,
    r.unemployment_insured,
    r.wage_base,
    r.contribution_status,
    r.row_id
from latest as r
left join repeated as d on r.row_id = d.row_id
left join {{ ref('stg_employer_keys') }} as k on r.employer_id = k.employer_id
left join unknown_employers as u on r.row_id = u.row_id
where d.row_id is null
