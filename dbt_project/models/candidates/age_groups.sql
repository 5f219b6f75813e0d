{{ config(schema='cells') }}
-- Which age classes make up which published age group (SPEC §5).
{% set bands = ['15-24', '25-34', '35-44', '45-54', '55-64', '65+'] %}
{% for class in range(24) -%}
select {{ class }} as age_class, 'total' as age_group union all
select {{ class }}, '{{ bands[class // 4] }}'
{% if (class // 2) % 2 %}union all select {{ class }}, '16-30'{% endif %}
{% if class % 2 %}union all select {{ class }}, 'working_age'{% endif %}
{% if not loop.last %}union all{% endif %}
{% endfor %}
