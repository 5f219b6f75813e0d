{{ config(materialized='kept', meta={'anew': 'quarters'}) }}
-- Per person and reference month: which schemes, the summed compulsory wage, and the main job (SPEC §4, step 1).
with in_month as (

    select
        c.*,
        q.quarter
    from {{ ref('contribution_months') }} as c
    inner join {{ source('run', 'quarters') }} as q on c.month = q.reference_month
    where {{ anew('quarters', 'q.quarter', 'c.person_key') }}

),

people as (

    select
        person_key,
        quarter,
        bool_or(compulsory) as compulsory,
        bool_or(not compulsory) as voluntary,
        bool_or(compulsory and unemployment_insured) as unemployment_insured,
        sum(case when compulsory then wage_base end) as wage_base,
        max(case when compulsory then wage_base end) as greatest_wage,
        cast(sum(case when compulsory then 1 else 0 end) as integer) as jobs,
        max(case when compulsory then employer_key end) as any_employer
    from in_month
    group by person_key, quarter

),

-- the few with two jobs: greatest wage, then the longest with that employer, then the smallest code
two_jobs as (

    select person_key, quarter, greatest_wage
    from people
    where jobs > 1

),

contenders as (

    select
        m.person_key,
        m.quarter,
        m.employer_key,
        m.unknown_employer
    from in_month as m
    inner join two_jobs as t
        on m.person_key = t.person_key and m.quarter = t.quarter and m.wage_base = t.greatest_wage
    where m.compulsory

),

first_months as (

    select
        c.person_key,
        c.employer_key,
        c.unknown_employer,
        min(c.month) as first_month
    from {{ ref('contribution_months') }} as c
    inner join (select distinct person_key from contenders) as t on c.person_key = t.person_key
    group by c.person_key, c.employer_key, c.unknown_employer

),

main_jobs as (

    select
        c.person_key,
        c.quarter,
        c.employer_key
    from contenders as c
    inner join first_months as f
        on c.person_key = f.person_key
        and coalesce(c.employer_key, 0) = coalesce(f.employer_key, 0)
        and coalesce(c.unknown_employer, 0) = coalesce(f.unknown_employer, 0)
    left join {{ ref('stg_employer_keys') }} as k on c.employer_key = k.employer_key
    qualify
        row_number() over (
            partition by c.person_key, c.quarter
            order by
                f.first_month,
                case when c.employer_key is null then 1 else 0 end,
                coalesce(k.employer_id, c.employer_key)
        ) = 1

)

select
    p.person_key,
    p.quarter,
    p.compulsory,
    p.voluntary,
    p.unemployment_insured,
    p.wage_base,
    case when p.jobs > 1 then m.employer_key else p.any_employer end as employer_key
from people as p
left join main_jobs as m on p.person_key = m.person_key and p.quarter = m.quarter
