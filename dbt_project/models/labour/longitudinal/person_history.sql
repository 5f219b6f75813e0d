{{ config(materialized='kept', meta={'anew': 'persons'}) }}
-- Where a person lived and whether alive, from valid_from until before valid_to (SPEC §4).
select
    r.person_key,
    r.valid_from,
    r.valid_to,
    r.area_version,
    {{ commune_text('r.commune_code') }} as commune_code,
    {{ province_text('c.province_2024') }} as province_2024,
    {{ province_text('c.province_2025') }} as province_2025,
    case r.area_version when '2024' then c.urban_before else c.urban_from end as urban,
    r.life_status,
    r.status_date
from {{ ref('population_records') }} as r
inner join {{ ref('communes') }} as c
    on r.area_version = c.area_version and r.commune_code = c.commune_code
where {{ anew('persons', person='r.person_key') }}
