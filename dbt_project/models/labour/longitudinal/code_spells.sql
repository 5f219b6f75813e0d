-- Unbroken months of compulsory contributions of a person under one employer code, as sent (SPEC §4, job_spells).
with jobs as (

    select
        c.person_key,
        c.employer_key,
        min(c.month) as first_month,
        max(c.month) as last_month,
        count(*) as months,
        sum(c.wage_base) as wage_sum,
        min_by(c.wage_base, c.month) as first_wage_base,
        max_by(c.wage_base, c.month) as last_wage_base
    from {{ ref('contribution_months') }} as c
    cross join {{ source('run', 'parameters') }} as p
    where c.compulsory and c.employer_key is not null and c.month <= p.cutoff_month
    group by c.person_key, c.employer_key

),

-- most jobs have no gap; only the others are taken month by month
broken as (

    select person_key, employer_key
    from jobs
    where months < last_month - first_month + 1

),

numbered as (

    select
        c.person_key,
        c.employer_key,
        c.month,
        c.wage_base,
        c.month - row_number() over (partition by c.person_key, c.employer_key order by c.month) as island
    from {{ ref('contribution_months') }} as c
    inner join broken as b on c.person_key = b.person_key and c.employer_key = b.employer_key
    cross join {{ source('run', 'parameters') }} as p
    where c.compulsory and c.month <= p.cutoff_month

)

select person_key, employer_key, first_month, last_month, wage_sum, first_wage_base, last_wage_base
from jobs
where months = last_month - first_month + 1

union all

select
    person_key,
    employer_key,
    min(month) as first_month,
    max(month) as last_month,
    sum(wage_base) as wage_sum,
    min_by(wage_base, month) as first_wage_base,
    max_by(wage_base, month) as last_wage_base
from numbered
group by person_key, employer_key, island
