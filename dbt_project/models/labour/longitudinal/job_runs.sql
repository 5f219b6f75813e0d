-- Unbroken quarters of a job: spells of one person and employer joined where they touch the same or the next quarter.
with by_quarter as (

    select
        person_key,
        employer_key,
        first_month,
        {{ quarter_of_month('first_month') }} as first_quarter,
        {{ quarter_of_month('last_month') }} as last_quarter,
        {{ quarter_of_month('previous_last_month') }} as previous_quarter
    from {{ ref('spells') }}

),

numbered as (

    select
        *,
        sum(case when first_quarter <= previous_quarter + 1 then 0 else 1 end) over (
            partition by person_key, employer_key
            order by first_month
            rows between unbounded preceding and current row
        ) as run_number
    from by_quarter

)

select
    person_key,
    employer_key,
    min(first_quarter) as first_quarter,
    max(last_quarter) as last_quarter,
    coalesce(bool_or(first_quarter - previous_quarter between 2 and 4), false) as is_recall
from numbered
group by person_key, employer_key, run_number
