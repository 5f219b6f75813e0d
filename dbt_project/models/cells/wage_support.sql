-- On how many employers each median wage rests, as far as it decides whether it may be shown (SPEC §5, disclosure
-- control): employers counts three at least where there are three; largest is the persons of the largest employer
-- wherever that is over 80 % of the cell. An employee counts with the employer of the main job, all unknown employers
-- as one.
--
-- Only a part of the rows must be expanded to cells: who has over 80 % of a cell has so in one of the finest cells in
-- it; a cell has three employers if a finest cell in it has, or if there are three among the first and last of each.
{% set finest = {
    'province': 'quarter, province_2024, province_2025, profile',
    'commune': 'quarter, province_2024, province_2025, district_2024, commune_2024, commune_2025',
} %}
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
        coalesce(employer_key, 0) as employer_key
    from {{ ref('person_quarters') }}
    where status = 1 and compulsory

),

{% for level, columns in finest.items() -%}
{{ level }}_employers as {{ computed_first() }} (

    select
        {{ columns }}, employer_key,
        count(*) as persons
    from insured
    group by {{ columns }}, employer_key

),

{{ level }}_finest as {{ computed_first() }} (

    select
        {{ columns }},
        count(*) as employers,
        min(employer_key) as first_employer,
        max(employer_key) as last_employer,
        case when max(persons) * 5 > sum(persons) * 4 then max_by(employer_key, persons) end as large_employer
    from {{ level }}_employers
    group by {{ columns }}

),

{{ level }}_large as (

    select distinct quarter, large_employer
    from {{ level }}_finest
    where large_employer is not null

),

{{ level }}_kept as {{ computed_first() }} (

    select {{ columns }}, first_employer as employer_key, employers, 0 as persons
    from {{ level }}_finest
    union all
    select {{ columns }}, last_employer as employer_key, employers, 0 as persons
    from {{ level }}_finest
    union all
    select e.{{ columns | replace(', ', ', e.') }}, e.employer_key, 1 as employers, e.persons
    from {{ level }}_employers as e
    inner join {{ level }}_large as l on e.quarter = l.quarter and e.employer_key = l.large_employer

),

{% endfor -%}
expanded as (

    select
        k.quarter, k.province_2024, k.province_2025, g.sex, g.age_group, g.urban_rural,
        k.employer_key, k.employers, k.persons
    from province_kept as k
    inner join profile_groups as g on k.profile = g.profile

),

by_employer as (

    {% for version, level, code, full, covered in area_levels() -%}
    select
        quarter,
        '{{ version }}' as area_version,
        '{{ level }}' as area_level,
        {{ code }} as area_code,
        {{ 'sex, age_group, urban_rural' if full else "'total' as sex, 'total' as age_group, 'total' as urban_rural" }},
        employer_key,
        max(employers) as employers,
        sum(persons) as persons
    from {{ 'expanded' if full else 'commune_kept' }}
    {% if covered %}{{ covered_only(version) }}
    {% elif level == 'district' %}where district_2024 is not null{% endif %}
    group by quarter, area_code, employer_key{{ ', sex, age_group, urban_rural' if full }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    quarter, area_version, area_level, area_code, sex, age_group, urban_rural,
    greatest(count(*), max(employers)) as employers,
    cast(max(persons) as bigint) as largest
from by_employer
group by quarter, area_version, area_level, area_code, sex, age_group, urban_rural
