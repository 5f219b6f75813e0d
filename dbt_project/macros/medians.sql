{#
  When a median of wages may be shown (SPEC §5, disclosure control): ten persons at least (thirty where `of_few` is true) and
  three employers, none with over 80 % of the persons.
#}
{% macro median_may_be_shown(persons, employers, largest, of_few) -%}
coalesce(
    {{ persons }} >= case when {{ of_few }} then 30 else 10 end
    and {{ employers }} >= 3 and {{ largest }} * 5 <= {{ persons }} * 4,
    false
)
{%- endmacro %}

{# An amount in three significant digits. #}
{% macro three_digits(amount) -%}
case
    when {{ amount }} >= 1 then round({{ amount }} / power(10, floor(log10({{ amount }})) - 2)) * power(10, floor(log10({{ amount }})) - 2)
    else {{ amount }}
end
{%- endmacro %}

{# A count of rows as it is published: to the nearest five. #}
{% macro nearest_five(rows) -%}cast(5 * round({{ rows }} / 5.0) as bigint){%- endmacro %}
