{{ config(materialized='kept', meta={'anew': 'persons'}) }}
-- Register rows as a history: in force from valid_from until before valid_to (SPEC §4, state at D).
-- All IDs of a person make one history. Rows of one day or one moment are kept in order; all but the last get an
-- empty interval and go.
with ordered as (

    select
        p.citizen_id,
        s.person_key,
        p.sex,
        p.birth_date,
        p.birth_precision,
        p.ethnicity_code,
        p.area_version,
        p.commune_code,
        p.life_status,
        p.status_date,
        cast(p.updated_at as date) as valid_from,
        cast(lead(p.updated_at) over (partition by s.person_key order by p.updated_at, p.row_id) as date) as valid_to,
        {{ last_not_null("case when p.area_version = '2024' then p.commune_code end",
            "partition by s.person_key order by p.updated_at, p.row_id") }} as last_old_commune,
        p.row_id
    from {{ ref('stg_population') }} as p
    inner join {{ ref('spine') }} as s on p.citizen_id = s.citizen_id
    where {{ anew('persons', person='s.person_key') }}

)

select *
from ordered
where valid_to is null or valid_from < valid_to
