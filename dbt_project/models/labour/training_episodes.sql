-- One row per training record, the latest of its key across deliveries; person_key null if unlinked (SPEC §4).
with latest as (

    select *
    from {{ ref('linked_training') }}
    qualify row_number() over (partition by institution_code, record_no order by row_id desc) = 1

)

select
    person_key,
    level,
    kind,
    started_on,
    ended_on,
    outcome,
    outcome = 'completed' and certificate_no is not null as certified,
    {{ short_code('field_code') }} as field_code,
    row_id
from latest
