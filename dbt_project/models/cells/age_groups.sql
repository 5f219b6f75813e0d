-- Which age classes make up which published age group (SPEC §5).
{% set bands = ['15-24', '25-34', '35-44', '45-54', '55-64', '65+'] %}
{% for class in range(24) -%}
{% set also = (['16-30'] if (class // 2) % 2 else []) + (['working_age'] if class % 2 else []) -%}
{% set last_class = loop.last -%}
{% for age_group in ['total', bands[class // 4]] + also -%}
select {{ class }} as age_class, '{{ age_group }}' as age_group
{{ 'union all' if not (last_class and loop.last) }}
{% endfor -%}
{% endfor %}
