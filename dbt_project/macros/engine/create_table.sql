{#
  A table of a model, its contract checked first. The adapter's own form creates an enforced table empty and inserts
  into it, at twice the cost of a large table; our contracts hold no constraints, so nothing is lost.
#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
{% set enforced = language == 'sql' and config.get('contract').enforced %}
{% if enforced %}{{ get_assert_columns_equivalent(compiled_code) }}{% endif %}
create or replace {{ 'temporary' if temporary }} table {{ relation.include(database=not temporary, schema=not temporary) }}
as (
    {{ get_select_subquery(compiled_code) if enforced else compiled_code }}
);
{%- endmacro %}
