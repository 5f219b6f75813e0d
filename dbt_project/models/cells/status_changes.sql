-- The finest counts of transitions: pairs of provinces x sex x age group x both statuses.
select lag, quarter, province_2024, province_2025, sex, age_group, from_status, to_status, persons
from {{ ref('keyed_status_changes') }}
