-- The finest counts of transitions as they are published: with noise (SPEC §5, disclosure control).
with exact as (

    select k.*, p.protects
    from {{ ref('keyed_status_changes') }} as k
    cross join {{ source('run', 'parameters') }} as p

),

{{ changed_counts('exact', {'persons': {}}) }}

select lag, quarter, province_2024, province_2025, sex, age_group, from_status, to_status, persons_changed as persons
from changed
