{# CTEs sexes and settlements: in which published ones each single one counts. #}
{% macro totals_of_sex_and_settlement() -%}
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

)
{%- endmacro %}

{# The number of a person's profile: sex, age class, urban or rural. #}
{% macro profile() -%}
4 * ({{ age_class() }}) + case when is_male then 2 else 0 end + case when urban then 1 else 0 end
{%- endmacro %}

{# CTE profile_groups, after those of the totals: in which published groups each of the 96 profiles counts. #}
{% macro groups_of_profiles() -%}
profile_groups as (

    select
        4 * a.age_class + case when s.of_sex = 'male' then 2 else 0 end
        + case when u.of_settlement = 'urban' then 1 else 0 end as profile,
        s.sex,
        a.age_group,
        u.urban_rural
    from sexes as s
    cross join {{ ref('age_groups') }} as a
    cross join settlements as u

)
{%- endmacro %}

{#
  Every published cell of the register with its counts: areas of both lists x sex x age group x urban/rural, totals alone
  below the province. `provinces` and `communes` are the finest counts (province_counts, commune_counts, or these as
  disclosure control changed them). Cells without anybody are left out.
#}
{% macro cells_of(provinces, communes) %}
with {{ totals_of_sex_and_settlement() }},

expanded as (

    select
        p.quarter, p.province_2024, p.province_2025, s.sex, a.age_group, u.urban_rural,
        {{ summed_measures() }}
    from {{ provinces }} as p
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
    {{ summed_measures() }}
from {{ 'expanded' if full else communes }}
{% if covered %}{{ covered_only(version) }}
{% elif level == 'district' %}where district_2024 is not null{% endif %}
group by quarter, area_code{{ ', sex, age_group, urban_rural' if full }}
having sum(population) > 0
{% if not loop.last %}union all{% endif %}
{% endfor %}
{% endmacro %}
