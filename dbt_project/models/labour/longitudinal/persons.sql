{{ config(materialized='kept', meta={'anew': 'persons'}) }}
-- One row per person of the population register, as the latest record up to the cut-off has them (SPEC §4).
with first_rows as (

    select
        s.person_key,
        min(p.period_month) as first_month
    from {{ ref('stg_population') }} as p
    inner join {{ ref('spine') }} as s on p.citizen_id = s.citizen_id
    where {{ anew('persons', person='s.person_key') }}
    group by s.person_key

)

select
    r.person_key,
    r.sex,
    cast(extract(year from r.birth_date) as integer) as birth_year,
    cast(case when r.birth_precision < 2 then extract(month from r.birth_date) end as integer) as birth_month,
    {{ short_code('r.ethnicity_code') }} as ethnicity_code,
    {{ month_text('f.first_month') }} as first_seen
from {{ ref('population_records') }} as r
inner join first_rows as f on r.person_key = f.person_key
where r.valid_to is null and {{ anew('persons', person='r.person_key') }}
