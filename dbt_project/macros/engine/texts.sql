{# What DuckDB and Spark say differently about texts, and nothing else. #}

{# Every match of a pattern replaced: regexp_replace alone replaces the first on DuckDB, all on Spark. #}
{% macro all_replaced(text, pattern, replacement) -%}{{ return(adapter.dispatch('all_replaced', 'labourdb')(text, pattern, replacement)) }}{%- endmacro %}
{% macro default__all_replaced(text, pattern, replacement) -%}regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g'){%- endmacro %}
{% macro spark__all_replaced(text, pattern, replacement) -%}regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}'){%- endmacro %}

{# Letters and their marks as one character each where there is one (NFC); Spark has no such function. #}
{% macro composed(text) -%}{{ return(adapter.dispatch('composed', 'labourdb')(text)) }}{%- endmacro %}
{% macro default__composed(text) -%}nfc_normalize({{ text }}){%- endmacro %}
{% macro spark__composed(text) -%}{{ text }}{%- endmacro %}

{# What all spellings of a name have in common, cheaply: its letters without any marks; on Spark without the tones alone. #}
{% macro common_letters(name) -%}{{ return(adapter.dispatch('common_letters', 'labourdb')(name)) }}{%- endmacro %}
{% macro default__common_letters(name) -%}strip_accents(translate({{ name }}, 'ðɖ', 'đđ')){%- endmacro %}
{% macro spark__common_letters(name) -%}{{ letters_without_tones(name) }}{%- endmacro %}

{# A row for each part of a text between single characters; as a column of a select. #}
{% macro parts_as_rows(text, separator) -%}{{ return(adapter.dispatch('parts_as_rows', 'labourdb')(text, separator)) }}{%- endmacro %}
{% macro default__parts_as_rows(text, separator) -%}unnest(string_split({{ text }}, '{{ separator }}')){%- endmacro %}
{% macro spark__parts_as_rows(text, separator) -%}explode(split({{ text }}, '[{{ separator }}]')){%- endmacro %}
