{# A number with one bit set: months of a year and the like are kept as bits of one number. #}
{% macro bit(position) -%}{{ return(adapter.dispatch('bit', 'labourdb')(position)) }}{%- endmacro %}
{% macro default__bit(position) -%}(1 << ({{ position }})){%- endmacro %}
{% macro spark__bit(position) -%}shiftleft(1, {{ position }}){%- endmacro %}

{# The bits of a number moved up or down by so many places. #}
{% macro shifted_left(number, places) -%}{{ return(adapter.dispatch('shifted_left', 'labourdb')(number, places)) }}{%- endmacro %}
{% macro default__shifted_left(number, places) -%}({{ number }} << ({{ places }})){%- endmacro %}
{% macro spark__shifted_left(number, places) -%}shiftleft({{ number }}, {{ places }}){%- endmacro %}
{% macro shifted_right(number, places) -%}{{ return(adapter.dispatch('shifted_right', 'labourdb')(number, places)) }}{%- endmacro %}
{% macro default__shifted_right(number, places) -%}({{ number }} >> ({{ places }})){%- endmacro %}
{% macro spark__shifted_right(number, places) -%}shiftright({{ number }}, {{ places }}){%- endmacro %}
