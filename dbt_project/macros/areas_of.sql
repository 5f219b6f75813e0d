{#
  The area levels a person counts in, as (area_version, area_level, area_code expression, full, covered):
  `full` levels are crossed with sex, age group and urban/rural, the others have totals alone (SPEC §5).
  The `covered` part of the country exists where the coverage setting names provinces.
#}
{% macro area_levels() %}
{{ return([
    ('2024', 'country', "'VN'", true, false),
    ('2025', 'country', "'VN'", true, false),
    ('2024', 'country', "'covered'", true, true),
    ('2025', 'country', "'covered'", true, true),
    ('2024', 'province', province_text('province_2024'), true, false),
    ('2025', 'province', province_text('province_2025'), true, false),
    ('2024', 'district', district_text('district_2024'), false, false),
    ('2024', 'commune', "coalesce(" ~ commune_text('commune_2024') ~ ", " ~ province_text('province_2024') ~ " || ':unallocated')", false, false),
    ('2025', 'commune', "coalesce(" ~ commune_text('commune_2025') ~ ", " ~ province_text('province_2025') ~ " || ':unallocated')", false, false),
]) }}
{% endmacro %}

{# Keep persons of covered provinces, where a part of the country is set as covered. #}
{% macro covered_only(version) -%}
where province_{{ version }} in (
    select v.province_code
    from {{ ref('covered_areas') }} as v
    where v.area_version = '{{ version }}' and exists (select 1 from {{ source('run', 'covered_provinces') }})
)
{%- endmacro %}
