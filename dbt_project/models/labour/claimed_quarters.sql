-- Contracts abroad, benefits and job seekers at each reference date (SPEC §4, steps 4 to 6).
with contracts as (

    select person_key, left_on as starts_on, returned_on as before_date, 'abroad' as claim
    from {{ ref('linked_overseas_contracts') }}
    qualify row_number() over (partition by contract_no order by row_id desc) = 1

),

benefits as (

    select person_key, starts_on, cast(ends_on + interval '1' day as date) as before_date, 'benefit' as claim
    from {{ ref('linked_unemployment_benefits') }}
    qualify row_number() over (partition by decision_no order by row_id desc) = 1

),

seekers as (

    select person_key, registered_on as starts_on, closed_on as before_date, 'seeker' as claim
    from {{ ref('linked_job_seekers') }}
    qualify row_number() over (partition by registration_no order by row_id desc) = 1

),

claims as (

    select * from contracts
    union all
    select * from benefits
    union all
    select * from seekers

)

select
    c.person_key,
    q.quarter,
    bool_or(c.claim = 'abroad') as abroad,
    bool_or(c.claim = 'benefit') as benefit,
    bool_or(c.claim = 'seeker') as seeker
from claims as c
inner join {{ source('run', 'quarters') }} as q
    on c.starts_on <= q.ends_on and (c.before_date is null or c.before_date > q.ends_on)
where c.person_key is not null
group by c.person_key, q.quarter
