-- Persons who got another citizen ID, by pseudonyms: the ledger of what was joined, and why.
select
    kept.person_key,
    replaced.person_key as superseded_key,
    r.evidence,
    r.former_last_row_on as last_row_on,
    {{ month_text('r.former_last_month') }} as last_insured_month,
    r.first_row_on,
    {{ month_text('r.first_month') }} as first_insured_month
from {{ ref('reissued_ids') }} as r
inner join {{ ref('stg_person_keys') }} as kept on r.person_id = kept.citizen_id
inner join {{ ref('stg_person_keys') }} as replaced on r.citizen_id = replaced.citizen_id
