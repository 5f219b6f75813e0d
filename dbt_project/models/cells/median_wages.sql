-- Median of the summed compulsory wage base per cell; the mean of the two middle values if even (SPEC §5).
--
-- An employee counts in some forty cells, so wages are not expanded to cells: employees are counted by profile and band
-- of wages, those counts added up to cells, and of each cell only the wages of the band with its middle put in order.
-- How wide the bands are, 50,000 VND, says how fast this is and nothing of the result. Below the province an employee
-- counts in one cell of each level. The country is the same in both lists.
{% set cell = 'quarter, area_version, area_level, area_code, sex, age_group, urban_rural' %}
{% set levels = [] %}
{% for level in area_levels() if level[:3] != ('2025', 'country', "'VN'") %}{% do levels.append(level) %}{% endfor %}
with {{ totals_of_sex_and_settlement() }},

{{ groups_of_profiles() }},

insured as (

    select
        quarter,
        province_2024,
        province_2025,
        district_2024,
        commune_2024,
        commune_2025,
        {{ profile() }} as profile,
        wage_base,
        cast(floor(wage_base / 50000) as bigint) as band
    from {{ ref('person_quarters') }}
    where status = 1 and compulsory and wage_base is not null

),

by_profile as {{ computed_first() }} (

    select quarter, province_2024, province_2025, profile, band, count(*) as persons
    from insured
    group by quarter, province_2024, province_2025, profile, band

),

expanded as (

    select
        p.quarter, p.province_2024, p.province_2025, g.sex, g.age_group, g.urban_rural, p.band,
        sum(p.persons) as persons
    from by_profile as p
    inner join profile_groups as g on p.profile = g.profile
    group by p.quarter, p.province_2024, p.province_2025, g.sex, g.age_group, g.urban_rural, p.band

),

by_band as (

    {% for version, level, code, full, covered in levels if full -%}
    {{ 'union all' if not loop.first }}
    select
        quarter,
        '{{ version }}' as area_version,
        '{{ level }}' as area_level,
        {{ code }} as area_code,
        {{ 'province_' ~ version if level == 'province' else 'null' }} as province,
        sex,
        age_group,
        urban_rural,
        band,
        sum(persons) as persons
    from expanded
    {% if covered %}{{ covered_only(version) }}{% endif %}
    group by quarter, area_code, province, sex, age_group, urban_rural, band
    {% endfor %}
),

-- a number stands for the columns of a cell where rows are put in order
numbered as {{ computed_first() }} (

    select *, row_number() over (order by {{ cell }}) as cell
    from (select distinct {{ cell }}, province from by_band) as c

),

placed as (

    select
        n.cell,
        b.band,
        b.persons,
        sum(b.persons) over (partition by n.cell order by b.band) as up_to,
        sum(b.persons) over (partition by n.cell) as all_persons
    from by_band as b
    inner join numbered as n
        on b.quarter = n.quarter and b.area_version = n.area_version and b.area_level = n.area_level
        and b.area_code = n.area_code and b.sex = n.sex and b.age_group = n.age_group and b.urban_rural = n.urban_rural

),

-- the middle places of a cell, counted from the first of the band they are in; two bands where they are in two
middle_bands as (

    select
        cell,
        band,
        floor((all_persons + 1) / 2) - (up_to - persons) as lower_place,
        floor((all_persons + 2) / 2) - (up_to - persons) as upper_place
    from placed
    where up_to >= floor((all_persons + 1) / 2) and up_to - persons < floor((all_persons + 2) / 2)

),

wanted as {{ computed_first() }} (

    select
        n.quarter, n.area_version, n.area_level, n.area_code, n.province, g.profile,
        m.cell, m.band, m.lower_place, m.upper_place
    from middle_bands as m
    inner join numbered as n on m.cell = n.cell
    inner join profile_groups as g on n.sex = g.sex and n.age_group = g.age_group and n.urban_rural = g.urban_rural

),

middle_wages as (

    {% for version, level, code, full, covered in levels if full -%}
    {{ 'union all' if not loop.first }}
    select w.cell, w.band, w.lower_place, w.upper_place, i.wage_base
    from {% if covered %}(select * from insured {{ covered_only(version) }}){% else %}insured{% endif %} as i
    inner join wanted as w
        on i.quarter = w.quarter and i.profile = w.profile and i.band = w.band
        and w.area_version = '{{ version }}' and w.area_level = '{{ level }}'
        and {{ 'w.province = i.province_' ~ version if level == 'province' else 'w.area_code = ' ~ code }}
    {% endfor %}
),

ordered as (

    select
        cell, wage_base, lower_place, upper_place,
        row_number() over (partition by cell, band order by wage_base) as place
    from middle_wages

),

medians as (

    select cell, avg(wage_base) as median_wage
    from ordered
    where place in (lower_place, upper_place)
    group by cell

),

all_parts as (

    select
        n.quarter, n.area_version, n.area_level, n.area_code, n.sex, n.age_group, n.urban_rural, m.median_wage
    from medians as m
    inner join numbered as n on m.cell = n.cell
    {% for version, level, code, full, covered in levels if not full -%}
    union all
    select
        quarter,
        '{{ version }}' as area_version,
        '{{ level }}' as area_level,
        {{ code }} as area_code,
        'total' as sex,
        'total' as age_group,
        'total' as urban_rural,
        median(wage_base) as median_wage
    from insured
    {% if level == 'district' %}where district_2024 is not null{% endif %}
    group by quarter, area_code
    {% endfor %}
)

select * from all_parts

union all

select quarter, '2025' as area_version, area_level, area_code, sex, age_group, urban_rural, median_wage
from all_parts
where area_version = '2024' and area_code = 'VN'
