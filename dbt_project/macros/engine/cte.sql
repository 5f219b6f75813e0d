{# A CTE that DuckDB computes on its own before going on, so that its hash tables are freed: "with x as {{ computed_first() }} (". #}
{% macro computed_first() -%}{{ return(adapter.dispatch('computed_first', 'labourdb')()) }}{%- endmacro %}
{% macro default__computed_first() -%}materialized{%- endmacro %}
{% macro spark__computed_first() -%}{%- endmacro %}
