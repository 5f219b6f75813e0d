{{ config(materialized='view', pre_hook="use labour.labour", post_hook="use labour.main") }}
-- person_quarters with the cells each person counts in and the measures the person counts for: what `labourdb explain`
-- walks back through. The same macros make the cells, so the same persons are in both.
-- The table is named without its database, so that the view also works where the file is attached by another name.
select
    p.person_key,
    p.quarter,
    p.province_2024,
    p.province_2025,
    {% for version, level, code, full, covered in area_levels() if level != 'country' -%}
    {{ code }} as {{ level }}_code_{{ version }},
    {% endfor -%}
    case when p.is_male then 'male' else 'female' end as sex,
    {{ age_class() }} as age_class,
    case when p.urban then 'urban' else 'rural' end as urban_rural,
    {{ status_text('p.status') }} as status_name,
    {{ source_text('p.source_bit') }} as source_name,
    case when p.runner_up_bit > 0 then {{ source_text('p.runner_up_bit') }} end as runner_up_source,
    case when p.runner_up_bit > 0 then {{ status_text('p.runner_up_status') }} end as runner_up_status,
    p.employer_key,
    p.section,
    p.technical_level,
    p.wage_base,
    {% for name, measure in measures().items() -%}
    coalesce({{ measure['if'] }}, false) as {{ name }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('person_quarters').identifier }} as p
