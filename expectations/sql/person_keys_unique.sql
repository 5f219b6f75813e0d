-- One row per key; it fails if more than one person has it, or if a person has none.
select 'identity.person_keys' as object, count(*) > 1 or person_key is null as failed, person_key, count(*) as persons
from restricted.identity.person_keys
group by person_key
union all
select 'identity.spine' as object, count(*) > 1 or person_key is null as failed, person_key, count(*) as persons
from restricted.identity.spine
group by person_key
