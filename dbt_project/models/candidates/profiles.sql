{{ config(schema='cells') }}
-- Residents grouped to distinct profiles before anything is expanded to cells.
select
    quarter,
    province_2024,
    province_2025,
    district_2024,
    commune_2024,
    commune_2025,
    case when is_male then 'male' else 'female' end as sex,
    {{ age_class() }} as age_class,
    case when urban then 'urban' else 'rural' end as urban_rural,
    {% for name, condition in measures().items() %}
    count(*) filter (where {{ condition }}) as {{ name }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('person_quarters') }}
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
