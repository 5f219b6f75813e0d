-- The pseudonym of each employer whose code is a citizen ID.
select
    employer_id,
    employer_key
from {{ source('identity', 'employer_keys') }}
