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

{#
  Rows of `relation`, which has both provinces as text, once for each area they count in: the country, its covered part
  and the provinces of both lists.
#}
{% macro by_area(relation) %}
{% set areas = [
    ('2024', 'country', "'VN'", false),
    ('2025', 'country', "'VN'", false),
    ('2024', 'country', "'covered'", true),
    ('2025', 'country', "'covered'", true),
    ('2024', 'province', 'province_2024', false),
    ('2025', 'province', 'province_2025', false),
] -%}
{% for version, level, code, covered in areas -%}
select
    '{{ version }}' as area_version,
    '{{ level }}' as area_level,
    {{ code }} as area_code,
    r.*
from {{ relation }} as r
{% if covered -%}
inner join {{ ref('covered_areas') }} as v
    on v.area_version = '{{ version }}' and r.province_{{ version }} = {{ province_text('v.province_code') }}
where exists (select 1 from {{ source('run', 'covered_provinces') }})
{% endif -%}
{% if not loop.last %}union all{% endif %}
{% endfor %}
{%- endmacro %}

{#
  Rows of country and province that a release may show: covered provinces and their sum under its own name, or
  everything, places unknown included, where nothing is set (SPEC §5, coverage).
#}
{% macro covered_areas_of(relation) %}
with whole as (

    select count(*) = 0 as country_is_covered from {{ source('run', 'covered_provinces') }}

)

select r.*
from {{ relation }} as r
cross join whole as w
left join {{ ref('covered_areas') }} as c
    on r.area_version = c.area_version and r.area_level = 'province' and r.area_code = {{ province_text('c.province_code') }}
where
    c.province_code is not null
    or (r.area_level = 'province' and r.area_code = 'unknown' and w.country_is_covered)
    or (r.area_level = 'country' and r.area_code = case when w.country_is_covered then 'VN' else 'covered' end)
{% endmacro %}
