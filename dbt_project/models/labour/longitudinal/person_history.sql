{{ config(materialized='view', pre_hook="use labour.labour", post_hook="use labour.main") }}
-- Where a person lived and whether alive, from valid_from until before valid_to (SPEC §4): residences in words.
-- The table is named without its database, so that the view also works where the file is attached by another name.
select
    r.person_key,
    r.valid_from,
    r.valid_to,
    cast(r.area_version as varchar) as area_version,
    {{ commune_text('r.commune_code') }} as commune_code,
    {{ province_text('r.province_2024') }} as province_2024,
    {{ province_text('r.province_2025') }} as province_2025,
    r.urban,
    {{ life_status_text('r.life_status') }} as life_status,
    r.status_date
from {{ ref('residences').identifier }} as r
