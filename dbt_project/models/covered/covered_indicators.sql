{{ config(alias='indicators') }}
-- What a release may show of the candidates: covered provinces, and their sum under its own name (SPEC §5).
with whole as (

    select count(*) = 0 as country_is_covered from {{ source('run', 'covered_provinces') }}

)

select i.*
from {{ ref('indicators') }} as i
cross join whole as w
inner join {{ ref('area_names') }} as n
    on i.area_version = n.area_version and i.area_level = n.area_level and i.area_code = n.area_code
left join {{ ref('covered_areas') }} as c
    on i.area_version = c.area_version and cast(n.province_code as smallint) = c.province_code
where
    c.province_code is not null
    or (i.basis = 'official' and i.area_level = 'country')
    or (i.area_level = 'country' and i.area_code = case when w.country_is_covered then 'VN' else 'covered' end)
