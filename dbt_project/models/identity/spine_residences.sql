-- Provinces a person ever lived in, in both area lists.
with residences as (

    select distinct
        p.citizen_id,
        c.province_2024,
        c.province_2025
    from {{ ref('stg_population') }} as p
    inner join {{ ref('communes') }} as c
        on p.area_version = c.area_version and p.commune_code = c.commune_code

)

select distinct
    citizen_id,
    '2024' as area_version,
    province_2024 as province_code
from residences

union all

select distinct
    citizen_id,
    '2025' as area_version,
    province_2025 as province_code
from residences
