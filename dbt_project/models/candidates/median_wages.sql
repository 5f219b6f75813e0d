{{ config(schema='cells') }}
-- Median of the summed compulsory wage base per cell; the mean of the two middle values if even (SPEC §5).
with insured as (

    select
        quarter,
        province_2024,
        province_2025,
        district_2024,
        commune_2024,
        commune_2025,
        case when is_male then 'male' else 'female' end as sex,
        {{ age_class() }} as age_class,
        case when urban then 'urban' else 'rural' end as urban_rural,
        wage_base
    from {{ ref('person_quarters') }}
    where status = 1 and compulsory

),

aged as (

    select i.*, a.age_group
    from insured as i
    inner join {{ ref('age_groups') }} as a on i.age_class = a.age_class

)

{% for version, level, code, full, covered in area_levels() -%}
select
    quarter,
    '{{ version }}' as area_version,
    '{{ level }}' as area_level,
    {{ code }} as area_code,
    {{ "coalesce(sex, 'total')" if full else "'total'" }} as sex,
    {{ 'age_group' if full else "'total'" }} as age_group,
    {{ "coalesce(urban_rural, 'total')" if full else "'total'" }} as urban_rural,
    median(wage_base) as median_wage
from {{ 'aged' if full else 'insured' }}
{% if covered %}{{ covered_only(version) }}
{% elif level == 'district' %}where district_2024 is not null{% endif %}
{% if full -%}
group by quarter, area_code, age_group, cube(sex, urban_rural)
{% else -%}
group by quarter, area_code
{% endif -%}
{% if not loop.last %}union all{% endif %}
{% endfor %}
