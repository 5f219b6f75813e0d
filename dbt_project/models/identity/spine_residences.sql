-- Provinces a person ever lived in, in both area lists.
with residences as (

    select distinct
        coalesce(r.person_id, p.citizen_id) as person_id,
        c.province_2024,
        c.province_2025
    from {{ ref('stg_population') }} as p
    inner join {{ ref('communes') }} as c
        on p.area_version = c.area_version and p.commune_code = c.commune_code
    left join {{ ref('reissued_ids') }} as r on p.citizen_id = r.citizen_id

)

select distinct
    person_id,
    '2024' as area_version,
    province_2024 as province_code
from residences

union all

select distinct
    person_id,
    '2025' as area_version,
    province_2025 as province_code
from residences
