{{ config(schema='cells') }}
-- Every published cell of the register with its counts: areas of both lists x sex x age group x urban/rural.
{% set names = measures().keys() %}
with by_province as (

    select
        quarter, province_2024, province_2025, sex, age_class, urban_rural,
        {% for name in names %}
        sum({{ name }}) as {{ name }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('profiles') }}
    group by quarter, province_2024, province_2025, sex, age_class, urban_rural

),

by_commune as (

    select
        quarter, province_2024, province_2025, district_2024, commune_2024, commune_2025,
        {% for name in names %}
        sum({{ name }}) as {{ name }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('profiles') }}
    group by quarter, province_2024, province_2025, district_2024, commune_2024, commune_2025

),

sexes as (

    select 'male' as of_sex, 'male' as sex
    union all
    select 'male' as of_sex, 'total' as sex
    union all
    select 'female' as of_sex, 'female' as sex
    union all
    select 'female' as of_sex, 'total' as sex

),

settlements as (

    select 'urban' as of_settlement, 'urban' as urban_rural
    union all
    select 'urban' as of_settlement, 'total' as urban_rural
    union all
    select 'rural' as of_settlement, 'rural' as urban_rural
    union all
    select 'rural' as of_settlement, 'total' as urban_rural

),

expanded as (

    select
        p.quarter, p.province_2024, p.province_2025, s.sex, a.age_group, u.urban_rural,
        {% for name in names %}
        sum(p.{{ name }}) as {{ name }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from by_province as p
    inner join sexes as s on p.sex = s.of_sex
    inner join {{ ref('age_groups') }} as a on p.age_class = a.age_class
    inner join settlements as u on p.urban_rural = u.of_settlement
    group by p.quarter, p.province_2024, p.province_2025, s.sex, a.age_group, u.urban_rural

)

{% for version, level, code, full, covered in area_levels() -%}
select
    quarter,
    '{{ version }}' as area_version,
    '{{ level }}' as area_level,
    {{ code }} as area_code,
    {{ 'sex, age_group, urban_rural' if full else "'total' as sex, 'total' as age_group, 'total' as urban_rural" }},
    {% for name in names %}
    cast(sum({{ name }}) as bigint) as {{ name }}{% if not loop.last %},{% endif %}
    {% endfor %}
from {{ 'expanded' if full else 'by_commune' }}
{% if covered %}{{ covered_only(version) }}
{% elif level == 'district' %}where district_2024 is not null{% endif %}
group by quarter, area_code{{ ', sex, age_group, urban_rural' if full }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
