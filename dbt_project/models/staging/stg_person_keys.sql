-- The pseudonym of each person of the population register; the models read it here and nowhere else.
select
    citizen_id,
    person_key
from {{ source('identity', 'person_keys') }}
