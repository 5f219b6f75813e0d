-- Every indicator on both bases, before disclosure control (SPEC §5).
select r.*, p.release_id
from {{ ref('register_indicators') }} as r
cross join {{ source('run', 'parameters') }} as p

union all

select o.*, p.release_id
from {{ ref('official_indicators') }} as o
cross join {{ source('run', 'parameters') }} as p
