-- Provinces a release may publish (SPEC §5, coverage): those of the setting, or all where nothing is set.
-- A province of the new list is covered if every old province in it is.
with changes as (

    select distinct
        cast(old_province_code as smallint) as old_province,
        cast(new_province_code as smallint) as new_province
    from {{ ref('area_changes') }}

),

marked as (

    select
        c.old_province,
        c.new_province,
        s.any_set = 0 or v.province_code is not null as covered
    from changes as c
    cross join (select count(*) as any_set from {{ source('run', 'covered_provinces') }}) as s
    left join {{ source('run', 'covered_provinces') }} as v on c.old_province = v.province_code

)

select
    '2024' as area_version,
    old_province as province_code
from marked
where covered

union all

select
    '2025' as area_version,
    new_province as province_code
from marked
group by new_province
having bool_and(covered)
