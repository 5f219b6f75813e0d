{{ config(schema='cells') }}
-- How many employers each cell of labour_flows rests on, and whether one or two of them make nearly all of its jobs
-- (SPEC §5, disclosure control).
{% set counts = [
    'in_quarter', 'at_beginning', 'at_end', 'full_quarter', 'accessions', 'recalls', 'separations', 'created', 'destroyed',
] %}
with by_place as (

    select
        quarter, province_2024, province_2025, section,
        sum(in_quarter) as jobs,
        {% for name in counts + ['hires'] %}
        count(case when {{ 'accessions > recalls' if name == 'hires' else name ~ ' > 0' }} then 1 end) as {{ name }}
        {%- if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('placed_flows') }}
    group by quarter, province_2024, province_2025, section

),

areas as (

    {{ by_area('by_place') }}
),

cells as (

    select
        quarter, area_version, area_level, area_code,
        coalesce(section, 'total') as section,
        cast(sum(jobs) as bigint) as jobs,
        {% for name in counts + ['hires'] %}
        nullif(cast(sum({{ name }}) as bigint), 0) as {{ name }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from areas
    group by quarter, area_version, area_level, area_code, cube(section)

),

-- the two largest of a cell are among the two largest of each place in it
large as (

    select quarter, province_2024, province_2025, section, employer_key, in_quarter as jobs
    from {{ ref('placed_flows') }}
    qualify
        row_number() over (
            partition by quarter, province_2024, province_2025, section order by in_quarter desc, employer_key asc
        ) <= 2

),

large_by_area as (

    {{ by_area('large') }}
),

ranked as (

    select
        quarter, area_version, area_level, area_code,
        coalesce(section, 'total') as section,
        jobs,
        row_number() over (
            partition by quarter, area_version, area_level, area_code, grouped_section
            order by jobs desc, employer_key asc
        ) as place
    from (
        select
            quarter, area_version, area_level, area_code, section, employer_key, jobs,
            section as grouped_section
        from large_by_area
        union all
        select quarter, area_version, area_level, area_code, null, employer_key, jobs, 'total'
        from large_by_area
    ) as each_and_all

),

largest_two as (

    select
        quarter, area_version, area_level, area_code, section,
        max(case when place = 1 then jobs else 0 end) as largest,
        max(case when place = 2 then jobs else 0 end) as second
    from ranked
    group by quarter, area_version, area_level, area_code, section

)

select
    {{ quarter_text('c.quarter') }} as period,
    c.area_version,
    c.area_level,
    c.area_code,
    c.section,
    least(
        {% for name in counts + ['hires'] %}
        c.{{ name }}{% if not loop.last %},{% endif %}
        {% endfor %}
    ) as fewest_employers,
    {{ is_dominated('c.jobs', 'l.largest', 'l.second') }} as is_dominated
from cells as c
inner join largest_two as l
    on c.quarter = l.quarter and c.area_version = l.area_version and c.area_level = l.area_level
    and c.area_code = l.area_code and c.section = l.section
