{# What is counted of person_quarters, once, for every indicator (SPEC §5): name and condition. #}
{% macro measures() %}
{{ return({
    'population': 'true',
    'labour_force': 'status in (1, 2)',
    'employed': 'status = 1',
    'unemployed': 'status = 2',
    'inactive': 'status = 3',
    'abroad': 'status = 4',
    'unknown': 'status = 0',
    'population_with_status': 'status <> 0',
    'population_of_known_status': 'status in (1, 2, 3)',
    'underemployed': 'status = 1 and says_underemployed',
    'employed_in_agriculture': "status = 1 and section = 'A'",
    'employed_with_section': 'status = 1 and section is not null',
    'employed_trained': 'status = 1 and technical_level >= 1',
    'employed_certified': 'status = 1 and technical_level >= 3',
    'labour_force_retrained': 'status in (1, 2) and retrained',
    'labour_force_insured': 'status in (1, 2) and (compulsory or voluntary)',
    'labour_force_voluntary': 'status in (1, 2) and voluntary and not compulsory',
    'labour_force_unemployment_insured': 'status in (1, 2) and unemployment_insured',
    'employed_compulsory': 'status = 1 and compulsory',
}) }}
{% endmacro %}

{# The measure whose name stands in a column. #}
{% macro measure_named(column) -%}
case {{ column }}
{%- for name in measures() %} when '{{ name }}' then {{ name }}{% endfor %} end
{%- endmacro %}

{# Age classes that every age group is made of: six bands, each inside or outside 16-30 and the working ages. #}
{% macro age_class() -%}
case when age_months < 300 then 0 when age_months < 420 then 1 when age_months < 540 then 2
    when age_months < 660 then 3 when age_months < 780 then 4 else 5 end * 4
+ case when age_months between 192 and 371 then 2 else 0 end
+ case when working_age then 1 else 0 end
{%- endmacro %}
