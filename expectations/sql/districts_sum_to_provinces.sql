-- One row per register total of an old province. Its districts lack exactly the persons without a district:
-- the population by all of them, every other number by none to all of them. Without such persons all are equal.
with lacking as (

    select
        q.period,
        lpad(p.province_2024::varchar, 2, '0') as area_code,
        count(*) as persons
    from {warehouse}.labour.person_quarters as p
    inner join {warehouse}.run.quarters as q on p.quarter = q.quarter
    where p.district_2024 is null
    group by q.period, p.province_2024

),

province_of as (

    select code as district_code, parent_code as area_code
    from {warehouse}.reference.areas
    where area_version = '2024' and level = 'district'

),

summed as (

    select
        f.indicator,
        f.period,
        coalesce(p.area_code, 'not in the list') as area_code,
        sum(f.numerator) as numerator,
        sum(f.denominator) as denominator
    from {warehouse}.candidates.indicators as f
    left join province_of as p on f.area_code = p.district_code
    where f.basis = 'register' and f.area_level = 'district'
    group by f.indicator, f.period, p.area_code

),

totals as (

    select indicator, period, area_code, numerator, denominator, true as found
    from {warehouse}.candidates.indicators
    where basis = 'register' and area_version = '2024' and area_level = 'province'
        and sex = 'total' and age_group = 'total' and urban_rural = 'total'

),

gaps as (

    select
        indicator,
        period,
        area_code,
        t.found,
        coalesce(t.numerator, 0) - coalesce(s.numerator, 0) as numerator_gap,
        coalesce(t.denominator, 0) - coalesce(s.denominator, 0) as denominator_gap,
        coalesce(l.persons, 0) as persons_without_district
    from totals as t
    full join summed as s using (indicator, period, area_code)
    left join lacking as l using (period, area_code)

)

select
    'indicators: districts 2024' as object,
    found is null
    or numerator_gap not between 0 and persons_without_district
    or denominator_gap not between 0 and persons_without_district
    or (indicator = 'population_15_plus' and numerator_gap <> persons_without_district) as failed,
    indicator,
    period,
    area_code,
    numerator_gap,
    denominator_gap,
    persons_without_district
from gaps
