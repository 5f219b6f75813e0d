-- The 9-digit numbers that exactly one person ever held.
with held as (

    select
        p.previous_id as former_id,
        coalesce(r.person_id, p.citizen_id) as person_id
    from {{ ref('stg_population') }} as p
    left join {{ ref('reissued_ids') }} as r on p.citizen_id = r.citizen_id
    where p.previous_id is not null

)

select
    former_id,
    min(person_id) as person_id
from held
group by former_id
having min(person_id) = max(person_id)
