-- Section of VSIC 2018 for every division and for every section letter of either version (SPEC §4).
with divisions as (

    select
        cast(version as varchar) as version,
        section,
        cast(division_from as integer) as division_from,
        cast(division_to as integer) as division_to
    from {{ ref('industry_divisions') }}

)

select
    d.version,
    d.section as letter,
    d.division_from,
    d.division_to,
    o.section as section_2018
from divisions as d
inner join divisions as o
    on o.version = '2018' and d.division_from between o.division_from and o.division_to
