{{ config(alias='indicators') }}
-- Indicators as released: covered provinces and their sum under its own name (SPEC §5, coverage). Official figures are
-- the statistics office's own, those of the country among them.
with whole as (

    select count(*) = 0 as country_is_covered from {{ source('run', 'covered_provinces') }}

),

figures as (

    select * from {{ ref('changed_register_indicators') }}
    union all
    select * from {{ ref('official_indicators') }}

)

select f.*, p.release_id
from figures as f
cross join whole as w
cross join {{ source('run', 'parameters') }} as p
inner join {{ ref('area_names') }} as n
    on f.area_version = n.area_version and f.area_level = n.area_level and f.area_code = n.area_code
left join {{ ref('covered_areas') }} as c
    on f.area_version = c.area_version and cast(n.province_code as smallint) = c.province_code
where
    c.province_code is not null
    or (f.basis = 'official' and f.area_level = 'country')
    or (f.area_level = 'country' and f.area_code = case when w.country_is_covered then 'VN' else 'covered' end)
