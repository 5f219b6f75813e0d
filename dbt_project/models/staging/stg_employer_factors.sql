-- What hides an employer's jobs in published figures (SPEC §5, disclosure control).
select
    employer_key,
    factor_millionths,
    record_key
from {{ source('identity', 'employer_factors') }}
