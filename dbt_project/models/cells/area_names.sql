-- Level, name and province of every area code of either list, the country and each province's unallocated rest.
with provinces as (

    select area_version, code, name
    from {{ ref('areas') }}
    where level = 'province'

),

districts as (

    select area_version, code, name, parent_code
    from {{ ref('areas') }}
    where level = 'district'

),

communes as (

    select c.area_version, c.code, c.name, coalesce(d.parent_code, c.parent_code) as province_code
    from {{ ref('areas') }} as c
    left join districts as d on c.area_version = d.area_version and c.parent_code = d.code
    where c.level = 'commune'

)

select area_version, 'province' as area_level, code as area_code, name as area_name, code as province_code
from provinces

union all

select area_version, 'district', code, name, parent_code from districts

union all

select area_version, 'commune', code, name, province_code from communes

union all

select area_version, 'commune', code || ':unallocated', name || ' (chưa rõ xã/commune unknown)', code from provinces

union all

select distinct area_version, 'country', 'VN', 'Việt Nam', null from provinces

union all

select distinct area_version, 'country', 'covered', 'Các tỉnh có đủ dữ liệu/covered provinces', null from provinces
