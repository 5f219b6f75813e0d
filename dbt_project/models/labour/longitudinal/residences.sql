{{ config(materialized='kept', meta={'anew': 'persons'}) }}
-- Where a person lived and whether alive, from valid_from until before valid_to, in small numbers (SPEC §4);
-- person_history has words.
select
    r.person_key,
    r.valid_from,
    r.valid_to,
    cast(r.area_version as smallint) as area_version,
    r.commune_code,
    cast(c.province_2024 as smallint) as province_2024,
    cast(c.province_2025 as smallint) as province_2025,
    case r.area_version when '2024' then c.urban_before else c.urban_from end as urban,
    cast({{ life_status_number('r.life_status') }} as smallint) as life_status,
    r.status_date
from {{ ref('population_records') }} as r
inner join {{ ref('communes') }} as c
    on r.area_version = c.area_version and r.commune_code = c.commune_code
where {{ anew('persons', person='r.person_key') }}
