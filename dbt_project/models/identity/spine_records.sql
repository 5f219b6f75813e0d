-- Every name, birth date and sex the register ever held for a person, as they stood together in one row.
select distinct
    citizen_id,
    lower(full_name) as name,
    birth_date,
    birth_precision,
    sex
from {{ ref('stg_population') }}
