{#
  Row rules of one table, judged in one scan: `rules` maps a name to a condition that no row may break.
  A condition that is null counts as kept. One result row per broken rule: its name and the number of rows, no values.
#}
{% test holds(model, rules) %}
with counted as (

    select
        {% for name, condition in rules.items() -%}
        count(*) filter (where not ({{ condition }})) as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ model }}

)

select rule, broken_rows
from (
    {% for name in rules -%}
    select '{{ name }}' as rule, {{ name }} as broken_rows from counted
    {{ 'union all' if not loop.last }}
    {% endfor %}
) as counts
where broken_rows > 0
{% endtest %}
