-- What a person's register rows say the person held before: 9-digit numbers, and citizen IDs that were replaced.
select distinct
    p.previous_id as former_id,
    p.previous_citizen_id as replaced_id,
    coalesce(r.person_id, p.citizen_id) as person_id
from {{ ref('stg_population') }} as p
left join {{ ref('reissued_ids') }} as r on p.citizen_id = r.citizen_id
where p.previous_id is not null or p.previous_citizen_id is not null
