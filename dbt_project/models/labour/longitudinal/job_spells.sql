{{ config(materialized='view', pre_hook="use labour.labour", post_hook="use labour.main") }}
-- Unbroken months of compulsory contributions of a person with one employer (SPEC §4): spells in words.
-- The table is named without their database, so that the view also works where the file is attached by another name.
select
    s.person_key,
    s.employer_key,
    {{ month_text('s.first_month') }} as first_month,
    {{ month_text('s.last_month') }} as last_month,
    s.last_month - s.first_month + 1 as months,
    s.first_wage_base,
    s.last_wage_base,
    s.wage_sum / (s.last_month - s.first_month + 1) as mean_wage_base,
    coalesce(
        {{ quarter_of_month('s.first_month') }} - {{ quarter_of_month('s.previous_last_month') }} <= 4, false
    ) as is_recall,
    s.is_open
from {{ ref('spells').identifier }} as s
