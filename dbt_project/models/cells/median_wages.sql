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

),

-- one part after the other, since a median keeps every wage in memory; the country is the same in both lists
{% set parts = [] -%}
{% for version, level, code, full, covered in area_levels() if (version, code) != ('2025', "'VN'") -%}
{% set cuts = [('sex', 'urban_rural'), ('sex', none), (none, 'urban_rural'), (none, none)] -%}
{% for sex, settlement in cuts if full or not (sex or settlement) -%}
{% do parts.append(parts | length + 1) -%}
part_{{ parts | length }} as {{ computed_first() }} (

    select
        quarter,
        '{{ version }}' as area_version,
        '{{ level }}' as area_level,
        {{ code }} as area_code,
        {{ sex or "'total'" }} as sex,
        {{ 'age_group' if full else "'total'" }} as age_group,
        {{ settlement or "'total'" }} as urban_rural,
        median(wage_base) as median_wage
    from {{ 'aged' if full else 'insured' }}
    {% if covered %}{{ covered_only(version) }}
    {% elif level == 'district' %}where district_2024 is not null{% endif %}
    group by quarter, area_code{{ ', age_group' if full }}{{ ', ' ~ sex if sex }}{{ ', ' ~ settlement if settlement }}

),

{% endfor -%}
{% endfor -%}

all_parts as (

    {% for part in parts -%}
    select * from part_{{ part }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from all_parts

union all

select quarter, '2025' as area_version, area_level, area_code, sex, age_group, urban_rural, median_wage
from all_parts
where area_version = '2024' and area_code = 'VN'
