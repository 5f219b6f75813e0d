-- One row per quarter and area list; it fails if the country's population is not the number of persons.
with persons as (

    select quarter, count(*) as persons
    from {warehouse}.labour.person_quarters
    group by quarter

),

published as (

    select period, area_version, numerator
    from {warehouse}.candidates.indicators
    where basis = 'register' and indicator = 'population_15_plus' and area_code = 'VN'
        and sex = 'total' and age_group = 'total' and urban_rural = 'total'

)

select
    'indicators: population_15_plus' as object,
    coalesce(f.numerator, 0) <> coalesce(p.persons, 0) as failed,
    q.period as quarter_text,
    v.area_version,
    f.numerator as published_persons,
    p.persons
from {warehouse}.run.quarters as q
cross join (values ('2024'), ('2025')) as v (area_version)
left join persons as p on q.quarter = p.quarter
left join published as f
    on q.period = f.period and v.area_version = f.area_version
where p.persons > 0 or f.numerator > 0
