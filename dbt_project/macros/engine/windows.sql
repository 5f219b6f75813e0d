{# The last value that is not null, of the rows up to this one. #}
{% macro last_not_null(expression, window) -%}{{ return(adapter.dispatch('last_not_null', 'labourdb')(expression, window)) }}{%- endmacro %}
{% macro default__last_not_null(expression, window) -%}
last_value({{ expression }} ignore nulls) over ({{ window }} rows between unbounded preceding and current row)
{%- endmacro %}
{% macro spark__last_not_null(expression, window) -%}
last_value({{ expression }}, true) over ({{ window }} rows between unbounded preceding and current row)
{%- endmacro %}
