-- One row per key; it fails if more than one ID has it (of the spine: more than one person), or if one has none.
select 'identity.person_keys' as object, count(*) > 1 or person_key is null as failed, person_key, count(*) as persons
from restricted.identity.person_keys
group by person_key
union all
select
    'identity.spine' as object,
    count(distinct person_id) > 1 or person_key is null as failed,
    person_key,
    count(distinct person_id) as persons
from restricted.identity.spine
group by person_key
