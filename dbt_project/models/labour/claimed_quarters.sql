-- Contracts abroad, benefits and job seekers at each reference date (SPEC §4, steps 4 to 6).
select
    c.person_key,
    q.quarter,
    bool_or(c.claim = 'abroad') as abroad,
    bool_or(c.claim = 'benefit') as benefit,
    bool_or(c.claim = 'seeker') as seeker
from {{ ref('claims') }} as c
inner join {{ source('run', 'quarters') }} as q
    on c.starts_on <= q.ends_on and (c.before_date is null or c.before_date > q.ends_on)
group by c.person_key, q.quarter
