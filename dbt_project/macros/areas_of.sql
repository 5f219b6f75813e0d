{#
  The area levels a person counts in, as (area_version, area_level, area_code expression, full): `full`
  levels are crossed with sex, age group and urban/rural, the others have totals alone (SPEC §5).
#}
{% macro area_levels() %}
{{ return([
    ('2024', 'country', "'VN'", true),
    ('2025', 'country', "'VN'", true),
    ('2024', 'province', province_text('province_2024'), true),
    ('2025', 'province', province_text('province_2025'), true),
    ('2024', 'district', district_text('district_2024'), false),
    ('2024', 'commune', "coalesce(" ~ commune_text('commune_2024') ~ ", " ~ province_text('province_2024') ~ " || ':unallocated')", false),
    ('2025', 'commune', "coalesce(" ~ commune_text('commune_2025') ~ ", " ~ province_text('province_2025') ~ " || ':unallocated')", false),
]) }}
{% endmacro %}
