{#
  The noise was really drawn (SPEC §5, disclosure control): of finest counts of seven and more about 28 % stay as they are; where
  over half of fifty or more do, the keys are not what they should be. One result row with numbers of rows, no values.
#}
{% test noise_is_drawn(model, exact, keys, count) %}
with exact_counts as (

    select {{ keys | join(', ') }}, sum({{ count }}) as persons
    from {{ exact }}
    group by {{ keys | join(', ') }}

),

compared as (

    select
        count(*) as large_counts,
        count(*) filter (where c.{{ count }} = e.persons) as unchanged_counts
    from exact_counts as e
    inner join {{ model }} as c
        on {% for key in keys %}e.{{ key }} is not distinct from c.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    cross join {{ source('run', 'parameters') }} as p
    where e.persons >= {{ noise_large() }} and p.protects

)

select large_counts, unchanged_counts
from compared
where large_counts >= 50 and unchanged_counts * 2 > large_counts
{% endtest %}
