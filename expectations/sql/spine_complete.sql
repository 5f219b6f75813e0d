-- One row per person of the population register up to the cut-off; it fails if the spine lacks the person or the key.
-- Persons are shown by their latest row, not by their number.
with registered as (

    select citizen_id, max(row_id) as latest_row_id
    from restricted.staging.stg_population
    group by citizen_id

)

select
    'identity.spine' as object,
    s.person_key is null as failed,
    r.latest_row_id
from registered as r
left join restricted.identity.spine as s on r.citizen_id = s.citizen_id
