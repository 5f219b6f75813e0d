{#
  A query of people's statuses in a row, as a number that tells the statuses of a person before any quarter without a second
  look at person_quarters: three bits a quarter, the status + 1, or 0 for who was no resident of 15 or over. One row per person
  and `era`, which is sixteen quarters (era = quarter / 16) and the four before them, so that a year can be looked back.
#}
{% macro status_histories(person_quarters) -%}
select
    p.person_key,
    {{ era_of('p.quarter') }} + e.later as era,
    bit_or({{ shifted_left('cast(p.status + 1 as bigint)', status_place('p.quarter', '0') ~ ' - 48 * e.later') }}) as statuses
from {{ person_quarters }} as p
cross join (select 0 as later union all select 1 as later) as e
where e.later = 0 or p.quarter % 16 >= 12
group by p.person_key, {{ era_of('p.quarter') }} + e.later
{%- endmacro %}

{# The era whose row looks back from a quarter. #}
{% macro era_of(quarter) -%}{{ shifted_right(quarter, 4) }}{%- endmacro %}

{# Where the bits of the status so many quarters before one stand in the row of its era. #}
{% macro status_place(quarter, before) -%}3 * ({{ quarter }} % 16 + 4 - {{ before }}){%- endmacro %}

{# The status + 1 so many quarters before one, of the row of its era. #}
{% macro status_before(statuses, quarter, before) -%}
({{ shifted_right(statuses, status_place(quarter, before)) }} & 7)
{%- endmacro %}

{# Which quarters of an era have another status than the quarter before, one bit each; none where there is no status before. #}
{% macro status_changes(statuses) -%}
{% set next = shifted_right(statuses, 3) -%}
{% set sixteen = namespace(first_bits=0) -%}
{% for place in range(3, 19) %}{% set sixteen.first_bits = sixteen.first_bits + 8 ** place %}{% endfor -%}
{{ any_bit_of_three(statuses) }} & {{ any_bit_of_three(next) }}
& {{ any_bit_of_three('((' ~ statuses ~ ' | ' ~ next ~ ') - (' ~ statuses ~ ' & ' ~ next ~ '))') }} & {{ sixteen.first_bits }}
{%- endmacro %}

{# In the lowest of every three bits, whether any of the three is set. #}
{% macro any_bit_of_three(number) -%}
({{ number }} | {{ shifted_right(number, 1) }} | {{ shifted_right(number, 2) }})
{%- endmacro %}
