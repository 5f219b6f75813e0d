{# What DuckDB and Spark say differently about dates, and nothing else. #}

{% macro year_before(date) -%}{{ return(adapter.dispatch('year_before', 'labourdb')(date)) }}{%- endmacro %}
{% macro default__year_before(date) -%}cast({{ date }} - interval '1' year as date){%- endmacro %}
{% macro spark__year_before(date) -%}add_months({{ date }}, -12){%- endmacro %}
