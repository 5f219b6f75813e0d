{#
  Increments: a run that goes on from the tables of the run before it (docs/decisions/0011-increments.md). Gate 1 decides
  whether a run is one, in run.increment; where it is none, or where nothing says that it is one (a developer's dbt, a unit
  test, the world in memory), all of this renders as if it were not there and every table is made whole.
#}

{# What this increment is about: from_quarter, from_month, from_day; none where the run is no increment. #}
{% macro increment() %}
{% if model.resource_type == 'unit_test' %}{{ return(none) }}{% endif %}
{% set place = source('run', 'increment') %}
{% if not execute %}{{ return(none) }}{% endif %}
{% set found = run_query('select from_quarter, from_month, from_day from ' ~ place ~ ' where is_increment') %}
{% if found.rows | length == 0 %}{{ return(none) }}{% endif %}
{% set row = found.rows[0] %}
{{ return({'from_quarter': row[0] | int, 'from_month': row[1] | int, 'from_day': row[2] | string}) }}
{% endmacro %}

{# Where an increment finds what a table was, or what was taken out of it. #}
{% macro left_of(name) -%}restricted.increment.{{ name }}{%- endmacro %}

{#
  The rows of a kept table that an increment computes anew, as a condition; true in a full build.
  persons: everything of touched persons; quarters, months: that, and everything of everybody from the open quarter on.
#}
{% macro anew(kind, date=none, person='person_key') -%}
{%- set touched = ref('touched_persons') if model.resource_type != 'unit_test' -%}
{%- set found = increment() -%}
{%- if found is none -%}
true
{%- else -%}
{%- set of_touched = person ~ ' in (select t.person_key from ' ~ touched ~ ' as t)' -%}
({%- if kind == 'quarters' %}{{ date }} >= {{ found.from_quarter }} or {% elif kind == 'months' %}{{ date }} >= {{ found.from_month }} or {% endif -%}
{{ of_touched }})
{%- endif -%}
{%- endmacro %}

{# Deliveries of a source that came into force since the kept tables were made, or went out of it, as a list for `in`. #}
{% macro changed_deliveries(source_name, came) -%}
(select d.delivery_key from {{ source('run', 'changed_deliveries') }} as d where d.source = '{{ source_name }}' and d.came = {{ came }})
{%- endmacro %}

{# Rows of a source that an increment links anew: those of deliveries that came, and those whose link may be another. #}
{% macro linked_anew(source_name, row='r') -%}
{%- set touched = ref('touched_rows') if model.resource_type != 'unit_test' -%}
{%- set changed = source('run', 'changed_deliveries') if model.resource_type != 'unit_test' -%}
{%- if increment() is none -%}
true
{%- else -%}
({{ row }}.delivery_key in {{ changed_deliveries(source_name, true) }}
    or {{ row }}.row_id in (select t.row_id from {{ touched }} as t where t.source = '{{ source_name }}'))
{%- endif -%}
{%- endmacro %}

{# Rows of a table of linked rows that an increment takes out: of deliveries that went, and what is linked anew. #}
{% macro left_rows(source_name) -%}
(delivery_key in {{ changed_deliveries(source_name, false) }}
    or row_id in (select t.row_id from {{ ref('touched_rows') }} as t where t.source = '{{ source_name }}'))
{%- endmacro %}

{# person_quarters, as a model of sums over it counts them: the rows that count, and those that are looked up beside them. #}
{% macro counted(name) -%}
{%- set relation = ref(name) -%}
{%- set touched = ref('touched_persons') if model.resource_type != 'unit_test' -%}
{%- if increment() is none -%}{{ relation }}{%- else -%}counted_rows{%- endif -%}
{%- endmacro %}
{% macro beside(name) -%}
{%- set relation = ref(name) -%}
{%- if increment() is none -%}{{ relation }}{%- else -%}rows_beside{%- endif -%}
{%- endmacro %}
