{# A number of 64 bits that is the same for equal values: what shares none is different, what shares one is to be compared. #}
{% macro hashed(expressions) -%}{{ return(adapter.dispatch('hashed', 'labourdb')(expressions)) }}{%- endmacro %}
{% macro default__hashed(expressions) -%}hash({{ expressions | join(', ') }}){%- endmacro %}
{% macro spark__hashed(expressions) -%}xxhash64({{ expressions | join(', ') }}){%- endmacro %}
