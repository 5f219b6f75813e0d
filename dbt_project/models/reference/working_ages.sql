-- Upper working ages for every year to publish; years outside the list take its nearest year.
with bounds as (

    select min(year) as first_year, max(year) as last_year from {{ ref('working_age_upper') }}

)

select distinct
    q.year,
    w.male_years,
    w.male_months,
    w.female_years,
    w.female_months
from {{ source('run', 'quarters') }} as q
cross join bounds as b
inner join {{ ref('working_age_upper') }} as w
    on w.year = least(greatest(q.year, b.first_year), b.last_year)
