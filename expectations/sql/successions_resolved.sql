-- One row per succession; it fails if it ends at a code or key that is itself carried on: counts would split.
select
    'labour.employer_successions' as object,
    coalesce(s.surviving_key in (select predecessor_key from {warehouse}.labour.employer_successions), true) as failed,
    s.predecessor_key as key_carried_on,
    s.surviving_key as survivor
from {warehouse}.labour.employer_successions as s
union all
select
    'labour.person_successions' as object,
    coalesce(s.person_key in (select superseded_key from {warehouse}.labour.person_successions), true)
    or s.superseded_key in (select person_key from {warehouse}.labour.persons) as failed,
    s.superseded_key as key_carried_on,
    s.person_key as survivor
from {warehouse}.labour.person_successions as s
