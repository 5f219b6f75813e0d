{{ config(alias='linkage') }}
-- How accepted rows were linked, as released: by source, month and rule, to the nearest five (SPEC §5, disclosure
-- control); persons of covered provinces, and rows linked to nobody.
with covered as (

    select {{ province_text('province_code') }} as province_code
    from {{ ref('covered_areas') }}
    where area_version = '2024'

),

counted as (

    select l.source, l.period, l.rule, l.status, l.release_id, sum(l.rows) as rows
    from {{ ref('linkage') }} as l
    left join covered as c on l.province_2024 = c.province_code
    where c.province_code is not null or l.province_2024 = 'unknown'
    group by l.source, l.period, l.rule, l.status, l.release_id

)

select
    c.source,
    c.period,
    c.rule,
    case when p.protects then {{ nearest_five('c.rows') }} else cast(c.rows as bigint) end as rows,
    c.status,
    c.release_id
from counted as c
cross join {{ source('run', 'parameters') }} as p
