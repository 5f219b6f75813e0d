{#
  Parts add up to their total in every measure (macro measures) of a table of cells (SPEC §6, gate 3): sexes, urban and rural and
  age bands of each area, provinces of the country, communes with the unallocated of the country.
  One result row per broken identity: its name and the number of totals it breaks for, no values.
#}
{% test parts_sum(model) %}
{% set area = 'quarter, area_version, area_level, area_code' %}
{% set large = "area_level in ('country', 'province')" %}
{% set identities = [
    ('sexes', area ~ ', age_group, urban_rural', large, "sex = 'total'", 'true'),
    ('settlements', area ~ ', sex, age_group', large, "urban_rural = 'total'", 'true'),
    ('age_bands', area ~ ', sex, urban_rural', large ~ " and age_group not in ('16-30', 'working_age')",
        "age_group = 'total'", 'true'),
    ('provinces', 'quarter, area_version, sex, age_group, urban_rural', 'true',
        "area_code = 'VN'", "area_level = 'province'"),
    ('communes', 'quarter, area_version', "sex = 'total' and age_group = 'total' and urban_rural = 'total'",
        "area_code = 'VN'", "area_level = 'commune'"),
] %}
with broken as (

    {% for name, cell, kept, is_total, is_part in identities -%}
    select '{{ name }}' as identity
    from {{ model }}
    where {{ kept }}
    group by {{ cell }}
    having
        {% for m in measures() -%}
        sum(case when {{ is_total }} then {{ m }} when {{ is_part }} then -{{ m }} else 0 end) <> 0
        {{ 'or' if not loop.last }}
        {% endfor -%}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    identity,
    count(*) as broken_totals
from broken
group by identity
{% endtest %}
