-- Owners of an enterprise active at the reference date, with the enterprise that counts:
-- the earliest registered, then the smallest code (SPEC §4, step 2 and section of owners).
select
    e.owner_key as person_key,
    q.quarter,
    e.employer_key,
    e.section
from {{ ref('enterprise_records') }} as e
inner join {{ source('run', 'quarters') }} as q
    on e.valid_from <= q.ends_on and (e.valid_to is null or e.valid_to > q.ends_on)
where e.owner_key is not null and e.status = 'active'
qualify row_number() over (partition by e.owner_key, q.quarter order by e.registered_on, e.employer_id) = 1
