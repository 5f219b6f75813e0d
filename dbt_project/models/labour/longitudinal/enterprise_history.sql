-- What the business register said of an enterprise, from valid_from until before valid_to (SPEC §4).
select
    r.employer_key,
    {{ employer_code_text('r.employer_key') }} as enterprise_code,
    r.valid_from,
    r.valid_to,
    r.legal_form,
    r.ownership,
    coalesce(r.section, 'unknown') as section,
    r.vsic_version,
    {{ province_text('r.province_2024') }} as province_2024,
    {{ province_text('r.province_2025') }} as province_2025,
    r.area_version,
    {{ commune_text('r.commune_code') }} as commune_code,
    r.industrial_zone,
    r.status,
    r.registered_on,
    r.registered_employees
from {{ ref('enterprise_records') }} as r
