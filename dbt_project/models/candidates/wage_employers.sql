{{ config(schema='cells') }}
-- How many employers each median wage rests on, and whether one or two of them pay nearly all of it (SPEC §5,
-- disclosure control). An employee counts with the employer of the main job.
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
        employer_key,
        cast(sum(wage_base) as bigint) as wages
    from {{ ref('person_quarters') }}
    where status = 1 and compulsory
    group by all

),

aged as (

    select i.*, a.age_group
    from insured as i
    inner join {{ ref('age_groups') }} as a on i.age_class = a.age_class

),

{% set parts = [] -%}
{% for version, level, code, full, covered in area_levels() -%}
{% set cuts = [('sex', 'urban_rural'), ('sex', none), (none, 'urban_rural'), (none, none)] -%}
{% for sex, settlement in cuts if full or not (sex or settlement) -%}
{% do parts.append(parts | length + 1) -%}
{% set of_ages = ", age_group" if full else "" -%}
{% set also = of_ages ~ (", " ~ sex if sex else "") ~ (", " ~ settlement if settlement else "") -%}
part_{{ parts | length }} as {{ computed_first() }} (

    select
        quarter,
        '{{ version }}' as area_version,
        '{{ level }}' as area_level,
        {{ code }} as area_code,
        {{ sex or "'total'" }} as sex,
        {{ 'age_group' if full else "'total'" }} as age_group,
        {{ settlement or "'total'" }} as urban_rural,
        employer_key,
        sum(wages) as wages
    from {{ 'aged' if full else 'insured' }}
    {% if covered %}{{ covered_only(version) }}
    {% elif level == 'district' %}where district_2024 is not null{% endif %}
    group by quarter, area_code, employer_key{{ also }}

),

summed_{{ parts | length }} as {{ computed_first() }} (

    select
        quarter, area_version, area_level, area_code, sex, age_group, urban_rural,
        count(*) as employers,
        sum(wages) as wages,
        max(wages) as largest,
        max(case when place = 2 then wages else 0 end) as second
    from (
        select
            *,
            row_number() over (
                partition by quarter, area_code, age_group, sex, urban_rural order by wages desc, employer_key asc
            ) as place
        from part_{{ parts | length }}
    ) as placed
    group by quarter, area_version, area_level, area_code, sex, age_group, urban_rural

),

{% endfor -%}
{% endfor -%}

all_parts as (

    {% for part in parts -%}
    select * from summed_{{ part }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    {{ quarter_text('quarter') }} as period,
    area_version,
    area_level,
    area_code,
    sex,
    age_group,
    urban_rural,
    employers,
    {{ is_dominated('wages', 'largest', 'second') }} as is_dominated
from all_parts
