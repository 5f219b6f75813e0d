-- What draws the noise of published counts of persons (SPEC §5, disclosure control).
select
    person_key,
    record_key
from {{ source('identity', 'record_keys') }}
