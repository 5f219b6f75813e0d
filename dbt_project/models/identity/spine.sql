{{ config(materialized='compared') }}
-- One row per citizen ID with an accepted register row up to the cut-off, and the person it belongs to (SPEC §3).
-- A re-issued ID belongs to the person whose first ID it carries on, under that person's key.
with latest as (

    select
        citizen_id,
        max(row_id) as row_id
    from {{ ref('stg_population') }}
    group by citizen_id

)

select
    p.citizen_id,
    coalesce(r.person_id, p.citizen_id) as person_id,
    k.person_key,
    p.birth_date,
    p.birth_precision
from latest as l
inner join {{ ref('stg_population') }} as p on l.row_id = p.row_id
left join {{ ref('reissued_ids') }} as r on p.citizen_id = r.citizen_id
inner join {{ ref('stg_person_keys') }} as k on coalesce(r.person_id, p.citizen_id) = k.citizen_id
