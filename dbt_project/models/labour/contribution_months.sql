{{ config(materialized='kept', meta={'anew': 'months'}) }}
-- One row per person, employer, month and scheme (SPEC §4): the latest row of a key across deliveries,
-- and of two numbers of one person for the same employer, month and scheme the later row.
-- Only corrections (rows of an earlier month than their delivery) can meet an equal key, and only persons
-- with two numbers can meet themselves, so only those are ordered: few rows are looked at twice.
with corrected as (

    select distinct si_number, month
    from {{ ref('linked_social_insurance') }}
    where month <> period_month

),

overwritten as (

    select r.row_id
    from {{ ref('linked_social_insurance') }} as r
    inner join corrected as c on r.si_number = c.si_number and r.month = c.month
    qualify
        row_number() over (
            partition by r.si_number, r.employer_id, r.employer_code_sent, r.month, r.scheme order by r.row_id desc
        ) > 1

),

two_numbers as (

    select person_key
    from {{ ref('linked_social_insurance') }}
    where person_key is not null
    group by person_key
    having min(si_number) <> max(si_number)

),

repeated as (

    select r.row_id
    from {{ ref('linked_social_insurance') }} as r
    inner join two_numbers as t on r.person_key = t.person_key
    left join overwritten as o on r.row_id = o.row_id
    where o.row_id is null
    qualify
        row_number() over (
            partition by r.person_key, r.employer_id, r.employer_code_sent, r.month, r.scheme order by r.row_id desc
        ) > 1

),

left_out as (

    select row_id from overwritten
    union all
    select row_id from repeated

),

-- a code that is none: the person's unknown employers are told apart by number, the code stays restricted
unknown_employers as (

    select
        r.row_id,
        dense_rank() over (partition by r.person_key order by r.employer_code_sent) as unknown_employer
    from {{ ref('linked_social_insurance') }} as r
    left join overwritten as o on r.row_id = o.row_id
    where r.employer_code_sent is not null and r.person_key is not null and o.row_id is null

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
from {{ ref('linked_social_insurance') }} as r
left join left_out as o on r.row_id = o.row_id
left join {{ ref('stg_employer_keys') }} as k on r.employer_id = k.employer_id
left join unknown_employers as u on r.row_id = u.row_id
where o.row_id is null and r.person_key is not null and {{ anew('months', 'r.month', 'r.person_key') }}
