-- The finest counts of training outcomes: pairs of provinces x field x level x kind.
select
    year, province_2024, province_2025, field_code, level, kind, observed_6m, observed_12m,
    completions, employed_6m, employed_12m, same_province_2025, same_province_2024
from {{ ref('keyed_completions') }}
