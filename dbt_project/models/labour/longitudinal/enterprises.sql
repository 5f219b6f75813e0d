-- One row per enterprise: its record in force at the cut-off (SPEC §4).
select
    h.employer_key,
    h.enterprise_code,
    h.legal_form,
    h.ownership,
    h.section,
    h.vsic_version,
    h.province_2024,
    h.province_2025,
    h.area_version,
    h.commune_code,
    h.industrial_zone,
    h.status,
    h.registered_on,
    h.registered_employees
from {{ ref('enterprise_history') }} as h
inner join {{ source('run', 'parameters') }} as p on true
inner join {{ source('run', 'quarters') }} as q on p.as_of_quarter = q.quarter
where h.valid_from <= q.ends_on and (h.valid_to is null or h.valid_to > q.ends_on)
