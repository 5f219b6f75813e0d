-- Contracts abroad, benefits and registrations of job seekers of linked persons, each the latest row of its key.
with contracts as (

    select person_key, left_on as starts_on, returned_on as before_date, 'abroad' as claim, row_id
    from {{ ref('linked_overseas_contracts') }}
    qualify row_number() over (partition by contract_no order by row_id desc) = 1

),

benefits as (

    select person_key, starts_on, cast(ends_on + interval '1' day as date) as before_date, 'benefit' as claim, row_id
    from {{ ref('linked_unemployment_benefits') }}
    qualify row_number() over (partition by decision_no order by row_id desc) = 1

),

seekers as (

    select person_key, registered_on as starts_on, closed_on as before_date, 'seeker' as claim, row_id
    from {{ ref('linked_job_seekers') }}
    qualify row_number() over (partition by registration_no order by row_id desc) = 1

)

select * from contracts
where person_key is not null

union all

select * from benefits
where person_key is not null

union all

select * from seekers
where person_key is not null
