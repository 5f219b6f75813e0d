-- Which claims are in force at each reference date, as bits of the ladder (SPEC §4, steps 4 to 6).
select
    c.person_key,
    q.quarter,
    cast(bit_or({{ claim_bit('c.claim') }}) as integer) as hits
from {{ ref('claims') }} as c
inner join {{ source('run', 'quarters') }} as q
    on c.starts_on <= q.ends_on and (c.before_date is null or c.before_date > q.ends_on)
group by c.person_key, q.quarter
