-- Persons whose latest register row says deceased: deaths are registered late (SPEC §4, state at D).
select
    person_key,
    status_date as died_on
from {{ ref('population_records') }}
where valid_to is null and life_status = 'deceased'
