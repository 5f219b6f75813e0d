{{ config(alias='linkage', materialized='view') }}
-- How accepted rows were linked, as released: persons of covered provinces, and rows linked to nobody.
select l.*
from {{ ref('linkage') }} as l
where
    l.province_2024 = 'unknown'
    or l.province_2024 in (
        select {{ province_text('c.province_code') }} from {{ ref('covered_areas') }} as c where c.area_version = '2024'
    )
