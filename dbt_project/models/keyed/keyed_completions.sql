-- The finest counts of training outcomes, pairs of provinces x field x level x kind, each with the sum of the record
-- keys of the persons whose completions they are.
select
    c.year,
    c.province_2024,
    c.province_2025,
    c.field_code,
    c.level,
    c.kind,
    bool_and(c.observed_6m) as observed_6m,
    bool_and(c.observed_12m) as observed_12m,
    {% for name, how in completion_parts().items() %}
    {% set condition = 'c.' ~ name if how.part else 'true' %}
    count(*) filter (where {{ condition }}) as {{ name }},
    cast(sum(case when {{ condition }} then k.record_key else 0 end) as bigint) as {{ name }}_key
    {%- if not loop.last %},{% endif %}
    {% endfor %}
from {{ ref('completions') }} as c
inner join {{ ref('stg_record_keys') }} as k on c.person_key = k.person_key
group by c.year, c.province_2024, c.province_2025, c.field_code, c.level, c.kind
