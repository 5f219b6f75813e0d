{{ config(materialized='summed', meta={'keys': ['quarter', 'province_2024', 'province_2025', 'district_2024', 'commune_2024', 'commune_2025', 'sex', 'age_class', 'urban_rural'], 'counts': 'population'}) }}
-- Residents grouped to distinct profiles before anything is expanded to cells: for every measure how many count, and
-- the sum of their record keys, which draws the noise of what is published (SPEC §5, disclosure control).
select
    p.quarter,
    p.province_2024,
    p.province_2025,
    p.district_2024,
    p.commune_2024,
    p.commune_2025,
    case when p.is_male then 'male' else 'female' end as sex,
    {{ age_class() }} as age_class,
    case when p.urban then 'urban' else 'rural' end as urban_rural,
    {% for name, measure in measures().items() %}
    count(*) filter (where {{ measure['if'] }}) as {{ name }},
    {% endfor %}
    {{ summed_record_keys() }}
from {{ counted('person_quarters') }} as p
inner join {{ ref('stg_record_keys') }} as k on p.person_key = k.person_key
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
