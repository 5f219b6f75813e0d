-- One row per key; it fails if more than one employer code has it, or if an employer has none.
select
    'identity.employer_keys' as object,
    min(employer_id) <> max(employer_id) or employer_key is null as failed,
    employer_key,
    count(distinct employer_id) as employers
from restricted.identity.employer_keys
group by employer_key
union all
select
    'identity.enterprise_records' as object,
    min(employer_id) <> max(employer_id) or employer_key is null as failed,
    employer_key,
    count(distinct employer_id) as employers
from restricted.identity.enterprise_records
group by employer_key
