{# Codes are kept as integers from landing on; these give them back as people write them. #}

{% macro province_text(code) -%}lpad(cast({{ code }} as varchar), 2, '0'){%- endmacro %}
{% macro district_text(code) -%}lpad(cast({{ code }} as varchar), 3, '0'){%- endmacro %}
{% macro commune_text(code) -%}lpad(cast({{ code }} as varchar), 5, '0'){%- endmacro %}
{% macro quarter_text(number) -%}
cast(cast(floor({{ number }} / 4) as integer) as varchar) || 'Q' || cast({{ number }} % 4 + 1 as varchar)
{%- endmacro %}
{% macro month_text(number) -%}
cast(cast(floor({{ number }} / 12) as integer) as varchar) || '-' || lpad(cast({{ number }} % 12 + 1 as varchar), 2, '0')
{%- endmacro %}

{% macro month_number(date) -%}
cast(12 * extract(year from {{ date }}) + extract(month from {{ date }}) - 1 as integer)
{%- endmacro %}
{% macro last_day_of(month) -%}last_day(make_date(cast(floor({{ month }} / 12) as integer), cast({{ month }} % 12 + 1 as integer), 1)){%- endmacro %}
{% macro quarter_number(date) -%}cast(4 * extract(year from {{ date }}) + extract(quarter from {{ date }}) - 1 as integer){%- endmacro %}
{% macro quarter_of_month(month) -%}cast(floor({{ month }} / 3) as integer){%- endmacro %}

{# An employer number is the code right-padded to 13 digits, times 4, plus 0, 1, 2 for a length of 10, 12, 13. #}
{% macro is_personal(employer) -%}{{ employer }} % 4 = 1{%- endmacro %}
{% macro personal_citizen_id(employer) -%}cast(floor({{ employer }} / 40) as bigint){%- endmacro %}

{# The code of an employer as it was sent; null for a personal one, whose key is no code. #}
{% macro employer_code_text(key) -%}
case
    when {{ key }} < 0 or {{ is_personal(key) }} then null
    when {{ key }} % 4 = 0 then left(lpad(cast(cast(floor({{ key }} / 4) as bigint) as varchar), 13, '0'), 10)
    else lpad(cast(cast(floor({{ key }} / 4) as bigint) as varchar), 13, '0')
end
{%- endmacro %}

{# A code of up to eight digits; anything else an agency may have written there stays in the restricted zone. #}
{% macro short_code(column) -%}
case when length({{ column }}) <= 8 and length(translate({{ column }}, '0123456789', '')) = 0 then {{ column }} end
{%- endmacro %}

{% macro level_rank(level) -%}
case {{ level }} when 'untrained' then 0 when 'no_certificate' then 1 when 'under_3_months' then 2
    when 'elementary' then 3 when 'intermediate' then 4 when 'college' then 5 when 'university' then 6
    when 'postgraduate' then 7 end
{%- endmacro %}
{% macro level_text(rank) -%}
case {{ rank }} when 0 then 'untrained' when 1 then 'no_certificate' when 2 then 'under_3_months'
    when 3 then 'elementary' when 4 then 'intermediate' when 5 then 'college' when 6 then 'university'
    when 7 then 'postgraduate' end
{%- endmacro %}

{% macro life_statuses() %}{{ return(['alive', 'deceased', 'emigrated']) }}{% endmacro %}
{% macro life_status_number(text) -%}
case {{ text }}{% for name in life_statuses() %} when '{{ name }}' then {{ loop.index0 }}{% endfor %} end
{%- endmacro %}
{% macro life_status_text(number) -%}
case {{ number }}{% for name in life_statuses() %} when {{ loop.index0 }} then '{{ name }}'{% endfor %} end
{%- endmacro %}
