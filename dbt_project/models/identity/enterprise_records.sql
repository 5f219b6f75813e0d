{{ config(materialized='compared') }}
-- Register rows of enterprises as a history, with owner, section and provinces (SPEC §2 owners, §4).
with ordered as (

    select
        e.*,
        cast(e.updated_at as date) as valid_from,
        cast(
            lead(e.updated_at) over (partition by e.enterprise_id order by e.updated_at, e.row_id) as date
        ) as valid_to,
        case
            when e.owner_citizen_id is not null then e.owner_citizen_id
            when {{ is_personal('e.enterprise_id') }} then {{ personal_citizen_id('e.enterprise_id') }}
        end as owner_id
    from {{ ref('stg_enterprises') }} as e

),

divisions as (

    select distinct
        division_from,
        division_to,
        section_2018
    from {{ ref('sections') }}
    where version = '2018'

)

select
    coalesce(k.employer_key, o.enterprise_id) as employer_key,
    o.enterprise_id as employer_id,
    o.legal_form,
    o.ownership,
    o.vsic_version,
    o.area_version,
    o.commune_code,
    d.section_2018 as section,
    c.province_2024,
    c.province_2025,
    c.commune_2024,
    c.commune_2025,
    o.industrial_zone,
    o.status,
    o.registered_on,
    o.registered_employees,
    owner.person_key as owner_key,
    o.valid_from,
    o.valid_to,
    o.row_id
from ordered as o
inner join {{ ref('communes') }} as c
    on o.area_version = c.area_version and o.commune_code = c.commune_code
left join divisions as d
    on cast(left(o.main_vsic, 2) as integer) between d.division_from and d.division_to
left join {{ ref('spine') }} as owner on o.owner_id = owner.citizen_id
left join {{ ref('stg_employer_keys') }} as k on o.enterprise_id = k.employer_id
where o.valid_to is null or o.valid_from < o.valid_to
