-- One row per commune of either list, with its places in both lists (SPEC §4, areas at D).
with communes_of_lists as (

    select
        area_version,
        cast(code as integer) as commune_code,
        parent_code,
        urban
    from {{ ref('areas') }}
    where level = 'commune'

),

districts as (

    select
        cast(code as integer) as district_code,
        cast(parent_code as integer) as province_code
    from {{ ref('areas') }}
    where area_version = '2024' and level = 'district'

),

changes as (

    select
        cast(old_commune_code as integer) as old_commune,
        cast(new_commune_code as integer) as new_commune
    from {{ ref('area_changes') }}

),

province_changes as (

    select distinct
        cast(old_province_code as integer) as old_province,
        cast(new_province_code as integer) as new_province
    from {{ ref('area_changes') }}

),

old_communes as (

    select
        c.commune_code,
        d.district_code,
        d.province_code,
        p.new_province,
        c.urban
    from communes_of_lists as c
    inner join districts as d on cast(c.parent_code as integer) = d.district_code
    inner join province_changes as p on d.province_code = p.old_province
    where c.area_version = '2024'

),

new_communes as (

    select
        c.commune_code,
        cast(c.parent_code as integer) as province_code,
        c.urban
    from communes_of_lists as c
    where c.area_version = '2025'

),

-- what the targets of an old commune have in common
targets as (

    select
        ch.old_commune,
        case when count(*) = 1 then max(ch.new_commune) end as only_target,
        case when min(n.urban) = max(n.urban) then min(n.urban) end as agreed_urban
    from changes as ch
    inner join new_communes as n on ch.new_commune = n.commune_code
    group by ch.old_commune

),

-- what the sources of a new commune have in common
sources as (

    select
        ch.new_commune,
        max(o.province_code) as province_code,
        case when count(*) = 1 then max(ch.old_commune) end as only_source,
        case when min(o.district_code) = max(o.district_code) then min(o.district_code) end as shared_district,
        case when min(o.urban) = max(o.urban) then min(o.urban) end as agreed_urban
    from changes as ch
    inner join old_communes as o on ch.old_commune = o.commune_code
    group by ch.new_commune

),

special_zones as (

    select
        cast(code as integer) as commune_code,
        cast(old_province_code as integer) as old_province
    from {{ ref('special_zones_2025') }}

)

select
    '2024' as area_version,
    o.commune_code,
    o.province_code as province_2024,
    o.new_province as province_2025,
    o.district_code as district_2024,
    o.commune_code as commune_2024,
    t.only_target as commune_2025,
    o.urban as urban_before,
    coalesce(t.agreed_urban, o.urban) as urban_from
from old_communes as o
left join targets as t on o.commune_code = t.old_commune

union all

select
    '2025' as area_version,
    n.commune_code,
    coalesce(s.province_code, z.old_province) as province_2024,
    n.province_code as province_2025,
    s.shared_district as district_2024,
    s.only_source as commune_2024,
    n.commune_code as commune_2025,
    coalesce(s.agreed_urban, n.urban) as urban_before,
    n.urban as urban_from
from new_communes as n
left join sources as s on n.commune_code = s.new_commune
left join special_zones as z on n.commune_code = z.commune_code
