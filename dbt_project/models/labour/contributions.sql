{{ config(materialized='view', pre_hook="use labour.labour", post_hook="use labour.main") }}
-- contribution_months in words: the table statisticians query (SPEC §4).
-- The table is named without its database, so that the view also works where the file is attached by another name.
select
    c.person_key,
    c.employer_key,
    c.unknown_employer,
    {{ month_text('c.month') }} as month,
    case when c.compulsory then 'compulsory' else 'voluntary' end as scheme,
    c.wage_base,
    c.unemployment_insured,
    c.contribution_status as status
from {{ ref('contribution_months').identifier }} as c
