{#
  When two names are the same (SPEC §3). Names come in lower case and NFC; the tone of a word counts, not the letter it
  stands on, and Ð (Icelandic) and Ɖ (African) are Đ. Tones are those on the vowels of Vietnamese, and loose marks.
#}

{% macro toned_letters() -%}
{{ return("àằầèềìòồờùừỳ" ~ "áắấéếíóốớúứý" ~ "ảẳẩẻểỉỏổởủửỷ" ~ "ãẵẫẽễĩõỗỡũữỹ" ~ "ạặậẹệịọộợụựỵ") }}
{%- endmacro %}

{% macro loose_tones() -%}{{ return("\u0300\u0301\u0309\u0303\u0323") }}{%- endmacro %}

{% macro letters_without_tones(name) -%}
{%- set from = toned_letters() ~ "ðɖ" ~ loose_tones() -%}
{%- set to = "aăâeêioôơuưy" * 5 ~ "đđ" -%}
{{ composed("translate(" ~ name ~ ", '" ~ from ~ "', '" ~ to ~ "')") }}
{%- endmacro %}

{# The tones of a name, word by word. #}
{% macro tones_of(name) -%}
{%- set from = toned_letters() ~ loose_tones() -%}
{%- set to = "1" * 12 ~ "2" * 12 ~ "3" * 12 ~ "4" * 12 ~ "5" * 12 ~ "12345" -%}
{{ all_replaced("translate(" ~ name ~ ", '" ~ from ~ "', '" ~ to ~ "')", "[^1-5 ]", "") }}
{%- endmacro %}

{# What is equal for two names if and only if they are the same; long to compute, so for few names only. #}
{% macro name_key(name) -%}
{{ letters_without_tones(name) }} || '/' || {{ tones_of(name) }}
{%- endmacro %}

{# Whether two names are the same; nearly all that are the same are equal as they stand. #}
{% macro same_name(a, b) -%}
case when {{ a }} = {{ b }} then true else {{ name_key(a) }} = {{ name_key(b) }} end
{%- endmacro %}
