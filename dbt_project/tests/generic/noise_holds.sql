-- noqa: disable=LT02
{#
  What is published of finest counts is the exact count with noise of the table (SPEC §5, disclosure control): `exact` are the
  counts with keys, `keys` tell their rows apart, `counts` says how each is changed, as in changed_counts.

  A count of nobody stays nobody, none comes out as 1 or 2 or negative, and none changes by more than 4; a part stays within its
  whole, is all of it if it was, leaves no 1 or 2 of it, and differs by less than 6 from what it is of the changed whole.
  Nothing at all changes where [disclosure] off is set. One result row per broken rule and count: numbers of rows, no values.
#}
{% test noise_holds(model, exact, keys, counts) %}
with exact_counts as (

    select
        {% for key in keys -%}
        {{ key }},
        {% endfor -%}
        {% for count in counts -%}
        cast(sum({{ count }}) as bigint) as {{ count }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ exact }}
    group by {{ keys | join(', ') }}

),

changed_counts as (

    select
        {% for key in keys -%}
        {{ key }} as changed_{{ key }},
        {% endfor -%}
        {% for count in counts -%}
        {{ count }} as {{ count }}_changed{{ ',' if not loop.last }}
        {% endfor %}
    from {{ model }}

),

compared as (

    select e.*, c.*, p.protects
    from exact_counts as e
    full join changed_counts as c
        on {% for key in keys %}e.{{ key }} is not distinct from c.changed_{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    cross join {{ source('run', 'parameters') }} as p

),

broken as (

    {% for count, how in counts.items() -%}
    {% set whole = how.get('part') -%}
    select
        '{{ count }}' as measure,
        count(*) filter (
            where coalesce(not case
                when not protects then {{ count }}_changed = {{ count }}
                {% if how.get('sum') -%}
                else {{ count }}_changed = {{ signed_sum(how['sum'], '_changed') }}
                {% elif whole -%}
                when {{ count }} = 0 then {{ count }}_changed = 0
                when {{ count }} = {{ signed_sum(whole) }} then {{ count }}_changed = {{ signed_sum(whole, '_changed') }}
                else {{ count }}_changed between 0 and {{ signed_sum(whole, '_changed') }}
                    and ({{ count }}_changed in (0, {{ signed_sum(whole, '_changed') }}) or (
                        {{ count }}_changed > 2 and {{ signed_sum(whole, '_changed') }} - {{ count }}_changed > 2))
                    and abs({{ count }}_changed * ({{ signed_sum(whole) }}) - {{ count }} * ({{ signed_sum(whole, '_changed') }}))
                        < 6 * ({{ signed_sum(whole) }})
                {% else -%}
                when {{ count }} = 0 then {{ count }}_changed = 0
                else {{ count }}_changed >= 0 and {{ count }}_changed not in (1, 2) and abs({{ count }}_changed - {{ count }}) <= 4
                {% endif -%}
            end, true)
        ) as broken_rows
    from compared
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select measure, broken_rows
from broken
where broken_rows > 0
{% endtest %}
