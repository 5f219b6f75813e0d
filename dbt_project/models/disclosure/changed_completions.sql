-- The finest counts of training outcomes as they are published: with noise (SPEC §5, disclosure control). Who works in
-- the old province of residence works in the new one too.
with exact as (

    select k.*, p.protects
    from {{ ref('keyed_completions') }} as k
    cross join {{ source('run', 'parameters') }} as p

),

{{ changed_counts('exact', completion_parts()) }}

select
    year, province_2024, province_2025, field_code, level, kind, observed_6m, observed_12m,
    {% for name in completion_parts().keys() %}
    {{ name }}_changed as {{ name }}{% if not loop.last %},{% endif %}
    {% endfor %}
from changed
