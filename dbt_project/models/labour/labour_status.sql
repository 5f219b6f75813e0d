{{ config(materialized='view', pre_hook="use labour.labour", post_hook="use labour.main") }}
-- person_quarters in words: the table statisticians query (SPEC §4).
-- The table is named without its database, so that the view also works where the file is attached by another name.
select
    p.person_key,
    {{ quarter_text('p.quarter') }} as quarter,
    case when p.is_male then 'male' else 'female' end as sex,
    p.age_months,
    {{ province_text('p.province_2024') }} as province_2024,
    {{ province_text('p.province_2025') }} as province_2025,
    {{ commune_text('p.commune_2024') }} as commune_2024,
    {{ commune_text('p.commune_2025') }} as commune_2025,
    p.urban,
    {{ status_text('p.status') }} as status,
    {{ source_text('p.source_bit') }} as source,
    case when p.runner_up_bit > 0 then {{ source_text('p.runner_up_bit') }} end as runner_up_source,
    case when p.runner_up_bit > 0 then {{ status_text('p.runner_up_status') }} end as runner_up_status,
    p.runner_up_bit > 0 and p.runner_up_status <> p.status as conflict,
    p.employer_key,
    case when p.status = 1 then coalesce(p.section, 'unknown') end as section,
    {{ level_text('p.technical_level') }} as technical_level,
    p.weekly_hours,
    p.compulsory,
    p.voluntary,
    p.unemployment_insured
from {{ ref('person_quarters').identifier }} as p
