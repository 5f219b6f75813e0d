{{ config(materialized='summed', meta={
    'keys': [
        'quarter', 'province_2024', 'province_2025', 'district_2024', 'commune_2024', 'commune_2025', 'sex', 'age_class',
        'urban_rural',
    ],
    'counts': 'population',
}) }}
-- Residents grouped to distinct profiles before anything is expanded to cells: for every measure how many count, and
-- the sum of their record keys, which draws the noise of what is published (SPEC §5, disclosure control).
--
-- Persons who count for the same measures are counted once, and only these groups by measure.
with alike as (

    select
        p.quarter,
        p.province_2024,
        p.province_2025,
        p.district_2024,
        p.commune_2024,
        p.commune_2025,
        p.is_male,
        {{ age_class() }} as age_class,
        p.urban,
        {{ measures_counted() }} as counted,
        count(*) as persons,
        cast(sum(k.record_key) as bigint) as persons_key
    from {{ counted('person_quarters') }} as p
    inner join {{ ref('stg_record_keys') }} as k on p.person_key = k.person_key
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10

)

select
    quarter,
    province_2024,
    province_2025,
    district_2024,
    commune_2024,
    commune_2025,
    case when is_male then 'male' else 'female' end as sex,
    age_class,
    case when urban then 'urban' else 'rural' end as urban_rural,
    {% for name in measures() %}
    cast(sum(case when {{ counts_for(name, 'counted') }} then persons else 0 end) as bigint) as {{ name }},
    {% endfor %}
    {% for name in counted_measures() %}
    cast(sum(case when {{ counts_for(name, 'counted') }} then persons_key else 0 end) as bigint) as {{ name }}_key
    {%- if not loop.last %},{% endif %}
    {% endfor %}
from alike
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
