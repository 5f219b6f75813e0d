-- One row per record of the registers; it fails if the history does not have it exactly once.
select
    'labour.person_history' as object,
    h.records is distinct from 1 as failed,
    r.person_key as person_or_employer_key,
    r.valid_from
from restricted.identity.population_records as r
left join (
    select person_key, valid_from, count(*) as records from {warehouse}.labour.person_history group by person_key, valid_from
) as h
    on r.person_key = h.person_key and r.valid_from = h.valid_from
union all
select
    'labour.enterprise_history' as object,
    h.records is distinct from 1 as failed,
    r.employer_key as person_or_employer_key,
    r.valid_from
from restricted.identity.enterprise_records as r
left join (
    select employer_key, valid_from, count(*) as records from {warehouse}.labour.enterprise_history group by employer_key, valid_from
) as h
    on r.employer_key = h.employer_key and r.valid_from = h.valid_from
