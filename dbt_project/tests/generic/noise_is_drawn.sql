{#
  The noise was really drawn (SPEC §5, disclosure control): of finest counts of seven and more each change, none among them, is
  that of under 30 %; where over half of fifty or more change alike, the keys are not what they should be, and who knows that
  change knows the counts. One result row with numbers of rows, no values.
#}
{% test noise_is_drawn(model, exact, keys, count) %}
with exact_counts as (

    select {{ keys | join(', ') }}, sum({{ count }}) as persons
    from {{ exact }}
    group by {{ keys | join(', ') }}

),

compared as (

    select
        c.{{ count }} - e.persons as change,
        count(*) as alike
    from exact_counts as e
    inner join {{ model }} as c
        on {% for key in keys %}e.{{ key }} is not distinct from c.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    cross join {{ source('run', 'parameters') }} as p
    where e.persons >= {{ noise_large() }} and p.protects
    group by c.{{ count }} - e.persons

),

summed as (

    select
        sum(alike) as large_counts,
        max(alike) as most_alike
    from compared

)

select large_counts, most_alike
from summed
where large_counts >= 50 and most_alike * 2 > large_counts
{% endtest %}
