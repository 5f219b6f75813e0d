-- On how many employers each median wage rests, as far as it decides whether it may be shown (SPEC §5, disclosure
-- control): employers counts three at least where there are three; largest is the persons of the largest employer
-- wherever that is over 80 % of the cell. An employee counts with the employer of the main job, all unknown employers
-- as one.
--
-- Only a part of the rows must be expanded to cells: who has over 80 % of a cell has so in one of the finest cells in
-- it, and a cell with three employers has them among the three largest of its finest cells.
{% set finest = {
    'province': 'quarter, province_2024, province_2025, sex, age_class, urban_rural',
    'commune': 'quarter, province_2024, province_2025, district_2024, commune_2024, commune_2025',
} %}
with {{ totals_of_sex_and_settlement() }},

insured as (

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

{{ level }}_ranked as (

    select
        *,
        row_number() over (partition by {{ columns }} order by persons desc, employer_key asc) as place,
        sum(persons) over (partition by {{ columns }}) as all_persons
    from {{ level }}_employers

),

{{ level }}_large as (

    select distinct quarter, employer_key
    from {{ level }}_ranked
    where place = 1 and persons * 5 > all_persons * 4

),

{{ level }}_kept as {{ computed_first() }} (

    select r.*
    from {{ level }}_ranked as r
    left join {{ level }}_large as l on r.quarter = l.quarter and r.employer_key = l.employer_key
    where r.place <= 3 or l.employer_key is not null

),

{% endfor -%}
expanded as (

    select k.quarter, k.province_2024, k.province_2025, k.employer_key, s.sex, a.age_group, u.urban_rural, k.persons
    from province_kept as k
    inner join sexes as s on k.sex = s.of_sex
    inner join {{ ref('age_groups') }} as a on k.age_class = a.age_class
    inner join settlements as u on k.urban_rural = u.of_settlement

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
    count(*) as employers,
    cast(max(persons) as bigint) as largest
from by_employer
group by quarter, area_version, area_level, area_code, sex, age_group, urban_rural
