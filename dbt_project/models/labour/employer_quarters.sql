-- Section of every registered enterprise at each reference date.
select
    e.employer_key,
    q.quarter,
    e.section
from {{ ref('enterprise_records') }} as e
inner join {{ source('run', 'quarters') }} as q
    on e.valid_from <= q.ends_on and (e.valid_to is null or e.valid_to > q.ends_on)
