-- The 9-digit numbers that exactly one person ever held.
select
    former_id,
    min(person_id) as person_id
from {{ ref('spine_numbers') }}
where former_id is not null
group by former_id
having min(person_id) = max(person_id)
