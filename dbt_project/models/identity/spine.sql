-- One row per person: every citizen ID with an accepted register row up to the cut-off (SPEC §3).
with latest as (

    select
        citizen_id,
        max(row_id) as row_id
    from {{ ref('stg_population') }}
    group by citizen_id

)

select
    p.citizen_id,
    k.person_key,
    p.birth_date,
    p.birth_precision
from latest as l
inner join {{ ref('stg_population') }} as p on l.row_id = p.row_id
inner join {{ source('identity', 'person_keys') }} as k on p.citizen_id = k.citizen_id
