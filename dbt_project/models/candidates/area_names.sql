{{ config(schema='cells') }}
-- Level and name of every area code of either list, the country and the unallocated rest of each province.
select area_version, level as area_level, code as area_code, name as area_name from {{ ref('areas') }}

union all

select area_version, 'commune' as area_level, code || ':unallocated' as area_code, name || ' (chưa rõ xã/commune unknown)' as area_name
from {{ ref('areas') }}
where level = 'province'

union all

select distinct area_version, 'country' as area_level, 'VN' as area_code, 'Việt Nam' as area_name
from {{ ref('areas') }}
