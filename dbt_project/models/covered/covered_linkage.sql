{{ config(alias='linkage') }}
-- How accepted rows were linked, as released: persons of covered provinces, and rows linked to nobody.
with covered as (

    select {{ province_text('province_code') }} as province_code
    from {{ ref('covered_areas') }}
    where area_version = '2024'

)

select l.*
from {{ ref('linkage') }} as l
left join covered as c on l.province_2024 = c.province_code
where c.province_code is not null or l.province_2024 = 'unknown'
