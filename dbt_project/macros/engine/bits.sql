{# A number with one bit set: months of a year and the like are kept as bits of one number. #}
{% macro bit(position) -%}{{ return(adapter.dispatch('bit', 'labourdb')(position)) }}{%- endmacro %}
{% macro default__bit(position) -%}(1 << ({{ position }})){%- endmacro %}
{% macro spark__bit(position) -%}shiftleft(1, {{ position }}){%- endmacro %}
