-- Every name, birth date and sex the register ever held for a person, as they stood together in one row.
with records as (

    select distinct
        citizen_id,
        lower(full_name) as name,
        birth_date,
        birth_precision,
        sex
    from {{ ref('stg_population') }}

)

select
    r.*,
    {{ common_letters('r.name') }} as letters
from records as r
