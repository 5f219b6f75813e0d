-- The 9-digit numbers that exactly one person ever held.
select
    previous_id as former_id,
    min(citizen_id) as citizen_id
from {{ ref('stg_population') }}
where previous_id is not null
group by previous_id
having min(citizen_id) = max(citizen_id)
